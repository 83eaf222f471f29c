"""Ten months lived by policies: which model answers on which day, and what that cost. No tool, no clock, no service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pyarrow.parquet as pq

from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.monitoring.resampled import intervals
from mlsystem.monitoring.skew import compared
from mlsystem.retraining import challenger
from mlsystem.retraining.decision import Limits, Measured, decide
from mlsystem.retraining.evidence import Evidence, Shadowed
from mlsystem.retraining.gate import judge
from mlsystem.retraining.lived import Lived
from mlsystem.retraining.window import is_known
from mlsystem.settings import Settings
from mlsystem.training.compare import latency_ms
from mlsystem.training.slices import masks
from mlsystem.training.split import Rows, known_at, rows_of

FIRST = date(2013, 3, 1)  # the day of the first model, learned from January and February
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Model:
    """Fitted on what was known on a day; `scores` of every row from its tuning days on, NaN before."""

    scores: np.ndarray
    milliseconds: float
    size: int


@dataclass
class Seasons:
    """The labelled flights of the year, and the models of the days on which a policy may retrain."""

    rows: Rows
    known_at: np.ndarray
    seed: int
    models: dict[date, Model] = field(default_factory=dict)

    def model(self, today: date) -> Model:
        if today not in self.models:
            self.models[today] = self._fit(today)
        return self.models[today]

    def _fit(self, today: date) -> Model:
        train, tune = challenger.window(self.rows, self.known_at, date(2013, 1, 1), today)
        fitted = challenger.fitted(train, tune, self.seed, 1)
        scores = np.full(len(self.rows), np.nan)
        later = self.rows.service_date >= tune.service_date.min()
        scores[later] = fitted.predict(self.rows.matrix[later])
        size = len(fitted.model.booster.model_to_string())  # type: ignore[attr-defined]
        return Model(scores, latency_ms(fitted.model, self.rows.matrix[:50]), size)

    def window(self, today: date, days: int) -> np.ndarray:
        """The flights of the last days whose label is known today."""
        known = is_known(self.known_at, self.rows.service_date, today)
        return known & (self.rows.service_date >= np.datetime64(today) - days * DAY)


def load(settings: Settings, seed: int) -> Seasons:
    table = pq.read_table(settings.training_sets_dir / "delay_v1.parquet")
    return Seasons(rows_of(table), known_at(table), seed)


def measured(seasons: Seasons, today: date, lived: list[tuple[date, date]], tried: date, limits: Limits) -> Measured:
    """What `decide` is given: the champion's own answers since its promotion. Drift has no say: labels are plenty."""
    since, champion = lived[-1]
    window = seasons.window(today, limits.window_days) & (seasons.rows.service_date >= np.datetime64(since))
    rows, scores = seasons.rows.where(window), seasons.model(champion).scores[window]
    found = intervals(scores, rows.is_late, rows.service_date, seasons.seed)
    new = seasons.window(today, (today - tried).days).sum()
    return Measured(today, tried, int(new), len(rows), found["gap"], found["surplus"], 0.0, float("inf"))


def evidence(seasons: Seasons, champion: date, challenger: date, first: np.datetime64, until: date) -> Evidence:
    """Both models on the flights from `first` on whose label is known on `until`."""
    window = seasons.window(until, 366) & (seasons.rows.service_date >= first)
    rows, model = seasons.rows.where(window), seasons.model(challenger)
    served = dict(zip(MODEL_COLUMNS, rows.matrix.T, strict=True))
    return Evidence(
        seasons.model(champion).scores[window],
        model.scores[window],
        rows.is_late,
        rows.service_date,
        {f"{by} {value}": mask for by, value, mask in masks(rows) if by != "month"},
        model.milliseconds,
        model.size,
        compared(served, served),
        Shadowed(len(rows), len(rows), 0.0),  # no service runs here
    )


Promote = Callable[[Seasons, date, date], date | None]  # champion, challenger -> the day of its promotion


def at_once(seasons: Seasons, champion: date, challenger: date) -> date | None:
    return challenger


def by_the_log(seasons: Seasons, champion: date, challenger: date) -> date | None:
    """The gate on the last 28 days, scored from the log: on the same day, but those days chose the trees."""
    first = np.datetime64(challenger) - 28 * DAY
    return challenger if judge(evidence(seasons, champion, challenger, first, challenger)).accepted else None


def in_the_shadow(seasons: Seasons, champion: date, challenger: date) -> date | None:
    """The gate on live flights that no choice has seen: looked at after 14, 21 and 28 days."""
    for days in (14, 21, 28):
        today = challenger + timedelta(days=days)
        if judge(evidence(seasons, champion, challenger, np.datetime64(challenger), today)).accepted:
            return today
    return None


def loop(seasons: Seasons, days: list[date], promote: Promote, limits: Limits | None = None) -> tuple[list, list[str]]:
    """[(from day, model's day)], and a line for each decision."""
    limits, lived, lines, tried = limits or Limits(), [(FIRST, FIRST)], [], FIRST
    for today in days:
        decision = decide(measured(seasons, today, lived, tried, limits), limits)
        said = ""
        if decision.retrain:
            tried = today
            promoted = promote(seasons, lived[-1][1], today)
            said = f" -> {'refused' if promoted is None else f'promoted on {promoted}'}"
            lived += [] if promoted is None else [(promoted, today)]
        lines.append(f"{today} {decision.because}{said}")
    return lived, lines


def answers(seasons: Seasons, lived: list[tuple[date, date]]) -> np.ndarray:
    """The probability that each flight from FIRST on was given; NaN before."""
    result = np.full(len(seasons.rows), np.nan)
    for since, trained in lived:
        later = seasons.rows.service_date >= np.datetime64(since)
        result[later] = seasons.model(trained).scores[later]
    return result


def lived(seasons: Seasons, **policies: np.ndarray) -> Lived:
    """The flights that every policy answered."""
    live = ~np.isnan(policies["frozen"])
    rows = seasons.rows.where(live)
    return Lived(rows.is_late, rows.service_date, {name: p[live] for name, p in policies.items()}, seasons.seed)


def kept(seasons: Seasons, frozen: np.ndarray, loop: np.ndarray, ceiling: np.ndarray) -> dict[str, list[float]]:
    """The loop's share of the ceiling's gain over frozen, in dollars and log-loss: [value, low, high], 90 %."""
    found = lived(seasons, frozen=frozen, loop=loop, ceiling=ceiling).kept("loop", "frozen", "ceiling")
    return {name: [round(x, 3) for x in (one.value, one.low, one.high)] for name, one in found.items()}
