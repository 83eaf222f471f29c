"""What a caller can do to the service who means it harm: each a function of a port, repeated until its time is over.

Run as a process of its own, at low priority, so that what the attacker computes is not taken for what the service does:
`python benchmarks/studies/attack_kinds.py NAME PORT SECONDS` prints what it got, as JSON.
"""

import json
import os
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from mlsystem.contract.question import Field
from mlsystem.domain import PROBLEM

EXAMPLE = {field.name: field.example for field in PROBLEM.fields}
TEXT = next(field for field in PROBLEM.fields if field.type == "text")
NUMBER = next((field for field in PROBLEM.fields if field.type in ("integer", "number")), TEXT)  # if there is one
HOST = b"host: x\r\n"
GOOD = json.dumps({"questions": [EXAMPLE]}).encode()
PAUSE_SECONDS = 0.01  # between two of a kind: a hundred a second
Attack = Callable[[int, float], Counter]


def changed(field: Field, value: bytes) -> bytes:
    """The good question with these bytes for a field's value."""
    name = json.dumps(field.name)
    return GOOD.replace(f"{name}: {json.dumps(field.example)}".encode(), f"{name}: ".encode() + value)


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def status_of(connection: socket.socket, wait: float = 3.0) -> str:
    """The first answer's status, or how it ended without."""
    connection.settimeout(wait)
    try:
        head = connection.recv(65_536)
    except TimeoutError:
        return "no answer"
    except OSError:
        return "hung up"
    return head.split(b" ", 2)[1].decode("latin-1")[:3] if head.startswith(b"HTTP/") else "hung up"


def repeated(message: bytes, reset: bool = False) -> Attack:
    """The same bytes on a new connection, again and again."""

    def attack(port: int, until: float) -> Counter:
        got: Counter = Counter()
        while time.monotonic() < until:
            with dial(port) as connection:
                with suppress(OSError):
                    connection.sendall(message)
                if reset:  # gone without a word
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    got["reset"] += 1
                else:
                    got[status_of(connection)] += 1
            time.sleep(PAUSE_SECONDS)
        return got

    return attack


def held(message: bytes, connections: int) -> Attack:
    """So many connections that say this and no more, each opened anew when it is hung up on."""

    def attack(port: int, until: float) -> Counter:
        got: Counter = Counter()
        with ExitStack() as stack:
            some = []
            for _ in range(connections):
                if time.monotonic() > until:
                    break
                with suppress(OSError):
                    some.append(stack.enter_context(dial(port)))
                    some[-1].sendall(message)
            time.sleep(max(0.0, until - time.monotonic()))
            for connection in some:
                got[status_of(connection, 0.001)] += 1
        return got

    return attack


def streamed(head: bytes, pieces: Callable[[], Iterator[bytes]]) -> Attack:
    """A head, and then pieces for as long as they are taken."""

    def attack(port: int, until: float) -> Counter:
        got: Counter = Counter()
        while time.monotonic() < until:
            with dial(port) as connection:
                with suppress(OSError):
                    connection.sendall(head)
                    for piece in pieces():
                        connection.sendall(piece)
                        if time.monotonic() > until:
                            break
                got[status_of(connection)] += 1
            time.sleep(PAUSE_SECONDS)
        return got

    return attack


