"""The lab as a whole, on a thirtieth of the rows: killed and gone on with, predicted, revealed."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.practice import record
from mlsystem.practice.tradeoffs import comparisons, learner, rounds, truth
from mlsystem.practice.tradeoffs.lab import Lab, NothingTrained, NotMeasured
from mlsystem.settings import Settings
from serving_probe import own_copy, wait_until
from up_probe import begin, mlsystem

pytestmark = pytest.mark.slowest
EVERY = 30  # row


@pytest.fixture(scope="module")
def few(system, tmp_path_factory: pytest.TempPathFactory) -> Settings:  # type: ignore[no-untyped-def]
    settings = own_copy(system.settings, tmp_path_factory.mktemp("lab") / "data")
    name = f"{PROBLEM.feature_service}.parquet"
    rows = pq.read_table(system.settings.training_sets_dir / name)
    storage.write_table(settings.training_sets_dir / name, rows.take([*range(0, rows.num_rows, EVERY)]), "a thirtieth")
    return settings


@pytest.fixture(scope="module")
def measured(few: Settings) -> Settings:
    ended = mlsystem(few, "tradeoffs", "run")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return few


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "record"


def cells(settings: Settings) -> dict[str, float]:
    return {path.name: path.stat().st_mtime for path in (settings.data_dir / "practice/tradeoffs").glob("*.json")}


def test_a_run_that_was_killed_goes_on_and_one_more_measures_nothing(few: Settings, tmp_path: Path):
    running = begin(few, tmp_path / "run.log", "tradeoffs", "run")
    assert wait_until(lambda: len(cells(few)) >= 3), (tmp_path / "run.log").read_text()
    running.kill()
    running.wait()
    before = cells(few)

    ended = mlsystem(few, "tradeoffs", "run")
    again = mlsystem(few, "tradeoffs", "run")

    assert ended.returncode == 0, ended.stderr
    assert {name: cells(few)[name] for name in before} == before
    assert f"{len(cells(few))} settings, 0 of them to be measured" in again.stdout
    assert not (few.data_dir / "practice/service").exists()


def test_a_round_is_asked_answered_and_graded_by_what_was_measured(measured: Settings, folder: Path):
    learner.predict(measured, [], folder)
    with pytest.raises(rounds.NotPredicted):
        learner.reveal(measured, folder)
    (asked,) = rounds.rounds(folder)
    learner.predict(measured, [f"{one.number}:60:-1000:1000" for one in asked.comparisons], folder)

    page = learner.reveal(measured, folder)

    (revealed,) = rounds.revealed(folder)
    lab = Lab(measured)
    for one, grade in zip(asked.comparisons, revealed["grades"], strict=True):
        found = truth.values(lab, one.metric, one.part, [one.a, one.b])
        assert grade["truth"] == found[one.a] - found[one.b]
    assert "What you predicted" in page.read_text()
    assert json.loads((measured.reports_dir / "tradeoffs.json").read_text())["rounds"][0]["round"] == 1
    assert [entry["kind"] for entry in record.read(folder=folder)][-1] == rounds.REVEALED


def test_a_later_round_asks_of_parts_that_no_page_shows(measured: Settings, folder: Path):
    for number in (1, 2):
        learner.predict(measured, [], folder)
        asked = rounds.rounds(folder)[-1]
        assert {one.part == comparisons.ALL for one in asked.comparisons} == {number == 1}
        learner.predict(measured, [f"{one.number}:60:-1000:1000" for one in asked.comparisons], folder)
        learner.reveal(measured, folder)

    assert [one["round"] for one in rounds.revealed(folder)] == [1, 2]
    learner.scores(folder)


def test_without_measurements_nothing_is_revealed_and_the_round_stays_open(measured: Settings, folder: Path):
    learner.predict(measured, [], folder)
    learner.predict(measured, [f"{one.number}:60:-1:1" for one in rounds.rounds(folder)[0].comparisons], folder)
    kept = measured.data_dir / "practice/tradeoffs"
    shutil.move(kept, kept.with_name("aside"))
    try:
        with pytest.raises(NotMeasured, match="run"):
            learner.reveal(measured, folder)
    finally:
        shutil.move(kept.with_name("aside"), kept)

    assert rounds.revealed(folder) == []


def test_without_a_training_set_the_next_step_is_told(own_settings: Settings):
    with pytest.raises(NothingTrained, match="make demo"):
        Lab(own_settings)
