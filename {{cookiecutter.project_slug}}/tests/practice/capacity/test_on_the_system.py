"""Both tasks on the built system, the real service among it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsystem.metrics.serving import STAGES
from mlsystem.practice import prices
from mlsystem.practice.capacity import capacity, experiment, load_check, service_times
from mlsystem.practice.capacity import capacity_plan as plan
from mlsystem.practice.capacity.experiment_log import MONEY
from mlsystem.practice.capacity.own_service import own_service, own_settings
from mlsystem.practice.capacity.stage_costs import NotMeasured
from mlsystem.settings import Settings

pytestmark = pytest.mark.slow  # a service, and 10,000 tests
LOAD = plan.Load(1e6, 10_000, p99_ms=500.0)  # on a busy machine too some load keeps it


@pytest.fixture
def built(system, tmp_path: Path) -> Settings:
    """The built system, with a folder of its own for what is written."""
    shutil.copy(system.settings.reports_dir / "run.json", tmp_path)
    return system.settings.model_copy(update={"reports_dir": tmp_path})


def test_capacity_measures_each_stage_and_plans_again_without_measuring(built: Settings):
    found = capacity.run(built, LOAD, prices.read(), does_check=False, again=False)
    again = capacity.run(built, plan.Load(2e6, 20_000, 500.0), prices.read(), does_check=False, again=True)

    one, hundred = (found["measured"]["requests"][size] for size in ("1", "100"))
    assert set(one["stages_ms"]) == set(STAGES)
    assert 0 < one["stages_ms"]["predict"] < one["ms"]
    assert hundred["cpu_ms"] < 100 * one["cpu_ms"], "a request of many is cheaper for each"
    assert again["measured"] == found["measured"]
    values = [
        {line["name"]: line["value"] for part in run["sheet"] for line in part["lines"]} for run in (found, again)
    ]
    assert values[1]["at_least"] == pytest.approx(2 * values[0]["at_least"], rel=0.01)
    assert (built.reports_dir / "capacity.html").read_text(encoding="utf-8").count("<tr") > 50


def test_without_a_demo_capacity_says_what_comes_first(built: Settings):
    (built.reports_dir / "run.json").unlink()

    with pytest.raises(NotMeasured, match="make demo"):
        capacity.run(built, LOAD, prices.read(), does_check=False, again=False)
    with pytest.raises(capacity.NothingMeasured, match="make capacity"):
        capacity.run(built, LOAD, prices.read(), does_check=False, again=True)


def test_the_check_drives_the_service_at_its_loads_and_says_what_else_ran(
    built: Settings, measured: Callable[..., None]
):
    """Whether it is within its limit is not asked here: a test does not fail for a busy machine."""
    with own_settings(built) as own, own_service(own) as service:
        _, found = load_check.check(service, seed=1, most_pending=24, turns=1, seconds=4)
        times = service_times.measure(service, seed=1)

    assert [one["load"] for one in found["loads"]] == list(load_check.LOADS)
    assert all(one["questions"] > 50 and one["measured_ms"] > 0 for one in found["loads"])
    assert found["saturation"]["measured"] > 20
    assert times.cpu < times.back_to_back.mean() * 1.2
    assert times.reading < 0.6, "what is read first is a part, and features and model are none of it"
    measured("capacity check", others=found["others_cores"], **{f"at_{o['load']}": o["error"] for o in found["loads"]})


def test_the_experiment_keeps_its_level_and_its_power_on_the_test_days(built: Settings):
    found = experiment.run(built, experiment.Asked(13, 0.5, 100.0))

    money = found["measures"][MONEY]
    assert 0.03 < money["null"]["share"] < 0.07
    assert money["seen"] is None or money["seen"]["share"] > 0.7
    assert money["by_question"] > money["null"]["share"]
    assert found["units"][0]["name"] == "question"
    assert (built.reports_dir / "experiment.html").exists()


def test_an_experiment_with_too_few_units_is_refused_with_the_next_step(built: Settings):
    with pytest.raises(experiment.TooSmall, match="--weeks or --share"):
        experiment.run(built, experiment.Asked(1, 0.05, 100.0))