def question(body: bytes, *headers: bytes, version: bytes = b"1.1", length: bytes | None = None) -> bytes:
    said = headers or (b"content-type: application/json",)
    lines = [b"POST /predict HTTP/" + version, b"host: x", b"connection: close", *said]
    lines.append(b"content-length: " + (str(len(body)).encode() if length is None else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def page(line: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([line + b" HTTP/1.1", b"host: x", b"connection: close", *headers]) + b"\r\n\r\n"


def dripped() -> Iterator[bytes]:
    for _ in range(10_000):
        time.sleep(0.05)
        yield b"x"


JSON = b"content-type: application/json"
OPEN = b"POST /predict HTTP/1.1\r\n" + HOST + JSON + b"\r\n"
CHUNKED = OPEN + b"transfer-encoding: chunked\r\n\r\n"
SMUGGLED = b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"
FIFTY_MB = OPEN + b"content-length: 50000000\r\n\r\n"
FIVE = json.dumps({"questions": [EXAMPLE] * 5}).encode()
KINDS: dict[str, Attack] = {
    "200 bodies that stop after a byte": held(OPEN + b"content-length: 500\r\n\r\n{", 200),
    "a body, a byte each 50 ms": streamed(OPEN + b"content-length: 9000\r\n\r\n", dripped),
    "2,000 halves of a head": held(b"POST /predict HTTP/1.1\r\nhost: x\r\nx: ", 2_000),
    "a head, a byte each 50 ms": streamed(b"GET / HTTP/1.1\r\nx: ", dripped),
    "2,000 connections that say nothing": held(b"", 2_000),
    "connections that are reset at once": repeated(b"", reset=True),
    "questions whose caller is gone": repeated(question(GOOD), reset=True),
    "50 callers that take no answer": held(question(FIVE), 50),
    "47 MB in one header": streamed(b"GET / HTTP/1.1\r\nx: ", lambda: iter([b"y" * 100_000] * 470)),
    "47 MB in headers": streamed(b"GET / HTTP/1.1\r\n", lambda: iter([b"x: " + b"y" * 99_995 + b"\r\n"] * 470)),
    "4,000 headers": repeated(page(b"GET /livez", *[b"a: b"] * 4_000)),
    "a path of 60 kB": repeated(page(b"GET /" + b"x" * 60_000)),
    "two content types": repeated(question(GOOD, b"content-type: text/plain", JSON)),
    "two lengths": repeated(question(GOOD, JSON, b"content-length: 5")),
    "a length and chunks (smuggling)": repeated(
        question(b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n", JSON, b"transfer-encoding: chunked")
    ),
    "chunks by an unknown coding": repeated(question(GOOD, JSON, b"transfer-encoding: xchunked")),
    "a length of -1": repeated(question(GOOD, length=b"-1")),
    "a length of 20 digits": repeated(question(GOOD, length=b"9" * 20)),
    "chunks of garbage": repeated(CHUNKED + b"zz\r\nnope\r\n\r\n"),
    "50 MB in chunks": streamed(CHUNKED, lambda: iter([b"186a0\r\n" + b" " * 100_000 + b"\r\n"] * 500)),
    "50 MB with their length": streamed(
        OPEN + b"content-length: 50000000\r\n\r\n", lambda: iter([b" " * 100_000] * 500)
    ),
    "JSON 100,000 deep": repeated(question(b"[" * 100_000)),
    "a number of 100,000 digits": repeated(question(changed(NUMBER, b"9" * 100_000))),
    "NaN": repeated(question(changed(NUMBER, b"NaN"))),
    "a key said twice": repeated(question(GOOD[:-1] + b', "questions": []}')),
    "null bytes": repeated(question(changed(TEXT, b'"A\\u0000"'))),
    "half of a surrogate pair": repeated(question(changed(TEXT, b'"\\ud800"'))),
    "bytes that are not UTF-8": repeated(question(changed(TEXT, b'"\xff\xfe"'))),
    "a form": repeated(question(b"questions=1", b"content-type: application/x-www-form-urlencoded")),
    "a pickle": repeated(question(b"\x80\x04.", b"content-type: application/vnd.bentoml+pickle")),
    "gzip that is none": repeated(question(GOOD[:9], JSON, b"content-encoding: gzip")),
    "paths out of the folder": repeated(page(b"GET /static_content/..%2f..%2f..%2fetc/passwd")),
    "methods that are none": repeated(page(b"BREW /predict")),
    "HTTP/1.0": repeated(question(GOOD, version=b"1.0")),
    "HTTP/9.9": repeated(question(GOOD, version=b"9.9")),
    "TLS where there is none": repeated(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200),
    "an upgrade to a web socket": repeated(page(b"GET /predict", b"upgrade: websocket", b"connection: upgrade")),
    "a hundred in a pipeline": repeated(question(b"{").replace(b"connection: close\r\n", b"") * 100),
    "header lines folded and bare": repeated(b"GET / HTTP/1.1\nhost: x\n x: y\r\n\r\n"),
    "scrapes without a pause": repeated(page(b"GET /metrics")),
}


def main(name: str, port: str, seconds: str) -> None:
    os.nice(10)
    print(json.dumps(KINDS[name](int(port), time.monotonic() + float(seconds))))


if __name__ == "__main__":
    main(*sys.argv[1:])
