"""Read every log of every process through quiet minutes: `python benchmarks/quiet_minutes.py 15` (that and 3 more).

After `make up`, a replayed day and `make deploy` with a night every five minutes nobody touches the system. What must
not be there, errors, tracebacks and repeated warnings, is counted by the same reader as in tests/flows/test_up.py.
Writes data/tests/quiet_minutes.json. Needs what `make test` built.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import logs_read
from mlsystem import storage
from mlsystem.settings import ROOT, Settings, configure_tools
from up_probe import begin, mlsystem, shadow

BUILT = Settings(data_dir=ROOT / "data/tests", reports_dir=ROOT / "data/tests/reports")
PAGE = BUILT.data_dir / "quiet_minutes.json"


def measured(minutes: float, folder: Path) -> dict:
    """Lines and faults by log, after so many quiet minutes."""
    settings, deploy_log = shadow(BUILT, folder / "data"), folder / "deploy.log"
    deploy = None
    try:
        for task in (["up"], ["replay", "--day", "2013-11-05", "--minutes", "30"]):
            done = mlsystem(settings, *task)
            if done.returncode or done.stderr:
                sys.exit(f"{task[0]} exited {done.returncode}: {done.stderr}")
        deploy = begin(settings, deploy_log, "deploy", "--cron", "*/5 * * * *")
        time.sleep(minutes * 60)
        logs = [*sorted((settings.data_dir / "tools/logs").glob("*.log")), deploy_log]
        nights = deploy_log.read_text(encoding="utf-8").count("the night after")
        return {
            "minutes": minutes,
            "nights": nights,
            "lines": {log.name: len(log.read_text(encoding="utf-8", errors="replace").splitlines()) for log in logs},
            "faults": [fault for log in logs for fault in logs_read.faults(log)],
        }
    finally:
        if deploy is not None:
            deploy.terminate()
            deploy.wait(60)
        mlsystem(settings, "down")


def main(minutes: float) -> int:
    configure_tools(BUILT)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(minutes, Path(folder))
    storage.write_text(PAGE, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
