"""The contract over the real year and over planted faults: what is refused, what stops a day, what only warns."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlsystem import storage
from mlsystem.domain.tables import EVENT_TABLES
from mlsystem.source.deliver import deliver, read_year
from mlsystem.validation import validate as judging
from mlsystem.validation.validate import Misfiled, NotValidated, Report, revalidate, validate

DAY, NEXT = date(2013, 7, 16), date(2013, 7, 17)


class Room:
    """Two delivered days, whose deliveries a test can spoil."""

    def __init__(self, folder: Path) -> None:
        self.source, self.validated = folder / "1_source", folder / "2_validated"
        deliver([DAY, NEXT], self.source)

    def spoil(self, table: str, change: Callable[[pa.Table], pa.Table], day: date = DAY) -> None:
        """Deliver the day again with other rows."""
        partitions = storage.Partitions(self.source / table)
        partitions.write(day, change(partitions.read([day])), "spoilt")

    def validate(self) -> Report:
        return validate([NEXT, DAY], self.source, self.validated)  # out of order, as a backfill may ask

    def read(self, table: str, day: date = DAY) -> pa.Table:
        return storage.Partitions(self.validated / table).read([day])

    def quarantine(self, table: str) -> list[tuple]:
        rows = storage.Partitions(self.validated / "quarantine" / table).read([DAY]).to_pylist()
        return [(row["event_id" if "event_id" in row else "flight_id"], row["rule"], row["reason"]) for row in rows]

    def breaches(self, day: date = DAY) -> set[tuple]:
        rows = storage.Partitions(self.validated / "breaches").read([day]).to_pylist()
        return {(row["table"], row["rule"], row["severity"], row["rows"]) for row in rows}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def with_values(column: str, values: dict[int, object]) -> Callable[[pa.Table], pa.Table]:
    """Put other values into some rows of a column."""

    def change(rows: pa.Table) -> pa.Table:
        old = rows[column].to_pylist()
        new = pa.array([values.get(number, value) for number, value in enumerate(old)], rows.schema.field(column).type)
        return rows.set_column(rows.schema.get_field_index(column), column, new)

    return change


def of_year(validated, name: str) -> pa.Table:
    return storage.Partitions(validated.settings.validated_dir / name).read()


def test_the_real_years_faults_are_found_and_nothing_else_is_refused(validated):
    refused = {table.name: of_year(validated, f"quarantine/{table.name}").to_pylist() for table in EVENT_TABLES}

    (wind,) = refused.pop("weather")
    assert not any(refused.values())
    assert (wind["event_id"], wind["wind_speed_mph"]) == ("EWR/2013-02-12T08", pytest.approx(1048.36))
    assert wind["rule"] == "wind_speed_mph:between"
    assert wind["reason"] == "stronger than any wind measured at an airport there"


def test_the_real_years_warnings_name_their_days_and_let_the_rows_pass(validated):
    found = of_year(validated, "breaches").to_pylist()

    days = {(row["rule"], row["service_date"]): row["rows"] for row in found if row["table"] in ("days", "weather")}
    assert days == {
        ("departed_share:between", date(2013, 2, 8)): 1,  # the blizzard
        ("departed_share:between", date(2013, 2, 9)): 1,
        ("weather_hours:between", date(2013, 12, 30)): 1,  # the weather file ends there
        ("weather_hours:between", date(2013, 12, 31)): 1,
        ("origin+local_hour:unique", date(2013, 11, 3)): 6,  # clocks put back: one hour twice at three airports
        ("wind_speed_mph:between", date(2013, 2, 12)): 1,
    }
    airports = of_year(validated, "airports")
    zoneless = airports.filter(pc.is_null(airports["time_zone"]))["destination"].unique().to_pylist()
    assert sorted(zoneless) == ["BQN", "PSE", "SJU", "STT"]


def test_rows_in_are_rows_accepted_and_rows_refused(validated):
    for table in EVENT_TABLES:
        accepted, refused = of_year(validated, table.name), of_year(validated, f"quarantine/{table.name}")
        assert accepted.num_rows + refused.num_rows == read_year()[table.name].num_rows


def test_a_clean_day_is_quiet_and_a_second_run_does_nothing(room):
    report = room.validate()

    assert (report.days, report.quarantined, report.stopped) == (2, 0, {})
    assert {severity for *_, severity, _ in room.breaches()} == {"warning"}
    assert room.read("flights").equals(storage.Partitions(room.source / "flights").read([DAY]))
    assert (room.validated / "docs/gx/uncommitted/data_docs/local_site/index.html").exists()
    assert room.validate() == Report(days=0)


def test_planted_faults_are_quarantined_with_key_rule_and_reason_and_warnings_pass(room):
    flights = storage.Partitions(room.source / "flights").read([DAY])
    departures = storage.Partitions(room.source / "departures").read([DAY])
    flight, event = flights["flight_id"].to_pylist(), departures["event_id"].to_pylist()
    scheduled = departures["departed_at"].to_pylist()
    room.spoil("flights", lambda rows: pa.concat_tables([rows, rows.slice(3, 1)]))
    room.spoil("flights", with_values("carrier", {5: "ZZ", 6: None}))
    room.spoil("flights", with_values("destination", {7: "Boston"}))
    room.spoil("departures", with_values("departure_delay_minutes", {0: 5_000, 1: 1_000, 2: None}))
    room.spoil("departures", with_values("known_at", {4: scheduled[4] - timedelta(minutes=1)}))

    report = room.validate()

    twice = (flight[3], "flight_id:unique", "the same flight is scheduled twice")
    assert sorted(room.quarantine("flights")) == sorted(
        [
            *(twice, twice),  # which of the two is right, the rule cannot say
            (flight[5], "carrier:in_set", "no such carrier is known"),
            (flight[6], "carrier:not_null", "carrier is missing"),
            (flight[7], "destination:matches", "not an IATA airport code"),
        ]
    )
    assert sorted(room.quarantine("departures")) == sorted(
        [
            (event[0], "departure_delay_minutes:between", "a flight leaves within a day of its schedule"),
            (event[2], "departure_delay_minutes:not_null", "departure_delay_minutes is missing"),
            (event[4], "known_at+departed_at:not_before", "known before departed_at"),
        ]
    )
    assert report.stopped == {}
    assert report.quarantined == 8
    assert event[1] in room.read("departures")["event_id"].to_pylist(), "a warning lets the row pass"
    assert room.read("flights").num_rows == flights.num_rows + 1 - 5


def test_a_day_with_six_percent_bad_rows_is_stopped_and_keeps_what_was_published(room):
    room.validate()
    before = {table.name: storage.Partitions(room.validated / table.name).content(DAY) for table in EVENT_TABLES}
    rows = sum(storage.Partitions(room.source / table.name).read([DAY]).num_rows for table in EVENT_TABLES[:4])
    bad = dict.fromkeys(range(int(rows * 0.06)), "ZZ")

    room.spoil("departures", with_values("carrier", bad))
    report = room.validate()

    assert report.stopped == {DAY: "more than a twentieth of the rows broke a critical rule"}
    assert {
        table.name: storage.Partitions(room.validated / table.name).content(DAY) for table in EVENT_TABLES
    } == before
    assert ("days", "quarantined_share:between", "critical", 1) in room.breaches()
    with pytest.raises(NotValidated, match="2013-07-16 was not validated from its present delivery"):
        revalidate([DAY], room.source, room.validated)


def test_a_day_that_was_not_delivered_whole_is_stopped(room):
    room.spoil("flights", lambda rows: rows.slice(0, 300))

    report = room.validate()

    assert set(report.stopped) == {DAY}
    assert report.stopped[DAY].startswith("a day has 400 to 1,400 departures; ")
    assert report.stopped[DAY].endswith("; nearly nothing departed, or more than was scheduled")
    assert not storage.Partitions(room.validated / "flights").path(DAY).exists()
    assert room.read("flights", NEXT).num_rows > 900


def test_mended_rows_are_released_and_the_others_stay(room):
    room.spoil("departures", with_values("carrier", {0: "ZZ", 1: "??"}))
    room.validate()
    before = room.read("departures").num_rows

    def fix(table: str, rows: pa.Table) -> pa.Table:
        known = pc.if_else(pc.equal(rows["carrier"], "ZZ"), "AA", rows["carrier"]) if table == "departures" else None
        return rows if known is None else rows.set_column(rows.schema.get_field_index("carrier"), "carrier", known)

    revalidate([DAY], room.source, room.validated, fix)

    assert room.read("departures").num_rows == before + 1
    ((_, rule, _),) = room.quarantine("departures")
    assert rule == "carrier:in_set"
    assert room.validate() == Report(days=0), "what was mended is not judged from the delivery again"


def test_rows_of_another_day_are_refused_with_their_file(room):
    room.spoil("weather", with_values("service_date", {0: NEXT}))

    with pytest.raises(Misfiled, match="weather: the delivery of 2013-07-16 holds rows of another day"):
        room.validate()


def test_a_run_that_ends_before_its_findings_are_recorded_is_not_taken_for_done(room, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(judging, "_record", None)
        with pytest.raises(TypeError):
            room.validate()

    assert room.validate().days == 2
    assert room.breaches() != set()
