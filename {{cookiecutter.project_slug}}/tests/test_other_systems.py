"""What Windows or macOS has not is no name in the code: mypy sees it, because its stubs say which system has what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from mlsystem.settings import ROOT

PLANTED = {
    "killpg": "import os\n\nos.killpg(1, 9)\n",
    "fork": "import os\n\nos.fork()\n",
    "getuid": "import os\n\nos.getuid()\n",
    "SIGKILL": "import signal\n\nsignal.SIGKILL\n",
    "SIGHUP": "import signal\n\nsignal.SIGHUP\n",
    "flock": "import fcntl\n\nfcntl.flock(1, 2)\n",
    "setrlimit": "import resource\n\nresource.setrlimit(1, (1, 1))\n",
    "tzset": "import time\n\ntime.tzset()\n",
    "guarded": 'import os\nimport sys\n\nif sys.platform != "win32":\n    os.killpg(1, 9)\n',
}


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_the_code_names_nothing_that_another_system_has_not(platform: str, tmp_path: Path):
    assert missing(platform, [ROOT / "src", ROOT / "bootstrap.py", ROOT / "locks.py"], tmp_path) == []


def test_a_name_that_windows_has_not_is_found_unless_it_stands_guarded(tmp_path: Path):
    for name, code in PLANTED.items():
        (tmp_path / f"uses_{name}.py").write_text(code)

    found = " ".join(missing("win32", [tmp_path], tmp_path))

    assert {name for name in PLANTED if f"uses_{name}.py" in found} == PLANTED.keys() - {"guarded"}


def missing(platform: str, paths: list[Path], folder: Path) -> list[str]:
    """mypy's lines about names that this system's standard library has not; libraries are left out, for speed."""
    options = ["--platform", platform, "--python-version", "3.11", "--check-untyped-defs", "--follow-imports", "skip"]
    alone = ["--config-file=", "--ignore-missing-imports", "--cache-dir", folder / "cache"]
    command = [sys.executable, "-m", "mypy", *options, *alone, *paths]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "source file" in done.stdout, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "Module has no attribute" in line]


def test_no_process_is_started_in_a_way_that_windows_refuses():
    """The one argument that no stub knows of."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "src").rglob("*.py")]
    passed = {node.arg for tree in trees for node in ast.walk(tree) if isinstance(node, ast.keyword)}

    assert "cwd" in passed
    assert "preexec_fn" not in passed
