"""Training-serving skew: what was served, replayed through the offline path, and compared feature by feature."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import wording
from mlsystem.contract.problem import UNKNOWN
from mlsystem.domain import PROBLEM

BUDGET = 0.001  # of a feature's values: late corrections and a push that lost a race, but not a constant changed
FEWEST_ROWS = 200  # fewer cannot show a share of one in a thousand to be kept, nor a rare branch of the SQL
NEAR = 1e-6  # one code makes both sides; engines differ in an average's last digits (4e-14)
Columns = Mapping[str, np.ndarray]  # by feature, float64, NaN for missing
Offline = Callable[[pd.DataFrame], pd.DataFrame]  # rows with entity keys and `event_timestamp` -> and stored features


@dataclass(frozen=True)
class FeatureSkew:
    """One feature's rows that differ; a value missing on one side only differs."""

    name: str
    share: float
    served: float  # means over the rows that differ, NaN if missing in all of them
    offline: float


@dataclass(frozen=True)
class SkewReport:
    """All stored features, the most skewed first."""

    rows: int
    features: tuple[FeatureSkew, ...]
    budget: float = BUDGET
    fewest_rows: int = FEWEST_ROWS

    @property
    def worst(self) -> FeatureSkew:
        return self.features[0]

    @property
    def is_green(self) -> bool:
        return self.rows >= self.fewest_rows and self.worst.share <= self.budget

    @property
    def limit(self) -> str:
        return f"at least {self.fewest_rows:,} rows, and of each feature at most {self.budget:.1%} differ"

    @property
    def reason(self) -> str:
        """One sentence: what differs, and by how much."""
        skewed = [one for one in self.features if one.share > self.budget]
        said = [
            f"{f.name} in {f.share:.1%} (served {wording.figure(f.served)}, offline {wording.figure(f.offline)})"
            for f in skewed[:3]
        ]
        more = f" and {len(skewed) - 3} more" if len(skewed) > 3 else ""
        compared = f"of {self.rows:,} rows compared"
        return (
            f"{compared}, these differ: {', '.join(said)}{more}" if said else f"{compared}, no feature is over budget"
        )


def skew(log: pa.Table, offline: Offline) -> SkewReport:
    """Each logged prediction's stored features against what `offline` says of the same keys and moment.

    Degraded answers are left out: what they went without is counted as degraded, and is no skew.
    """
    rows = log.filter(pc.invert(log["degraded"])).to_pandas()
    names = [feature.name for feature in PROBLEM.stored_features]
    if rows.empty:
        return compared({name: np.zeros(0) for name in names}, {name: np.zeros(0) for name in names})
    asked = pd.DataFrame(list(rows["said"]))[[*PROBLEM.keys]].fillna(UNKNOWN).assign(event_timestamp=rows["as_of"])
    served, replayed = pd.DataFrame(list(rows["stored"])), offline(asked)
    return compared(*({name: _numbers(side[name]) for name in names} for side in (served, replayed)))


def compared(served: Columns, offline: Columns) -> SkewReport:
    """Column by column of `offline`, row by row in the same order."""
    found = [_one(name, served[name], values) for name, values in offline.items()]
    return SkewReport(len(next(iter(offline.values()))), tuple(sorted(found, key=lambda one: -one.share)))


def _numbers(column: pd.Series) -> np.ndarray:
    """A column as float64, instants as seconds; NaN is missing."""
    is_instant = isinstance(column.dtype, pd.DatetimeTZDtype) or column.map(lambda v: isinstance(v, datetime)).any()
    if is_instant:
        instants = pd.to_datetime(column, utc=True).astype("datetime64[us, UTC]")
        return np.where(instants.isna(), np.nan, instants.astype("int64") / 1e6)
    return column.astype("float64").to_numpy()


def _one(name: str, served: np.ndarray, offline: np.ndarray) -> FeatureSkew:
    is_same = (np.abs(served - offline) <= NEAR) | (np.isnan(served) & np.isnan(offline))
    share = float(np.mean(~is_same)) if len(is_same) else 0.0
    return FeatureSkew(name, share, _mean(served[~is_same]), _mean(offline[~is_same]))


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if len(values) and not np.isnan(values).all() else float("nan")
