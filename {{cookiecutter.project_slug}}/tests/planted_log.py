"""A prediction log of three weeks that no model learned from, made from the training set without a service, to plant
faults in."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from mlsystem import storage
from mlsystem.contract.problem import UNKNOWN
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features, questions_of, with_as_of
from mlsystem.model_registry.champion import Champion
from mlsystem.model_registry.registry import load_champion
from mlsystem.settings import Settings

LAST = PROBLEM.held_out[0] + timedelta(days=35)
DAYS = storage.day_range(LAST - timedelta(days=20), LAST)
EVERY = 4  # one question in four is enough for shares
SKEW_DAYS = 2  # the offline path is asked about the newest rows only
Change = Callable[[dict[str, Any]], dict[str, Any]]


def own_batch(built: Settings, data_dir: Path) -> Settings:
    """Settings for a monitor: built models and features, validated days that may be removed one by one."""
    for name in ("features_dir", "models_dir", "training_sets_dir"):
        source = getattr(built, name)
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / source.name).symlink_to(source)
    settings = Settings(data_dir=data_dir, reports_dir=data_dir / "reports")
    for table in (PROBLEM.asked_of, PROBLEM.label.table):
        (settings.validated_dir / table).mkdir(parents=True)
        for path in (built.validated_dir / table).glob("*.parquet"):
            (settings.validated_dir / table / path.name).symlink_to(path)
    open_store(settings.features_dir, settings.online_dir)
    return settings


def records(settings: Settings) -> list[dict[str, Any]]:
    """What a healthy service would have logged for every fourth question of the three weeks."""
    champion = load_champion(settings.models_dir)
    asked = storage.Partitions(settings.validated_dir / PROBLEM.asked_of).read(DAYS).to_pandas()
    path = settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet"
    known = pq.read_table(path, columns=["question_id", *PROBLEM.model_columns]).to_pandas().set_index("question_id")
    asked = with_as_of(asked.iloc[::EVERY].reset_index(drop=True))
    matrix = known.reindex(asked[PROBLEM.id_column]).to_numpy(dtype="float64")  # of what never got a label, NaN
    scores = champion.predict(matrix)
    stored = _stored(settings, asked)
    return [
        _record(champion, question, row, float(score), stored.get(question.id, {}))
        for question, row, score in zip(questions_of(asked), matrix.tolist(), scores, strict=True)
    ]


def write(settings: Settings, said: list[dict[str, Any]], change: Change = lambda one: one) -> None:
    """Replace the log by these records, each changed."""
    settings.predictions_dir.mkdir(exist_ok=True)
    lines = "".join(json.dumps(change(dict(one))) + "\n" for one in said)
    (settings.predictions_dir / f"{LAST}.planted-0.jsonl").write_text(lines)


def _stored(settings: Settings, asked: pd.DataFrame) -> dict[str, dict[str, Any]]:
    newest = asked[asked["service_date"] > LAST - timedelta(days=SKEW_DAYS)]
    store = open_store(settings.features_dir, settings.online_dir, register=False)
    keys = newest[[PROBLEM.id_column, *PROBLEM.keys, "event_timestamp"]]
    found = historical_features(store, keys.assign(**{key: keys[key].fillna(UNKNOWN) for key in PROBLEM.keys}))
    names = [feature.name for feature in PROBLEM.stored_features]
    return {row[PROBLEM.id_column]: {name: _plain(row[name]) for name in names} for row in found.to_dict("records")}


def _plain(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _record(champion: Champion, question: Question, row: list[float], score: float, stored: dict) -> dict[str, Any]:
    return {
        "prediction_id": uuid.uuid4().hex,
        "logged_at": question.as_of.isoformat(),
        "as_of": question.as_of.isoformat(),
        "question_id": question.id,
        "service_date": str(question.service_date),
        "due_at": question.due_at.isoformat(),
        "said": {field.name: _plain(getattr(question, field.name)) for field in PROBLEM.fields},
        "stored": stored,
        "model_row": {name: _plain(value) for name, value in zip(PROBLEM.model_columns, row, strict=True)},
        "feature_ages_seconds": {},
        "probability": score,
        "decision": PROBLEM.words.act if score > champion.act_above else PROBLEM.words.hold,
        "model_name": champion.name,
        "model_version": champion.version,
        "degraded": not stored,  # so that the offline path is asked about the newest rows alone
        "degraded_because": [],
    }
