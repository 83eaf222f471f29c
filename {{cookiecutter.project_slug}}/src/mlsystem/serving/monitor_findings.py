"""What the batch monitor last found, in one small file beside the log: the monitor writes it, every scrape tells it."""

import json
import math
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from mlsystem import storage

FILE = "monitor.json"
BELIEVED = timedelta(days=2)  # two daily looks missed; an older value would keep an alarm up, or down, for ever
Found = tuple[float, dict[str, tuple[float, float]]]  # Unix time of the look; by check its value and its limit


def write(predictions_dir: Path, checked_at: float, found: Mapping[str, tuple[float, float]]) -> None:
    """Replace the file by a rename: a scrape meets the old one or the new one, never half of one."""
    rows = {name: [None if math.isnan(one) else one for one in pair] for name, pair in found.items()}
    storage.write_text(predictions_dir / FILE, json.dumps({"checked_at": checked_at, "checks": rows}) + "\n")


def read(predictions_dir: Path, now: float) -> Found | None:
    """None if there is no file or none that can be understood; the moment without the checks once it is too old.

    Never raises: a scrape that fails for a monitor's file would hide everything else.
    """
    try:
        said = json.loads((predictions_dir / FILE).read_bytes())
        checked_at = float(said["checked_at"])
        rows = {str(name): (_number(value), _number(limit)) for name, (value, limit) in said["checks"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # missing, torn, or of another version
        return None
    return checked_at, rows if now - checked_at <= BELIEVED.total_seconds() else {}


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
