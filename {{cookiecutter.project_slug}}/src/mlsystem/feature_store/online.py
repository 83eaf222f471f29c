"""The online side: push new rows, and look features up for a question, with the two guards that Feast leaves out."""

import contextlib
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureStore, FeatureView
from feast.utils import _convert_arrow_to_proto
from tqdm import tqdm

from mlsystem.contract.features import View
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store_file import StoreFile, reopen, telling_who_is_busy

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stored:
    """What the store knew about one question. `values` holds every stored feature, None where it is missing."""

    values: Mapping[str, Any]
    age_seconds: Mapping[str, float]  # per view that had a usable row
    stale: tuple[str, ...] = ()  # views whose row was older than their TTL
    missing: tuple[str, ...] = ()  # views without a row, or with one from after `as_of`

    @property
    def silent(self) -> tuple[str, ...]:
        """The source tables that have stopped coming."""
        return PROBLEM.silent_tables(self.values)

    @property
    def is_degraded(self) -> bool:
        """Whether a view that every question should have is not there, or a source table is silent."""
        gone = {*self.stale, *self.missing}
        return bool(self.silent) or any(view.is_expected and view.name in gone for view in PROBLEM.views)


@dataclass
class OnlineFeatures:
    """The store's online rows. The feature service is resolved once: doing it per request costs 9 ms."""

    store: FeatureStore
    service: Any = field(init=False)
    _registered: dict[str, FeatureView] = field(init=False)
    _file: StoreFile = field(init=False)

    def __post_init__(self) -> None:
        self._file = StoreFile(self.store)
        self.service = self.store.get_feature_service(PROBLEM.feature_service)
        self._registered = {view.name: self.store.get_feature_view(view.name) for view in PROBLEM.views}

    def lookup(self, questions: Sequence[Question]) -> list[Stored]:
        """What was known of each at its `as_of`. One call to the store for all of them.

        Feast's online store does not enforce TTL, and would serve a row from after `as_of`; both are missing here.
        """
        response = self.store.get_online_features(
            self.service, [PROBLEM.entity_row(question) for question in questions]
        )
        columns = response.to_dict(include_event_timestamps=True)
        return [_stored(columns, row, question.as_of) for row, question in enumerate(questions)]

    def push(self, view: View, rows: pa.Table, clock: datetime) -> int:
        """Write rows that are not older than what is there; the number written. `clock` is now, or a replay's now.

        The sqlite store lets the last write win, even an older event over a newer one (a replayed delivery, a late
        consumer). So the newest row per key goes in, and only if its event is not before the one that is there.
        A row from after `clock` is what the replay of a later day left; it gives way. Assumes one writer per view:
        read and write are two steps. They go past Feast's `push` to what it ends in, without pandas on the way: that
        takes 16 ms a view, this 5, and a stream pushes each minute. docs/decisions/0014
        """
        if rows.num_rows == 0:
            return 0
        if self._file.follow(lambda: reopen(self.store)):
            logger.warning("the online store's file was replaced, and opened anew; `make replay` fills it")
        registered = self._registered[view.name]
        types = {column.name: column.dtype.to_value_type() for column in registered.entity_columns}
        made = _convert_arrow_to_proto(_newest_by_key(view, rows), registered, types)
        config, provider = self.store.config, self.store._get_provider()
        with telling_who_is_busy():
            present = provider.online_read(config, registered, [key for key, *_ in made], [])
            was = zip(made, present, strict=True)
            fresh = [row for row, (there, _) in was if _gives_way(there, _utc(row[2]), clock)]
            if fresh:
                provider.online_write_batch(config, registered, fresh, None)
        return len(fresh)

    def materialise(self, until: datetime) -> None:
        """Load the newest row of every key that is not past its TTL at `until` from the offline partitions."""
        longest = max(view.ttl for view in PROBLEM.views)
        start = until - longest - timedelta(hours=1)
        provider = self.store._get_provider()
        # Past `FeatureStore.materialize`, which marks each view in the registry while it works: a kill meanwhile left
        # views that no service could read any more.
        for registered in self._registered.values():
            arguments = (self.store.config, registered, start, until, self.store.registry, self.store.project)
            with contextlib.redirect_stdout(io.StringIO()):  # Feast prints what the caller already says
                provider.materialize_single_feature_view(*arguments, lambda rows: tqdm(total=rows, disable=True))


def _newest_by_key(view: View, rows: pa.Table) -> pa.Table:
    """The last row of each key in the order of event_timestamp."""
    ordered = rows.take(pc.sort_indices(rows.column("event_timestamp")))
    last = {
        key: n for n, key in enumerate(zip(*(ordered.column(name).to_pylist() for name in view.join_keys), strict=True))
    }
    return ordered.take(pa.array(sorted(last.values()), pa.int64())).combine_chunks()


def _gives_way(there: datetime | None, made_at: datetime, clock: datetime) -> bool:
    """Whether the row made at `there` gives way to one of `made_at`."""
    return there is None or there <= made_at or there > clock


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stored(columns: Mapping[str, list], row: int, as_of: datetime) -> Stored:
    """One row of Feast's column-wise answer, with each view's values if the view's row is usable at `as_of`."""
    values: dict[str, Any] = {}
    ages: dict[str, float] = {}
    stale, missing = [], []
    moment = as_of.timestamp()
    for view in PROBLEM.views:
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
    for name in PROBLEM.instants:
        values[name] = values[name] and values[name].astimezone(UTC)
    return Stored(values, ages, tuple(stale), tuple(missing))
