"""Point-in-time training sets: what the store would have answered to each question, and what came true."""

import logging
from typing import Any

import pandas as pd
import pyarrow as pa
from feast import FeatureStore

from mlsystem.contract.features import EVERYTHING, View
from mlsystem.contract.problem import OVERDUE
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.engine import stoppable

logger = logging.getLogger(__name__)
ABOUT = ("question_id", "service_date", "event_timestamp", "label_known_at", "label")


class RowsLost(RuntimeError):
    """The point-in-time join gave back other rows than it was given."""


def training_set(store: FeatureStore, asked: pd.DataFrame, labels: pd.DataFrame) -> pa.Table:
    """One row per question that has a label: ABOUT, and PROBLEM.model_columns as float64 (categories as codes).

    `asked` and `labels` are the tables that the domain names. What has no label has no row; the domain's label says
    what that does to a model.
    """
    known = labels[[PROBLEM.id_column, PROBLEM.label.column, "known_at"]].rename(columns={"known_at": "label_known_at"})
    rows = historical_features(store, with_as_of(asked.merge(known, on=PROBLEM.id_column, validate="one_to_one")))
    logger.info("features of the request: %s questions", f"{len(rows):,}")
    about = rows.rename(columns={PROBLEM.id_column: "question_id"})
    about = about.assign(label=PROBLEM.label.is_true(rows[PROBLEM.label.column]))
    return pa.Table.from_pandas(pd.concat([about[[*ABOUT]], model_matrix(rows)], axis="columns"), preserve_index=False)


def questions_of(rows: pd.DataFrame) -> list[Question]:
    """Each row as the domain's question."""
    columns = {field.name: rows[field.name] for field in PROBLEM.fields}
    said = (column.astype(object).where(column.notna(), None).tolist() for column in columns.values())
    return [PROBLEM.question(*values) for values in zip(*said, strict=True)]


def with_as_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The questions with `event_timestamp`, the moment at which each is predicted."""
    return rows.assign(event_timestamp=pd.to_datetime([question.as_of for question in questions_of(rows)], utc=True))


def historical_features(store: FeatureStore, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` (entity keys and `event_timestamp` in UTC, and more) with every stored feature as known then.

    Same rows, same order; a value older than its view's TTL is missing. Raises RowsLost if the store drops,
    adds or doubles a row: its default offline store does (decision 0005).
    """
    result = rows = rows.reset_index(drop=True).assign(**{EVERYTHING: EVERYTHING})
    for place, view in enumerate(PROBLEM.views, start=1):
        joined = _join(store, rows, view, f"view {place} of {len(PROBLEM.views)}")
        result = result.merge(joined, on=[*view.join_keys, "event_timestamp"], how="left")
    if len(result) != len(rows):
        raise RowsLost(f"{len(rows):,} rows in, {len(result):,} out of the point-in-time join")
    return result


def _join(store: FeatureStore, rows: pd.DataFrame, view: View, place: str) -> pd.DataFrame:
    """The view's features at each key and moment that occurs. View by view: in one go it takes twice as long."""
    asked = rows[[*view.join_keys, "event_timestamp"]].drop_duplicates(ignore_index=True)
    logger.info("joining %s at %s keys and moments (%s)", view.name, f"{len(asked):,}", place)
    with stoppable():
        joined = store.get_historical_features(asked, [f"{view.name}:{f.name}" for f in view.features]).to_df()
    if len(joined) != len(asked):
        raise RowsLost(f"{view.name}: {len(asked):,} keys and moments in, {len(joined):,} out")
    return joined


def model_matrix(rows: pd.DataFrame) -> pd.DataFrame:
    """PROBLEM.model_columns as float64; the request features by the very function that serving calls."""
    rows = _heard(rows)
    stored: list[dict[str, Any]] = [{}] * len(rows)  # pandas makes no record at all of no columns
    if PROBLEM.instants:
        instants = rows[[*PROBLEM.instants]].astype(object)
        stored = instants.where(instants.notna(), None).to_dict("records")  # type: ignore[assignment]
    requested = pd.DataFrame(
        [PROBLEM.requested(one, known) for one, known in zip(questions_of(rows), stored, strict=True)]
    )
    for name, codes in PROBLEM.codes.items():
        requested[name] = requested[name].map(codes)
    everything = pd.concat([requested, rows.drop(columns=[*requested.columns], errors="ignore")], axis="columns")
    return everything[[*PROBLEM.model_columns]].astype("float64")


def _heard(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without what is made from a table that was silent then: as in Problem.model_row, a column at a time."""
    rows = rows.copy()
    for table, features in PROBLEM.silenced.items():
        rows.loc[rows[f"{OVERDUE}{table}"] >= PROBLEM.silent_from[table], [*features]] = None
    return rows
