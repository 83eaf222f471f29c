"""A hostile environment, continued: databases and files that a task goes on from, and cannot read.

Each is told at the start, in one sentence with the next step, by every task that would use it; not a byte is changed.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import hostile
from damaged_files import DAMAGED, OF_A_TOOL, of_revision
from mlsystem import databases
from mlsystem.__main__ import GROUPS
from mlsystem.model_registry import tracking
from mlsystem.processes import preflight
from mlsystem.settings import Settings, child_environment
from questions import DAY

SOON_SECONDS = 10.0  # on a machine that does nothing else
MLFLOW, PREFECT, EVENTS, ONLINE = (
    "5_models/mlflow.db",
    "tools/prefect/prefect.db",
    "stream/events.db",
    "online/online.db",
)


NEXT_STEP = {
    MLFLOW: ("mlflow.db.copy`", "-m mlflow db upgrade", "sqlite:///"),
    PREFECT: ("prefect.db.copy`", "-m prefect server database upgrade --yes", "PREFECT_HOME="),
}
TASKS = set(" ".join(GROUPS.values()).split())
ARGUMENTS = {
    "promote": ("--version", "1", "--why", "better"),
    "rollback": ("--why", "worse"),
    "ingest": ("--from", str(DAY), "--to", str(DAY)),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with databases as the installed tools make them, and two of our own; some 12 s."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("made") / "data")
    tracking.client(tracking.tracking_uri(settings.models_dir))
    prefect = preflight.prefect_database(settings)
    prefect.path.parent.mkdir(parents=True)
    own = child_environment(settings, PREFECT_HOME=str(prefect.path.parent))
    subprocess.run(prefect.command(prefect.path), env=own, capture_output=True, check=True)
    databases.note(prefect, str(databases.revision(prefect.path)))
    for name in (EVENTS, ONLINE):
        (settings.data_dir / name).parent.mkdir()
        with closing(sqlite3.connect(settings.data_dir / name)) as connection, connection:
            connection.execute("CREATE TABLE facts (fact TEXT)")
            connection.executemany("INSERT INTO facts VALUES (?)", [(str(n) * 50,) for n in range(1_000)])
    return settings.data_dir


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> hostile.Place:
    return hostile.copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def place(made: Path, project: hostile.Place) -> Iterator[hostile.Place]:
    shutil.copytree(made, project.data)
    yield project
    shutil.rmtree(project.data)


def assert_told(place: hostile.Place, task: str, file: str, *parts: str) -> None:
    folder = place.data / file.partition("/")[0]
    before = hostile.snapshot(folder)

    told = place.run(task, *ARGUMENTS.get(task, ()))

    after = hostile.snapshot(folder)
    assert (told.status, told.left, told.files) == (1, [], set()), told.words
    assert len(told.words.strip().splitlines()) == 1, told.words
    assert told.words.startswith(f"{task}: {place.data / file} "), told.words
    assert [part for part in parts if part not in told.words] == [], told.words
    assert told.seconds < SOON_SECONDS * (1 + os.getloadavg()[0])
    assert {name: after.get(name) for name in before} == before


@pytest.mark.parametrize("row", OF_A_TOOL)
@pytest.mark.parametrize(("file", "task"), [(MLFLOW, "models"), (PREFECT, "ingest")], ids=["mlflow", "prefect"])
def test_a_tools_database_that_cannot_be_used_is_one_sentence(place: hostile.Place, file: str, task: str, row: str):
    damage, sentence = OF_A_TOOL[row]
    damage(place.data / file)

    next_step = NEXT_STEP[file] if "version" in row else ("restore it from a copy",)
    assert_told(place, task, file, sentence, *next_step)


@pytest.mark.parametrize("row", DAMAGED)
@pytest.mark.parametrize(("file", "task"), [(EVENTS, "letters"), (ONLINE, "consume")], ids=["events", "online"])
def test_a_database_of_ours_that_cannot_be_read_is_one_sentence(place: hostile.Place, file: str, task: str, row: str):
    damage, sentence = DAMAGED[row]
    damage(place.data / file)

    assert_told(place, task, file, sentence, "move it away", "`make replay` fills a new")


@pytest.mark.parametrize(
    ("file", "tasks"),
    [
        (MLFLOW, preflight.USES_MODELS),
        (PREFECT, preflight.USES_PREFECT),
        (EVENTS, preflight.USES_EVENTS),
        (ONLINE, preflight.USES_ONLINE),
    ],
)
def test_every_task_that_would_use_a_database_looks_at_it_first_and_no_other(place, file, tasks):
    settings = Settings(data_dir=place.data, reports_dir=place.root / "reports")
    (place.data / file).write_bytes(b"what is this" * 400)
    told = set()

    for task in TASKS:
        try:
            preflight.check_state(settings, task)
        except databases.UnreadableDatabase:
            told.add(task)

    assert told == tasks
    (place.data / file).unlink()
    for task in TASKS:  # the guard stays quiet
        preflight.check_state(settings, task)


@pytest.mark.parametrize("task", ["up", "smoke", "train", "promote", "rollback"])
def test_a_registry_of_another_version_is_told_before_anything_is_started(place: hostile.Place, task: str):
    of_revision("ffffffffffff")(place.data / MLFLOW)

    assert_told(place, task, MLFLOW, "has tables of another version", *NEXT_STEP[MLFLOW])


@pytest.mark.parametrize("row", ["garbage", "a newer version"])
def test_the_status_page_says_what_is_the_matter_with_the_registry(place: hostile.Place, row: str):
    damage, sentence = OF_A_TOOL[row]
    damage(place.data / MLFLOW)
    before = (place.data / MLFLOW).read_bytes()

    told = place.run("status")

    assert (told.status, told.left) == (0, [])
    assert f"{place.data / MLFLOW} {sentence}" in told.words
    assert (place.data / MLFLOW).read_bytes() == before


@pytest.mark.parametrize(
    ("file", "content", "task", "rest"),
    [
        ("tools/running.json", b'{"some": "thing"}', "status", "`make down` stops what runs"),
        ("5_models/promotions.jsonl", b"\xff\xfe\x00", "rollback", "restore it, or move it away"),
        ("5_models/promotions.jsonl", b"what is this\n", "rollback", "restore it, or move it away"),
        ("5_models/retraining.jsonl", b"[1, 2]\n", "promote", "restore it, or move it away"),
    ],
)
def test_a_file_of_notes_that_cannot_be_read_is_one_sentence(place: hostile.Place, file, content, task, rest):
    (place.data / file).write_bytes(content)

    assert_told(place, task, file, rest)


def test_down_needs_no_file_that_can_be_read(place: hostile.Place):
    (place.data / "tools/running.json").write_bytes(b"\xff")

    told = place.run("down")

    assert (told.status, "nothing of this project is running" in told.words) == (0, True), told.words


def test_what_an_installed_version_wants_is_found_out_where_nobody_noted_it(place: hostile.Place):
    (place.data / f"{MLFLOW}.version").unlink()
    of_revision("451aebb31d03")(place.data / MLFLOW)

    told = place.run("models")

    assert "seeing which tables mlflow" in told.words
    assert "has tables of another version (revision 451aebb31d03" in told.words


@pytest.mark.slow
def test_the_command_that_is_named_upgrades_an_older_database(place: hostile.Place):
    """Prefect can also take a step back, so the older database is a real one."""
    settings = Settings(data_dir=place.data)
    prefect = preflight.prefect_database(settings)
    wanted, own = databases.revision(prefect.path), child_environment(settings, PREFECT_HOME=str(prefect.path.parent))
    back = [sys.executable, "-m", "prefect", "server", "database", "downgrade", "--yes"]
    subprocess.run(back, env=own, check=True, capture_output=True)
    older = databases.revision(prefect.path)

    told = place.run("ingest", *ARGUMENTS["ingest"])
    (command,) = re.findall(r"then upgrade it: `(.*?)`", told.words)
    subprocess.run(command, shell=True, check=True, capture_output=True, env=child_environment(settings))

    assert older != wanted
    assert f"has tables of another version (revision {older}" in told.words
    assert databases.revision(prefect.path) == wanted
    assert place.run("ingest", *ARGUMENTS["ingest"]).status == 0
