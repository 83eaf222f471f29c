"""What the task `year` looks at before it works, and the days that it lives through when nobody says which."""

import os
import shutil
import socket
from datetime import date
from pathlib import Path

import pytest

from damaged_files import of_revision
from mlsystem import databases
from mlsystem.settings import Settings
from mlsystem.simulation.lane import STATE, check, default_days
from serving_probe import free_port, own_copy
from up_probe import mlsystem


@pytest.mark.parametrize(
    ("first", "last", "lived_from"),
    [
        ("2031-01-01", "2031-12-31", "2031-03-01"),
        ("2031-01-02", "2031-12-31", "2031-04-01"),
        ("2031-11-15", "2032-03-31", "2032-02-01"),
        ("2031-01-01", "2031-02-10", "2031-02-10"),
    ],
)
def test_two_whole_months_come_before_the_first_champion_if_there_are_so_many(first: str, last: str, lived_from: str):
    settings = Settings(first_day=date.fromisoformat(first), last_day=date.fromisoformat(last))

    assert default_days(settings) == (date.fromisoformat(lived_from), date.fromisoformat(last))


def test_a_port_in_use_is_told_at_the_start_with_who_has_it(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    settings = own_copy(system.settings, tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        told = mlsystem(settings.model_copy(update={"serving_port": port}), "year")

    assert told.returncode == 1
    assert f"port {port}, for service, is in use by process {os.getpid()}" in told.stderr
    assert not (settings.data_dir / STATE).exists()


def test_a_year_that_was_stopped_looks_at_its_own_registry(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    settings = own_copy(system.settings, tmp_path / "data").model_copy(update={"serving_port": free_port()})
    shutil.copytree(settings.models_dir, settings.data_dir / STATE / "5_models")
    check(settings)
    of_revision("ffffffffffff")(settings.data_dir / STATE / "5_models/mlflow.db")

    with pytest.raises(databases.OtherVersion, match="ffffffffffff"):
        check(settings)
