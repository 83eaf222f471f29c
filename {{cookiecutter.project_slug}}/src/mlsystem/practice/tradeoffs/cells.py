"""What was measured, a file for each setting: a run that was killed goes on, and a second one is quick."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from mlsystem import storage
from mlsystem.practice.tradeoffs.grid import Setting

NO_SCORES: Mapping[str, np.ndarray] = MappingProxyType({})
CODE = {  # by axis: what a measurement hangs on, so that another axis is not measured again
    "main": ("quality.py", "answer_speed.py", "../prices.py", "../prices.toml"),
    "freshness": ("quality.py", "stale.py"),
    "threshold": ("quality.py",),
    "serving": ("service_speed.py", "answer_speed.py", "../prices.py", "../prices.toml"),
}


@dataclass(frozen=True)
class Cells:
    """`made_from` is by axis the fingerprint of everything below: data, code, seed."""

    folder: Path
    made_from: Mapping[str, str]

    def write(self, setting: Setting, found: Mapping[str, Any], scores: Mapping[str, np.ndarray] = NO_SCORES) -> None:
        """Keep its figures, and its scores by their part."""
        for part, values in scores.items():  # first: a cell whose figures are there is whole
            rows = pa.table({"score": values.astype("float64")})
            storage.write_table(self._scores(setting, part), rows, self.made_from[setting.axis])
        at = datetime.now(UTC).isoformat(timespec="seconds")
        storage.write_json(self.path(setting), {"setting": setting.as_json(), "measured_at": at, **found})

    def read(self, setting: Setting) -> dict[str, Any] | None:
        """Its figures, or None if it has not been measured. Raises UnreadableState."""
        path = self.path(setting)
        if not path.exists():
            return None
        with storage.reading(path, "delete it, and `make tradeoffs` measures it again"):
            return {**json.loads(path.read_text(encoding="utf-8")), "setting": setting.as_json()}

    def scores(self, setting: Setting, part: str) -> np.ndarray:
        """P(true) of each row of `tune` or `test`."""
        import pyarrow.parquet as pq

        return pq.read_table(self._scores(setting, part))["score"].to_numpy()

    def path(self, setting: Setting) -> Path:
        return self.folder / f"{storage.digest(self.made_from[setting.axis], repr(setting))}.json"

    def _scores(self, setting: Setting, part: str) -> Path:
        return self.path(setting).with_suffix(f".{part}.parquet")


def fingerprint(axis: str, *parts: str) -> str:
    """Of what the cells of an axis are made from, and of the code that measures them."""
    here = Path(__file__).parent
    return storage.digest(*parts, *((here / name).read_bytes() for name in CODE[axis]))
