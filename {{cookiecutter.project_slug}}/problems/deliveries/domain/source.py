"""Where the raw files are: the simulator writes them once, beside the project's own data."""

from mlsystem.contract.tables import RawFile, Source
from mlsystem.domain.simulator import simulate

SOURCE = Source(
    {
        "raw_orders": RawFile(
            {
                **dict.fromkeys(("order_id", "restaurant", "courier", "carried_by", "district"), "text"),
                "items": "integer",
                "kilometres": "number",
                **dict.fromkeys(("ordered_at", "promised_at", "picked_up_at", "handed_over_at"), "instant"),
            },
            service_date="CAST(TRY_CAST(ordered_at AS TIMESTAMPTZ) AT TIME ZONE 'Europe/Warsaw' AS DATE)",
            limits={"items": (1, 100)},
        ),
        "raw_weather": RawFile(
            {"observed_at": "instant", "rain_mm": "number"},
            service_date="CAST(TRY_CAST(observed_at AS TIMESTAMPTZ) AT TIME ZONE 'Europe/Warsaw' AS DATE)",
        ),
    },
    lambda folder, seed: {name: path for name, path in simulate(folder, seed).items() if name != "truth"},
)
