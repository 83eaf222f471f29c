"""How a fault of a declaration is worded, and looked for without stumbling over it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args


def none_of(where: str, value: object, kinds: Any) -> Iterator[str]:
    """Literal types hold for whoever runs mypy; the others are told."""
    if value not in get_args(kinds):
        yield f"{where} is {value!r}; expected is one of {listed(get_args(kinds))}"


def doubled(file: str, what: str, names: Sequence[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{file}: the {what} {name!r} is declared {names.count(name)} times"


def tried(work: Callable[[], Any]) -> tuple[Any, str | None]:
    """What it gives, or the fault in words: a domain's own code may raise anything."""
    try:
        return work(), None
    except Exception as problem:
        return None, f"{type(problem).__name__}: {problem}"


def listed(names: Any) -> str:
    return ", ".join(map(str, names)) or "nothing"
