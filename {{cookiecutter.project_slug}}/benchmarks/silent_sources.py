"""What a silent source table costs, written into docs/silent-sources.md: `python benchmarks/silent_sources.py`: 10 min.

For each source table and nine days: from noon in New York, for 24 hours, none of its facts comes. The features of the
flights that are asked about meanwhile are computed and joined as in life, and the champion answers, once with the guard
(what a silent table makes is missing) and once without. Beside them the same answers with everything there, and those
of a model that was fitted without the table's features and never had them.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mlsystem import storage
from mlsystem.domain.calendar import HOME_TIME_ZONE, LOOKBACK_DAYS
from mlsystem.domain.features import SILENT_FROM, SOURCE_TABLES, SOURCES
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features, model_matrix, with_as_of
from mlsystem.features import build
from mlsystem.model_registry.registry import load_champion
from mlsystem.retraining.challenger import FAMILY
from mlsystem.settings import ROOT, Settings, configure_tools, load_project, load_settings
from mlsystem.training.evaluation import usd_per_1000
from mlsystem.training.outages import with_outages, without
from mlsystem.training.split import default_split, rows_of, split_rows
from mlsystem.training.trained import Fitted, fit

ONE_DAY = timedelta(days=1)
# From noon, when the table's facts begin to be missed: the timetable comes a day ahead, the registry at midnight.
MISSED_AFTER = {"flights": ONE_DAY, "aircraft": timedelta(hours=12)}
FIRST, LAST, DAYS = date(2013, 10, 4), date(2013, 12, 27), 9  # of what no model saw, drawn by the project's seed
PAGE = ROOT / "docs/silent-sources.md"
BEGIN, END = "<!-- table: written by `python benchmarks/silent_sources.py` -->", "<!-- end of table -->"


@dataclass(frozen=True)
class Asked:
    """The flights that were asked about in the 24 hours: model rows with the guard and without, and what came true."""

    guarded: np.ndarray  # (n, F)
    bare: np.ndarray  # (n, F)
    is_late: np.ndarray  # (n,)
    marked_after: float  # minutes; NaN if nothing was silent, or nothing told


def days() -> list[date]:
    """The same for everyone with the same seed, and looked at by nobody before."""
    chosen = Random(load_project().seed).sample(storage.day_range(FIRST, LAST), DAYS)
    return sorted(chosen)


def asked(settings: Settings, table: str | None, day: date, folder: Path, span_of: str = "") -> Asked:
    """The flights asked about while the table is missed; if None, those of `span_of`'s time, nothing silent."""
    noon = datetime.combine(day, time(12), HOME_TIME_ZONE)
    around, begins = storage.day_range(day, day + 2 * ONE_DAY), noon + MISSED_AFTER.get(table or span_of, timedelta())
    _copy_without(settings.validated_dir, folder / "validated", table, noon, begins + ONE_DAY)
    build.build(storage.day_range(day - 3 * ONE_DAY, day + 3 * ONE_DAY), folder / "validated", folder / "features")
    store = open_store(folder / "features", folder / "online")
    flights, arrivals = (
        storage.Partitions(settings.validated_dir / name).read(around) for name in ("flights", "arrivals")
    )
    rows = with_as_of(flights.to_pandas().merge(arrivals.to_pandas()[["flight_id", "arrival_delay_minutes"]]))
    rows = rows[(rows["event_timestamp"] >= begins) & (rows["event_timestamp"] < begins + ONE_DAY)]
    joined = historical_features(store, rows)
    deaf = joined.assign(**{feature.name: 0 for feature in SOURCES.features})
    late = (joined["arrival_delay_minutes"] >= 15).to_numpy()
    return Asked(
        model_matrix(joined).to_numpy(),
        model_matrix(deaf).to_numpy(),
        late,
        _marked_after(table, folder / "features", flights.to_pandas(), begins),
    )


