"""The plan: each line can be done again on paper, and each input is declared with its source."""

from pathlib import Path

import pytest
from capacity_measurements import measured
from capacity_paper import wrong

from mlsystem.practice import prices
from mlsystem.practice.capacity import bottlenecks
from mlsystem.practice.capacity import capacity_plan as plan
from mlsystem.settings import Settings

CURVE = [{"load": load, "p50_ms": p99 / 4, "p99_ms": p99, "refused": 0.0} for load, p99 in ((0.5, 8.0), (0.8, 20.0))]


def planned(questions: float = 1e6, rps: float | None = None, p99_ms: float = 25.0) -> plan.Sheet:
    return plan.plan(measured(), CURVE, plan.Load(questions, rps, p99_ms), prices.read())


@pytest.mark.parametrize(("questions", "rps"), [(1e6, None), (1e6, 10_000.0), (500.0, 0.2), (3e9, 123_456.0)])
def test_every_line_of_the_plan_can_be_done_again_on_paper(questions: float, rps: float | None):
    sheet = planned(questions, rps)

    assert len(sheet.lines) > 50
    assert wrong(list(sheet.lines.values())) == []


def test_the_peak_follows_from_the_day_unless_it_is_said():
    assert planned(1e6)["rps"] == pytest.approx(20 / 60 * 1_000, rel=1e-3)
    assert planned(1e6, 10_000)["rps"] == 10_000


def test_cores_bear_the_peak_at_the_share_that_keeps_the_p99_with_one_zone_lost():
    sheet = planned(rps=10_000)

    assert sheet["busy"] == 0.8
    assert sheet["needed"] == 25  # 10,000 × 2 ms ÷ .8
    assert sheet["cores"] == 38  # and three zones, of which two are enough


def test_a_stricter_p99_needs_more_cores_and_an_impossible_one_is_refused_with_the_next_step():
    assert planned(rps=10_000, p99_ms=10)["cores"] > planned(rps=10_000)["cores"]

    with pytest.raises(plan.NoSuchPlan, match=r"p99 within 1 ms.*--p99-ms"):
        planned(p99_ms=1)


def test_the_bottlenecks_are_ordered_and_told_at_each_scale(own_settings: Settings):
    own_settings.data_dir.mkdir(parents=True)

    found = bottlenecks.resources(planned(), measured(), own_settings, prices.read())

    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert "nothing gives way" in bottlenecks.told(found, 1)
    first = found[0]
    assert bottlenecks.told(found, 10_000).startswith(f"{first.name} first, at {first.gives_way_at:,.0f}×")


def test_every_price_and_every_assumption_names_its_source():
    listed = prices.read()

    assert all(len(one.source) > 10 for one in (*listed.price.values(), *listed.assumed.values()))


def test_a_changed_price_changes_the_money_and_nothing_else(tmp_path: Path):
    changed = tmp_path / "mine.toml"
    changed.write_text(prices.DEFAULT.read_text(encoding="utf-8").replace("0.04048", "0.08096"), encoding="utf-8")

    dearer = plan.plan(measured(), CURVE, plan.Load(1e6, 10_000), prices.read(changed))

    assert dearer["serving_money"] == pytest.approx(2 * planned(rps=10_000)["serving_money"], rel=1e-3)
    assert dearer["cores"] == planned(rps=10_000)["cores"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[price.core_hour]", "[price.core_hours]", "price.core_hour"),
        ("value = 0.04048", "value = -1", "greater than 0"),
        ('currency = "USD"', "currency = ", "cannot be read"),
        ("value = 0.04048", "amount = 0.04048", "value"),
    ],
)
def test_a_mistake_in_the_prices_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str):
    path = tmp_path / "mine.toml"
    path.write_text(prices.DEFAULT.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(prices.UnusablePrices, match=told):
        prices.read(path)
