"""What every stored feature means, in plain Python over lists of facts: the independent second opinion.

No SQL and nothing of `mlsystem` is used. Instants are whole minutes since the epoch, UTC.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOUR, DAY = 60, 1_440
NEW_YORK = ZoneInfo("America/New_York")
REFRESH = {"origin": 15, "carrier_origin": 30, "destination": 60, "sources": 15}
TTL = {
    "weather": 3 * HOUR,
    "origin": HOUR,
    "carrier_origin": 2 * HOUR,
    "destination": 3 * HOUR,
    "aircraft": 72 * HOUR,
    "sources": HOUR,
}
WEATHER = "temperature dew_point wind_direction wind_speed precipitation pressure visibility"


class Fact(NamedTuple):
    """One version of a departure or an arrival, as delivered."""

    event_id: str
    flight_id: str
    known: int
    happened: int
    delay: int
    carrier: str
    origin: str
    destination: str
    tail: str | None
    scheduled: int
    day: date


class Scheduled(NamedTuple):
    """One flight of the timetable."""

    flight_id: str
    known: int
    origin: str
    scheduled: int
    arrives: int
    day: date


class Observation(NamedTuple):
    """One version of an hour's weather; `values` in the order of WEATHER."""

    event_id: str
    known: int
    observed: int
    origin: str
    values: tuple[float | None, ...]


class World:
    """Everything that was ever delivered. Ask it what was known at a minute."""

    def __init__(
        self,
        timetable: Iterable[Scheduled],
        departures: Iterable[Fact],
        arrivals: Iterable[Fact],
        weather: Iterable[Observation],
        seats: dict[tuple[str | None, date], int | None],
    ) -> None:
        timetable, departures, arrivals, weather = (list(rows) for rows in (timetable, departures, arrivals, weather))
        self.timetable = _index(timetable, lambda row: row.origin)
        self.departures_of_flight = _index(departures, lambda fact: fact.flight_id)
        self.origins = _index(departures, lambda fact: fact.origin)
        self.carriers = _index(departures, lambda fact: (fact.carrier, fact.origin))
        self.destinations = _index(departures, lambda fact: fact.destination)
        self.landings = _index(arrivals, lambda fact: fact.destination)
        self.legs = _index(departures, lambda fact: fact.tail), _index(arrivals, lambda fact: fact.tail)
        self.weather = _index(weather, lambda row: row.origin)
        self.seats = seats
        self.heard, self.due = _sources(timetable, departures, arrivals, weather, seats)

    def stored(self, origin: str, carrier: str, destination: str, tail: str | None, now: int) -> dict:
        """Every stored feature of such a flight as known at minute `now`; None where it is missing."""
        features: dict = {f"weather_{name}": None for name in WEATHER.split()}
        features |= self._weather(origin, now)
        features |= self._latest("origin", lambda tick: self._origin(origin, tick), now)
        features |= self._latest("carrier_origin", lambda tick: self._carrier(carrier, origin, tick), now)
        features |= self._latest("destination", lambda tick: self._destination(destination, tick), now)
        features |= self._latest("sources", lambda tick: (True, self._overdue(tick)), now)
        return features | self._aircraft(tail, now)

    def _overdue(self, tick: int) -> dict:
        """By source table, the facts that came due after the last one that was known by then; 100 is the most."""
        row = {}
        for table, known in self.heard.items():
            last = bisect_right(known, tick)
            if last and tick - known[last - 1] <= 2 * DAY:
                came_due = bisect_right(self.due[table], tick) - bisect_right(self.due[table], known[last - 1])
                row[f"overdue_{table}"] = min(came_due, 100)
            else:
                row[f"overdue_{table}"] = 100
        return row

    @staticmethod
    def _latest(view: str, row_at, now: int) -> dict:
        """The row of the newest tick that has one and is not too old."""
        tick = now - now % REFRESH[view]
        while now - tick <= TTL[view]:
            is_there, row = row_at(tick)
            if is_there:
                return row
            tick -= REFRESH[view]
        return dict.fromkeys(row)

    def _origin(self, origin: str, tick: int) -> tuple[bool, dict]:
        facts = _alive(self.origins[origin], tick)
        row: dict = {"origin_backlog": self._backlog(origin, tick)}
        for hours in (1, 3, 24):
            mean, share, count = _window(facts, tick, hours)
            row |= {f"origin_departure_delay_mean_{hours}h": mean, f"origin_late_share_{hours}h": share}
            row[f"origin_departures_{hours}h"] = count
        return row["origin_departures_24h"] > 0, row

    def _carrier(self, carrier: str, origin: str, tick: int) -> tuple[bool, dict]:
        facts = _alive(self.carriers[carrier, origin], tick)
        row: dict = {}
        for hours in (3, 24):
            mean, share, count = _window(facts, tick, hours)
            row |= {f"carrier_origin_departure_delay_mean_{hours}h": mean, f"carrier_origin_late_share_{hours}h": share}
        return count > 0, row

    def _destination(self, destination: str, tick: int) -> tuple[bool, dict]:
        row: dict = {}
        is_there = False
        for what, facts in (("departure", self.destinations[destination]), ("arrival", self.landings[destination])):
            for hours in (3, 24):
                mean, share, count = _window(_alive(facts, tick), tick, hours)
                row[f"destination_{what}_delay_mean_{hours}h"] = mean
                row[f"destination_{what}_late_share_{hours}h"] = share
                is_there |= count > 0
        return is_there, row

    def _backlog(self, origin: str, tick: int) -> int:
        """Flights that should have left in the last 3 hours and of which no departure was known yet."""
        waiting = set()
        for flight in _recent(self.timetable[origin], tick, 4 * DAY):  # known a day before at the earliest
            gone = any(fact.known <= tick for fact in self.departures_of_flight[flight.flight_id])
            if flight.scheduled <= tick < flight.scheduled + 3 * HOUR and not gone:
                waiting.add(flight.flight_id)
        return len(waiting)

    def _weather(self, origin: str, now: int) -> dict:
        known = [row for row in _recent(self.weather[origin], now, 4 * DAY) if row.known <= row.observed + DAY]
        if not known:
            return {}
        newest = max(known, key=lambda row: (row.observed, row.known))
        if now - newest.known > TTL["weather"]:
            return {}
        return dict(zip((f"weather_{name}" for name in WEATHER.split()), newest.values, strict=True))

    def _aircraft(self, tail: str | None, now: int) -> dict:
        names = ("previous_leg_delay", "previous_leg_is_landed", "previous_leg_at", "aircraft_seats")
        news = [
            (fact.scheduled, is_landed, fact.known, fact)
            for is_landed, facts in enumerate(self.legs)
            for fact in _recent(facts[tail], now, 4 * DAY)
            if tail is not None and fact.known <= fact.happened + DAY
        ]
        if not news:
            return dict.fromkeys(names)
        *_, is_landed, known, fact = max(news, key=lambda item: item[:3])
        if now - known > TTL["aircraft"]:
            return dict.fromkeys(names)
        return dict(zip(names, (fact.delay, is_landed, known, self.seats.get((tail, fact.day))), strict=True))


