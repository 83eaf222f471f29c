"""Partitions: one Parquet file per table and day, written aside and renamed, so that a reader sees all or nothing."""

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlsystem.errors import UserError

FINGERPRINT_KEY = b"fingerprint"


class CorruptPartition(UserError):
    """A partition's file is there but cannot be read."""


@dataclass(frozen=True)
class Partitions:
    """One table's days under `root`: `<root>/<YYYY-MM-DD>.parquet`."""

    root: Path

    def path(self, day: date) -> Path:
        return self.root / f"{day}.parquet"

    def days(self) -> list[date]:
        """Every day that is there, in order."""
        return sorted(date.fromisoformat(path.stem) for path in self.root.glob("*.parquet"))

    def write(self, day: date, rows: pa.Table, fingerprint: str) -> None:
        """Replace the day's partition in one step; `fingerprint` says what it was made from."""
        write_table(self.path(day), rows, fingerprint)

    def read(self, days: Iterable[date] | None = None) -> pa.Table:
        """The rows of those days that are there, in day order; of all days if none are named.

        Raises FileNotFoundError if not one of them is there, CorruptPartition if one cannot be read.
        """
        wanted = self.days() if days is None else [day for day in days if self.path(day).exists()]
        if not wanted:
            raise FileNotFoundError(f"no partition of {self.root.name} in {self.root}; run `make ingest` first")
        tables = [self._read(day) for day in wanted]
        return pa.concat_tables([table.replace_schema_metadata(None) for table in tables])

    def fingerprint(self, day: date) -> str | None:
        """What the day's partition was made from, or None if it is not there."""
        if not self.path(day).exists():
            return None
        with _readable(self.path(day)):
            metadata = pq.read_metadata(self.path(day)).metadata or {}
        return metadata.get(FINGERPRINT_KEY, b"").decode()

    def rows(self, day: date) -> int:
        """How many rows the day's partition has; read from its footer."""
        with _readable(self.path(day)):
            return pq.read_metadata(self.path(day)).num_rows

    def content(self, day: date) -> str:
        """A fingerprint of the day's bytes: what the next stage was made from. Of nothing, if it is not there."""
        return digest(self.path(day).read_bytes() if self.path(day).exists() else None)

    def _read(self, day: date) -> pa.Table:
        with _readable(self.path(day)):
            return pq.ParquetFile(self.path(day), page_checksum_verification=True).read()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn the reader's error, which names no file, into one that says what to do."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise CorruptPartition(f"{path} is not whole ({error}); delete it and run `make ingest` again") from error


def split_by_day(rows: pa.Table, day_column: str, days: Sequence[date]) -> dict[date, pa.Table]:
    """Slices of `rows` (which must be sorted by `day_column`), one for each of `days`, some of them empty."""
    values = rows.column(day_column).to_numpy()
    starts = values.searchsorted(days_as_numpy(days), side="left")
    ends = values.searchsorted(days_as_numpy(days), side="right")
    return {day: rows.slice(start, end - start) for day, start, end in zip(days, starts, ends, strict=True)}


def days_as_numpy(days: Sequence[date]) -> np.ndarray:
    return pa.array(list(days), pa.date32()).to_numpy(zero_copy_only=False)


class EmptyRange(UserError):
    """A range of days that ends before it begins."""


def day_range(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included. Raises EmptyRange."""
    if last < first:
        raise EmptyRange(f"the range {first} to {last} ends before it begins")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def digest(*parts: str | bytes | None) -> str:
    """A short fingerprint of the parts: 16 hexadecimal digits of SHA-256."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part if isinstance(part, bytes) else str(part).encode())
        total.update(b"\0")
    return total.hexdigest()[:16]


def write_table(path: Path, rows: pa.Table, fingerprint: str) -> None:
    """Write a Parquet file aside and rename it; what it was made from travels in it."""
    stamped = rows.replace_schema_metadata({FINGERPRINT_KEY: fingerprint.encode()})
    aside = path.with_suffix(f".{os.getpid()}.aside")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        pq.write_table(stamped, aside, compression="zstd", write_page_checksum=True)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file aside and rename it, so that a kill leaves the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.aside")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def write_json(path: Path, found: Any) -> None:
    """The same for what machines and pages read: a number that is not finite becomes null, for NaN is no JSON."""
    write_text(path, json.dumps(_finite(found), indent=2, allow_nan=False) + "\n")


class UnreadableState(UserError):
    """A file in which a task keeps what it goes on from, and that is not what it was."""


@contextmanager
def reading(path: Path, remedy: str) -> Iterator[None]:
    """Turns what a damaged file of JSON makes of its reader into UnreadableState; `remedy` is the next step."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, IsADirectoryError, PermissionError) as problem:
        raise UnreadableState(f"{path} is not what was written there ({problem}); {remedy}") from problem


def _finite(found: Any) -> Any:
    if isinstance(found, float):
        return found if math.isfinite(found) else None
    if isinstance(found, Mapping):
        return {name: _finite(one) for name, one in found.items()}
    return [_finite(one) for one in found] if isinstance(found, list | tuple) else found
