"""The engine: SQL in, Arrow out, in UTC whatever clock the machine is on."""

import pyarrow as pa
import pytest

from mlsystem.engine import Engine, QueryFailed, query


def test_sql_goes_in_and_arrow_comes_out():
    result = query("SELECT SUM(value) AS total FROM things", {"things": pa.table({"value": [1, 2, 3]})})

    assert result.to_pylist() == [{"total": 6}]


def test_instants_are_read_in_utc_and_zones_are_known_without_a_download():
    (row,) = query(
        "SELECT CAST('2020-07-01 12:00:00' AS TIMESTAMPTZ) AT TIME ZONE 'Asia/Tokyo' AS wall,"
        " CURRENT_SETTING('TimeZone') AS zone",
        {},
    ).to_pylist()

    assert str(row["wall"]) == "2020-07-01 21:00:00"
    assert row["zone"] == "UTC"


def test_a_wrong_text_gives_the_engines_own_message():
    engine = Engine()

    with pytest.raises(QueryFailed, match="no_such_table"):
        engine.query("SELECT * FROM no_such_table")

    engine.close()