def _copy_without(validated: Path, target: Path, table: str | None, noon: datetime, until: datetime) -> None:
    """Copy the days, without the table's facts from noon on."""
    for name in build.TABLES:
        source, copy = storage.Partitions(validated / name), storage.Partitions(target / name)
        for day in storage.day_range(noon.date() - (3 + LOOKBACK_DAYS) * ONE_DAY, noon.date() + 4 * ONE_DAY):
            rows = source.read([day])
            if name == table:
                gone = pc.and_(pc.greater_equal(rows["known_at"], noon), pc.less(rows["known_at"], until))
                rows = rows.filter(pc.invert(gone))
            copy.write(day, rows, "planted")


def _marked_after(table: str | None, features: Path, flights: pd.DataFrame, begins: datetime) -> float:
    """Minutes from the first fact that is missed, or the first flight that needs one, to the first tick that tells."""
    if table is None:
        return float("nan")
    days = storage.day_range(begins.date(), begins.date() + ONE_DAY)
    rows = storage.Partitions(features / SOURCES.name).read(days).to_pandas()
    departs = flights["scheduled_departure_at"]
    first = departs[departs >= begins].min() if table in MISSED_AFTER else begins
    silent = rows[(rows["event_timestamp"] >= begins) & (rows[f"overdue_{table}"] >= SILENT_FROM[table])]
    return (silent["event_timestamp"].min() - first).total_seconds() / 60


def never_had(settings: Settings) -> Iterator[tuple[str, Fitted]]:
    """By table, the champion's family fitted under the same protocol on flights that all lack the table's features."""
    rows = rows_of(pq.read_table(settings.training_sets_dir / "delay_v1.parquet"))
    parts = split_rows(rows, default_split(*rows.days))
    seed = load_project().seed
    for table in SOURCE_TABLES:
        train, tune = (without(parts[name], f"table {table}") for name in ("train", "tune"))
        yield table, fit(FAMILY, with_outages(train, seed), tune, seed, settings.threads)


def measure(settings: Settings) -> pd.DataFrame:
    """One row per table: USD per 1,000 flights of the three days together, and how long it took to be marked."""
    champion, found = load_champion(settings.models_dir), []
    with tempfile.TemporaryDirectory() as scratch:
        for table, fallback in never_had(settings):
            intact = [asked(settings, None, day, Path(scratch) / f"{table}-{day}-intact", table) for day in days()]
            silent = [asked(settings, table, day, Path(scratch) / f"{table}-{day}") for day in days()]
            late = np.concatenate([one.is_late for one in silent])

            def usd(predict, parts: list[np.ndarray], late: np.ndarray = late) -> float:  # type: ignore[no-untyped-def]
                return usd_per_1000(predict(np.concatenate(parts)) > champion.warn_above, late)

            found.append(
                {
                    "table": table,
                    "flights": len(late),
                    "everything there": usd(champion.predict, [one.guarded for one in intact]),
                    "silent, guarded": usd(champion.predict, [one.guarded for one in silent]),
                    "silent, no guard": usd(champion.predict, [one.bare for one in silent]),
                    "never had them": usd(fallback.predict, [one.guarded for one in intact]),
                    "never warn": usd_per_1000(np.zeros(len(late), bool), late),
                    "marked after": max(one.marked_after for one in silent),
                }
            )
            print(found[-1], flush=True)
    return pd.DataFrame(found)


def table_of(found: pd.DataFrame) -> str:
    money = ["everything there", "silent, guarded", "silent, no guard", "never had them", "never warn"]
    lines = [
        f"| silent table | {' | '.join(money)} | guarded against never had | marked after, at the latest |",
        f"|---|{'---|' * (len(money) + 2)}",
    ]
    for row in found.to_dict("records"):
        against = row["silent, guarded"] / row["never had them"] - 1
        figures = " | ".join(f"{row[name]:,.0f}" for name in money)
        lines.append(f"| {row['table']} | {figures} | {against:+.1%} | {row['marked after']:.0f} min |")
    said = ", ".join(str(day) for day in days())
    return "\n".join(
        [f"USD per 1,000 flights; {found['flights'][0]:,} flights from noon of {said} on, 24 hours each.", "", *lines]
    )


def main() -> None:
    settings = load_settings()
    configure_tools(settings)
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    storage.write_text(PAGE, f"{before}{BEGIN}\n{table_of(measure(settings))}\n{END}{after}")


if __name__ == "__main__":
    main()
