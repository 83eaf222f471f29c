"""Card: labels arrive only after seven days. Nothing may learn from younger ones, or be judged by them."""

from datetime import date, timedelta
from typing import Any

import pandas as pd

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.cards import state
from mlsystem.practice.tradeoffs.cards.card import Card, Target, Terms
from mlsystem.settings import Settings

DAYS = 7


def deal(settings: Settings, seed: int) -> dict[str, Any]:
    return {"days": DAYS}


def said(terms: Terms) -> str:
    return (
        f"From now on the outcomes reach us {terms['days']} days after they were due, all of them, in a file. Whatever "
        f"learns, calibrates or watches must live with that, and must not look at an outcome before we have it."
    )


def check(settings: Settings, terms: Terms) -> list[Target]:
    from mlsystem.monitoring.performance import read_labels

    due = due_at(settings)
    rows, model = state.training_set(settings), state.champion(settings)
    taught = rows.select(["question_id", "label_known_at"]).to_pandas() if rows is not None else None
    watched = read_labels(settings.validated_dir).to_pandas()
    return [
        old_enough("the training set has no label before it is known", taught, "label_known_at", due, terms["days"]),
        old_enough("monitoring and the gate see no label before it is known", watched, "known_at", due, terms["days"]),
        gap(dict(model.training) if model else {}, terms["days"]),
        state.present_champion(settings),
    ]


def due_at(settings: Settings) -> pd.Series:
    """When each question's outcome is known if all goes by plan, by its id."""
    from mlsystem.feature_store.training_sets import questions_of

    rows = storage.Partitions(settings.validated_dir / PROBLEM.asked_of).read().to_pandas()
    return pd.Series([one.due_at for one in questions_of(rows)], index=rows[PROBLEM.id_column])


def old_enough(name: str, labels: pd.DataFrame | None, column: str, due: pd.Series, days: int) -> Target:
    """Each label is known so many days after it was due, or later. None: there is no such file."""
    if labels is None or labels.empty:
        return Target(name, False, "there are no labels")
    known = pd.to_datetime(labels[column], utc=True)
    early = known.to_numpy() < (due.loc[labels["question_id"]] + timedelta(days=days)).to_numpy()
    return Target(name, not early.any(), f"{int(early.sum()):,} of {len(early):,} are younger")


def gap(training: dict[str, Any], days: int) -> Target:
    """What taught or chose was known when what judged it began."""
    name = "no label that taught or chose was still unknown when the judging days began"
    if "tune" not in training or ("test" not in training and "trained_on" not in training):
        return Target(name, False, "the champion does not say what it learned from")
    began = date.fromisoformat(training["test"]["first_day"] if "test" in training else training["trained_on"])
    last = max(date.fromisoformat(training[part]["last_day"]) for part in ("train", "tune"))
    return Target(name, last + timedelta(days=days) < began, f"it learned to {last}, and is judged from {began}")


CARD = Card(
    "late-labels",
    "Labels arrive only after seven days",
    90,
    said,
    (
        "Every row of the training set: when its label became known, against when its outcome was due.",
        "Every label that monitoring and the gate read, the same.",
        "The last day from which the champion learned, or was chosen by, against the first day that judges it.",
        "Whether the champion is of the present code and data.",
    ),
    deal,
    check,
)
