"""Who became champion, when, why, and on what evidence; and the two moves of the alias: promote and roll back.

One move at a time, under a lock. Its intent is written, and on the disk, before the alias moves: a kill at any point
leaves no champion without a record. An intent whose alias never moved took no effect, and `history` says which did.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil
from filelock import FileLock

from mlsystem import storage
from mlsystem.errors import UserError
from mlsystem.model_registry import tracking, versions
from mlsystem.model_registry.smoke import check_smoke

RECORDS = "promotions.jsonl"
BEGINNING = '{"kind": '  # of a record's line, torn or not
Kind = Literal["promotion", "rollback"]


class NotPromoted(UserError):
    """The champion stays who it is; the message says why."""


@dataclass(frozen=True)
class Promotion:
    """One move of the champion alias."""

    kind: Kind
    from_version: str | None  # None: there was no champion
    to_version: str
    who: str
    why: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""  # UTC, ISO 8601


def promote(
    models_dir: Path,
    version: str,
    expected_champion: str | None,
    who: str,
    why: str,
    evidence: Mapping[str, Any],
) -> Promotion:
    """Make `version` champion if the champion is still `expected_champion` (None: there is none).

    Only a version that loads and passes its smoke prediction. Raises NotPromoted, UnusableModel, NoChampion.
    """
    with _one_at_a_time(models_dir):
        champion = versions.aliases(models_dir).get(versions.CHAMPION)
        if champion != expected_champion:
            raise NotPromoted(
                f"version {version} was compared with champion {expected_champion or 'none'}, but now the champion is "
                f"{champion or 'none'}; compare it with that one, then promote again"
            )
        if champion == version:
            raise NotPromoted(f"version {version} is the champion already; see `make models`")
        return _move(models_dir, Promotion("promotion", champion, version, who, why, dict(evidence)))


def rollback(models_dir: Path, who: str, why: str) -> Promotion:
    """Back to the champion before; again, to the one before that. Raises NotPromoted if there is none."""
    with _one_at_a_time(models_dir):
        champion = versions.aliases(models_dir).get(versions.CHAMPION)
        before = _champions_before(history(models_dir))
        if champion is None or not before:
            raise NotPromoted(
                f"there is no champion before {champion or 'none'} to roll back to; name one: "
                f'`make promote ARGS="--version N --why ..."` (`make models` lists them)'
            )
        return _move(models_dir, Promotion("rollback", champion, before[-1], who, why))


def history(models_dir: Path) -> list[Promotion]:
    """Every move that took effect, in order. Raises storage.UnreadableState."""
    champion = versions.aliases(models_dir).get(versions.CHAMPION)
    return [move for move, took_effect in on_record(models_dir, champion) if took_effect]


def on_record(models_dir: Path, champion: str | None) -> list[tuple[Promotion, bool]]:
    """Every intent, in order, and whether it took effect; `champion` is who is champion now.

    Each intent says which champion it found, so it confirms the one before it; the alias confirms the last.
    """
    found = []
    for intent in reversed(_intents(models_dir)):
        found.append((intent, intent.to_version == champion))
        champion = intent.from_version
    return found[::-1]


def this_person() -> str:
    """Who sits at the keyboard, for the record; a number, in a container that has no name for it."""
    return psutil.Process().username()


def _champions_before(moves: list[Promotion]) -> list[str]:
    """The champions under the present one, oldest first: a promotion puts one there, a rollback takes one away."""
    stack: list[str] = []
    for move in moves:
        if move.kind == "rollback":
            while stack and stack.pop() != move.to_version:
                pass
        elif move.from_version is not None:
            stack.append(move.from_version)
    return stack


def _one_at_a_time(models_dir: Path) -> FileLock:
    models_dir.mkdir(parents=True, exist_ok=True)
    return FileLock(models_dir / "promotions.lock")


def _move(models_dir: Path, intent: Promotion) -> Promotion:
    uri = tracking.tracking_uri(models_dir)
    check_smoke(versions.load_version(uri, intent.to_version))
    move = Promotion(**{**asdict(intent), "at": datetime.now(UTC).isoformat()})
    _record(models_dir / RECORDS, move)
    client = tracking.client(uri)
    client.set_registered_model_alias(versions.REGISTERED_MODEL, versions.CHAMPION, move.to_version)
    # Who is or was champion waits for no verdict: else the gate could promote again what a person took back.
    if versions.aliases(models_dir).get(versions.CHALLENGER) in (move.to_version, move.from_version):
        versions.dismiss_challenger(models_dir)
    return move


def _record(path: Path, move: Promotion) -> None:
    """One line, on the disk before this returns. A line that a kill tore is closed first, so that it stays alone."""
    line = json.dumps(asdict(move), default=str) + "\n"
    is_torn = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + line if is_torn else line)
        file.flush()
        os.fsync(file.fileno())


def _intents(models_dir: Path) -> list[Promotion]:
    """Every line but those that a kill tore: their alias never moved."""
    path, found = models_dir / RECORDS, []
    with storage.reading(path, "restore it, or move it away: the champion stays, and who was it before is forgotten"):
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                found.append(Promotion(**json.loads(line)))
            except ValueError:
                if not line.startswith(BEGINNING[: len(line)]):
                    raise
    return found
