"""The engine: SQL in, Arrow out, in UTC whatever clock the machine is on."""

import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pytest

from mlsystem.engine import Engine, QueryFailed, query

NUMBERS = "CREATE TABLE numbers AS SELECT range AS n FROM RANGE(4000000)"
LONG = "SELECT MAX(SHA256(SHA256(SHA256(n::VARCHAR)))) AS most FROM numbers"  # 2 s and more; stopped after 0.5


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


@pytest.mark.skipif(os.name == "nt", reason="there a signal cannot be sent to one process alone")
@pytest.mark.parametrize(("method", "sql"), [("execute", f"CREATE TABLE sums AS {LONG}"), ("query", LONG)])
def test_a_stop_during_a_query_is_a_stop_and_no_failure_of_the_query(method: str, sql: str):
    code = f"""from mlsystem.engine import Engine
engine = Engine()
engine.execute({NUMBERS!r})
print("asked", flush=True)
engine.{method}({sql!r})"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == "asked\n"

        time.sleep(0.5)  # into the query: before it, Python itself would have stopped
        asking.send_signal(signal.SIGINT)
        try:
            said = asking.communicate(timeout=60)[1]
        finally:
            asking.kill()

    assert said.splitlines()[-1] == "KeyboardInterrupt"
