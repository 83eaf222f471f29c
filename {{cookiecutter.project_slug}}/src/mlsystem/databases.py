"""SQLite files that outlive a command: whether they can be read, and whether the installed tool knows their tables.

MLflow and Prefect keep the revision of their tables in the file, in Alembic's table. Which one an installed version
wants is seen on an empty database that the tool's own upgrade command fills, once per version: it is noted beside the
file. Nothing here writes into a database that is there.
"""

import importlib.metadata
import json
import shlex
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlsystem import storage
from mlsystem.errors import UserError

HEAD = "SELECT 'ok' WHERE (SELECT COUNT(*) FROM sqlite_master) >= 0"
READ_WHOLE = 50_000_000
BEGUN = "not known yet"  # the revision of a database that this version has begun to make


class UnreadableDatabase(UserError):
    """A database that is damaged, empty, or no database."""


class OtherVersion(UserError):
    """A database whose tables are of another version of its tool."""


@dataclass(frozen=True)
class ToolDatabase:
    """A tool's database, and the tool's documented command that brings the tables to what this version wants."""

    tool: str  # the package
    path: Path
    upgrade: tuple[str, ...]  # after `python -m`, with {path} for the database's
    home: str = ""  # the variable that names the folder, where the command takes no path

    def command(self, path: Path) -> list[str]:
        return [sys.executable, "-m", self.tool, *(part.replace("{path}", str(path)) for part in self.upgrade)]

    @property
    def version(self) -> str:
        return importlib.metadata.version(self.tool)

    @property
    def note(self) -> Path:
        """Which version used the file last, and the revision that it wants."""
        return self.path.with_name(f"{self.path.name}.version")


def check_readable(path: Path, remedy: str) -> None:
    """Raises UnreadableDatabase if something is there that SQLite cannot read; `remedy` is the next step.

    A file of up to READ_WHOLE bytes is read to its end; of a larger one its head and its size are looked at.
    """
    if not path.exists():
        return
    try:
        is_small = path.stat().st_size <= READ_WHOLE
        found, *_ = _ask(path, "PRAGMA quick_check(1)" if is_small else HEAD)
    except (OSError, sqlite3.Error) as problem:
        if getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return  # somebody writes, so it is alive
        said = "it is a folder" if path.is_dir() else problem
        raise UnreadableDatabase(f"{path} cannot be read as a database ({said}); {remedy}") from problem
    if found != "ok":
        raise UnreadableDatabase(f"{path} is damaged ({' '.join(str(found).split())}); {remedy}")


@contextmanager
def opening(path: Path, remedy: str) -> Iterator[None]:
    """Turns what SQLite says of a file that is no database, or half of one, into UnreadableDatabase."""
    try:
        yield
    except sqlite3.DatabaseError as problem:
        if getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise
        raise UnreadableDatabase(f"{path} cannot be opened as a database ({problem}); {remedy}") from problem


def check_version(
    database: ToolDatabase, environment: Mapping[str, str] | None = None, tell: Callable[[str], None] = print
) -> None:
    """Raises UnreadableDatabase, OtherVersion.

    `environment` is for the tool's command, 8 s once per version; without it what was noted is all that is known.
    """
    path, noted = database.path, _noted(database)
    if not path.exists():
        return
    restore = f"restore it from a copy, or move it away and {database.tool} makes a new one without what was in it"
    check_readable(path, restore)
    if noted == BEGUN or (noted is None and environment is None):
        return
    if (found := revision(path)) is None:
        what = "is empty" if path.stat().st_size == 0 else f"is a database without {database.tool}'s tables"
        raise UnreadableDatabase(f"{path} {what}; {restore}")
    if noted is None:
        tell(f"seeing which tables {database.tool} {database.version} wants, once per version: some 10 seconds")
    expected = noted or _wanted(database, environment or {})
    if found != expected:
        raise OtherVersion(_other(database, found, expected))
    if noted is None:
        note(database, expected)


def revision(path: Path) -> str | None:
    """What Alembic's table says; None without one."""
    try:
        return str(_ask(path, "SELECT version_num FROM alembic_version")[0])
    except (sqlite3.OperationalError, IndexError):
        return None


def note(database: ToolDatabase, wanted: str = BEGUN) -> None:
    """Write down that the installed version uses the database, and which revision it wants."""
    storage.write_json(database.note, {"version": database.version, "revision": wanted})


def note_made(database: ToolDatabase) -> None:
    """The tool of this version has made the database and worked with it: what it has is what the version wants."""
    if _noted(database) == BEGUN and (found := revision(database.path)):
        note(database, found)


def _noted(database: ToolDatabase) -> str | None:
    """The revision that the installed version wants, if that was seen."""
    try:
        said = json.loads(database.note.read_text(encoding="utf-8"))
        return str(said["revision"]) if said["version"] == database.version else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _wanted(database: ToolDatabase, environment: Mapping[str, str]) -> str:
    """The revision of a database that is made now, aside. Raises OtherVersion if none can be made."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / database.path.name
        own = {database.home: folder} if database.home else {}
        done = subprocess.run(
            database.command(path), env={**environment, **own}, capture_output=True, text=True, check=False, cwd=folder
        )
        found = revision(path) if path.exists() else None
    if found is None:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise OtherVersion(
            f"{database.tool} {database.version} cannot say which tables it wants in {database.path} ({said}); "
            f"run the same command again, and if it stays so `make setup`"
        )
    return found


def _other(database: ToolDatabase, found: str, expected: str) -> str:
    home = f"{database.home}={shlex.quote(str(database.path.parent))} " if database.home else ""
    copy = shlex.join(["cp", str(database.path), f"{database.path}.copy"])
    return (
        f"{database.path} has tables of another version (revision {found}; {database.tool} {database.version} wants "
        f"{expected}). Stop what runs (`make down`), keep a copy (`{copy}`), then upgrade it: "
        f"`{home}{shlex.join(database.command(database.path))}`; if that does not know the revision, a newer "
        f"{database.tool} made it: install that one"
    )


def _ask(path: Path, query: str) -> tuple[object, ...]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return tuple(row[0] for row in connection.execute(query).fetchall())
