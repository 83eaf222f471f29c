"""The command line, as a person uses it: each test is one or more real processes."""

import ipaddress
import json
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import httpx
import psutil
import pyarrow as pa
import pytest

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store import open_store
from mlsystem.flows.demo import held_out_day
from mlsystem.model_registry import registry, tracking
from mlsystem.monitoring.checks import stopped_days
from mlsystem.settings import ROOT, Settings, child_environment
from mlsystem.source.deliver import deliver
from mlsystem.validation.validate import validate
from questions import CHOSEN, DAY, reach_of_source
from serving_probe import free_port, metric, own_copy
from up_probe import cut_delivery, processes_of

ONE_DAY = timedelta(days=1)
DAYS = [DAY + n * ONE_DAY for n in range(3)]


def mlsystem(settings: Settings, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mlsystem", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True, check=False, timeout=300
    )


def test_a_range_of_days_is_ingested_and_what_is_there_is_left_as_it_is(own_settings: Settings):
    first, *there = DAYS
    deliver(there, own_settings.source_dir)
    break_first_row(own_settings, there[0])
    validate(there[1:], own_settings.source_dir, own_settings.validated_dir)
    written = contents(own_settings)

    told = mlsystem(own_settings, "ingest", "--from", str(first), "--to", str(there[-1]))

    quarantine = [storage.Partitions(folder) for folder in (own_settings.validated_dir / "quarantine").iterdir()]
    bad = {day: sum(one.rows(day) for one in quarantine if one.path(day).exists()) for day in DAYS}
    assert (told.returncode, told.stderr) == (0, "")
    assert "'days': 2" in told.stdout
    assert bad[there[0]] >= 1
    assert f"'quarantined': {bad[first] + bad[there[0]]}," in told.stdout
    assert contents(own_settings).items() > written.items()


def break_first_row(settings: Settings, day: date) -> None:
    """What was delivered has a choice in its first row that there is none of."""
    delivered = storage.Partitions(settings.source_dir / PROBLEM.asked_of)
    rows = delivered.read([day])
    values = pa.array(["nowhere", *rows[CHOSEN.name].to_pylist()[1:]], rows.schema.field(CHOSEN.name).type)
    rows = rows.set_column(rows.column_names.index(CHOSEN.name), rows.schema.field(CHOSEN.name), values)
    delivered.write(day, rows, delivered.fingerprint(day) or "")


def test_a_training_on_the_same_data_fits_nothing_and_says_who_is_champion(system, tmp_path: Path):
    settings = own_copy(system.settings, tmp_path / "data")
    settings.models_dir.unlink()
    shutil.copytree(system.settings.models_dir, settings.models_dir)
    settings.training_sets_dir.symlink_to(system.settings.training_sets_dir)
    open_store(settings.features_dir, settings.online_dir)
    uri = tracking.tracking_uri(settings.models_dir)
    champion = registry.aliases(settings.models_dir)[registry.CHAMPION]
    twin = registry.register(uri, tracking.client(uri).get_model_version(registry.REGISTERED_MODEL, champion).run_id)

    told = mlsystem(settings, "train")

    assert (told.returncode, told.stderr) == (0, "")
    assert f"version {twin} was trained on the same data, by the same code: nothing to fit" in told.stdout
    assert f"champion: version {champion}\n" in told.stdout
    assert f"version {twin}, of this training, is not the champion" in told.stdout
    assert registry.aliases(settings.models_dir)[registry.CHAMPION] == champion


def contents(settings: Settings) -> dict[str, str]:
    paths = sorted(settings.data_dir.rglob("*.parquet"))
    return {str(path.relative_to(settings.data_dir)): storage.digest(path.read_bytes()) for path in paths}


def test_a_day_that_was_stopped_is_no_success_and_the_others_go_on(own_settings: Settings):
    days = DAYS[:2]
    deliver(days, own_settings.source_dir)
    reasons = cut_delivery(own_settings, days[0])

    told = mlsystem(own_settings, "ingest", "--from", str(days[0]), "--to", str(days[1]))

    assert told.returncode == 1
    assert any(f"1 of 2 days stopped, such as {days[0]} ({reason}" in told.stderr for reason in reasons)
    assert "Traceback" not in told.stderr
    assert storage.Partitions(own_settings.validated_dir / PROBLEM.asked_of).days() == days[1:]
    assert stopped_days(own_settings.validated_dir, days[1]) == days[:1]


