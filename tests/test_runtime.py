"""What a server needs, and nothing else: a bake installed by `bootstrap.py --runtime` imports every room and works."""

import sys
from pathlib import Path

import baking
import pytest

IMPORT_ALL = """
import importlib, pkgutil, mlsystem
names = [one.name for one in pkgutil.walk_packages(mlsystem.__path__, "mlsystem.")]
for name in names:
    importlib.import_module(name)
print(len(names), "modules")
"""


@pytest.mark.slow
def test_every_room_is_imported_and_a_day_is_ingested_with_the_lock_of_the_system_alone(bake):
    project: Path = bake()
    python = project / ".venv" / "bin" / "python"

    installed = baking.run(sys.executable, "bootstrap.py", "--runtime", cwd=project)
    assert installed.returncode == 0, installed.stdout
    imported = baking.run(python, "-c", IMPORT_ALL, cwd=project)
    ingested = baking.run(python, "-m", "mlsystem", "ingest", "--from", "2013-03-01", "--to", "2013-03-01", cwd=project)
    tested = baking.run(python, "-m", "mlsystem", "test", cwd=project)

    assert baking.run(python, "-c", "import pytest", cwd=project).returncode == 1
    assert imported.returncode == 0, imported.stdout
    assert int(imported.stdout.split()[-2]) > 100
    assert "'days': 1" in ingested.stdout, ingested.stdout
    assert tested.returncode == 1
    assert "pytest is not installed" in tested.stdout
    assert "`make setup` installs what its tests and checks need as well" in tested.stdout
    assert "Traceback" not in tested.stdout
