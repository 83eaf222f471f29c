"""Two days of a small airport system as they were delivered: late, corrected and doubled facts, made by hypothesis."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
from hypothesis import strategies as st

from plain import DAY, HOUR, Fact, Observation, Scheduled, as_instant, minute

START = minute(datetime.fromisoformat("2013-05-01T00:00:00+00:00"))
SERVICE_DATE = as_instant(START).date()
SEATS = {("N1", SERVICE_DATE): 180}
INSTANT, COUNT = pa.timestamp("us", tz="UTC"), pa.int32()
IDENTITY = {"carrier": pa.string(), "origin": pa.string(), "destination": pa.string(), "tail_number": pa.string()}
FACT = {"event_id": pa.string(), "flight_id": pa.string()} | IDENTITY | {"scheduled_departure_at": INSTANT}
OBSERVED = (
    *("temperature_fahrenheit", "dew_point_fahrenheit", "wind_direction_degrees", "wind_speed_mph"),
    *("precipitation_inches", "pressure_millibar", "visibility_miles"),
)


@dataclass(frozen=True)
class Log:
    """What was delivered, in the order of delivery, and the minute at which features are asked for."""

    timetable: list[Scheduled]
    departures: list[Fact]
    arrivals: list[Fact]
    weather: list[Observation]
    now: int

    def where(self, keep: Callable) -> "Log":
        lists = (self.timetable, self.departures, self.arrivals, self.weather)
        return Log(*([row for row in rows if keep(row)] for rows in lists), self.now)

    def shuffled(self, seed: int) -> "Log":
        lists = (self.timetable, self.departures, self.arrivals, self.weather)
        return Log(*(random.Random(seed).sample(rows, len(rows)) for rows in lists), self.now)


def versions(happened: st.SearchStrategy) -> st.SearchStrategy:
    """Deliveries of one event as (delay, lateness): on time, late, too late, corrected, doubled."""
    delivery = st.tuples(happened, st.sampled_from([0, 0, 0, 10, 45, 200, DAY, DAY + 5]))
    return st.lists(delivery, max_size=3)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Two days of a small airport system: coincidences are many, because moments are few."""
    timetable, departures, arrivals, weather = [], [], [], []
    for number in range(draw(st.integers(1, 7))):
        scheduled = START + draw(st.integers(0, 96)) * 15
        identity = [draw(st.sampled_from(values)) for values in (["AA", "UA"], ["JFK", "EWR"], ["BOS", "LAX"])]
        tail = draw(st.sampled_from(["N1", "N2", None]))
        known = scheduled - draw(st.sampled_from([DAY, -20]))
        day = draw(st.sampled_from([SERVICE_DATE, SERVICE_DATE + timedelta(days=1)]))  # whose registry never comes
        timetable.append(Scheduled(f"f{number}", known, identity[1], scheduled, scheduled + 300, day))
        for facts, base in ((departures, scheduled), (arrivals, scheduled + draw(st.sampled_from([60, 300])))):
            news = {}
            for delay, lateness in draw(versions(st.sampled_from([-10, 0, 14, 15, 40, 200]))):
                known = base + delay + lateness
                row = (known, base + delay, delay, *identity, tail, scheduled, SERVICE_DATE)
                news.setdefault(known, Fact(f"f{number}/{facts is arrivals}", f"f{number}", *row))
            facts += [fact for fact in news.values() for _ in range(draw(st.integers(1, 2)))]
    for hour in range(draw(st.integers(0, 6))):
        observed = START + hour * HOUR * 3
        origin = draw(st.sampled_from(["JFK", "EWR"]))
        known = {}
        for wind, lateness in draw(versions(st.sampled_from([0.0, 7.5, 30.0]))):
            known.setdefault(
                lateness, Observation(f"w{hour}", observed + HOUR + lateness, observed, origin, (wind,) * 7)
            )
        weather += known.values()
    facts = [*departures, *arrivals]
    moments = [row.scheduled for row in timetable] + [fact.known for fact in facts] + [fact.happened for fact in facts]
    now = draw(st.sampled_from(moments)) + draw(st.sampled_from([0, 0, 5, 15, 30, 60, 175, 180, DAY - 5, DAY]))
    return Log(timetable, departures, arrivals, weather, now)


def tables(log: Log) -> dict[str, pa.Table]:
    """The log as the validated tables that the SQL reads."""

    def facts(rows: list[Fact], what: str, happened: str) -> pa.Table:
        names = {
            **FACT,
            happened: INSTANT,
            f"{what}_delay_minutes": COUNT,
            "known_at": INSTANT,
            "service_date": pa.date32(),
        }
        values = [
            (*f[:2], *f[5:9], as_instant(f.scheduled), as_instant(f.happened), f.delay, as_instant(f.known), f.day)
            for f in rows
        ]
        return table(values, names)

    timetable = [
        (
            row.flight_id,
            row.origin,
            *(as_instant(moment) for moment in (row.scheduled, row.arrives, row.known)),
            row.day,
        )
        for row in log.timetable
    ]
    weather = [
        (row.event_id, row.origin, as_instant(row.observed), *row.values, as_instant(row.known)) for row in log.weather
    ]
    return {
        "flights": table(
            timetable,
            FACT | {"scheduled_arrival_at": INSTANT, "known_at": INSTANT, "service_date": pa.date32()},
            "flight_id origin scheduled_departure_at scheduled_arrival_at known_at service_date",
        ),
        "departures": facts(log.departures, "departure", "departed_at"),
        "arrivals": facts(log.arrivals, "arrival", "arrived_at"),
        "weather": table(
            weather,
            {"event_id": pa.string(), "origin": pa.string(), "observed_at": INSTANT}
            | dict.fromkeys(OBSERVED, pa.float64())
            | {"known_at": INSTANT},
        ),
        "aircraft": table(
            [
                (tail, day, seats, as_instant(START + 4 * HOUR)) for (tail, day), seats in SEATS.items()
            ],  # midnight there
            {"tail_number": pa.string(), "service_date": pa.date32(), "seats": COUNT, "known_at": INSTANT},
        ),
    }


def table(rows: list[tuple], types: dict[str, pa.DataType], only: str = "") -> pa.Table:
    names = only.split() or list(types)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, types[name]) for name, column in zip(names, columns, strict=True)})
