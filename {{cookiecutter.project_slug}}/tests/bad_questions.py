"""Over two hundred things that are no question: name, headers and body. Made from the domain's fields, each wrong in
one way."""

import json
import re
from typing import Any

from mlsystem.contract.question import Field
from mlsystem.domain import PROBLEM
from questions import CHOSEN, COUNTED, EXAMPLE, contradictions, fields
from serving_probe import JSON

BIG = 10**400
Bad = tuple[str, dict[str, str], bytes]

WRONG_TYPES: list[Any] = [None, True, 0, -1, 1.5, 1e308, "", " ", [], {}, [[]], {"a": 1}, "\u0000", "💥", "null"]
OPEN = next((field for field in fields("text") if field.pattern), CHOSEN)  # a text that is not chosen, if there is one
AS_OF = Field("as_of", "the moment of prediction", "instant", PROBLEM.example.as_of.isoformat(), is_optional=True)


def bad_questions() -> list[Bad]:
    return [*_fields(), *_shapes(), *_texts(), *_media_types(), *_sizes()]


def wrong_values(field: Field) -> list[Any]:
    """What the field's declaration does not allow."""
    match field.type:
        case "text":
            found = _wrong_texts(field)
        case "instant":
            found = _wrong_instants(field.example)
        case _:
            least, most, example = field.minimum or 0, field.maximum or 0, field.example
            found = [most + 1, least - 1, 2**63, BIG, str(example), f"{example}5", [example]]
            found += [float(example)] if field.type == "integer" else []
    return [value for value in (*found, *WRONG_TYPES) if not _is_allowed(field, value)]


def _wrong_texts(field: Field) -> list[str]:
    text = field.example
    near = [text[:-1], text + text[-1], text.swapcase(), f"{text} ", f" {text}", f"{text}\n", text[:-1] + "\u0410"]
    return [*near, "../", "<b>", "ÄÖÜ", "'; DROP TABLE questions; --", "A" * 1_000, "\ud800"]


