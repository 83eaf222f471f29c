"""What the service answers to a question that it can answer."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.model_registry.registry import load_champion
from mlsystem.serving import prediction_log
from mlsystem.serving.run import Running
from mlsystem.settings import Settings
from questions import (
    CHOSEN,
    EXAMPLE,
    EXPECTED,
    LONGEST_LIVED,
    NOW,
    SHORTEST_LIVED,
    as_said,
    asked_earlier,
    elsewhere,
    fields,
    shifted,
    too_old,
    unseen,
    varied,
)
from serving_probe import answers, send

OPEN_KEYS = [field for field in fields("text") if field.pattern and field.name in PROBLEM.keys]
OPTIONAL_KEYS = [field for field in PROBLEM.fields if field.is_optional and field.name in PROBLEM.keys]

SUMMED = 1e-6  # a linear model sums in single precision, and a batch in another order


def test_an_answer_says_what_was_decided_from_what_and_how_fresh_that_was(service: Running, serving_settings: Settings):
    champion = load_champion(serving_settings.models_dir)

    (answer,) = answers(service, EXAMPLE)

    assert answer["question_id"] == PROBLEM.example.id
    assert datetime.fromisoformat(answer["as_of"]) == NOW
    assert 0 < answer["probability"] < 1
    assert answer["decision"] in (PROBLEM.words.act, PROBLEM.words.hold)
    assert (answer["decision"] == PROBLEM.words.act) == (answer["probability"] > champion.act_above)
    assert answer["model_version"] == champion.version
    assert answer["degraded"] is False
    assert answer["degraded_because"] == []
    assert {view.name for view in EXPECTED} <= set(answer["feature_ages_seconds"]) <= {v.name for v in PROBLEM.views}
    assert len(answer["reasons"]) == 3
    assert {reason["feature"] for reason in answer["reasons"]} <= set(champion.columns)


def test_many_questions_are_answered_in_order_and_as_each_alone(service: Running):
    questions = [one | {CHOSEN.name: CHOSEN.choices[n % 3]} for n, one in enumerate(varied(120))]

    together = answers(service, *questions)

    assert [answer["question_id"] for answer in together] == [as_said(question).id for question in questions]
    assert len({answer["question_id"] for answer in together}) == 120
    for place in (0, 1, 119):
        (alone,) = answers(service, questions[place])
        assert alone["probability"] == pytest.approx(together[place]["probability"], abs=SUMMED)
        assert [one["feature"] for one in alone["reasons"]] == [one["feature"] for one in together[place]["reasons"]]


@pytest.mark.parametrize(
    ("name", "value"),
    [*((field.name, unseen(field)) for field in OPEN_KEYS), *((field.name, None) for field in OPTIONAL_KEYS)],
)
def test_a_key_that_nobody_has_seen_or_says_is_answered(service: Running, name: str, value: str | None):
    without = [f"{view.name} is missing" for view in EXPECTED if name in view.keys]

    (answer,) = answers(service, EXAMPLE | {name: value})

    assert 0 < answer["probability"] < 1
    assert answer["degraded"] is bool(without)
    assert answer["degraded_because"] == without


def test_an_expected_view_past_its_time_to_live_degrades_the_answer_and_the_answer_says_so(service: Running):
    later = SHORTEST_LIVED.ttl + timedelta(minutes=30)
    outlived = [view for view in PROBLEM.views if view.is_expected and view.ttl <= SHORTEST_LIVED.ttl]

    (answer,) = answers(service, shifted(later))

    assert answer["degraded"] is True
    assert answer["degraded_because"] == [too_old(view) for view in outlived]
    assert answer["feature_ages_seconds"][LONGEST_LIVED.name] >= later.total_seconds()
    assert SHORTEST_LIVED.name not in answer["feature_ages_seconds"]


def test_a_row_from_after_the_moment_of_prediction_is_never_used(service: Running):
    (answer,) = answers(service, asked_earlier(timedelta(days=100)))

    assert answer["feature_ages_seconds"] == {}


def test_without_any_stored_feature_the_answer_is_climatology_and_says_so(service: Running, serving_settings: Settings):
    (answer,) = answers(service, shifted(timedelta(days=365)))

    assert answer["degraded"] is True
    assert answer["degraded_because"][-1].startswith("no stored feature is known")
    assert answer["reasons"] == []
    (row,) = [row for row in log_rows(serving_settings) if row["prediction_id"] == answer["prediction_id"]]
    champion = load_champion(serving_settings.models_dir)
    assert answer["probability"] == champion.fallback(as_matrix(row))[0]


def test_offsets_are_understood_and_answered_in_utc(service: Running):
    local = {one.name: datetime.fromisoformat(one.example).astimezone(PROBLEM.zone) for one in fields("instant")}

    there, here = answers(service, EXAMPLE | {name: moment.isoformat() for name, moment in local.items()}, EXAMPLE)

    assert all(moment.utcoffset() for moment in local.values())
    assert there["probability"] == here["probability"]
    assert there["question_id"] == here["question_id"]
    assert there["as_of"] == here["as_of"]
    assert here["as_of"].endswith("Z")


def test_the_log_holds_what_each_answer_was_made_from_to_the_last_digit(service: Running, serving_settings: Settings):
    champion = load_champion(serving_settings.models_dir)
    asked = [EXAMPLE, elsewhere()]

    given = answers(service, *asked)

    logged = {row["prediction_id"]: row for row in log_rows(serving_settings)}
    for question, answer in zip(map(as_said, asked), given, strict=True):
        row = logged[answer["prediction_id"]]
        assert row["probability"] == answer["probability"]
        assert row["as_of"] == NOW
        assert row["question_id"] == answer["question_id"] == question.id
        assert row["said"] == {field.name: getattr(question, field.name) for field in PROBLEM.fields}
        assert champion.predict(as_matrix(row))[0] == pytest.approx(answer["probability"], abs=SUMMED)
        for name, value in row["stored"].items():
            if name in PROBLEM.model_columns:
                assert row["model_row"][name] == value


def test_the_model_page_names_the_champion_and_its_terms(service: Running, serving_settings: Settings):
    champion = load_champion(serving_settings.models_dir)

    said = send(service, "GET", "/model").content

    assert (said["name"], said["version"]) == (champion.name, champion.version)
    assert said["columns"] == list(champion.columns)
    assert said["act_above"] == champion.act_above
    assert set(said) >= {"feature_service", "metrics", "training"}


def log_rows(settings: Settings) -> list[dict]:
    return prediction_log.read(settings.predictions_dir).to_pylist()


def as_matrix(row: dict) -> np.ndarray:
    values = [row["model_row"][name] for name in PROBLEM.model_columns]
    return np.array([[np.nan if value is None else value for value in values]])
