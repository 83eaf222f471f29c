"""The numbers of all workers: they add up, they are bounded, and PSI is computed from the sums."""

import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import generate_latest

from mlsystem.domain import PROBLEM
from mlsystem.drift import psi
from mlsystem.flows.consume import OLDEST_SECONDS
from mlsystem.metrics.consumer import ConsumerMetrics
from mlsystem.metrics.serving import STAGES
from mlsystem.model_registry.registry import load_champion
from mlsystem.serving import monitor_findings, prediction_log
from mlsystem.serving.run import Running, running_service
from mlsystem.settings import Settings
from questions import CHOSEN, EXAMPLE, EXPECTED, SHORTEST_LIVED, asked_earlier, elsewhere
from serving_probe import answers, ask, metric, send, workers

INVENTED = "no-such-choice"
NAMES = """
    http_requests_total http_request_duration_seconds_count rejected_requests_total predictions_total
    prediction_stage_duration_seconds_count degraded_predictions_total fallback_predictions_total
    feature_age_seconds_count feature_store_failures_total prediction_log_failures_total model_input_bin_total
    model_info model_input_psi_ratio drift_window_predictions
"""


@pytest.fixture(scope="module")
def counted(make_settings):  # type: ignore[no-untyped-def]
    """A service that nobody else asks: (settings, service, scrape, how many single questions it was asked)."""
    settings = make_settings()
    with running_service(settings) as running:
        while len(list(settings.predictions_dir.glob("*.jsonl"))) < 2:  # each worker opens its log when it is ready
            time.sleep(0.1)
        single = 0
        with ThreadPoolExecutor(8) as callers:  # the sockets are shared: one caller may meet the same worker each time
            while single < 60 or len(written_logs(settings)) < 2:
                single += len(list(callers.map(lambda _: answers(running, EXAMPLE), range(20))))
        answers(running, *[elsewhere()] * 120)
        for _ in range(20):
            ask(running, EXAMPLE | {CHOSEN.name: INVENTED})
        answers(running, asked_earlier(timedelta(days=30)))
        for n in range(50):
            send(running, "GET", f"/invented/{n}")
        yield settings, running, scrape(running), single


def written_logs(settings: Settings) -> list[Path]:
    return [path for path in settings.predictions_dir.glob("*.jsonl") if path.stat().st_size]


def test_every_metric_is_there_with_a_help_and_promtool_finds_no_fault(counted):
    _, _, text, _ = counted

    for name in NAMES.split():
        assert any(line.startswith((name + "{", name + " ")) for line in text.splitlines()), name
    if promtool := shutil.which("promtool"):
        checked = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_counts_add_up_over_two_workers_to_what_was_sent(counted):
    _, running, text, single = counted

    assert len(workers(running)) == 2
    assert metric(text, "http_requests_total", route="/predict", status="200") == single + 2
    assert metric(text, "http_requests_total", route="/predict", status="400") == 20
    assert metric(text, "rejected_requests_total", status="400") == 20
    assert metric(text, "rejected_requests_total", status="404") == 50
    assert metric(text, "predictions_total") == single + 121
    assert metric(text, "fallback_predictions_total") == 1
    assert metric(text, "degraded_predictions_total", view=SHORTEST_LIVED.name, reason="missing") == 1
    assert metric(text, "model_input_bin_total", feature="score") == single + 121
    assert metric(text, "model_input_bin_total", feature=CHOSEN.name) == single + 121
    assert metric(text, "drift_window_predictions") == single + 121
    assert metric(text, "prediction_stage_duration_seconds_count", stage="predict") >= single + 2
    assert metric(text, "prediction_stage_duration_seconds_count", stage="parse") >= single + 2
    assert {stage for stage in STAGES if f'stage="{stage}"' in text} == set(STAGES)


def test_both_workers_answered_and_either_scrape_says_the_same(counted):
    settings, running, text, single = counted

    again = [scrape(running) for _ in range(6)]

    assert len(written_logs(settings)) == 2
    assert {metric(one, "predictions_total") for one in [text, *again]} == {single + 121}


def test_psi_is_that_of_all_workers_predictions_together(counted):
    settings, _, text, _ = counted
    references = load_champion(settings.models_dir).references
    rows = prediction_log.read(settings.predictions_dir).to_pandas()
    number = next(feature.name for view in EXPECTED for feature in view.features if feature.type == "number")
    inputs = [row[number] for row in rows["model_row"]]

    for name, values in ((number, inputs), ("score", rows["probability"])):
        reference = references[name]
        expected = psi(reference.counts, reference.count(np.array(values, dtype="float64")))
        assert metric(text, "model_input_psi_ratio", feature=name) == pytest.approx(expected)


def test_what_a_caller_writes_never_becomes_a_label(counted):
    _, _, text, _ = counted

    assert "invented" not in text
    assert INVENTED not in text
    assert len(text.splitlines()) < 1_500
    assert metric(text, "http_requests_total", route="other", status="404") == 50


def test_a_scrape_tells_what_the_monitor_found_and_does_without_when_its_file_is_torn(counted):
    settings, running, text, _ = counted
    found = {"skew": (0.25, 0.001), "score_drift": (float("nan"), 0.5)}
    monitor_findings.write(settings.predictions_dir, time.time(), found)

    told = scrape(running)
    (settings.predictions_dir / monitor_findings.FILE).write_text('{"checked_at": 17')
    torn = send(running, "GET", "/metrics")

    assert metric(told, "monitor_check_value", check="skew") == 0.25
    assert metric(told, "monitor_check_limit", check="skew") == 0.001
    assert 'monitor_check_value{check="score_drift"} NaN' in told
    assert abs(metric(told, "monitor_checked_timestamp_seconds") - time.time()) < 60
    assert torn.status == 200
    assert "monitor_" not in text + torn.body.decode()


def test_the_consumer_tells_of_each_expected_view_from_which_age_on_its_rows_are_old():
    text = generate_latest(ConsumerMetrics(oldest_seconds=OLDEST_SECONDS)).decode()  # type: ignore[arg-type]

    for view in PROBLEM.views:
        limit = metric(text, "newest_row_age_limit_seconds", view=view.name)
        assert limit == (0.75 * view.ttl.total_seconds() if view.is_expected else 0), view.name


def scrape(running: Running) -> str:
    return send(running, "GET", "/metrics").body.decode()