def _wrong_instants(text: str) -> list[Any]:
    year, rest = text[:4], text[10:]
    without_offset = [text[:19], text[:10], text[11:16]]
    out_of_range = ["1999-12-31T23:59:59Z", "2100-01-02T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
    no_date = [f"{year}-13-01{rest}", f"{year}-02-30{rest}", f"{text[:10]}T25:00:00Z", f"-{text}"]
    no_offset = [f"{text[:19]}+99:00", f"{text[:19]} Mars", "now", "tomorrow"]
    return [*without_offset, *out_of_range, *no_date, *no_offset, 1383685200, 1383685200000, "1383685200", BIG]


def _is_allowed(field: Field, value: Any) -> bool:
    if value is None:
        return field.is_optional
    if field.type == "text" and isinstance(value, str):
        if field.choices:
            return value in field.choices
        return re.search((field.pattern or "").replace("$", r"\Z"), value) is not None
    if field.type in ("integer", "number") and type(value) in ((int,) if field.type == "integer" else (int, float)):
        return bool((field.minimum or 0) <= value <= (field.maximum or 0))
    return False


def _body(*questions: Any) -> bytes:
    return json.dumps({"questions": questions}).encode()


def _fields() -> list[Bad]:
    found = []
    for field in (*PROBLEM.fields, AS_OF):
        wrong = [(value, EXAMPLE | {field.name: value}) for value in wrong_values(field)]
        found += [(f"{field.name}={value!r:.40}", JSON, _body(question)) for value, question in wrong]
        if not field.is_optional:
            without = {key: value for key, value in EXAMPLE.items() if key != field.name}
            found.append((f"no {field.name}", JSON, _body(without)))
    found += [(f"contradiction {n}", JSON, _body(question)) for n, (question, _) in enumerate(contradictions())]
    extras = ["probability", "__class__", CHOSEN.name.capitalize(), "", "$ref", "a" * 10_000]
    found += [(f"extra {name:.20}", JSON, _body(EXAMPLE | {name: 1})) for name in extras]
    return [*found, ("second question wrong", JSON, _body(EXAMPLE, EXAMPLE | {CHOSEN.name: "nowhere"}))]


def _shapes() -> list[Bad]:
    shapes: list[Any] = [
        *(value for value in WRONG_TYPES if value != "💥"),
        {"questions": []},
        {"questions": None},
        {"questions": {}},
        {"questions": EXAMPLE},
        {"questions": "x"},
        {"questions": [[]]},
        {"questions": [None]},
        {"questions": [1]},
        {"questions": ["x"]},
        {"questions": [[EXAMPLE]]},
        {"questions": [{}]},
        {"questions": [EXAMPLE] * 1_001},
        {"questions": [EXAMPLE], "more": 1},
        {"question": [EXAMPLE]},
        {"question": {"questions": [EXAMPLE]}},
        [EXAMPLE],
        EXAMPLE,
    ]
    return [(f"shape {json.dumps(shape)[:30]}", JSON, json.dumps(shape).encode()) for shape in shapes]


def with_bytes(field: Field, value: bytes) -> bytes:
    """A body about the example whose field has this for its value, whether or not that is JSON."""
    name = json.dumps(field.name)
    said, good = f"{name}: {json.dumps(field.example)}".encode(), _body(EXAMPLE)
    assert good.count(said) == 1
    return good.replace(said, f"{name}: ".encode() + value)


def _texts() -> list[Bad]:
    good, number = _body(EXAMPLE), COUNTED.example if COUNTED else 7
    chosen, other = (json.dumps(one).encode() for one in (CHOSEN.example, CHOSEN.choices[-1]))
    numbers = {
        "NaN": b"NaN",
        "Infinity": b"Infinity",
        "-Infinity": b"-Infinity",
        "1e308": b"1e308",
        "1e999": b"1e999",
        "hexadecimal": hex(number).encode(),
        "leading zero": f"0{number}".encode(),
        "ten thousand digits": b"9" * 10_000,
    }
    words = {
        "Latin-1": b'"L\xc4X"',
        "a half character": b'"L\xc3"',
        "deep in a field": b"[" * 2_000 + b"]" * 2_000,
        "a lone surrogate": b'"\\ud800"',
        "a bad escape": b'"\\x41"',
        "a newline in a text": b'"L\nX"',
    }
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
        "a zero byte": good + b"\x00",
        "random bytes": bytes(range(256)) * 10,
        "gzip": b"\x1f\x8b\x08\x00" + good,
        "pickle": b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x05hello\x94.",
        "xml": b"<questions/>",
        "form": b"question=1&as_of=now",
        "the same key twice": with_bytes(CHOSEN, chosen + f', "{CHOSEN.name}": '.encode() + other),
        "questions twice": b'{"questions": [], ' + good[1:],
        "deep lists": b"[" * 100_000,
        "deep closed lists": b"[" * 50_000 + b"]" * 50_000,
        "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        **{name: with_bytes(COUNTED or OPEN, value) for name, value in numbers.items()},
        **{name: with_bytes(OPEN, value) for name, value in words.items()},
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
    found = [(f"as {kind:.30}", {"content-type": kind}, _body(EXAMPLE)) for kind in kinds]
    return [*found, ("as nothing", {}, _body(EXAMPLE))]


def _sizes() -> list[Bad]:
    good = _body(EXAMPLE)
    return [
        ("10 MB of spaces", JSON, b" " * 10_000_000),
        ("10 MB of questions", JSON, _body(*[EXAMPLE] * (10_000_000 // len(good)))),
        ("10 MB of brackets", JSON, b"[" * 10_000_000),
        ("one byte too many", JSON, good + b" " * (1_000_001 - len(good))),
        ("half a million items", JSON, b'{"questions": [' + b"1," * 490_000 + b"1]}"),
        ("a long key", JSON, b'{"' + b"k" * 900_000 + b'": 1}'),
    ]
