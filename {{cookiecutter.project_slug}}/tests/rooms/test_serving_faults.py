"""What goes wrong around the service, what it says then, and what it does not lose."""

import json
import signal
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from mlsystem.replay.replay import PATIENCE_SECONDS
from mlsystem.serving import prediction_log
from mlsystem.serving.run import NotStarted, Running, start
from mlsystem.serving.server import HUNG_SECONDS
from mlsystem.settings import Settings
from questions import DAY, EXAMPLE, SHORTEST_LIVED, varied
from serving_probe import answers, ask, ask_patiently, metric, pids, send, wait_until, workers, workers_but

VIEW = SHORTEST_LIVED.name


def counted(running: Running, name: str) -> float:
    return metric(send(running, "GET", "/metrics").body.decode(), name)


def test_a_log_that_cannot_be_written_is_told_and_the_service_is_ready_and_answers(
    own: Running, hurt_settings: Settings
):
    folder = hurt_settings.predictions_dir
    hidden = folder.with_name("hidden")
    folder.rename(hidden)
    folder.write_text("a file where the folder was")
    for path in hidden.iterdir():
        path.unlink()

    before = counted(own, "prediction_log_failures_total")
    given = [answers(own, EXAMPLE) for _ in range(4)]

    assert len(given) == 4
    assert send(own, "GET", "/readyz").status == 200, "it answers, so callers are sent to it"
    assert any("prediction log cannot be written" in one for one in problems_of(own))
    assert counted(own, "prediction_log_failures_total") == before + 4

    folder.unlink()

    assert wait_until(lambda: not problems_of(own))
    (answer,) = answers(own, EXAMPLE)
    assert answer["prediction_id"] in logged_ids(hurt_settings)


def test_a_feature_store_that_cannot_be_read_is_told_and_the_service_is_ready_and_degraded(
    own: Running, hurt_settings: Settings
):
    rows, before = hurt_settings.online_dir / "online.db", counted(own, "feature_store_failures_total")
    with closing(sqlite3.connect(rows)) as connection:
        connection.execute(f"ALTER TABLE mlsystem_{VIEW} RENAME TO elsewhere")

    replies = [ask_patiently(own, EXAMPLE) for _ in range(3)]
    readiness, told = send(own, "GET", "/readyz").status, problems_of(own)
    with closing(sqlite3.connect(rows)) as connection:
        connection.execute(f"ALTER TABLE elsewhere RENAME TO mlsystem_{VIEW}")

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert all(reply.content["predictions"][0]["degraded"] for reply in replies)
    assert readiness == 200
    assert any("feature store cannot be read" in one for one in told)
    assert counted(own, "feature_store_failures_total") == before + 3
    assert wait_until(lambda: not problems_of(own))
    assert wait_until(lambda: answers(own, EXAMPLE)[0]["degraded"] is False)


def test_a_feature_store_that_was_moved_away_is_told_and_its_old_file_is_not_read_on(
    own: Running, hurt_settings: Settings
):
    rows = hurt_settings.online_dir / "online.db"
    before = metric(send(own, "GET", "/metrics").body.decode(), "feature_store_failures_total")
    rows.rename(rows.with_suffix(".away"))
    try:
        given = [answers(own, EXAMPLE)[0]["degraded"] for _ in range(20)]
        told = problems_of(own)
        made = rows.exists()
    finally:
        rows.with_suffix(".away").rename(rows)

    assert all(given)
    assert told
    assert all("online.db is not there" in one for one in told)
    assert not made, "an empty file in its place would look like a store"
    assert metric(send(own, "GET", "/metrics").body.decode(), "feature_store_failures_total") >= before + 20
    assert wait_until(lambda: not problems_of(own))
    assert wait_until(lambda: answers(own, EXAMPLE)[0]["degraded"] is False)


