"""Each card is red on the project as it is, and green once its reference solution is in: on four months, in a copy.

The solutions are the shortest that meet the targets, not the best: what they cost is the learner's to weigh.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mlsystem.contract.slices import Conditions
from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.cards import forecast_only, miss_costs
from mlsystem.practice.tradeoffs.cards.deck import CARDS
from scratch_project import Scratch, make

pytestmark = pytest.mark.slowest
LATER = 8  # days after an outcome: seven after it was due, for it can come hours before that


def miss_costs_five_times(scratch: Scratch, terms: dict) -> None:
    scratch.replace("domain/costs.py", r"(\(False, True\): )[\d_]+", rf"\g<1>{terms['cents'][miss_costs.MISS]}")
    scratch.done("demo")


def known_a_day_before(scratch: Scratch, terms: dict) -> None:
    for view in forecast_only.features_of(terms["table"]):
        later = "known_at + INTERVAL '24' HOUR AS event_timestamp"
        scratch.replace(f"domain/sql/{view}.sql", r"known_at AS event_timestamp", later)
    scratch.done("features")
    scratch.done("train")


def labels_later(scratch: Scratch, terms: dict) -> None:
    scratch.replace(
        "feature_store/training_sets.py",
        r'(\.rename\(columns=\{"known_at": "label_known_at"\}\))',
        rf"\1.assign(label_known_at=lambda rows: rows['label_known_at'] + pd.Timedelta(days={LATER}))",
    )
    scratch.replace(
        "monitoring/performance.py",
        r"    return rows\.select\((.+)\)\.rename_columns\((.+)\)\n",
        rf"    rows = rows.select(\1).rename_columns(\2)\n    later = pd.Timedelta(days={LATER})\n"
        r'    late = pa.array(rows["known_at"].to_pandas() + later, rows.schema.field("known_at").type)'
        r'\n    return rows.set_column(rows.column_names.index("known_at"), "known_at", late)\n',
    )
    gap = rf"\1 & (rows.service_date < np.datetime64(split.tune_until) - np.timedelta64({LATER}, 'D'))"
    scratch.replace("training/split.py", r'("tune": rows\.where\(~is_train & ~is_test)', gap)
    scratch.done("train")


def one_setting_and_no_regression(scratch: Scratch, terms: dict) -> None:
    scratch.edit("training/boosting.py", lambda text: re.sub(r'    \{"learning_rate": 0\.07.*\},\n', "", text))
    scratch.replace("training/candidates.py", r'    "logistic_regression": .+\n', "")
    scratch.done("train")


def fewer_views(scratch: Scratch, terms: dict) -> None:
    """Of the features, those that slices and ages need stay."""
    conditions = [
        c for one in PROBLEM.slices if isinstance(one, Conditions) for each in one.where.values() for c in each
    ]
    needed = {column for column, *_ in conditions} | set(PROBLEM.instants)
    kept = [view for view in PROBLEM.views if not view.is_input or needed & {feature.name for feature in view.features}]
    names = ", ".join(view.name.upper() for view in kept)
    scratch.replace("domain/features.py", r"(?m)^VIEWS = \(.*\)$", f"VIEWS = ({names},)")
    scratch.done("features")
    scratch.done("train")


def left_out_of_every_delivery(scratch: Scratch, terms: dict) -> None:
    """No row with the value, and no fact of a question that is gone; what was logged of it goes line by line."""
    settings, value = scratch.settings, terms["value"]
    for table in PROBLEM.tables:
        path = next((settings.source_dir / table.name).glob("*.parquet"))
        columns = {field.name: str(field.type) for field in pq.read_schema(path)}
        theirs = [f"{name} IS DISTINCT FROM '{value}'" for name, kind in columns.items() if kind == "string"]
        if PROBLEM.id_column in columns and table.name != PROBLEM.asked_of:
            theirs.append(f"{PROBLEM.id_column} IN (SELECT {PROBLEM.id_column} FROM {PROBLEM.asked_of})")
        kept = " AND ".join(theirs) or "TRUE"
        wrapped = lambda text, kept=kept: f"SELECT * FROM (\n{text}\n) AS every WHERE {kept}\n"  # noqa: E731
        scratch.edit(f"domain/sql/source_{table.name}.sql", wrapped)
    for file in settings.predictions_dir.glob("*.jsonl"):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if json.dumps(value) not in line), encoding="utf-8")
    for folder in (settings.stream_dir, settings.online_dir):
        shutil.rmtree(folder)
    for task in ("ingest", "features", "train"):
        scratch.done(task)


SOLUTIONS: dict[str, Callable[[Scratch, dict], None]] = {
    "miss-costs": miss_costs_five_times,
    "forecast-only": known_a_day_before,
    "half-budget": one_setting_and_no_regression,
    "late-labels": labels_later,
    "one-core": fewer_views,
    "forget": left_out_of_every_delivery,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    return make(tmp_path_factory.mktemp("scratch") / "project")


def test_every_card_has_a_reference_solution():
    assert set(SOLUTIONS) == set(CARDS)


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_card_is_red_until_its_solution_is_in(project: Scratch, tmp_path: Path, name: str):
    scratch = project.copy(tmp_path / "project")
    scratch.done("cards", "deal", name)
    before = scratch.task("cards", "check")
    terms = json.loads((scratch.root / "practice/record.jsonl").read_text().splitlines()[0])["terms"]
    assert before.returncode == 1, before.stdout + before.stderr
    assert "FAILS" in before.stdout

    SOLUTIONS[name](scratch, terms)

    after = scratch.task("cards", "check")
    assert after.returncode == 0, after.stdout[-3000:] + after.stderr[-3000:]
    assert "FAILS" not in after.stdout
    assert "met after" in after.stdout
