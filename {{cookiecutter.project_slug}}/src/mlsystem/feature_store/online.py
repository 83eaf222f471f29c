"""The online side: push new rows, and look features up for a flight, with the two guards that Feast leaves out."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
from feast import FeatureStore

from mlsystem.domain.features import FEATURE_SERVICE, VIEWS, View
from mlsystem.domain.request import Flight


@dataclass(frozen=True)
class Stored:
    """What the store knew about one flight. `values` holds every stored feature, None where it is missing."""

    values: Mapping[str, Any]
    age_seconds: Mapping[str, float]  # per view that had a usable row
    stale: tuple[str, ...] = ()  # views whose row was older than their TTL
    missing: tuple[str, ...] = ()  # views without a row, or with one from after `as_of`

    @property
    def is_degraded(self) -> bool:
        """Whether a view that every flight should have is not there."""
        return any(view.is_expected and (view.name in self.stale or view.name in self.missing) for view in VIEWS)


@dataclass
class OnlineFeatures:
    """The store's online rows. The feature service is resolved once: doing it per request costs 9 ms."""

    store: FeatureStore
    service: Any = field(init=False)

    def __post_init__(self) -> None:
        self.service = self.store.get_feature_service(FEATURE_SERVICE)

    def lookup(self, flights: Sequence[Flight], as_of: Sequence[datetime]) -> list[Stored]:
        """What was known of each flight at its `as_of`. One call to the store for all of them.

        Feast's online store does not enforce TTL, and would serve a row from after `as_of`; both are missing here.
        """
        response = self.store.get_online_features(self.service, [flight.entity_row for flight in flights])
        columns = response.to_dict(include_event_timestamps=True)
        return [_stored(columns, row, moment) for row, moment in enumerate(as_of)]

    def push(self, view: View, rows: pa.Table, clock: datetime) -> int:
        """Write rows that are not older than what is there; the number written. `clock` is now, or a replay's now.

        The sqlite store lets the last write win, even an older event over a newer one (a replayed delivery, a late
        consumer). So the newest row per key goes in, and only if its event is not before the one that is there.
        A row from after `clock` is what the replay of a later day left; it gives way. Assumes one writer per view:
        read and write are two steps.
        """
        if rows.num_rows == 0:
            return 0
        keys = list(view.keys)
        newest = rows.to_pandas().sort_values("event_timestamp", kind="stable").groupby(keys, as_index=False).tail(1)
        present = self._event_timestamps(view, newest[keys].to_dict("records"))
        is_newer = newest["event_timestamp"].to_numpy() >= present.to_numpy()
        fresh = newest[is_newer | (present > clock).to_numpy()]
        if len(fresh):
            self.store.write_to_online_store(view.name, fresh)  # what Feast's push ends in, without 10 ms of look-ups
        return len(fresh)

    def _event_timestamps(self, view: View, keys: list[dict[str, str]]) -> pd.Series:
        """When the row of each key was made; the epoch where there is none."""
        first = view.features[0].name
        columns = self.store.get_online_features([f"{view.name}:{first}"], keys).to_dict(include_event_timestamps=True)
        return pd.to_datetime(pd.Series(columns[f"{first}__ts"]), unit="s", utc=True)

    def materialise(self, until: datetime) -> None:
        """Load the newest row of every key that is not past its TTL at `until` from the offline partitions."""
        longest = max(view.ttl for view in VIEWS)
        with contextlib.redirect_stdout(io.StringIO()):  # Feast prints, in colour, what the caller already says
            self.store.materialize(until - longest - timedelta(hours=1), until)


def _stored(columns: Mapping[str, list], row: int, as_of: datetime) -> Stored:
    """One row of Feast's column-wise answer, with each view's values if the view's row is usable at `as_of`."""
    values: dict[str, Any] = {}
    ages: dict[str, float] = {}
    stale, missing = [], []
    moment = as_of.timestamp()
    for view in VIEWS:
        made_at = columns[f"{view.features[0].name}__ts"][row]
        age = moment - made_at
        if made_at == 0 or age < 0:
            missing.append(view.name)
        elif age > view.ttl.total_seconds():
            stale.append(view.name)
        else:
            ages[view.name] = age
        usable = view.name in ages
        for feature in view.features:
            value = columns[feature.name][row] if usable else None
            values[feature.name] = value
    if values["previous_leg_at"] is not None:
        values["previous_leg_at"] = values["previous_leg_at"].astimezone(UTC)
    return Stored(values, ages, tuple(stale), tuple(missing))
