"""Callers who mean it harm: what they get, what others get meanwhile, and what it costs the worker."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from mlsystem.serving.connections import MOST_WAITING
from mlsystem.serving.run import Running
from questions import EXAMPLE
from serving_probe import JSON, ask, ask_patiently, metric, pids, send, wait_until, workers

SLOW = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"
HALF_A_HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\nx-slow: "
BODY = json.dumps({"questions": [EXAMPLE]}).encode()
MB = 1_000_000


@pytest.fixture(autouse=True)
def alive(own: Running) -> Iterator[None]:
    """After each attack the same workers answer, and no error is in the log."""
    before = pids(own)
    yield
    assert pids(own) == before
    assert ask_patiently(own, EXAMPLE).status == 200
    assert "Traceback" not in own.log_path.read_text()


def dial(running: Running) -> socket.socket:
    host, port = running.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def said(connection: socket.socket) -> bytes:
    """What comes until the other side hangs up."""
    found = b""
    try:
        while more := connection.recv(65_536):
            found += more
    except ConnectionResetError:
        pass
    return found


def memory(running: Running) -> int:
    return sum(worker.memory_info().rss for worker in workers(running))


def test_bodies_that_come_slowly_send_nobody_else_away(own: Running):
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(dial(own)).sendall(SLOW)

        statuses = [ask_patiently(own, EXAMPLE).status for _ in range(200)]

    assert set(statuses) == {200}


def test_half_a_head_is_hung_up_on_and_more_of_them_than_there_is_room_for_at_once(own: Running):
    with ExitStack() as stack:
        slow = [stack.enter_context(dial(own)) for _ in range(MOST_WAITING * 2 + 200)]
        for connection in slow:
            connection.sendall(HALF_A_HEAD)
        statuses = [ask_patiently(own, EXAMPLE).status for _ in range(20)]
        held = sum(len(worker.net_connections("tcp")) for worker in workers(own))

        assert set(statuses) == {200}
        assert held <= 2 * (MOST_WAITING + 20)
        assert [said(connection) for connection in slow] == [b""] * len(slow)  # each was hung up on, none answered


def test_a_head_of_any_size_is_stopped_and_costs_no_memory(own: Running):
    before = memory(own)
    for _ in range(5):
        with dial(own) as connection:
            try:
                connection.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n")
                for _ in range(470):
                    connection.sendall(b"x-much: " + b"y" * 100_000 + b"\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = said(connection)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")

    assert memory(own) - before < 60 * MB


@pytest.mark.parametrize(
    "headers",
    [
        b"content-type: application/x-www-form-urlencoded\r\ncontent-type: application/json\r\n",
        b"content-type: application/json\r\ncontent-type: application/json\r\n",
        b"content-type: application/x-www-form-urlencoded\r\n",
        b"content-type: multipart/form-data; boundary=x\r\n",
        b"content-type: application/json\r\nx-marker: 1\r\nx-marker: 2\r\ntraceparent: x\r\ncookie: a=b\r\n",
    ],
)
def test_doubled_and_odd_headers_are_no_error_and_nothing_is_said_back(own: Running, headers: bytes):
    body = b"secret=marker-7281"
    with dial(own) as connection:
        head = b"POST /predict?marker-7281=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + headers
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        answer = said(connection)

    assert answer.startswith(b"HTTP/1.1 4")
    assert b"marker" not in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def test_who_does_not_take_the_answer_keeps_nobody_waiting(own: Running):
    questions = json.dumps({"questions": [EXAMPLE] * 1_000}).encode()
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    with ExitStack() as stack:
        for _ in range(30):
            connection = stack.enter_context(dial(own))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.sendall(head + b"content-length: %d\r\n\r\n" % len(questions) + questions)
        deadline = time.monotonic() + 180
        while (reply := ask(own, EXAMPLE)).status == 429 and time.monotonic() < deadline:
            time.sleep(0.1)

    assert reply.status == 200


def test_a_pipeline_of_questions_is_answered_in_order(own: Running):
    one = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % len(BODY)
    with dial(own) as connection:
        connection.sendall((one + b"\r\n" + BODY) * 9 + one + b"connection: close\r\n\r\n" + BODY)
        answer = said(connection)

    assert answer.count(b"HTTP/1.1 200 OK") == 10


def test_a_connection_that_is_kept_is_used_again_and_again(own: Running):
    connection = http.client.HTTPConnection(own.url.removeprefix("http://"), timeout=60)
    statuses = []
    for _ in range(3):
        connection.request("POST", "/predict", BODY, JSON)
        statuses.append(connection.getresponse().read() and 200)
    connection.close()

    assert statuses == [200] * 3


def test_many_scrapes_at_a_time_hold_up_no_answer(own: Running):
    over = threading.Event()

    def scrape() -> None:
        while not over.is_set():
            send(own, "GET", "/metrics")

    callers = [threading.Thread(target=scrape) for _ in range(16)]
    for caller in callers:
        caller.start()
    try:
        statuses = [ask_patiently(own, EXAMPLE).status for _ in range(50)]
    finally:
        over.set()
        for caller in callers:
            caller.join()

    assert set(statuses) == {200}


def test_every_request_is_counted_whatever_became_of_it(own: Running):
    def counted() -> float:
        text = send(own, "GET", "/metrics").body.decode()
        return metric(text, "http_requests_total", route="/predict") + metric(
            text, "http_requests_total", route="other"
        )

    seen = [counted()]  # what was answered a moment ago may not be counted yet
    assert wait_until(lambda: seen.append(counted()) or seen[-1] == seen[-2])
    before = seen[-1]
    replies = [send(own, "POST", "/predict", b"{", JSON), send(own, "PUT", "/predict"), send(own, "GET", "/nowhere")]

    assert [reply.status for reply in replies] == [400, 405, 404]
    assert wait_until(lambda: counted() >= before + 3)
    assert counted() == before + 3


def test_no_process_of_the_service_is_left_behind(own: Running):
    parent = psutil.Process(own.process.pid)

    assert len([one for one in parent.children(recursive=True) if one in workers(own)]) == 2
