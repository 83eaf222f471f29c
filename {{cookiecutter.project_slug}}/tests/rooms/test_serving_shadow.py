"""The challenger in the shadow: it scores what the champion answers; no caller can tell."""

import time
from pathlib import Path

import numpy as np
import pytest

from mlsystem.metrics.serving import ServingMetrics
from mlsystem.model_registry.registry import load_champion
from mlsystem.serving import prediction_log
from mlsystem.serving.log_writer import PredictionLog
from mlsystem.serving.run import running_service
from mlsystem.serving.shadow import MOST_WAITING, Shadow
from questions import EXAMPLE, elsewhere
from registry_probe import own_registry
from serving_probe import answers, metric, send


@pytest.fixture
def shadow(system, tmp_path: Path) -> Shadow:  # type: ignore[no-untyped-def]
    return Shadow(load_champion(system.settings.models_dir), PredictionLog(tmp_path / "shadow", 9), ServingMetrics())


def rows(shadow: Shadow, number: int) -> tuple[list[str], np.ndarray]:
    return [f"id {n}" for n in range(number)], np.full((number, len(shadow.challenger.columns)), np.nan)


def counted(counter) -> float:  # type: ignore[no-untyped-def]
    return counter._value.get()


def test_what_was_offered_is_scored_and_logged_under_its_id(shadow: Shadow, tmp_path: Path):
    ids, matrix = rows(shadow, 1_200)
    before = counted(shadow._metrics.shadow_predictions)  # of other tests in this process

    shadow.offer(ids, matrix)
    shadow.score()

    logged = list(prediction_log.records(tmp_path / "shadow"))
    assert [one["prediction_id"] for one in logged] == ids
    expected = float(shadow.challenger.predict(matrix[:1])[0])  # alone; a linear model sums in another order in a batch
    assert [one["shadow_probability"] for one in logged] == pytest.approx([expected] * 1_200, rel=1e-6)
    assert counted(shadow._metrics.shadow_predictions) - before == 1_200


def test_a_challenger_that_fails_or_falls_behind_is_counted_and_stops_nobody(shadow: Shadow, tmp_path: Path):
    ids, matrix = rows(shadow, MOST_WAITING)
    before = counted(shadow._metrics.shadow_failures)

    shadow.offer(ids, matrix)
    shadow.offer(["one too many"], matrix[:1])
    shadow._waiting.clear()
    shadow.offer(["other columns"], matrix[:1, :3])
    shadow.score()

    assert counted(shadow._metrics.shadow_failures) - before == 2
    assert list(prediction_log.records(tmp_path / "shadow")) == []


@pytest.mark.slow
def test_the_log_holds_the_challengers_probability_beside_the_champions(make_settings):  # type: ignore[no-untyped-def]
    from mlsystem.model_registry import registry, tracking

    settings = own_registry(make_settings())
    uri = tracking.tracking_uri(settings.models_dir)
    tracking.client(uri).set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHALLENGER, "2")
    with running_service(settings) as running:
        given = [answer for _ in range(10) for answer in answers(running, EXAMPLE, elsewhere())]
        deadline = time.monotonic() + 180
        while (table := prediction_log.read(settings.predictions_dir))["shadow_version"].null_count:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        while metric(text := send(running, "GET", "/metrics").body.decode(), "shadow_predictions_total") < len(given):
            assert time.monotonic() < deadline, "the scores are in the log and not counted"
            time.sleep(0.1)
        last = {answers(running, EXAMPLE)[0]["prediction_id"] for _ in range(30)}

    scored = prediction_log.read(settings.predictions_dir).to_pandas().set_index("prediction_id")["shadow_version"]
    assert set(scored[list(last)]) == {"2"}, "what was answered just before the stop is scored as well"

    challenger = registry.load_version(uri, "2")
    logged = {row["prediction_id"]: row for row in table.to_pylist()}
    for answer in given:
        row = logged[answer["prediction_id"]]
        matrix = np.array([[np.nan if value is None else value for value in row["model_row"].values()]])
        assert (answer["model_version"], row["shadow_version"]) == ("1", "2")
        assert row["shadow_probability"] == challenger.predict(matrix)[0]
        assert row["probability"] == answer["probability"] != row["shadow_probability"]
    assert metric(text, "shadow_predictions_total") == len(given)
    assert metric(text, "shadow_failures_total") == 0
