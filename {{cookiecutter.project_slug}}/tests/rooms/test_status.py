"""The status page: one line that says whether all is well, then the numbers; and words where there is nothing."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from mlsystem.domain import PROBLEM
from mlsystem.model_registry import promotions, registry, versions
from mlsystem.model_registry.promotions import Promotion
from mlsystem.reporting import system_state
from mlsystem.reporting.scrape import NoScrape, parse
from mlsystem.reporting.status import headline, render, write_status
from mlsystem.reporting.verdict import refused_champion, wrongs
from mlsystem.settings import ROOT, Project, Settings, child_environment
from mlsystem.streaming.event_log import EventLog
from questions import CHOSEN, EXAMPLE, SHORTEST_LIVED
from serving_probe import answers, ask, free_port, metric, send, wait_until
from system_states import NOW, WELL, with_check, with_scrape

TOO_OLD_HOURS = SHORTEST_LIVED.ttl / timedelta(hours=1) + 1
AGAINST_THE_GATE = Promotion("promotion", "1", "2", "me", "better in winter", {"although_refused": "refused: dearer"})


def test_a_system_in_which_nothing_is_wrong_is_well():
    assert wrongs(WELL) == []
    assert headline(WELL) == "All is well"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (replace(WELL, service=replace(WELL.service, problem="no store")), "the service is not ready: no store"),
        (
            replace(WELL, service=replace(WELL.service, model=WELL.service.model | {"problems": ["no log"]})),
            "the service answers, but no log",
        ),
        (with_scrape(service='http_requests_total{route="/predict",status="500"} 20'), "0.20% of the questions ended"),
        (with_scrape(service='http_requests_total{route="/predict",status="429"} 200'), "were shed with 429"),
        (with_scrape(service='degraded_predictions_total{view="a_view",reason="stale"} 101'), "1.01% of the answers"),
        (
            with_scrape(service='http_request_duration_seconds_bucket{le="0.1",route="/predict"} 9800\n'
            'http_request_duration_seconds_bucket{le="1.0",route="/predict"} 10000\n'
            'http_request_duration_seconds_bucket{le="0.01",route="/predict"} 9000'),
            "p99 is",
        ),
        (with_scrape(service="prediction_log_failures_total 3"), "3 predictions were answered and not logged"),
        (replace(WELL, models=system_state.Models(NOW, "", "3")), "version 2 answers and the champion is 3"),
        (replace(WELL, service=replace(WELL.service, model={"version": "2", "refused": "bad"})), "bad"),
        (replace(WELL, models=system_state.Models(NOW, "the registry is torn")), "the registry is torn"),
        (replace(WELL, models=system_state.Models(NOW, "", "2", "3", ((AGAINST_THE_GATE, True),))),
         "version 2 is champion although the gate refused it: refused: dearer"),
        (replace(WELL, consumer=replace(WELL.consumer, problem="no answer")), "no consumer at http://c"),
        (with_scrape(consumer="consumer_lag_seconds 3700"), "the consumer is 1.0 h of event time behind"),
        (with_scrape(consumer='consumed_events_total{outcome="too_late"} 20'), "20 of 1,020 facts came too late"),
        (
            with_scrape(consumer=f'newest_row_age_seconds{{view="{SHORTEST_LIVED.name}"}} {TOO_OLD_HOURS * 3_600}'),
            f"the newest row of {SHORTEST_LIVED.name} is {TOO_OLD_HOURS:.1f} h old",
        ),
        (
            with_scrape(consumer='overdue_facts{table="a_table"} 25\noverdue_facts_limit{table="a_table"} 25'),
            "a_table are silent: 25 facts are overdue",
        ),
        (replace(WELL, monitoring=system_state.Monitoring(NOW, "monitoring.json is torn")), "monitoring.json is torn"),
        (
            replace(WELL, monitoring=system_state.Monitoring(NOW, "", {"performance": {"gap_interval": [0.01, 0.04]}})),
            f"the probabilities promise more {PROBLEM.words.positive} {PROBLEM.words.questions} than came",
        ),
        (with_check("score_drift", 0.08), "score drift is beyond its limit: as planted"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_the_first_line_and_nothing_else_is(state: system_state.State, sentence: str):
    (found,) = wrongs(state)

    assert sentence in found
    assert headline(state) == f"1 thing is wrong: {found}"
    assert "1 thing is wrong</h1>" in render(state, Project(), NOW)


def test_who_was_refused_and_is_no_champion_any_more_is_nothing_wrong():
    back = Promotion("rollback", "2", "1", "me", "dearer")
    models = system_state.Models(NOW, "", "1", None, ((back, True), (AGAINST_THE_GATE, True)))

    assert refused_champion(models) is None


@pytest.mark.parametrize("value", [0.07, float("nan"), None, "much"])
def test_a_check_at_its_limit_or_not_known_yet_is_well_and_decides_instead_of_the_interval(value: object):
    state = with_check("live_performance", value)

    assert wrongs(state) == []
    assert "live performance" in render(state, Project(), NOW)


def test_before_anything_was_trained_or_started_the_page_says_what_to_do(own_settings: Settings):
    settings = own_settings.model_copy(update={"serving_port": free_port(), "consumer_port": free_port()})

    page, first_line = write_status(settings)

    text = page.read_text()
    assert first_line == "Nothing is running"
    assert "make demo" in text
    assert "nothing was ever trained" in text
    assert "make monitor" in text
    assert not settings.models_dir.exists(), "a look makes nothing"


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("data/5_models/mlflow.db", "", "the registry in"),
        ("data/5_models/mlflow.db", "SQLite format 3\0 and then nothing", "mlflow.db cannot be read as a database"),
        ("reports/monitoring.json", '{"drift": {"sco', "run `make monitor` again"),
        ("reports/monitoring.json", "[1, 2]", "run `make monitor` again"),
        ("reports/monitoring.json", '{"drift": 3, "performance": {"gap_interval": 1}, "checks": [4]}', None),
        ("data/5_models/promotions.jsonl", '{"kind": "promotion", "fro', None),
        ("data/5_models/promotions.jsonl", "3\n", "promotions.jsonl is not what was written"),
        ("data/5_models/retraining.jsonl", '{"day": "2000-0', "retraining.jsonl is not what was written"),
    ],
)
def test_torn_files_are_told_in_words_and_left_as_they_are(own_settings: Settings, file, content, sentence):
    torn = own_settings.data_dir.parent / file
    torn.parent.mkdir(parents=True)
    torn.write_text(content)
    settings = own_settings.model_copy(update={"serving_port": free_port(), "consumer_port": free_port()})

    page, first_line = write_status(settings)

    assert first_line == "Nothing is running" if sentence is None else sentence in first_line
    assert "Traceback" not in page.read_text()
    assert torn.read_text() == content


@pytest.mark.parametrize("answer", [b"<html>mine</html>", b'{"error": 3}', b"[]"])
def test_another_program_on_the_port_is_not_taken_for_the_service(answer: bytes):
    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    with serving(Other) as url:
        service, consumer = system_state.read_service(url), system_state.read_consumer(url)

    assert not service.is_up
    assert service.problem == consumer.problem == "what answers there is another program"
    assert "another program" in headline(replace(WELL, service=service))


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_program_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(system_state, "PATIENCE_SECONDS", 0.2)
    released = threading.Event()

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            released.wait()

    with serving(Silent) as url:
        try:
            found = system_state.read_service(url)
        finally:
            released.set()

    assert "no answer" in found.problem


def test_a_histogram_is_read_as_prometheus_reads_it():
    scrape = parse("\n".join(f'h_bucket{{le="{le}"}} {n}' for le, n in ((1, 50), (2, 90), (4, 90), ("+Inf", 100))))

    assert scrape.quantile("h", 0.25) == pytest.approx(0.5)  # a quarter of the way: half of the first bucket
    assert scrape.quantile("h", 0.7) == pytest.approx(1.5)
    assert scrape.quantile("h", 0.99) == 4  # beyond the last bound, nothing is known but that
    assert parse("").quantile("h", 0.5) is None
    with pytest.raises(NoScrape):
        parse("<html>")


def test_aliases_read_from_the_file_are_those_that_mlflow_tells(system):
    models_dir = system.settings.models_dir

    assert versions.aliases_at_rest(models_dir) == registry.aliases(models_dir)
    assert "champion" in versions.aliases_at_rest(models_dir)


def test_the_page_of_a_running_system_has_its_numbers(service, serving_settings: Settings):
    settings = serving_settings.model_copy(update={"consumer_port": free_port()})
    answered = answers(service, EXAMPLE, EXAMPLE)[0]
    ask(service, EXAMPLE | {CHOSEN.name: "nowhere"})
    with closing(EventLog(settings.stream_dir / "events.db")), consuming(settings):
        page, first_line = write_status(settings)
    scrape = send(service, "GET", "/metrics").body.decode()

    text = page.read_text()
    asked, questions = metric(scrape, "http_requests_total", route="/predict"), metric(scrape, "predictions_total")
    assert "no consumer" not in first_line
    assert "not ready" not in first_line  # what else is wrong, other tests of the session have done to the service
    assert f"<dt>questions since its start</dt><dd>{asked:,.0f}</dd>" in text
    assert f"<dt>{PROBLEM.words.questions} answered</dt><dd>{questions:,.0f}</dd>" in text
    assert "<dt>records behind</dt><dd>0</dd>" in text
    assert f"Version <b>{answered['model_version']}</b> is champion." in text
    assert promotions.history(settings.models_dir)[-1].why in text


@contextmanager
def consuming(settings: Settings) -> Iterator[None]:
    """The consumer as a process, once it answers."""
    command = [sys.executable, "-m", "mlsystem", "consume"]
    process = subprocess.Popen(command, cwd=ROOT, env=child_environment(settings), stdout=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: not system_state.read_consumer(f"http://127.0.0.1:{settings.consumer_port}").problem)
        yield
    finally:
        process.kill()
        process.wait(20)


def test_a_few_questions_by_hand_are_no_trouble():
    """A cold first answer, and one about another day, which says itself that it is degraded."""
    state = with_scrape(
        service="""predictions_total{decision="act"} 1
predictions_total{decision="hold"} 1
degraded_predictions_total{view="a_view",reason="stale"} 1
http_request_duration_seconds_bucket{le="0.01",route="/predict"} 0
http_request_duration_seconds_bucket{le="0.1",route="/predict"} 0
http_request_duration_seconds_bucket{le="+Inf",route="/predict"} 2"""
    )

    assert wrongs(state) == []