def _sources(timetable, departures, arrivals, weather, seats) -> tuple[dict, dict]:
    """When each fact of each source table became known, and when one more should have: minutes in order."""
    midnights = {day: minute(datetime(*day.timetuple()[:3], tzinfo=NEW_YORK)) for _, day in seats}
    takes = {row.flight_id: row.arrives - row.scheduled for row in timetable}
    announced = {row.flight_id: row.known for row in timetable}
    departs = {row.flight_id: max(row.scheduled, row.known) for row in timetable}
    left: dict[str, int] = {}
    for fact in departures:
        left[fact.flight_id] = min(fact.known, left.get(fact.flight_id, fact.known))
    heard = {
        "flights": [row.known for row in timetable],
        "departures": [fact.known for fact in departures],
        "arrivals": [fact.known for fact in arrivals],
        "weather": [row.known for row in weather],
        "aircraft": midnights.values(),
    }
    due = {
        "flights": [moment for flight, moment in left.items() if announced.get(flight, moment + 1) > moment],
        "departures": [moment + 20 for moment in departs.values()],
        "arrivals": [moment + takes[flight] for flight, moment in left.items() if flight in takes],
        "weather": [known + HOUR for _, known in {(row.event_id, row.known) for row in weather}],
        "aircraft": [
            departs[row.flight_id]
            for row in {row.flight_id: row for row in timetable}.values()
            if midnights.get(row.day, departs[row.flight_id] + 1) > departs[row.flight_id]
        ],
    }
    return {name: sorted(known) for name, known in heard.items()}, {
        name: sorted(moments) for name, moments in due.items()
    }


def _index(rows: Iterable, key) -> defaultdict:
    found = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.known):
        found[key(row)].append(row)
    return found


def _recent(rows: list, now: int, minutes: int) -> list:
    """The rows known in the last `minutes` up to `now`."""
    first, last = (bisect_right(rows, moment, key=lambda row: row.known) for moment in (now - minutes, now))
    return rows[first:last]


def _alive(facts: list[Fact], now: int) -> list[Fact]:
    """The newest known version of each event; a version that came more than a day late never counts."""
    newest = {fact.event_id: fact for fact in _recent(facts, now, 3 * DAY) if fact.known <= fact.happened + DAY}
    return list(newest.values())


def _window(facts: list[Fact], now: int, hours: int) -> tuple[float | None, float | None, int]:
    """Mean delay, late share and count of the facts that happened less than `hours` ago."""
    delays = [fact.delay for fact in facts if fact.happened > now - hours * HOUR]
    if not delays:
        return None, None, 0
    return sum(delays) / len(delays), sum(delay >= 15 for delay in delays) / len(delays), len(delays)


def minute(instant: datetime) -> int:
    return int(instant.timestamp()) // 60


def as_instant(minutes: int) -> datetime:
    return datetime.fromtimestamp(minutes * 60, UTC)
