"""What the service answers to a question that it can answer."""

from datetime import timedelta

import pytest

from mlsystem.domain.features import VIEWS
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.model_registry.registry import load_champion
from mlsystem.serving import prediction_log
from mlsystem.serving.run import Running
from mlsystem.settings import Settings
from serving_probe import FLIGHT, NOW, answers, send


def test_an_answer_says_what_was_decided_from_what_and_how_fresh_that_was(service: Running, serving_settings: Settings):
    champion = load_champion(serving_settings.models_dir)

    (answer,) = answers(service, FLIGHT)

    assert {name: answer[name] for name in FLIGHT if name in answer} == {
        name: value for name, value in FLIGHT.items() if name in answer
    }
    assert 0 < answer["probability"] < 1
    assert (answer["decision"] == "warn") == (answer["probability"] > champion.warn_above)
    assert answer["model_version"] == champion.version
    assert answer["degraded"] is False
    assert answer["degraded_because"] == []
    assert {"weather", "origin"} <= set(answer["feature_ages_seconds"]) <= {view.name for view in VIEWS}
    assert len(answer["reasons"]) == 3
    assert {reason["feature"] for reason in answer["reasons"]} <= set(champion.columns)


def test_many_flights_are_answered_in_order_and_as_each_alone(service: Running):
    flights = [
        FLIGHT | {"carrier": carrier, "flight_number": n} for n, carrier in enumerate(["B6", "UA", "DL"] * 40, 1)
    ]

    together = answers(service, *flights)

    assert [answer["flight_number"] for answer in together] == [flight["flight_number"] for flight in flights]
    for place in (0, 1, 119):
        (alone,) = answers(service, flights[place])
        assert alone["probability"] == together[place]["probability"]
        assert alone["reasons"] == together[place]["reasons"]


@pytest.mark.parametrize(
    ("unseen", "because"),
    [
        ({"destination": "ZZZ"}, ["destination is missing"]),
        ({"tail_number": "N0000X"}, []),
        ({"tail_number": None}, []),
    ],
)
def test_a_destination_or_an_aircraft_that_nobody_has_seen_is_answered(service: Running, unseen: dict, because: list):
    (answer,) = answers(service, FLIGHT | unseen)

    assert 0 < answer["probability"] < 1
    assert answer["degraded"] is bool(because)
    assert answer["degraded_because"] == because


def test_an_expected_view_past_its_time_to_live_degrades_the_answer_and_the_answer_says_so(service: Running):
    later = NOW + timedelta(minutes=90)  # the origin's rows live for 1 h, the weather's for 3

    (answer,) = answers(
        service, FLIGHT | {"as_of": later.isoformat(), "scheduled_departure_at": "2013-11-05T21:30:00Z"}
    )

    assert answer["degraded"] is True
    assert answer["degraded_because"] == ["origin is older than 1 h", "sources is older than 1 h"]
    assert answer["feature_ages_seconds"]["weather"] >= 90 * 60
    assert "origin" not in answer["feature_ages_seconds"]


def test_a_row_from_after_the_moment_of_prediction_is_never_used(service: Running):
    (answer,) = answers(service, FLIGHT | {"as_of": "2013-06-03T19:00:00Z"})

    assert answer["feature_ages_seconds"] == {}


def test_without_any_stored_feature_the_answer_is_climatology_and_says_so(service: Running, serving_settings: Settings):
    far = {"scheduled_departure_at": "2014-11-05T21:00:00Z", "scheduled_arrival_at": "2014-11-06T03:10:00Z"}

    (answer,) = answers(service, FLIGHT | far)

    assert answer["degraded"] is True
    assert answer["degraded_because"][-1].startswith("no stored feature is known")
    assert answer["reasons"] == []
    (row,) = [row for row in log_rows(serving_settings) if row["prediction_id"] == answer["prediction_id"]]
    champion = load_champion(serving_settings.models_dir)
    assert answer["probability"] == champion.fallback(as_matrix(row))[0]


def test_offsets_are_understood_and_answered_in_utc(service: Running):
    local = {"scheduled_departure_at": "2013-11-05T16:00:00-05:00"}

    there, here = answers(service, FLIGHT | local, FLIGHT)

    assert there["probability"] == here["probability"]
    assert there["scheduled_departure_at"] == here["scheduled_departure_at"] == FLIGHT["scheduled_departure_at"]


def test_the_log_holds_what_each_answer_was_made_from_to_the_last_digit(service: Running, serving_settings: Settings):
    champion = load_champion(serving_settings.models_dir)

    given = answers(service, FLIGHT, FLIGHT | {"origin": "JFK"})

    logged = {row["prediction_id"]: row for row in log_rows(serving_settings)}
    for answer in given:
        row = logged[answer["prediction_id"]]
        assert row["probability"] == answer["probability"]
        assert row["as_of"] == NOW
        assert row["origin"] == answer["origin"]
        assert row["tail_number"] == FLIGHT["tail_number"]
        assert champion.predict(as_matrix(row))[0] == answer["probability"]
        for name, value in row["stored"].items():
            if name in MODEL_COLUMNS:
                assert row["model_row"][name] == value


def test_the_model_page_names_the_champion_and_its_terms(service: Running, serving_settings: Settings):
    champion = load_champion(serving_settings.models_dir)

    said = send(service, "GET", "/model").content

    assert (said["name"], said["version"]) == (champion.name, champion.version)
    assert said["columns"] == list(champion.columns)
    assert said["warn_above"] == champion.warn_above
    assert set(said) >= {"feature_service", "metrics", "training"}


def log_rows(settings: Settings) -> list[dict]:
    return prediction_log.read(settings.predictions_dir).to_pylist()


def as_matrix(row: dict):  # type: ignore[no-untyped-def]
    import numpy as np

    return np.array([[np.nan if row["model_row"][name] is None else row["model_row"][name] for name in MODEL_COLUMNS]])
