"""What breaks between packages and no resolver knows: the very operation that failed is run in what is installed.

FastAPI (decision 9): the import of Prefect's server fails. SQLAlchemy (decision 18): its scheduler inserts no run. A
newer lock that has such a fault again is red here, in seconds, before a demo or a quiet night shows it.
"""

import json
import subprocess
import sys
from pathlib import Path

from mlsystem.settings import ROOT, Settings, child_environment, tools_dir


def test_prefects_server_starts_and_schedules_a_run_with_the_fastapi_and_the_sqlalchemy_that_are_installed(
    own_settings: Settings, tmp_path: Path
):
    tools_dir(own_settings).mkdir(parents=True)

    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/prefect_probe.py")],
        env=child_environment(own_settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert set(json.loads(done.stdout)) == {"Scheduled"}
