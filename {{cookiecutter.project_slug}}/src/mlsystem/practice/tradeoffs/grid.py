"""What is compared: the champion's own setting, a main grid around it, and one step at a time along each axis."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from mlsystem.domain import PROBLEM

MODELS = ("climatology", "logistic_regression", "lightgbm")
GROUPS = tuple(view.name for view in PROBLEM.views if view.is_input)  # the request's own features are always there
STALE_MINUTES = (15, 60, 360, 1_440)  # a stream, an hourly job, a quarter of a day, a nightly job
ODDS = (0.25, 0.5, 2.0, 4.0)  # times the odds at which acting pays by the declared costs
BATCH_MS = (0, 10, 50)  # how long a caller collects questions for one request
WORKERS = (1, 2)
AXES = {
    "main": "models and feature groups",
    "freshness": "how old the features are",
    "threshold": "when to act",
    "serving": "workers and batch window",
}


@dataclass(frozen=True)
class Setting:
    """One way to build the system. `odds` are times those of the declared threshold."""

    axis: str
    model: str
    groups: tuple[str, ...]
    stale_minutes: int = 0
    odds: float = 1.0
    batch_ms: int = 0
    workers: int = 1

    @property
    def threshold(self) -> float:
        odds = self.odds * PROBLEM.costs.act_above / (1 - PROBLEM.costs.act_above)
        return odds / (1 + odds)

    @property
    def name(self) -> str:
        """What sets it apart from the champion's own setting, for a person."""
        match self.axis:
            case "main":
                return f"{self.model}, {groups_name(self.groups)}" if self.groups_matter else self.model
            case "freshness":
                return (
                    f"features of {_ago(self.stale_minutes)} earlier" if self.stale_minutes else "features as they come"
                )
            case "threshold":
                return f"{PROBLEM.words.act} above {self.threshold:.3f}"
        return f"{self.workers} worker{'s' if self.workers > 1 else ''}, batches of {self.batch_ms} ms"

    @property
    def groups_matter(self) -> bool:
        """The baseline's cells are of the request alone."""
        return self.model != "climatology"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "groups": list(self.groups), "name": self.name, "threshold": self.threshold}


def _ago(minutes: int) -> str:
    hours = minutes // 60
    return f"{minutes} minutes" if not hours else "1 hour" if hours == 1 else f"{hours} hours"


def groups_name(groups: tuple[str, ...]) -> str:
    """`all`, `request only`, or what is left out."""
    left_out = [name for name in GROUPS if name not in groups]
    if not left_out:
        return "all features"
    return "the request alone" if not groups else f"without {', '.join(left_out)}"


def main_grid() -> Iterator[Setting]:
    """Each model with all groups, without each one, and with the request alone."""
    one_less = tuple(tuple(name for name in GROUPS if name != left_out) for left_out in GROUPS)
    for model in MODELS:
        for groups in (GROUPS, *one_less, ()):
            setting = Setting("main", model, groups)
            if setting.groups_matter or groups == ():
                yield setting


def slices(champion: str) -> Iterator[Setting]:
    """One axis at a time, from the champion's model with all groups."""
    own = Setting("main", champion, GROUPS)
    yield from (replace(own, axis="freshness", stale_minutes=minutes) for minutes in (0, *STALE_MINUTES))
    yield from (replace(own, axis="threshold", odds=odds) for odds in sorted((1.0, *ODDS)))
    yield from (replace(own, axis="serving", workers=n, batch_ms=ms) for n in WORKERS for ms in BATCH_MS)


def everything(champion: str) -> tuple[Setting, ...]:
    return (*main_grid(), *slices(champion))
