"""The pages' templates: what a page shows is escaped, what it misses is an error, numbers are written in one way."""

import re
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mlsystem import wording
from mlsystem.domain import PROBLEM

TABLE, HEAD = re.compile(r"<table>.*?</table>", re.DOTALL), re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
CELL = re.compile(r"<td(?![^>]*data-is)([ >])")
FILTERS = {
    "count": lambda value: wording.number(value, ","),
    "money": wording.money,
    "fixed": lambda value, places: wording.number(value, f",.{places}f"),
    "signed": lambda value, places: wording.number(value, f"+,.{places}f"),
    "range": lambda found, form=",.0f": wording.between(found["low"], found["high"], form),
    "share": wording.share,
    "utc": lambda moment: f"{moment:%Y-%m-%d %H:%M:%S} UTC",
}


def fill(template: str, room: str = "reporting", **values: Any) -> str:
    """The whole page as one HTML text that needs no network; its template lies in `room`, its style sheet here.

    Raises jinja2.UndefinedError if a value is missing.
    """
    loader = ChoiceLoader([PackageLoader(f"mlsystem.{one}", ".") for one in dict.fromkeys((room, "reporting"))])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.filters |= FILTERS | {"code": _with_code}
    environment.globals |= {
        "problem": PROBLEM,
        "words": PROBLEM.words,
        "costs": PROBLEM.costs,
        "per_1000": PROBLEM.per_1000,
    }
    return TABLE.sub(_with_heads, environment.get_template(template).render(**values))


def _with_heads(table: re.Match[str]) -> str:
    """Each cell with its column's head, which a telephone shows beside it: there a row is a block of lines."""
    heads = [re.sub(r"<[^>]+>", "", head) for head in HEAD.findall(table[0])]
    rows = table[0].split("<tr")
    return "<tr".join(_row(row, heads) for row in rows)


def _row(row: str, heads: list[str]) -> str:
    left = iter(heads)
    return CELL.sub(lambda cell: f'<td data-is="{next(left, "")}"{cell[1]}', row)


def _with_code(text: str) -> Markup:
    """What stands between backticks as code, the rest as text."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(one) if n % 2 else one for n, one in enumerate(parts))