@pytest.mark.parametrize(("end", "days"), [("first", -1), ("last", 1), ("last", 4_000)])
def test_a_day_that_the_source_does_not_reach_to_is_told_in_a_sentence(own_settings: Settings, end: str, days: int):
    first, last = reach_of_source()
    day = {"first": first, "last": last}[end] + days * ONE_DAY

    told = mlsystem(own_settings, "ingest", "--from", str(day), "--to", str(day))

    assert told.returncode == 1
    assert f"the source has no {day}: its days go from {first} to {last}" in told.stderr
    assert "Traceback" not in told.stderr
    assert list(own_settings.source_dir.rglob("*.parquet")) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report",), "run `make demo` first"),
        (("monitor",), "no model is champion"),
        (("ingest", "--from", "yesterday"), "invalid"),
        (("ingest", "--from", str(DAYS[1]), "--to", str(DAYS[0])), "ends before it begins"),
        (("invent",), "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(own_settings: Settings, arguments, sentence):
    told = mlsystem(own_settings, *arguments)

    assert told.returncode != 0
    assert sentence in told.stderr
    assert "Traceback" not in told.stderr


def test_arguments_for_pytest_reach_it_and_no_other_task_takes_them(own_settings: Settings):
    collected = mlsystem(own_settings, "test", "--collect-only", "-n0", "tests/test_settings.py")
    refused = mlsystem(own_settings, "report", "--collect-only")

    assert "test_a_setting_that_does_not_exist_is_refused" in collected.stdout
    assert "unrecognized arguments: --collect-only" in refused.stderr


def test_without_a_task_the_tasks_are_listed(own_settings: Settings):
    told = mlsystem(own_settings, "--help")

    assert {"demo", "train", "replay", "up"} <= set(told.stdout.split())


@pytest.mark.slowest
def test_replay_and_smoke_ask_the_service_that_is_up_and_none_leaves_a_temporary_file(
    system, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    day = (
        DAY if held_out_day(system.settings) != DAY else DAY + ONE_DAY
    )  # not the demo's own: the store is for this one
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    ports = {f"{name}_port": free_port() for name in ("serving", "consumer", "mlflow", "prefect", "prometheus")}
    settings = own_copy(system.settings, tmp_path / "data").model_copy(update=ports | {"serving_host": "0.0.0.0"})
    open_store(settings.features_dir, settings.online_dir)
    up = mlsystem(settings, "up")
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        heard = {one.laddr for process in processes_of(settings) for one in process.net_connections("tcp")
                 if one.status == psutil.CONN_LISTEN}  # fmt: skip
        replayed = mlsystem(settings, "replay", "--day", str(day), "--minutes", "30")
        smoke = mlsystem(settings, "smoke")
        text = httpx.get(f"http://127.0.0.1:{settings.serving_port}/metrics", timeout=60).text
    finally:
        mlsystem(settings, "down")
    looked = mlsystem(settings, "monitor")

    for done in (replayed, smoke, looked):
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert "starting the service" not in done.stdout
    asked = storage.Partitions(settings.validated_dir / PROBLEM.asked_of).rows(day)
    assert metric(text, "predictions_total") == asked + 1
    assert "'degraded': False" in smoke.stdout
    assert smoke.stdout.count("curl -s http://") == 1
    assert json.loads((settings.reports_dir / "monitoring.json").read_text())["quality"]["predictions"] == asked
    assert list(temporary.iterdir()) == []
    assert {at.port for at in heard if not ipaddress.ip_address(at.ip).is_loopback} == {settings.serving_port}
    assert [line.partition("] ")[2].strip() for line in up.stdout.splitlines() if "WARNING" in line] == [
        "WARNING: 0.0.0.0 is open to other machines, and service asks nobody who he is"
    ]
