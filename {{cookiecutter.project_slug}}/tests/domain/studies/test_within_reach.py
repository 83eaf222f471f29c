"""The features within reach (`within_reach.py`): they know no future, and the page says what was found."""

import copy
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

from mlsystem.settings import ROOT
from mlsystem.training import boosting, feature_dropout
from mlsystem.training.bootstrap_intervals import Interval
from mlsystem.training.split import Rows

OWN = ("within_reach", "reach_features", "reach_costs")
NOON = datetime(2013, 7, 10, 16, tzinfo=UTC)  # when the question is asked; it leaves two hours later
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
ASKED = "2013-07-10/B6581/JFK"


@pytest.fixture(scope="module")
def reach() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tests/domain/studies"))
        import within_reach

        yield within_reach
        for name in OWN:
            sys.modules.pop(name, None)


def flight(number: int, leaves: datetime, origin: str = "JFK", known: datetime | None = None) -> dict:
    return {
        "flight_id": f"{leaves.date()}/B6{number}/{origin}",
        "service_date": leaves.date(),
        "carrier": "B6",
        "flight_number": number,
        "origin": origin,
        "destination": "HOU",
        "tail_number": "N298JB",
        "scheduled_departure_at": leaves,
        "known_at": known or leaves - DAY,
    }


def event(of: dict, what: str, delay: int, known: datetime | None = None, happened: datetime | None = None) -> dict:
    """A departure or an arrival, which happened when it became known, unless it is said."""
    happened = happened or known
    named = {"departed": ("departed_at", "departure_delay_minutes"), "arrived": ("arrived_at", "arrival_delay_minutes")}
    instant, minutes = named[what]
    kept = {name: of[name] for name in of if name not in ("flight_number", "known_at")}
    return kept | {"event_id": f"{of['flight_id']}/{what}", instant: happened, minutes: delay, "known_at": known}


def known_world() -> dict[str, list[dict]]:
    """What was known at noon: two flights of the timetable, one departure elsewhere, one arrival of the number."""
    asked, yesterday, elsewhere = flight(581, NOON + 2 * HOUR), flight(581, NOON - DAY), flight(7, NOON - HOUR, "LGA")
    return {
        "flights": [asked, yesterday, elsewhere, flight(2, NOON + 2 * HOUR + 30 * MINUTE)],
        "departures": [event(elsewhere, "departed", 20, NOON - 30 * MINUTE)],
        "arrivals": [event(yesterday, "arrived", 40, NOON - 20 * HOUR)],
    }


def values(reach: ModuleType, world: dict[str, list[dict]]) -> dict[str, float | None]:
    facts = {name: pa.Table.from_pylist(rows) for name, rows in world.items()}
    questions = pa.table({"question_id": [ASKED], "event_timestamp": pa.array([NOON], pa.timestamp("us", tz="UTC"))})
    computed = sys.modules["reach_features"].computed
    rows = [computed(group, facts, questions).to_pylist()[0] for group in reach.GROUPS]
    return {name: value for row in rows for name, value in row.items() if name not in ("question_id", "service_date")}


def test_each_feature_is_what_the_known_facts_say(reach: ModuleType):
    found = values(reach, known_world())

    assert found == {
        "departures_around_1h": 2.0,
        "departures_before_3h": 1.0,
        "others_departure_delay_mean_1h": 20.0,
        "others_late_share_1h": 1.0,
        "others_departure_delay_mean_3h": 20.0,
        "others_late_share_3h": 1.0,
        "number_delay_mean": 40.0,
        "number_late_share": 1.0,
        "number_delay_last": 40.0,
    }


def test_no_feature_knows_what_became_known_after_the_question(reach: ModuleType):
    """Facts that had happened by noon, or were due, and that nobody had been told of: late, or corrected later."""
    world, later = known_world(), NOON + MINUTE
    before = values(reach, world)
    last_week, landed = flight(581, NOON - 7 * DAY), world["flights"][1]

    world["flights"].append(flight(3, NOON + 2 * HOUR, known=later))
    world["departures"].append(event(flight(8, NOON - HOUR, "EWR"), "departed", 300, later, NOON - 10 * MINUTE))
    world["arrivals"].append(event(last_week, "arrived", 300, later, NOON - HOUR))
    world["arrivals"].append(event(landed, "arrived", 300, later, NOON - 20 * HOUR))

    assert values(reach, world) == before


