"""What gives way first when the load grows and nothing else does: this machine, as the system is built and set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from mlsystem.practice.capacity.arithmetic import Sheet
from mlsystem.practice.prices import Prices
from mlsystem.serving.log_writer import FILE_BYTES
from mlsystem.settings import Settings

SCALES = (1, 100, 10_000)
HERE = "this machine"


@dataclass(frozen=True)
class Resource:
    """`share`: of what there is, used by today's load; it grows with the load. `then`: what is done when it is full."""

    name: str
    share: float
    told: str
    then: str

    @property
    def gives_way_at(self) -> float:
        """Times today's load."""
        return 1 / self.share


def resources(sheet: Sheet, measured: Mapping[str, Any], settings: Settings, prices: Prices) -> list[Resource]:
    """The first to give way first. The sheet is that of the plan; its lines are of today's load, times 1."""
    today = Sheet({name: sheet.lines[name] for name in sheet.lines}, {})
    cores = psutil.cpu_count() or 1
    today.given("workers", min(settings.workers, cores), "", "workers of the service", "settings")
    today.given("log_room", settings.prediction_log_files * FILE_BYTES, "bytes", "kept of the log", "settings")
    today.given("disk", psutil.disk_usage(str(settings.data_dir)).free, "bytes", "free on the disk", HERE)
    today.given("memory", psutil.virtual_memory().total, "bytes", "memory", HERE)
    today.given(
        "peak_mb", measured["training"]["peak_mb"], "MB", "the demo's peak of memory, all of it", "reports/run.json"
    )
    night = prices.assumed["night_hours"]
    today.given("night_s", night.value * 3600, "s", "the night", f"assumed: {night.source}")
    wanted = {
        "cores of the service": (
            "busiest / 60 * cpu_ms / 1000 / (workers * busy)",
            "more workers, then more machines: a worker keeps nothing that another needs",
        ),
        "the one consumer": (
            "facts * (busiest * 1440 / today) / 86400 / consumed",
            "a log with parts by key, a consumer for each, and a store that compares and sets",
        ),
        "room of the prediction log": (
            "today * log_days * log_bytes / log_room",
            "more files (a setting) until the disk is full, then an object store and a sample of the lines",
        ),
        "disk for facts and features": ("day_mb * 1000000 * kept_days / disk", "an object store"),
        "memory for the online store": ("online_mb * 1000000 / memory", "a store of its own, in parts by key"),
        "the night's features": ("day_s / night_s", "the same SQL on more machines (Spark)"),
        "the night's training": ("training_s / night_s", "fewer candidates, then a sample of the days"),
        "memory of the training": ("peak_mb * 1000000 / memory", "a sample of the rows, or a larger machine"),
    }
    found = []
    for name, (formula, then) in wanted.items():
        share = today.line(name.replace(" ", "_").replace("'", ""), formula, "", name)
        line = today.lines[name.replace(" ", "_").replace("'", "")]
        found.append(Resource(name, share, line.told, then))
    return sorted(found, key=lambda one: -one.share)


def table(found: list[Resource]) -> list[dict[str, Any]]:
    """Plain JSON: by resource the share that is used at each scale; over 1 it has given way."""
    return [
        {
            "name": one.name,
            "told": one.told,
            "share": one.share,
            "shares": [one.share * scale for scale in SCALES],
            "gives_way_at": one.gives_way_at,
            "then": one.then,
        }
        for one in found
    ]


def told(found: list[Resource], scale: int) -> str:
    """One sentence: what gives way at so many times today's load, the first first."""
    full = [one for one in found if one.share * scale > 1]
    if not full:
        return f"nothing gives way; the nearest is {found[0].name}, {found[0].share * scale:.1%} used"
    first, others = full[0], ", ".join(one.name for one in full[1:])
    return f"{first.name} first, at {first.gives_way_at:,.0f}×" + (f"; then {others}" if others else "")
