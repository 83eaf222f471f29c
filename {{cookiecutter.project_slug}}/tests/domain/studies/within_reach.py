"""What features that no view has are worth and cost, written into docs/domain/studies/within-reach.md: 20 min.

After `make train`. The champion's family is fitted, sized and calibrated as the project does it
(training/trained_model.py), on the training set as it is, with each group of reach_features.py, with all of them, and
with columns of random numbers: the null. Judged by what it saves on the same flights: the project's test, and beside it
the training flights out of fold.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from reach_costs import Carried, carried_table, carry, lookback
from reach_features import GROUPS

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.retraining.challenger import FAMILY
from mlsystem.settings import ROOT, Settings, configure_tools, load_project, load_settings
from mlsystem.training import boosting, feature_dropout
from mlsystem.training.bootstrap_intervals import Interval, by_day, draws, interval, weekly
from mlsystem.training.evaluation import cents, ranking
from mlsystem.training.split import Rows, default_split, rows_of, split_rows
from mlsystem.training.trained_model import fit

NULLS = 5  # sets of random numbers
TODAY, AT_HAND, RANDOM = "today's", "of facts at hand", "random numbers"
PAGE = ROOT / "docs/domain/studies/within-reach.md"
BEGIN, END = "<!-- tables: written by `python tests/domain/studies/within_reach.py` -->", "<!-- end of tables -->"


@dataclass(frozen=True)
class Judged:
    """A model with more columns beside those without. Saved are USD per 1,000 flights, with 90 % intervals."""

    name: str
    auc: float
    usd: float
    saved: Interval  # on test, by days, against today's model
    weeks: Interval | None  # the same by whole weeks; None under two
    beyond: Interval  # on test, by days, against what the models with random numbers cost on average
    held_out: Interval  # the same on train, out of fold

    @property
    def is_shown(self) -> bool:
        """Whether every interval lies above zero."""
        return min(one.low for one in (self.saved, self.weeks, self.beyond, self.held_out) if one is not None) > 0


def scores(rows: Rows, more: pd.DataFrame, tables: Sequence[str], settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """P(late) of the test flights, and of the training flights out of fold, by the family with `more` columns (n, K).

    `tables` says for each column with which table's outages it goes, as the views' features do; "" for none.
    """
    wide = replace(rows, matrix=np.column_stack([rows.matrix, more.to_numpy("float64")]))
    parts, seed = split_rows(wide, default_split(*wide.days)), load_project().seed
    struck = {name: list(places) for name, places in feature_dropout.DROPOUTS.items()}
    for place, table in enumerate(tables, start=len(PROBLEM.model_columns)):
        if table:
            struck[f"table {table}"].append(place)
    names = (*PROBLEM.model_columns, *more.columns)
    wider = replace(PROBLEM)
    vars(wider)["model_columns"] = names
    with patch.object(boosting, "PROBLEM", wider), patch.dict(feature_dropout.DROPOUTS, struck):
        model = fit(FAMILY, parts["train"], parts["tune"], seed, settings.threads)
    return model.predict(parts["test"].matrix), model.held_out


def spent(probabilities: np.ndarray, label: np.ndarray) -> np.ndarray:
    """What each flight cost (n,), in USD per 1,000 such; NaN without a probability."""
    return np.where(np.isnan(probabilities), np.nan, 10.0 * cents(probabilities > PROBLEM.costs.act_above, label))


def saved(before: np.ndarray, after: np.ndarray, dates: np.ndarray) -> tuple[Interval, Interval | None]:
    """What is spent less on the same flights (n,), by days and by weeks; flights without a probability are left out."""
    known = ~np.isnan(before - after)
    usd, dates = (before - after)[known], dates[known]
    daily = by_day(np.column_stack([usd, np.ones(len(usd))]), dates)
    drawn = draws(len(daily), load_project().seed) @ daily
    return interval(float(usd.mean()), drawn[:, 0] / drawn[:, 1]), weekly(usd, dates)


def column_sets(found: dict[str, pd.DataFrame], rows: int) -> dict[str, tuple[pd.DataFrame, list[str]]]:
    """By name, the columns (n, K) and their tables: none, each group, those of facts at hand, all, the random ones."""
    at_hand = [group.name for group in GROUPS if lookback(group) == PROBLEM.lookback_days]
    joined = {name: [name] for name in found} | {AT_HAND: at_hand, "all of them": list(found)}
    tables = {group.name: [group.table] * len(group.columns) for group in GROUPS}
    sets = {TODAY: (pd.DataFrame(index=range(rows)), list[str]())}
    for name, parts in joined.items():
        sets[name] = pd.concat([found[p] for p in parts], axis="columns"), [one for p in parts for one in tables[p]]
    most = max(len(group.columns) for group in GROUPS)
    for n in range(1, NULLS + 1):
        numbers = np.random.default_rng((load_project().seed, n)).standard_normal((rows, most))
        sets[f"{RANDOM}, {n}"] = pd.DataFrame(numbers).add_prefix("random_"), [""] * most
    return sets


def judge(rows: Rows, found: dict[str, pd.DataFrame], settings: Settings) -> list[Judged]:
    """A model for each of `column_sets`, by what it would have cost on test and, out of fold, on train."""
    parts = split_rows(rows, default_split(*rows.days))
    test, train = parts["test"], parts["train"]
    auc, live, past = {}, {}, {}
    for name, (more, tables) in column_sets(found, len(rows)).items():
        told, held_out = scores(rows, more, tables, settings)
        auc[name] = ranking(told, test.label)["auc"]
        live[name], past[name] = spent(told, test.label), spent(held_out, train.label)
        print(name, auc[name], live[name].mean(), flush=True)
    null = [np.mean([usd for name, usd in of.items() if name.startswith(RANDOM)], axis=0) for of in (live, past)]
    return [
        Judged(
            name,
            auc[name],
            float(live[name].mean()),
            *saved(live[TODAY], live[name], test.service_date),
            saved(null[0], live[name], test.service_date)[0],
            saved(null[1], past[name], train.service_date)[0],
        )
        for name in auc
    ]


def tables(judged: Sequence[Judged], carried: Sequence[Carried]) -> str:
    """The figures for people, as Markdown, and what follows from them."""
    lines = [*(f"* **{group.name}**: {group.meaning}" for group in GROUPS), ""]
    lines += ["USD per 1,000 flights, 90 % intervals; *saved* is on the same flights, against today's model.", ""]
    heads = (
        "with",
        "AUC",
        "USD",
        "saved, by days",
        "by weeks",
        "against random numbers",
        "the same out of fold",
        "shown",
    )
    lines += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for one in judged:
        cells = [one.name, f"{one.auc:.4f}", f"{one.usd:,.0f}", *[""] * 5]
        if one.name != TODAY:
            cells[3:5] = _span(one.saved), _span(one.weeks)
        if not one.name.startswith(RANDOM):
            cells[5:7] = _span(one.beyond), _span(one.held_out)
        if not one.name.startswith((RANDOM, TODAY)):
            cells[7] = "yes" if one.is_shown else "no"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", _worth(judged), "", carried_table(carried)])


def _span(one: Interval | None) -> str:
    return "" if one is None else f"{one.value:+,.0f} ({one.low:+,.0f} to {one.high:+,.0f})"


def _worth(judged: Sequence[Judged]) -> str:
    luck = [one.saved.value for one in judged if one.name.startswith(RANDOM)]
    asked = [one for one in judged if not one.name.startswith((RANDOM, TODAY))]
    by_luck = f"Random numbers, as many as the largest group, save {min(luck):+,.0f} to {max(luck):+,.0f}"
    said = [f"{by_luck}: so much another draw of the trees does, and what counts is against their average."]
    for is_shown, words in ((True, "Every interval lies above zero: "), (False, "Not shown, an interval holds zero: ")):
        names = [one.name for one in asked if one.is_shown == is_shown]
        said += [f"{words}{', '.join(names)}."] if names else []
    return " ".join(said)


def main() -> None:
    settings = load_settings()
    configure_tools(settings)
    table = pq.read_table(settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet")
    found, carried = carry(settings, table.select(["question_id", "event_timestamp"]))
    print(*carried, sep="\n", flush=True)
    judged = judge(rows_of(table), found, settings)
    report = {"judged": [asdict(one) for one in judged], "carried": [asdict(one) for one in carried]}
    storage.write_json(settings.reports_dir / "within_reach.json", report)
    text, made = PAGE.read_text(encoding="utf-8"), tables(judged, carried)
    storage.write_text(PAGE, f"{text.partition(BEGIN)[0]}{BEGIN}\n{made}\n{END}{text.partition(END)[2]}")


if __name__ == "__main__":
    main()
