"""Two hundred things that are no question: name, headers and body. Made by hand, each wrong in one way."""

import json
from typing import Any

from serving_probe import FLIGHT, JSON

BIG = 10**400
Bad = tuple[str, dict[str, str], bytes]

WRONG_TYPES: list[Any] = [None, True, 0, -1, 1.5, 1e308, "", " ", [], {}, [[]], {"a": 1}, "\u0000", "💥", "null"]
WRONG_VALUES: dict[str, list[Any]] = {
    "carrier": ["ZZ", "ua", "UAL", "UA ", "U\u0410", "'; DROP TABLE flights; --", "A" * 1_000],
    "flight_number": [10_000, 2**63, BIG, "1", 1.0, "1545"],
    "origin": ["LAX", "ewr", "EWR\n", "XXX"],
    "destination": ["LA", "LAXX", "lax", "L4X", "LAX\n", "ÄÖÜ", "../", "<b>"],
    "scheduled_departure_at": [
        "2013-11-05T21:00:00",
        "2013-11-05",
        "21:00",
        "1999-12-31T23:59:59Z",
        "2100-01-02T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2013-13-01T00:00:00Z",
        "2013-02-30T00:00:00Z",
        "2013-11-05T25:00:00Z",
        "2013-11-05T21:00:00+99:00",
        "-2013-11-05T21:00:00Z",
        "2013-11-05T21:00:00 Mars",
        "now",
        1383685200,
        1383685200000,
        "1383685200",
        BIG,
    ],
    "scheduled_arrival_at": [
        "2013-11-06T03:10:00",
        "2013-11-05T21:00:00Z",
        "2013-11-05T21:19:59Z",
        "2013-11-05T20:00:00Z",
        "2013-11-06T12:00:01Z",
        "2099-01-01T00:00:00Z",
        "tomorrow",
        BIG,
    ],
    "tail_number": ["n37290", "N3", "N372900000", "N37 90", "N37290\n", "ÑÑÑÑ", "\ud800"],
    "as_of": ["2013-11-05T21:00:01Z", "2013-11-05T19:00:00", "1950-01-01T00:00:00Z", "yesterday", 0, BIG],
}
REQUIRED = [name for name in FLIGHT if name != "tail_number"]
NULL_IS_FINE = {"tail_number", "as_of"}


def bad_questions() -> list[Bad]:
    return [*_fields(), *_shapes(), *_texts(), *_media_types(), *_sizes()]


def _flight(**changes: Any) -> bytes:
    return json.dumps({"flights": [FLIGHT | changes]}).encode()


def _fields() -> list[Bad]:
    wrong = [(name, value) for name, values in WRONG_VALUES.items() for value in values]
    wrong += [
        (name, value) for name in WRONG_VALUES for value in WRONG_TYPES if not (value is None and name in NULL_IS_FINE)
    ]
    found = [(f"{name}={value!r:.40}", JSON, _flight(**{name: value})) for name, value in wrong]
    for name in REQUIRED:
        without = {key: value for key, value in FLIGHT.items() if key != name}
        found.append((f"no {name}", JSON, json.dumps({"flights": [without]}).encode()))
    extras = ["probability", "__class__", "Carrier", "", "$ref", "a" * 10_000]
    found += [(f"extra {name:.20}", JSON, _flight(**{name: 1})) for name in extras]
    second = json.dumps({"flights": [FLIGHT, FLIGHT | {"carrier": "ZZ"}]}).encode()
    return [*found, ("second flight wrong", JSON, second)]


def _shapes() -> list[Bad]:
    shapes: list[Any] = [
        *(value for value in WRONG_TYPES if value != "💥"),
        {"flights": []},
        {"flights": None},
        {"flights": {}},
        {"flights": FLIGHT},
        {"flights": "x"},
        {"flights": [[]]},
        {"flights": [None]},
        {"flights": [1]},
        {"flights": ["x"]},
        {"flights": [[FLIGHT]]},
        {"flights": [{}]},
        {"flights": [FLIGHT] * 1_001},
        {"flights": [FLIGHT], "more": 1},
        {"flight": [FLIGHT]},
        {"question": {"flights": [FLIGHT]}},
        [FLIGHT],
        FLIGHT,
    ]
    return [(f"shape {json.dumps(shape)[:30]}", JSON, json.dumps(shape).encode()) for shape in shapes]


def _texts() -> list[Bad]:
    good = _flight()
    texts = {
        "nothing": b"",
        "space": b" \n",
        "half": good[: len(good) // 2],
        "two values": good + good,
        "a comma too many": good.replace(b"}]", b",}]"),
        "single quotes": good.replace(b'"', b"'"),
        "a comment": b"// hello\n" + good,
        "byte order mark": b"\xef\xbb\xbf" + good,
        "UTF-16": good.decode().encode("utf-16"),
        "Latin-1": good.replace(b"LAX", b"L\xc4X"),
        "a half character": good.replace(b"LAX", b"L\xc3"),
        "a zero byte": good + b"\x00",
        "random bytes": bytes(range(256)) * 10,
        "gzip": b"\x1f\x8b\x08\x00" + good,
        "pickle": b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x05hello\x94.",
        "xml": b"<flights/>",
        "form": b"carrier=UA&origin=EWR",
        "NaN": good.replace(b"1545", b"NaN"),
        "Infinity": good.replace(b"1545", b"Infinity"),
        "-Infinity": good.replace(b"1545", b"-Infinity"),
        "1e308": good.replace(b"1545", b"1e308"),
        "1e999": good.replace(b"1545", b"1e999"),
        "hexadecimal": good.replace(b"1545", b"0x609"),
        "leading zero": good.replace(b"1545", b"01545"),
        "ten thousand digits": good.replace(b"1545", b"9" * 10_000),
        "the same key twice": good.replace(b'"carrier": "UA"', b'"carrier": "UA", "carrier": "DL"'),
        "flights twice": b'{"flights": [], ' + good[1:],
        "deep lists": b"[" * 100_000,
        "deep closed lists": b"[" * 50_000 + b"]" * 50_000,
        "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "deep in a field": good.replace(b'"LAX"', b"[" * 2_000 + b"]" * 2_000),
        "a lone surrogate": good.replace(b"LAX", b"\\ud800"),
        "a bad escape": good.replace(b"LAX", b"\\x41"),
        "a newline in a text": good.replace(b"LAX", b"L\nX"),
    }
    return [(name, JSON, body) for name, body in texts.items()]


def _media_types() -> list[Bad]:
    kinds = [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/vnd.bentoml+pickle",
        "application/octet-stream",
        "application/xml",
        "application/jsonx",
        "application/ld+json",
        "image/png",
        "*/*",
        "json",
        "\xff",
        "a" * 5_000,
        "",
    ]
    found = [(f"as {kind:.30}", {"content-type": kind}, _flight()) for kind in kinds]
    return [*found, ("as nothing", {}, _flight())]


def _sizes() -> list[Bad]:
    return [
        ("10 MB of spaces", JSON, b" " * 10_000_000),
        ("10 MB of flights", JSON, b'{"flights": [' + b",".join([json.dumps(FLIGHT).encode()] * 40_000) + b"]}"),
        ("10 MB of brackets", JSON, b"[" * 10_000_000),
        ("one byte too many", JSON, _flight() + b" " * (1_000_001 - len(_flight()))),
        ("half a million items", JSON, b'{"flights": [' + b"1," * 490_000 + b"1]}"),
        ("a long key", JSON, b'{"' + b"k" * 900_000 + b'": 1}'),
    ]
