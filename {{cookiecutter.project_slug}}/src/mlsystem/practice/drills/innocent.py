"""Commits that change nothing that matters, as most do: a fault that came by a deploy stands among them."""

from datetime import datetime, timedelta
from random import Random

from mlsystem.practice.drills.sandbox import DAYS_OF_HISTORY, Sandbox

RECENT = timedelta(hours=11)  # of the quiet hours, in which something was deployed too
SRC = "src/mlsystem"
# file, what stands there, what stands there after it, the message
EDITS = (
    ("progress.py", "LONGEST_STEP = 50", "LONGEST_STEP = 48", "Shorter heartbeat lines: they wrapped on my screen"),
    ("serving/prediction_log.py", "block_size=8 << 20", "block_size=4 << 20", "Read the log in smaller blocks"),
    ("flows/monitor.py", "FURTHEST = 3", "FURTHEST = 4", "Name one more column in the monitor's lines"),
    ("reporting/report.py", "LARGEST = 10", "LARGEST = 12", "Show two more columns in the drift chart"),
    ("source/deliver.py", "TOLD_DAYS = 50", "TOLD_DAYS = 30", "Tell the progress of a delivery more often"),
    ("flows/data.py", "SAID = 5", "SAID = 8", "Print a few more of the lines that could not be read"),
)


AFTER = (
    "docs/glossary.md",
    "\nA term is missing? Add it here, with the file that defines it.\n",
    "Say where new terms go",
)


def one_more(own: Sandbox, random: Random, began: datetime) -> None:
    """In the quiet hours, whatever is wrong later: a commit of today says nothing yet."""
    file, added, message = AFTER
    path = own.project / file
    path.write_text(path.read_text(encoding="utf-8") + added, encoding="utf-8")
    own.commit(message, began + random.random() * RECENT)


def commit(own: Sandbox, random: Random, until: datetime, count: int = 4) -> None:
    """So many in the days before, in an order that the seed draws; none where the user's own code is another by now."""
    folder = own.project / SRC
    fitting = [edit for edit in EDITS if edit[1] in (folder / edit[0]).read_text(encoding="utf-8")]
    drawn = random.sample(fitting, min(count, len(fitting)))
    moments = sorted(until - random.random() * DAYS_OF_HISTORY for _ in drawn)
    for at, (file, before, after, message) in zip(moments, drawn, strict=True):
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")
        own.commit(message, at)
