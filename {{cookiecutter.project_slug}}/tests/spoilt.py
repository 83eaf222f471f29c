"""What a page must never show, whatever a file lacks or holds: a NaN, an infinity, an exponent."""

import math
import re
from typing import Any

UNREADABLE = re.compile(r"\bnan\b|\binf\b|infinity|none,|\d(e[+-]\d\d)", re.IGNORECASE)
INTERVAL = {"value": 1.0, "low": 0.5, "high": 1.5}
STRANGE = [None, math.nan, 1.036e12, -1e-12]


def text(html: str) -> str:
    """What a person reads of a page: no styles, no pictures, no tags."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg)\b.*?</\1>", "", html, flags=re.DOTALL))


def spoilt(found: Any, value: float | None, keep: tuple[str, ...]) -> Any:
    """The same file with every decimal number replaced, but below the names in `keep`."""
    if isinstance(found, dict):
        return {name: one if name in keep else spoilt(one, value, keep) for name, one in found.items()}
    if isinstance(found, list):
        return [spoilt(one, value, keep) for one in found]
    return value if isinstance(found, float) else found