def test_a_killed_worker_is_replaced_and_loses_nothing_that_was_answered(own: Running, hurt_settings: Settings):
    before = pids(own)
    answered = [answers(own, EXAMPLE)[0]["prediction_id"] for _ in range(20)]

    victim = workers(own)[0]
    victim.send_signal(signal.SIGKILL)
    victim.wait(20)

    answered += [answers(own, EXAMPLE)[0]["prediction_id"] for _ in range(20)]
    assert set(answered) <= logged_ids(hurt_settings)
    assert wait_until(lambda: workers_but(own, [victim.pid], len(before)))
    assert metric(send(own, "GET", "/metrics").body.decode(), "predictions_total") >= 40


def test_a_caller_outlasts_the_time_in_which_no_worker_is_replaced():
    """Or a replay gives up on a service that is about to answer: importing its tools takes 30 s on a busy machine."""
    assert HUNG_SECONDS + 30 < PATIENCE_SECONDS


@pytest.mark.slow
def test_workers_killed_while_one_of_them_begins_are_all_replaced(own: Running):
    """uvicorn asks a worker that was killed before its first word whether it lives, and waits; see HUNG_SECONDS."""
    first, second = workers(own)
    first.kill()
    beginning = wait_until(lambda: workers_but(own, [first.pid, second.pid]))
    assert beginning
    beginning[0].kill()
    second.kill()

    killed = [first.pid, second.pid, beginning[0].pid]
    assert wait_until(lambda: workers_but(own, killed, 2), seconds=HUNG_SECONDS + 90)
    assert wait_until(lambda: own.not_ready_because() is None)


def test_a_port_in_use_is_said_with_who_uses_it_before_anything_starts(own: Running, hurt_settings: Settings):
    said = rf"port {hurt_settings.serving_port} is in use by process {own.process.pid}; .*MLSYSTEM_SERVING_PORT"
    with pytest.raises(NotStarted, match=said):
        start(hurt_settings)


def test_a_service_without_a_champion_says_so_and_is_gone(tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(data_dir=tmp_path / "data", reports_dir=tmp_path, serving_port=port, workers=1)

    with pytest.raises(NotStarted, match="no model was ever trained"):
        start(settings)

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_torn_last_line_is_skipped_and_the_rest_is_read(own: Running, hurt_settings: Settings, tmp_path: Path):
    answers(own, EXAMPLE, EXAMPLE)
    whole = max(hurt_settings.predictions_dir.glob("*.jsonl"), key=lambda path: path.stat().st_size).read_bytes()
    lines = whole.splitlines(keepends=True)
    torn = tmp_path / f"{DAY}.1-abc-0.jsonl"

    torn.write_bytes(b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])

    assert prediction_log.read(tmp_path).num_rows == len(lines) - 1
    assert [row["prediction_id"] for row in prediction_log.records(tmp_path)] == [
        json.loads(line)["prediction_id"] for line in lines[:-1]
    ]


@pytest.mark.last
def test_a_stopped_service_answers_what_it_has_accepted(own: Running, hurt_settings: Settings):
    before = len(logged_ids(hurt_settings))
    questions = varied(800)
    statuses: list[int] = []
    callers = [threading.Thread(target=lambda: statuses.append(ask(own, *questions).status)) for _ in range(4)]
    for caller in callers:
        caller.start()
    assert wait_until(lambda: len(logged_ids(hurt_settings)) > before)  # one is being answered,
    assert wait_until(lambda: connections(own) >= 4 or len(statuses) > 0)  # and the others have come

    own.stop()

    for caller in callers:
        caller.join()
    assert statuses == [200] * 4
    assert own.process.returncode == 0
    assert len(logged_ids(hurt_settings)) == before + 4 * 800
    with pytest.raises(OSError, match="refused"):
        send(own, "GET", "/livez")


def problems_of(running: Running) -> list[str]:
    """What GET /model says that a worker goes without, asked often enough to have met both workers."""
    return [problem for _ in range(8) for problem in send(running, "GET", "/model").content["problems"]]


def connections(running: Running) -> int:
    """How many the workers have accepted."""
    found = [one.net_connections("tcp") for one in workers(running)]
    return sum(one.status == psutil.CONN_ESTABLISHED for some in found for one in some)


def logged_ids(settings: Settings) -> set[str]:
    return {row["prediction_id"] for row in prediction_log.records(settings.predictions_dir)}
