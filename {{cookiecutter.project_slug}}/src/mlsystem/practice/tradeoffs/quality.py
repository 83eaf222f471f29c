"""What a setting's decisions are worth, on days that neither the model nor a choice has learned from."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mlsystem.practice.tradeoffs.grid import GROUPS, Setting
from mlsystem.training.bootstrap_intervals import by_day, draws, interval
from mlsystem.training.candidates import CANDIDATES, Model
from mlsystem.training.evaluation import THRESHOLDS, cents, cost_per_1000, ece, ranking
from mlsystem.training.feature_dropout import with_dropout, without
from mlsystem.training.split import Rows


@dataclass(frozen=True)
class Parts:
    """As in training/compare.py: `train` teaches, `tune` chooses, `test` judges and does neither."""

    train: Rows
    tune: Rows
    test: Rows

    def with_groups(self, groups: tuple[str, ...]) -> "Parts":
        """The same, had the other groups of features never been built."""
        gone = [f"view {name}" for name in GROUPS if name not in groups]
        return Parts(*(without(part, *gone) for part in (self.train, self.tune, self.test)))

    def with_matrix(self, rows: Rows, matrix: np.ndarray) -> "Parts":
        """The same questions of another matrix (n, F) of all `rows`, which the parts were cut from."""
        other = replace(rows, matrix=matrix)
        first, last = self.tune.service_date.min(), self.test.service_date.min()
        day = rows.service_date
        return Parts(other.where(day < first), other.where((day >= first) & (day < last)), other.where(day >= last))


def fit(setting: Setting, parts: Parts, seed: int, threads: int) -> Model:
    """By the recipe of `make train`, without its calibration: that is used only where it is shown to help."""
    return CANDIDATES[setting.model].fit(with_dropout(parts.train, seed), parts.tune, seed, threads)


def judge(scores: np.ndarray, rows: Rows, threshold: float, seed: int) -> dict[str, Any]:
    """AUC, calibration error, and money per 1,000 with intervals over days, 90 %: spent, and saved by acting at all."""
    acted, label = scores > threshold, rows.label
    spent, idle = cents(acted, label) * 10.0, cents(np.zeros_like(label), label) * 10.0
    daily = by_day(np.column_stack([spent, idle - spent, np.ones(len(label))]), rows.service_date)
    drawn = draws(len(daily), seed) @ daily
    money = [
        interval(float(values.mean()), drawn[:, place] / drawn[:, -1])
        for place, values in enumerate((spent, idle - spent))
    ]
    return {
        "auc": ranking(scores, label)["auc"],
        "ece": ece(scores, label),
        "cost": asdict(money[0]),
        "saved": asdict(money[1]),
        "acted_share": float(acted.mean()),
        "rows": len(label),
    }


def nulls(baseline: np.ndarray, rows: Rows, threshold: float, seed: int) -> dict[str, Any]:
    """What needs no model: never acting, always acting, and the rule of shares in the baseline's cells."""
    constant = np.zeros(len(rows))
    return {
        "never": judge(constant, rows, threshold, seed)["cost"],
        "always": judge(constant + 1, rows, threshold, seed)["cost"],
        "rule": judge(baseline, rows, threshold, seed)["cost"],
    }


def cheapest_threshold(scores: np.ndarray, rows: Rows) -> float:
    """Chosen where it may be, on `tune`."""
    return min(THRESHOLDS, key=lambda above: cost_per_1000(scores > above, rows.label))
