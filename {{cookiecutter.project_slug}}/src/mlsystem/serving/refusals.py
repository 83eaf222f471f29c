"""A refusal in words: one sentence for people, and for programs where each problem is. No input value is repeated."""

import json
from typing import Any

MOST_PROBLEMS = 20  # a thousand questions can have thousands

SENTENCES = {
    404: "there is no such page; POST /predict answers questions, GET /model says which model does",
    405: "this method is not allowed here; POST to /predict, GET everything else",
}
WORDS = {
    "timezone_aware": "an instant needs its offset from UTC, as in 2000-01-31T21:00:00Z",
    "datetime_type": "an instant is a text with date, time and offset, as in 2000-01-31T21:00:00Z",
    "missing": "is missing",
    "extra_forbidden": "is not a field of a question",
    "model_type": "must be an object",
}


class Refused(Exception):
    """A request that is not answered, with the HTTP status and a sentence for the caller."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def refusal_of(status: int, body: bytes) -> dict[str, Any]:
    """What to answer instead of the body that the framework wrote for this status."""
    try:
        content = json.loads(body)
    except ValueError:
        return {"error": SENTENCES.get(status, f"status {status}")}
    if isinstance(content, dict) and "detail" in content:
        return problems_of(content["detail"])
    error = content[0] if isinstance(content, list) and content else content
    return error if isinstance(error, dict) and "error" in error else {"error": f"status {status}"}


def problems_of(details: list[dict[str, Any]]) -> dict[str, Any]:
    """Pydantic's details as a sentence about the first problem, and the first problems one by one."""
    problems = [{"where": where(one["loc"]), "problem": in_words(one)} for one in details[:MOST_PROBLEMS]]
    first = problems[0]
    more = f" (and {len(details) - 1:,} more)" if len(details) > 1 else ""
    return {"error": f"{first['where']}: {first['problem']}{more}", "problems": problems}


def where(location: list[str | int]) -> str:
    """Pydantic's location as a path: questions[3].as_of."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step[:60]}" for step in location)
    return path.removeprefix(".") or "the body"


def in_words(problem: dict[str, Any]) -> str:
    message: str = problem["msg"]
    return WORDS.get(problem["type"], message.replace("Input should", "should"))
