"""A simulated problem's truth beside the champion: what its probabilities and decisions are worth, and how soon a
planted change is seen. Real data has no such page."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mlsystem.contract.problem import Truth
from mlsystem.domain import PROBLEM
from mlsystem.settings import Settings, load_project


def compare_with_truth(settings: Settings, truth: Truth) -> dict[str, Any]:
    """On the rows that the champion's choice did not learn from: those of tune and of test, parted where a law changed.

    Plain JSON: `stretches`, a row each, and `detections`, one for each change within them.
    """
    from mlsystem.model_registry.registry import load_champion
    from mlsystem.retraining.detection_delay import detect
    from mlsystem.source.raw import raw_folder
    from mlsystem.training.known_truth import against_truth, truth_of
    from mlsystem.training.split import default_split, rows_of

    table = pq.read_table(settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet")
    every, champion = rows_of(table), load_champion(settings.models_dir)
    unseen = every.service_date >= np.datetime64(default_split(settings.first_day, settings.last_day).train_until)
    rows, ids = every.where(unseen), table["question_id"].filter(unseen).to_pylist()
    known = truth_of(ids, truth.probabilities(raw_folder(settings), load_project().seed))
    scores, baseline = champion.predict(rows.matrix), champion.fallback(rows.matrix)
    first, last = rows.days
    changes = [day for day in sorted(truth.changes) if first < day <= last]
    stretch = np.searchsorted(np.array(changes, dtype="datetime64[D]"), rows.service_date, side="right")
    found = []
    for number in np.unique(stretch):
        inside = stretch == number
        one = against_truth(scores[inside], baseline[inside], known[inside], rows.where(inside))
        law = truth.changes[changes[number - 1]] if number else "as it was learned"
        found.append({"law": law, "regret": one.regret} | asdict(one))
    limits = champion.drift_limits
    detections = [detect(scores, rows, limits.gap, day) for day in changes] if limits else []
    return {
        "stretches": found,
        "detections": [
            {
                "change": truth.changes[one.changed_on],
                "changed_on": str(one.changed_on),
                "detected_on": None if one.detected_on is None else str(one.detected_on),
                "days": one.days,
                "days_before": one.days_before,
                "false_alarms": one.false_alarms,
            }
            for one in detections
        ],
    }
