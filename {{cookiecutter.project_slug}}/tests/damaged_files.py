"""Ways in which a database can be damaged, each with what a task says of it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

Damage = Callable[[Path], None]


def of_revision(revision: str) -> Damage:
    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))

    return damage


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "kept").write_text("by somebody")


def other_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE mine (one INTEGER)")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scratched(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:5_000] + b"x" * 5_000 + content[10_000:])


DAMAGED: dict[str, tuple[Damage, str]] = {
    "garbage": (lambda path: path.write_bytes(b"what is this\n" * 400) and None, "cannot be read as a database"),
    "a file cut in half": (cut, "cannot be read as a database"),
    "a scratched one": (scratched, "is damaged"),
    "a folder": (a_folder, "it is a folder"),
}
OF_A_TOOL: dict[str, tuple[Damage, str]] = DAMAGED | {
    "nothing": (lambda path: path.write_bytes(b"") and None, "is empty"),
    "other tables": (other_tables, "without"),
    "an older version": (of_revision("451aebb31d03"), "has tables of another version (revision 451aebb31d03"),
    "a newer version": (of_revision("ffffffffffff"), "has tables of another version (revision ffffffffffff"),
}
