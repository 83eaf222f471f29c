"""What a silent source table costs: 10 minutes, for docs/domain/studies/silent-sources.md.

For each watched table and nine days: from noon on the domain's clock, for 24 hours, none of its facts comes. The
features of the questions that are asked meanwhile are computed and joined as in life, and the champion answers, once
with the guard (what a silent table makes is missing) and once without. Beside them the same answers with everything
there, and those of a model that was fitted without the table's features and never had them.
"""

import sys
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
from mlsystem.contract.problem import OVERDUE
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features, model_matrix, with_as_of
from mlsystem.features import build
from mlsystem.model_registry.registry import load_champion
from mlsystem.retraining.challenger import FAMILY
from mlsystem.settings import ROOT, Settings, configure_tools, load_project, load_settings
from mlsystem.training.evaluation import cost_per_1000
from mlsystem.training.feature_dropout import with_dropout, without
from mlsystem.training.split import default_split, rows_of, split_rows
from mlsystem.training.trained_model import Fitted, fit

ONE_DAY = timedelta(days=1)
DAYS = 9  # of what no model saw, drawn by the project's seed, with days enough around them
FIRST, LAST = PROBLEM.held_out[0] + 3 * ONE_DAY, PROBLEM.held_out[1] - 2 * ONE_DAY
PAGE = ROOT / "docs/domain/studies/silent-sources.md"
BEGIN, END = "<!-- table: written by `python benchmarks/studies/silent_sources.py` -->", "<!-- end of table -->"
FIRST_INSTANT = next(field.name for field in PROBLEM.fields if field.type == "instant")


@dataclass(frozen=True)
class Asked:
    """The questions of the 24 hours: model rows with the guard and without, and what came true."""

    guarded: np.ndarray  # (n, F)
    bare: np.ndarray  # (n, F)
    label: np.ndarray  # (n,)
    marked_after: float  # minutes; NaN if nothing was silent, or nothing told


def days() -> list[date]:
    """The same for everyone with the same seed, and looked at by nobody before."""
    chosen = Random(load_project().seed).sample(storage.day_range(FIRST, LAST), DAYS)
    return sorted(chosen)


def missed_from(settings: Settings, table: str, noon: datetime) -> datetime:
    """When the facts that do not come from noon on begin to be missed: questions are announced ahead of their time."""
    span = storage.day_range(noon.date(), noon.date() + 2 * ONE_DAY)
    rows = storage.Partitions(settings.validated_dir / table).read(span).to_pandas()
    rows = rows[rows["known_at"] >= noon]
    first = max(noon, rows["known_at"].min().floor("h").to_pydatetime())
    ahead = (rows[FIRST_INSTANT] - rows["known_at"]).median() if table == PROBLEM.asked_of else timedelta()
    return first + ahead


def asked(settings: Settings, table: str, day: date, folder: Path, is_silent: bool) -> Asked:
    """The questions of the time in which the table is missed, or would be."""
    noon = datetime.combine(day, time(12), PROBLEM.zone)
    around, begins = storage.day_range(day, day + 2 * ONE_DAY), missed_from(settings, table, noon)
    gone = table if is_silent else None
    _copy_without(settings.validated_dir, folder / "validated", gone, noon, begins + ONE_DAY)
    build.build(storage.day_range(day - 3 * ONE_DAY, day + 3 * ONE_DAY), folder / "validated", folder / "features")
    store = open_store(folder / "features", folder / "online")
    questions, labels = (
        storage.Partitions(settings.validated_dir / name).read(around).to_pandas()
        for name in (PROBLEM.asked_of, PROBLEM.label.table)
    )
    rows = with_as_of(questions.merge(labels[[PROBLEM.id_column, PROBLEM.label.column]]))
    rows = rows[(rows["event_timestamp"] >= begins) & (rows["event_timestamp"] < begins + ONE_DAY)]
    joined = historical_features(store, rows)
    deaf = joined.assign(**{f"{OVERDUE}{name}": 0 for name in PROBLEM.silent_from})
    return Asked(
        model_matrix(joined).to_numpy(),
        model_matrix(deaf).to_numpy(),
        PROBLEM.label.is_true(joined[PROBLEM.label.column]).to_numpy(),
        _marked_after(gone, folder / "features", questions, noon, begins),
    )


