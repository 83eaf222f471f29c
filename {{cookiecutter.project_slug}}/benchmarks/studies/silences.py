"""How long does each task say nothing? 10 minutes: the longest gaps between two lines.

Every task of the first hour on a new copy of what `make test` built, by wall clock and by the CPU time that the task
itself used meanwhile: the second is what a busy machine does not change. Writes data/tests/silences.json.
"""

import json
import sys
import tempfile
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from heard import heard
from mlsystem import storage
from mlsystem.settings import ROOT, Settings, configure_tools
from questions import DAY
from up_probe import own_ports

DATA = ROOT / "data/tests"
SHOWN = 3  # gaps of each task
SPAN = ("--from", str(DAY), "--to", str(DAY + timedelta(days=7)), "--minutes", "30")
TASKS = (
    ("demo",),
    ("replay", *SPAN),
    ("monitor",),
    ("retrain",),
    ("replay", "--day", str(DAY + timedelta(days=8)), "--minutes", "30"),
    ("judge",),
    ("models",),
    ("smoke",),
    ("up",),
    ("status",),
    ("down",),
)


def measured(settings: Settings) -> dict[str, list[dict]]:
    """By task, its longest gaps."""
    found = {}
    try:
        for task in TASKS:
            said = heard(settings, *task)
            if said.returncode:
                sys.exit(f"{task[0]} exited {said.returncode}:\n{said.stdout}{said.stderr}")
            gaps, name = said.gaps[:SHOWN], " ".join(task)
            print(f"{name} ({said.lines[-1].seconds:.0f} s, {len(said.lines) - 2} lines; most CPU {said.most_cpu})")
            print("".join(f"    {gap}\n" for gap in gaps), end="", flush=True)
            found[name] = [asdict(gap) for gap in gaps]
    finally:
        heard(settings, "down")
    return found


def main() -> None:
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        settings = Settings(data_dir=Path(folder) / "data", reports_dir=Path(folder) / "reports", **own_ports())
        configure_tools(settings)
        found = measured(settings)
    storage.write_text(DATA / "silences.json", json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
