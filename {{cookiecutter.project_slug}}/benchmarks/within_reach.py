"""What features that no view has are worth and cost, written into docs/within-reach.md, after `make train`: 20 min.

The champion's family is fitted, sized and calibrated as the project does it (training/trained.py), on the training set
as it is, with each group of reach_features.py, with all of them, and with columns of random numbers: the null. Judged
by what it saves on the same flights: the project's test, and beside it the training flights out of fold.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from reach_costs import Carried, carry
from reach_features import GROUPS

from mlsystem import storage
from mlsystem.domain import costs
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.retraining.challenger import FAMILY
from mlsystem.settings import ROOT, Settings, configure_tools, load_project, load_settings
from mlsystem.training import boosting, outages
from mlsystem.training.bootstrap import Interval, by_day, draws, interval, weekly
from mlsystem.training.evaluation import cents, ranking, usd_per_1000
from mlsystem.training.split import Rows, default_split, rows_of, split_rows
from mlsystem.training.trained import fit

NULLS = 5  # sets of random numbers
RANDOM = "random numbers"
PAGE = ROOT / "docs/within-reach.md"
BEGIN, END = "<!-- tables: written by `python benchmarks/within_reach.py` -->", "<!-- end of tables -->"


@dataclass(frozen=True)
class Judged:
    """A model with more columns beside the one without. `saved` are USD per 1,000 flights, with 90 % intervals."""

    name: str
    auc: float
    usd: float
    saved: Interval  # on test, by days
    weeks: Interval | None  # the same by whole weeks; None under two
    held_out: Interval  # on train, out of fold, by days

    def is_shown(self, nulls: Sequence["Judged"]) -> bool:
        """Whether every interval lies above zero, and no random numbers save as much."""
        lows = [one.low for one in (self.saved, self.weeks, self.held_out) if one is not None]
        return min(lows) > 0 and self.saved.value > max(null.saved.value for null in nulls)


def scores(rows: Rows, more: pd.DataFrame, tables: Sequence[str], settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """P(late) of the test flights, and of the training flights out of fold, by the family with `more` columns (n, K).

    `tables` says for each column with which table's outages it goes, as the views' features do; "" for none.
    """
    wide = replace(rows, matrix=np.column_stack([rows.matrix, more.to_numpy("float64")]))
    parts, seed = split_rows(wide, default_split(*wide.days)), load_project().seed
    struck = {name: list(places) for name, places in outages.OUTAGES.items()}
    for place, table in enumerate(tables, start=len(MODEL_COLUMNS)):
        if table:
            struck[f"table {table}"].append(place)
    names = (*MODEL_COLUMNS, *more.columns)
    with patch.object(boosting, "MODEL_COLUMNS", names), patch.dict(outages.OUTAGES, struck):
        model = fit(FAMILY, parts["train"], parts["tune"], seed, settings.threads)
    return model.predict(parts["test"].matrix), model.held_out


def saved(without: np.ndarray, having: np.ndarray, rows: Rows) -> tuple[Interval, Interval | None]:
    """What the second scores save on the same flights, by days and by weeks; flights without a score are left out."""
    known = ~(np.isnan(without) | np.isnan(having))
    before, after = (cents(one[known] > costs.WARN_ABOVE, rows.is_late[known]) for one in (without, having))
    usd, dates = 10.0 * (before - after), rows.service_date[known]
    daily = by_day(np.column_stack([usd, np.ones(len(usd))]), dates)
    drawn = draws(len(daily), load_project().seed) @ daily
    return interval(float(usd.mean()), drawn[:, 0] / drawn[:, 1]), weekly(usd, dates)


def judge(rows: Rows, found: dict[str, pd.DataFrame], settings: Settings) -> list[Judged]:
    """The model as it is, with each group, with all of them, and with each set of random numbers."""
    parts, seed = split_rows(rows, default_split(*rows.days)), load_project().seed
    tables = {group.name: [group.table] * len(group.columns) for group in GROUPS}
    sets = {"today's": (pd.DataFrame(index=range(len(rows))), [""][:0])}
    sets |= {name: (more, tables[name]) for name, more in found.items()}
    sets["all of them"] = pd.concat(found.values(), axis="columns"), [one for name in found for one in tables[name]]
    most = max(len(group.columns) for group in GROUPS)
    for n in range(1, NULLS + 1):
        numbers = np.random.default_rng((seed, n)).standard_normal((len(rows), most))
        sets[f"{RANDOM}, {n}"] = pd.DataFrame(numbers).add_prefix("random_"), [""] * most
    judged, late, base = [], parts["test"].is_late, None
    for name, (more, of) in sets.items():
        mine = scores(rows, more, of, settings)
        base = base or mine
        by_days, by_weeks = saved(base[0], mine[0], parts["test"])
        auc, usd = ranking(mine[0], late)["auc"], usd_per_1000(mine[0] > costs.WARN_ABOVE, late)
        judged.append(Judged(name, auc, usd, by_days, by_weeks, saved(base[1], mine[1], parts["train"])[0]))
        print(judged[-1], flush=True)
    return judged


def tables(judged: Sequence[Judged], carried: Sequence[Carried]) -> str:
    """The figures for people, as Markdown, and what follows from them."""
    nulls = [one for one in judged if one.name.startswith(RANDOM)]
    lines = ["USD per 1,000 flights; *saved* is against today's model on the same flights, with 90 % intervals.", ""]
    lines += ["| with | AUC | USD | saved | by days | by weeks | out of fold, on train | shown |", f"|{'---|' * 8}"]
    for one in judged:
        figures = f"| {one.name} | {one.auc:.4f} | {one.usd:,.0f} |"
        weeks, shown = _span(one.weeks) if one.weeks else "", "yes" if one.is_shown(nulls) else "no"
        out = f"{one.held_out.value:+,.0f} ({_span(one.held_out)})"
        said = f" {one.saved.value:+,.0f} | {_span(one.saved)} | {weeks} | {out} | {shown} |"
        lines.append(figures + (said if one is not judged[0] else " | | | | |"))
    lines += ["", _worth(judged[1:], nulls), ""]
    lines += ["| | s over the year | rows | MB | facts held online | days a day is made from | online rows |"]
    lines += [f"|{'---|' * 7}"]
    for place, it in enumerate(carried):
        size = f"{it.seconds:.1f} | {it.rows:,} | {it.megabytes:.1f}"
        lines.append(f"| {it.name} | {size} | {'+' if place else ''}{it.facts:,.0f} | {it.days} | {it.keys:,} |")
    return "\n".join([*lines, "", _price(carried)])


def _span(one: Interval) -> str:
    return f"{one.low:+,.0f} to {one.high:+,.0f}"


def _worth(judged: Sequence[Judged], nulls: Sequence[Judged]) -> str:
    found = [one.saved.value for one in nulls]
    shown = [one.name for one in judged if one.is_shown(nulls)]
    doubtful = [one.name for one in judged if one not in nulls and not one.is_shown(nulls)]
    said = [f"Random numbers save {min(found):+,.0f} to {max(found):+,.0f}: what another draw of the trees does."]
    if shown:
        said.append(f"Above zero by days, by weeks and out of fold, and above all random numbers: {', '.join(shown)}.")
    if doubtful:
        said.append(f"Not shown: {', '.join(doubtful)}.")
    return " ".join(said)


def _price(carried: Sequence[Carried]) -> str:
    today, *groups = carried
    free = ", ".join(one.name for one in groups if one.facts <= 0)
    dear = [
        f"{one.name} needs {one.facts / today.facts:.1f} times as many facts again in the consumer, and a day of it is "
        f"made from {one.days} days, where {today.days} are enough now."
        for one in groups
        if one.facts > 0
    ]
    return " ".join([f"From facts that are at hand today: {free}." if free else "", *dear]).strip()


def main() -> None:
    settings = load_settings()
    configure_tools(settings)
    table = pq.read_table(settings.training_sets_dir / "delay_v1.parquet")
    found, carried = carry(settings, table.select(["flight_id", "event_timestamp"]))
    print(*carried, sep="\n", flush=True)
    judged = judge(rows_of(table), found, settings)
    report = {"judged": [asdict(one) for one in judged], "carried": [asdict(one) for one in carried]}
    storage.write_json(settings.reports_dir / "within_reach.json", report)
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    storage.write_text(PAGE, f"{before}{BEGIN}\n{tables(judged, carried)}\n{END}{after}")


if __name__ == "__main__":
    main()
