"""Read every log of every process through quiet minutes: `quiet_minutes.py 15` takes that and 3 more.

After `make up`, a replayed day and `make deploy` with a night every five minutes nobody touches the system. What must
not be there, errors, tracebacks and repeated warnings, is counted by the same reader as in tests/flows/test_up.py.
Writes docs/studies/quiet-minutes.md. Needs what `make test` built.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import logs_read
from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.settings import ROOT, Settings, configure_tools
from up_probe import begin, mlsystem, shadow

BUILT = Settings(data_dir=ROOT / "data/tests", reports_dir=ROOT / "data/tests/reports")
PAGE = ROOT / "docs/studies/quiet-minutes.md"
BEGIN, END = "<!-- table: written by `python benchmarks/studies/quiet_minutes.py 15` -->", "<!-- end of table -->"


def measured(minutes: float, folder: Path) -> dict:
    """Lines and faults by log, after so many quiet minutes."""
    settings, deploy_log = shadow(BUILT, folder / "data"), folder / "deploy.log"
    deploy = None
    try:
        for task in (["up"], ["replay", "--day", str(PROBLEM.held_out[0]), "--minutes", "30"]):
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
            "faults": {log.name: logs_read.faults(log) for log in logs},
        }
    finally:
        if deploy is not None:
            deploy.terminate()
            deploy.wait(60)
        mlsystem(settings, "down")


def table_of(found: dict) -> str:
    lines = [f"{found['minutes']:g} minutes, in which {found['nights']} nights came due and were worked off.", ""]
    lines += ["| log | lines | faults |", "|---|---|---|"]
    lines += [f"| {name} | {count} | {len(found['faults'][name])} |" for name, count in found["lines"].items()]
    return "\n".join(lines)


def main(minutes: float) -> int:
    configure_tools(BUILT)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(minutes, Path(folder))
    text = PAGE.read_text(encoding="utf-8")
    storage.write_text(PAGE, f"{text.partition(BEGIN)[0]}{BEGIN}\n{table_of(found)}\n{END}{text.partition(END)[2]}")
    faults = [fault for one in found["faults"].values() for fault in one]
    print(f"{sum(found['lines'].values())} lines, {len(faults)} faults", *faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