def _copy_without(validated: Path, target: Path, table: str | None, noon: datetime, until: datetime) -> None:
    """Copy the days, without the table's facts from noon on."""
    for name in build.TABLES:
        source, copy = storage.Partitions(validated / name), storage.Partitions(target / name)
        for day in storage.day_range(noon.date() - (3 + PROBLEM.lookback_days) * ONE_DAY, noon.date() + 4 * ONE_DAY):
            rows = source.read([day])
            if name == table:
                gone = pc.and_(pc.greater_equal(rows["known_at"], noon), pc.less(rows["known_at"], until))
                rows = rows.filter(pc.invert(gone))
            copy.write(day, rows, "planted")


def _marked_after(
    table: str | None, features: Path, questions: pd.DataFrame, noon: datetime, begins: datetime
) -> float:
    """Minutes from the first fact that is missed, or question that needs one, to the first tick that tells."""
    if table is None:
        return float("nan")
    days = storage.day_range(begins.date(), begins.date() + ONE_DAY)
    rows = storage.Partitions(features / str(PROBLEM.freshness)).read(days).to_pandas()
    instants = questions[FIRST_INSTANT]
    first = instants[instants >= begins].min() if begins > noon else begins
    limit = PROBLEM.silent_from[table]
    silent = rows[(rows["event_timestamp"] >= begins) & (rows[f"{OVERDUE}{table}"] >= limit)]
    return (silent["event_timestamp"].min() - first).total_seconds() / 60


def never_had(settings: Settings) -> Iterator[tuple[str, Fitted]]:
    """By table, the champion's family fitted in the same way on questions that all lack the table's features."""
    rows = rows_of(pq.read_table(settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet"))
    parts = split_rows(rows, default_split(*rows.days))
    seed = load_project().seed
    for table in PROBLEM.silent_from:
        train, tune = (without(parts[name], f"table {table}") for name in ("train", "tune"))
        yield table, fit(FAMILY, with_dropout(train, seed), tune, seed, settings.threads)


def measure(settings: Settings) -> pd.DataFrame:
    """One row per table: what 1,000 questions of all days together cost, and how long it took to be marked."""
    champion, found = load_champion(settings.models_dir), []
    with tempfile.TemporaryDirectory() as scratch:
        for table, fallback in never_had(settings):
            intact = [asked(settings, table, day, Path(scratch) / f"{table}-{day}-intact", False) for day in days()]
            silent = [asked(settings, table, day, Path(scratch) / f"{table}-{day}", True) for day in days()]
            label = np.concatenate([one.label for one in silent])

            def cost(predict, parts: list[np.ndarray], label: np.ndarray = label) -> float:  # type: ignore[no-untyped-def]
                return cost_per_1000(predict(np.concatenate(parts)) > champion.act_above, label)

            found.append(
                {
                    "table": table,
                    "questions": len(label),
                    "everything there": cost(champion.predict, [one.guarded for one in intact]),
                    "silent, guarded": cost(champion.predict, [one.guarded for one in silent]),
                    "silent, no guard": cost(champion.predict, [one.bare for one in silent]),
                    "never had them": cost(fallback.predict, [one.guarded for one in intact]),
                    "never act": cost_per_1000(np.zeros(len(label), bool), label),
                    "marked after": max(one.marked_after for one in silent),
                }
            )
            print(found[-1], flush=True)
    return pd.DataFrame(found)


def table_of(found: pd.DataFrame) -> str:
    money = ["everything there", "silent, guarded", "silent, no guard", "never had them", "never act"]
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
        [
            f"{PROBLEM.per_1000}; {found['questions'][0]:,} {PROBLEM.words.questions} from noon of {said} on, "
            "24 hours each.",
            "",
            *lines,
        ]
    )


def main() -> None:
    settings = load_settings()
    configure_tools(settings)
    if PROBLEM.freshness is None:
        sys.exit("no table is watched: problem.py names no freshness view")
    found = table_of(measure(settings))
    print(found)
    if PAGE.exists():
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        storage.write_text(PAGE, f"{before}{BEGIN}\n{found}\n{END}{after}")


if __name__ == "__main__":
    main()
