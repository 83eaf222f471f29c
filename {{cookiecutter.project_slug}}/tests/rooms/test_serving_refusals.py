"""What cannot be a question is refused in a sentence, whatever it is, and the service goes on as before."""

import http.client
import select
import socket
from collections.abc import Sequence
from contextlib import suppress

import pytest

from bad_questions import bad_questions
from mlsystem.domain import PROBLEM
from mlsystem.serving.run import Running
from questions import CHOSEN, EXAMPLE, contradictions, fields
from serving_probe import JSON, TRIES, answers, ask, pids, send

INSTANT = fields("instant")[0]
REQUIRED = next(field for field in PROBLEM.fields if not field.is_optional)


def in_words(choices: Sequence[str]) -> str:
    *others, last = (f"'{one}'" for one in choices)
    return f"{', '.join(others)} or {last}"


def test_two_hundred_bad_inputs_are_refused_in_a_sentence_and_no_worker_dies(service: Running):
    before = pids(service)
    bad = bad_questions()
    assert len(bad) >= 200

    replies = [(name, send(service, "POST", "/predict", body, headers)) for name, headers, body in bad]

    assert [(name, reply.status) for name, reply in replies if not 400 <= reply.status < 500] == []
    for name, reply in replies:
        sentence = reply.content["error"]
        assert isinstance(sentence, str), name
        assert 15 <= len(sentence) <= 400, (name, sentence)
    assert pids(service) == before
    log = service.log_path.read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
    assert answers(service, EXAMPLE)


@pytest.mark.parametrize(
    ("question", "where", "what"),
    [
        (EXAMPLE | {CHOSEN.name: "nowhere"}, f"questions[0].{CHOSEN.name}", in_words(CHOSEN.choices)),
        (EXAMPLE | {INSTANT.name: INSTANT.example[:19]}, f"questions[0].{INSTANT.name}", "offset from UTC"),
        *((question, "questions[0]", sentence) for question, sentence in contradictions()),
        (EXAMPLE | {"invented": 5}, "questions[0].invented", "is not a field"),
        ({}, f"questions[0].{REQUIRED.name}", "is missing"),
    ],
)
def test_a_refusal_names_the_place_and_what_is_expected(service: Running, question: dict, where: str, what: str):
    reply = ask(service, question)

    assert reply.status == 400
    assert where in reply.content["error"]
    assert what in reply.content["error"]
    assert reply.content["problems"][0]["where"].endswith(where)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predict", 405),
        ("PUT", "/predict", 405),
        ("DELETE", "/predict", 405),
        ("GET", "/nowhere", 404),
        ("POST", "/predict/submit", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/predict/" + "x" * 5_000, 404),
        ("POST", "/model", 405),
    ],
)
def test_an_unknown_page_or_method_is_refused(service: Running, method: str, path: str, status: int):
    reply = send(service, method, path, b"{}" if method in ("POST", "PUT") else None, JSON)

    assert reply.status == status
    assert isinstance(reply.content["error"], str)


def test_a_body_without_a_length_is_stopped_at_the_limit(service: Running):
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=60)
    chunks = (b" " * 100_000 for _ in range(100))
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", "/predict", chunks, JSON, encode_chunked=True)
    response = connection.getresponse()

    assert response.status == 413
    connection.close()


def test_a_body_that_never_comes_is_given_up_and_does_not_hold_up_others(service: Running):
    refusals, before = [], []
    host, port = service.url.removeprefix("http://").split(":")
    for _ in range(TRIES):  # a busy machine may take as long for an answer as a body is waited for
        with socket.create_connection((host, int(port)), timeout=60) as slow:
            slow.sendall(
                b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"
            )
            assert answers(service, EXAMPLE)
            before.append(not select.select([slow], [], [], 0)[0])
            refusals.append(slow.recv(10_000).split(b"\r\n")[0])
        if before[-1]:
            break

    assert before[-1], "others are answered while the body is waited for"
    assert all(b" 408 " in one for one in refusals)


def test_a_caller_that_hangs_up_in_the_middle_leaves_no_error(service: Running):
    host, port = service.url.removeprefix("http://").split(":")
    for _ in range(5):
        with socket.create_connection((host, int(port)), timeout=60) as gone:
            gone.sendall(
                b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"
            )

    assert answers(service, EXAMPLE)
    assert "Traceback" not in service.log_path.read_text()


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_schemathesis_finds_no_server_error(service: Running, mode: str):
    """It sends what /docs.json allows (positive), and what it does not (negative)."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error

    schema = schemathesis.openapi.from_url(f"{service.url}/docs.json")
    strategy = schema["/predict"]["POST"].as_strategy(generation_mode=GenerationMode(mode))
    before = pids(service)
    statuses = []

    @settings(max_examples=150, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def fuzz(case):  # type: ignore[no-untyped-def]
        response = case.call(base_url=service.url)
        statuses.append(response.status_code)
        case.validate_response(response, checks=[not_a_server_error])

    fuzz()

    assert len(statuses) >= 100
    assert max(statuses) < 500
    assert pids(service) == before
