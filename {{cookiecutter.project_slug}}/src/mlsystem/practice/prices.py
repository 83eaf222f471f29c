"""prices.toml: what a core, memory and stores cost; declared, not measured."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlsystem.errors import UserError

SECONDS_PER_HOUR = 3_600
DEFAULT = Path(__file__).with_name("prices.toml")


class UnusablePrices(UserError):
    """A file of prices that cannot be read, lacks one, or has one too many."""


class Declared(BaseModel):
    """A value, what it is of, and where it is from."""

    model_config = ConfigDict(extra="forbid")
    value: float = Field(gt=0, allow_inf_nan=False)
    of: str
    source: str = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    currency: str = Field(min_length=1)
    price: dict[str, Declared]
    assumed: dict[str, Declared]


@dataclass(frozen=True)
class Prices:
    """In one currency; by name."""

    currency: str
    price: dict[str, Declared]
    assumed: dict[str, Declared]

    def per_million(self, cpu_seconds: float, memory_gb: float) -> float:
        """A million answers that each take `cpu_seconds` of one core, while `memory_gb` are held for as long."""
        hours = cpu_seconds * 1_000_000 / SECONDS_PER_HOUR
        return hours * (self.price["core_hour"].value + memory_gb * self.price["memory_gb_hour"].value)


def read(path: Path = DEFAULT) -> Prices:
    """Raises UnusablePrices."""
    found = _read(path)
    if path != DEFAULT:
        wanted = _read(DEFAULT)
        for part in ("price", "assumed"):
            names, theirs = set(getattr(wanted, part)), set(getattr(found, part))
            if names != theirs:
                wrong = ", ".join(f"{part}.{name}" for name in sorted(names ^ theirs))
                raise UnusablePrices(f"{path} lacks, or has too many: {wrong}; it needs the names that {DEFAULT} has")
    return Prices(found.currency, found.price, found.assumed)


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UnusablePrices(f"{path} cannot be read: {problem}; begin with a copy of {DEFAULT}") from problem
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UnusablePrices(f"{path}: {place}: {first['msg']}; {DEFAULT} shows the form") from wrong
