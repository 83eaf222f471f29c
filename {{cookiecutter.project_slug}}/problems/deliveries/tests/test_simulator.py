"""The simulated year: the same bytes for a seed, true probabilities that labels agree with, and a change on its day."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from mlsystem.domain.simulator import CHANGED_ON, CLOSED, CUT_OFF, LATE_MINUTES, ZONE, probabilities, simulate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("year")


@pytest.fixture(scope="module")
def orders(folder: Path) -> list[dict[str, str]]:
    with simulate(folder, 7)["raw_orders"].open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def delivered(orders: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], bool]]:
    """Each order that reached its customer, and whether it was late."""
    for order in orders:
        if order["handed_over_at"]:
            seconds = (at(order["handed_over_at"]) - at(order["promised_at"])).total_seconds()
            yield order, seconds >= 60 * LATE_MINUTES


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_seed_makes_the_same_bytes_and_another_seed_others(folder: Path, orders, tmp_path: Path):
    again, other = simulate(tmp_path, 7), simulate(tmp_path, 8)

    assert again["raw_orders"].read_bytes() == simulate(folder, 7)["raw_orders"].read_bytes()
    assert again["raw_orders"].read_bytes() != other["raw_orders"].read_bytes()
    assert len(list(tmp_path.iterdir())) == 6, "one year does not replace another's"


def test_every_order_has_a_true_probability_and_labels_agree_with_it_in_each_tenth(folder: Path, orders):
    truth = probabilities(folder, 7)
    found = [(truth[order["order_id"]], late) for order, late in delivered(orders)]
    known, late = np.array([p for p, _ in found]), np.array([is_late for _, is_late in found])

    assert set(truth) == {order["order_id"] for order in orders}
    for part in np.array_split(np.argsort(known), 10):
        spread = np.sqrt((known[part] * (1 - known[part])).sum()) / len(part)
        assert abs(late[part].mean() - known[part].mean()) < 4 * spread + 1e-4
    assert abs(late.mean() - known.mean()) < 4 * np.sqrt((known * (1 - known)).sum()) / len(known)


def test_the_usual_share_is_as_declared_and_the_bridge_changes_one_district(orders):
    def share(keep) -> float:  # type: ignore[no-untyped-def]
        return float(np.mean([late for order, late in delivered(orders) if keep(order)]))

    before, after = (lambda o: day_of(o) < CHANGED_ON), (lambda o: day_of(o) >= CHANGED_ON)
    assert 0.02 < share(before) < 0.045
    cut, others = (lambda o: o["district"] == CUT_OFF), (lambda o: o["district"] != CUT_OFF)
    assert share(lambda o: after(o) and cut(o)) > 3 * share(lambda o: before(o) and cut(o))
    assert share(lambda o: after(o) and others(o)) < 1.3 * share(lambda o: before(o) and others(o))


def test_a_closed_day_has_no_order_and_seconds_are_not_all_even_minutes(orders):
    days = {day_of(order) for order in orders}

    assert days.isdisjoint(CLOSED)
    assert len(days) == 366 - len(CLOSED)
    assert len({order["ordered_at"][-3:] for order in orders}) == 60


def test_more_are_cancelled_of_those_that_would_come_late(folder: Path, orders):
    truth = probabilities(folder, 7)
    likely = [not order["handed_over_at"] for order in orders if truth[order["order_id"]] > 0.2]
    unlikely = [not order["handed_over_at"] for order in orders if truth[order["order_id"]] < 0.02]

    assert np.mean(likely) > 1.5 * np.mean(unlikely)


def day_of(order: dict[str, str]) -> date:
    return at(order["ordered_at"]).astimezone(ZONE).date()
