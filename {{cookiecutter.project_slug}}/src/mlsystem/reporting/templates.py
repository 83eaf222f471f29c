"""The pages' templates: what a page shows is escaped, what it misses is an error, numbers are written in one way."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mlsystem import wording

FILTERS = {
    "count": lambda value: wording.number(value, ","),
    "usd": wording.number,
    "fixed": lambda value, places: wording.number(value, f",.{places}f"),
    "signed": lambda value, places: wording.number(value, f"+,.{places}f"),
    "range": lambda found, form=",.0f": wording.between(found["low"], found["high"], form),
    "share": wording.share,
    "utc": lambda moment: f"{moment:%Y-%m-%d %H:%M:%S} UTC",
}


def fill(template: str, **values: Any) -> str:
    """The whole page as one HTML text that needs no network. Raises jinja2.UndefinedError if a value is missing."""
    environment = Environment(
        loader=PackageLoader("mlsystem.reporting", "."), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= FILTERS | {"code": _with_code}
    return environment.get_template(template).render(**values)


def _with_code(text: str) -> Markup:
    """What stands between backticks as code, the rest as text."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(one) if n % 2 else one for n, one in enumerate(parts))