def test_the_same_facts_known_a_minute_before_the_question_count(reach: ModuleType):
    world, earlier = known_world(), NOON - MINUTE
    before = values(reach, world)
    landed = world["flights"][1]

    world["flights"].append(flight(3, NOON + 2 * HOUR, known=earlier))
    world["departures"].append(event(flight(8, NOON - HOUR, "EWR"), "departed", -5, earlier, NOON - 10 * MINUTE))
    world["arrivals"].append(event(landed, "arrived", 0, earlier, NOON - 20 * HOUR))
    after = values(reach, world)

    assert [name for name in before if after[name] == before[name]] == []
    assert after["number_delay_mean"] == 0.0, "a correction takes the place of what it corrects"


def test_a_model_with_more_columns_leaves_the_projects_own_as_they_were(reach: ModuleType, monkeypatch):
    columns, struck, seen = boosting.PROBLEM.model_columns, copy.deepcopy(feature_dropout.DROPOUTS), {}
    dates = np.datetime64("2013-01-01") + np.arange(365)
    rows = Rows(np.zeros((365, len(columns))), np.arange(365) % 2 == 0, dates)

    def refused(_name: str, train: Rows, *_: object) -> None:
        seen.update(
            shape=train.matrix.shape[1],
            named=boosting.PROBLEM.model_columns[-1],
            gone=feature_dropout.DROPOUTS["table arrivals"],
        )
        raise KeyboardInterrupt

    monkeypatch.setattr(reach, "fit", refused)
    with pytest.raises(KeyboardInterrupt):
        reach.scores(rows, reach.pd.DataFrame({"more": np.ones(365)}), ["arrivals"], reach.Settings())

    assert (seen["shape"], seen["named"], seen["gone"][-1]) == (len(columns) + 1, "more", len(columns))
    assert columns == boosting.PROBLEM.model_columns
    assert struck == feature_dropout.DROPOUTS


def test_what_is_saved_is_counted_on_the_same_flights(reach: ModuleType):
    dates = np.repeat(np.datetime64("2013-10-01") + np.arange(28), 4)
    late = np.tile([True, False, False, False], 28)
    never, right, unknown = (reach.spent(told, late) for told in (np.zeros(112), late * 1.0, np.full(112, np.nan)))

    by_days, by_weeks = reach.saved(never, right, dates)
    partly, _ = reach.saved(never, np.where(np.arange(112) < 56, right, unknown), dates)

    assert (by_days.value, by_weeks.value, partly.value) == (8_750.0,) * 3  # 35 USD for each fourth flight


def test_the_random_columns_are_as_many_as_the_largest_group_and_no_table_takes_them_away(reach: ModuleType):
    found = {group.name: reach.pd.DataFrame(np.zeros((5, len(group.columns)))) for group in reach.GROUPS}

    sets = reach.column_sets(found, 5)

    assert {name: (more.shape[1], len(tables)) for name, (more, tables) in sets.items()} == {
        "today's": (0, 0),
        **{"density": (2, 2), "area": (4, 4), "number": (2, 2), "last": (1, 1)},
        **{"of facts at hand": (7, 7), "all of them": (9, 9)},
        **{f"random numbers, {n}": (4, 4) for n in range(1, 6)},
    }
    assert set(sets["random numbers, 1"][1]) == {""}
    assert not sets["random numbers, 1"][0].equals(sets["random numbers, 2"][0])


def test_the_page_calls_shown_what_lies_above_zero_by_every_measure(reach: ModuleType):
    def judged(name: str, *lows: float) -> object:
        return reach.Judged(name, 0.75, 9_000, *(Interval(60, low, 90) for low in lows))

    found = [
        judged("today's", 0, 0, 0, 0),
        judged("good", 20, 10, 5, 1),
        *(judged(f"doubtful {n}", *np.where(np.arange(4) == n, -1, 5)) for n in range(4)),
        judged("random numbers, 1", -10, -10, -10, -10),
    ]
    carried = [reach.Carried("today's views", 9, 10, 1.0, 100.0, 4, 9), reach.Carried("good", 1, 10, 1.0, 150.0, 33, 9)]

    page = reach.tables(found, carried)

    assert (
        "above zero: good. Not shown, an interval holds zero: doubtful 0, doubtful 1, doubtful 2, doubtful 3." in page
    )
    assert "good needs 1.5 times as many facts again" in page
