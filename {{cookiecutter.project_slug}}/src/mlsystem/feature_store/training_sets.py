"""Point-in-time training sets: what the store would have answered at each flight's `as_of`, and what came true."""

import logging

import pandas as pd
import pyarrow as pa
from feast import FeatureStore

from mlsystem.domain.calendar import PREDICTION_LEAD
from mlsystem.domain.features import SILENCED, SILENT_FROM, VIEWS, View
from mlsystem.domain.label import LATE_AFTER_MINUTES
from mlsystem.domain.request import AREA, CODES, ENTITY_KEYS, MODEL_COLUMNS, Flight, request_features

logger = logging.getLogger(__name__)
FLIGHT_COLUMNS = [*ENTITY_KEYS, "scheduled_departure_at", "scheduled_arrival_at"]
ABOUT_COLUMNS = ["flight_id", "service_date", "event_timestamp", "arrival_delay_minutes", "label_known_at"]


class RowsLost(RuntimeError):
    """The point-in-time join gave back other rows than it was given."""


def training_set(store: FeatureStore, flights: pd.DataFrame, arrivals: pd.DataFrame) -> pa.Table:
    """One row per flight that arrived: ABOUT_COLUMNS, `is_late`, and MODEL_COLUMNS as float64 (categories as codes).

    Cancelled and diverted flights have no label and so no row; domain/label.py says what that does to a model.
    """
    labels = arrivals[["flight_id", "arrival_delay_minutes", "known_at"]].rename(columns={"known_at": "label_known_at"})
    labelled = flights.merge(labels, on="flight_id", validate="one_to_one")
    rows = historical_features(store, with_as_of(labelled))
    logger.info("features of the request: %s flights", f"{len(rows):,}")
    rows["is_late"] = rows["arrival_delay_minutes"] >= LATE_AFTER_MINUTES
    return pa.Table.from_pandas(
        pd.concat([rows[[*ABOUT_COLUMNS, "is_late"]], model_matrix(rows)], axis="columns"), preserve_index=False
    )


def with_as_of(flights: pd.DataFrame) -> pd.DataFrame:
    """The flights with `event_timestamp`, the moment at which each is predicted."""
    return flights.assign(event_timestamp=flights["scheduled_departure_at"] - PREDICTION_LEAD)


def historical_features(store: FeatureStore, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` (entity keys and `event_timestamp` in UTC, and more) with every stored feature as known then.

    Same rows, same order; a value older than its view's TTL is missing. Raises RowsLost if the store drops,
    adds or doubles a row: its default offline store does (decision 0005).
    """
    result = rows = rows.reset_index(drop=True).assign(area=AREA)
    for place, view in enumerate(VIEWS, start=1):
        joined = _join(store, rows, view, f"view {place} of {len(VIEWS)}")
        result = result.merge(joined, on=[*view.keys, "event_timestamp"], how="left")
    if len(result) != len(rows):
        raise RowsLost(f"{len(rows):,} rows in, {len(result):,} out of the point-in-time join")
    return result


def _join(store: FeatureStore, rows: pd.DataFrame, view: View, place: str) -> pd.DataFrame:
    """The view's features at each key and moment that occurs. View by view: in one go it takes twice as long."""
    asked = rows[[*view.keys, "event_timestamp"]].drop_duplicates(ignore_index=True)
    logger.info("joining %s at %s keys and moments (%s)", view.name, f"{len(asked):,}", place)
    joined = store.get_historical_features(asked, [f"{view.name}:{f.name}" for f in view.features]).to_df()
    if len(joined) != len(asked):
        raise RowsLost(f"{view.name}: {len(asked):,} keys and moments in, {len(joined):,} out")
    return joined


def model_matrix(rows: pd.DataFrame) -> pd.DataFrame:
    """MODEL_COLUMNS as float64, one row per row; the request features by the very function that serving calls."""
    rows = _heard(rows)
    instants = rows["previous_leg_at"].astype(object).where(rows["previous_leg_at"].notna(), None)
    flights = zip(*(rows[column].tolist() for column in FLIGHT_COLUMNS), instants, strict=True)
    requested = pd.DataFrame(
        [
            request_features(Flight(carrier, origin, destination, departs, arrives, tail), {"previous_leg_at": leg})
            for origin, carrier, destination, tail, departs, arrives, leg in flights
        ]
    )
    for name, codes in CODES.items():
        requested[name] = requested[name].map(codes)
    everything = pd.concat([requested, rows.drop(columns=[*requested.columns], errors="ignore")], axis="columns")
    return everything[list(MODEL_COLUMNS)].astype("float64")


def _heard(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without what is made from a table that was silent then: domain.request.heard, a column at a time."""
    rows = rows.copy()
    for table, features in SILENCED.items():
        rows.loc[rows[f"overdue_{table}"] >= SILENT_FROM[table], list(features)] = None
    return rows
