"""`make tradeoffs ARGS=run`: measure every setting on this machine, from the project's own data."""

import json
import os
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlsystem import storage
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.model_registry.versions import CHAMPION, aliases_at_rest
from mlsystem.practice.tradeoffs import grid, quality
from mlsystem.practice.tradeoffs.cells import Cells, fingerprint
from mlsystem.practice.tradeoffs.grid import AXES, GROUPS, Setting
from mlsystem.practice.tradeoffs.quality import Parts
from mlsystem.progress import say
from mlsystem.settings import Settings, load_project
from mlsystem.training.split import Rows, default_split, rows_of, split_rows

QUESTIONS = 400  # of which a service is asked in turn


class NothingTrained(UserError):
    """There is no training set, or no champion, to compare with."""


class NotMeasured(UserError):
    """Settings have no figures yet."""


class Lab:
    """The settings, the rows and what was measured of them."""

    def __init__(self, settings: Settings) -> None:
        """Raises NothingTrained."""
        self.settings, self.seed = settings, load_project().seed
        path = settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet"
        comparison = settings.models_dir / "comparison.json"
        if not path.exists() or not comparison.exists():
            raise NothingTrained(f"there is no {path if not path.exists() else comparison}; run `make demo` first")
        self.champion = str(json.loads(comparison.read_text(encoding="utf-8"))["champion"])
        self.training_set: pa.Table = pq.read_table(path)
        made_from = (self.training_set.schema.metadata or {}).get(storage.FINGERPRINT_KEY, b"").decode()
        known = made_from, str(self.seed), str(settings.threads)
        answers = str(aliases_at_rest(settings.models_dir).get(CHAMPION))
        by_axis = {axis: fingerprint(axis, *known, *[answers] * (axis == "serving")) for axis in AXES}
        self.cells = Cells(settings.data_dir / "practice/tradeoffs", by_axis)
        self.rows: Rows = rows_of(self.training_set)
        self.parts = Parts(**split_rows(self.rows, default_split(*self.rows.days)))
        self.own = Setting("main", self.champion, GROUPS)

    @property
    def everything(self) -> tuple[Setting, ...]:
        return grid.everything(self.champion)

    def scores(self, setting: Setting, part: str) -> np.ndarray:
        """P(true) of each row of `tune` or `test`; some settings have the champion's own model."""
        return self.cells.scores(self.own if is_own_model(setting) else setting, part)

    def figures(self) -> list[dict[str, Any]]:
        """Of every setting, in the grid's order. Raises NotMeasured."""
        found = [(setting, self.cells.read(setting)) for setting in self.everything]
        missing = [setting.name for setting, figures in found if figures is None]
        if missing:
            raise NotMeasured(f"{len(missing)} settings are not measured yet, such as {missing[0]}; {RUN} first")
        return [figures for _, figures in found if figures is not None]


RUN = '`make tradeoffs ARGS="run"`'


def is_own_model(setting: Setting) -> bool:
    """Whether it is the champion's setting but for when to act: nothing is to be fitted."""
    return setting.axis == "threshold" or (setting.axis == "freshness" and setting.stale_minutes == 0)


def run(settings: Settings) -> None:
    """Measure what is not measured yet; four minutes on two cores for all of it."""
    lab = Lab(settings)
    missing = [setting for setting in lab.everything if lab.cells.read(setting) is None]
    say(f"{len(lab.everything)} settings, {len(missing)} of them to be measured")
    if any(setting.axis in ("main", "serving") for setting in missing):
        _timed(lab, missing)
    for setting in missing:
        if is_own_model(setting):
            judged = quality.judge(lab.scores(setting, "test"), lab.parts.test, setting.threshold, lab.seed)
            lab.cells.write(setting, judged)
        elif setting.axis == "freshness":
            _tell(setting)
            lab.cells.write(setting, *_stale(lab, setting))
    say('measured. `make tradeoffs ARGS="reveal"` shows it, once you have predicted')


def _timed(lab: Lab, missing: list[Setting]) -> None:
    """Those that are timed: the models with their lookups, then the whole service. One after the other."""
    from mlsystem.practice.tradeoffs import service_copy

    moment, asked = service_copy.moment_and_questions(lab.settings, QUESTIONS)
    say("loading a store of its own")
    with service_copy.prepared(lab.settings, moment) as own:
        _models(lab, [one for one in missing if one.axis == "main"], own, asked)
        questions = [service_copy.as_asked(one, moment) for one in asked]
        _services(lab, [one for one in missing if one.axis == "serving"], own, questions)


def _models(lab: Lab, missing: list[Setting], own: Settings, asked: list[Question]) -> None:
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store
    from mlsystem.practice.tradeoffs.answer_speed import answer_speed

    online = OnlineFeatures(open_store(own.features_dir, own.online_dir, register=False))
    for setting in missing:
        _tell(setting)
        parts = lab.parts.with_groups(setting.groups if setting.groups_matter else GROUPS)
        model = quality.fit(setting, parts, lab.seed, lab.settings.threads)
        scores = {part: model.predict_proba(getattr(parts, part).matrix) for part in ("tune", "test")}
        judged = quality.judge(scores["test"], parts.test, setting.threshold, lab.seed)
        speed = answer_speed(model, setting.groups, online, asked, parts.test.matrix[: len(asked)])
        lab.cells.write(setting, judged | speed, scores)


def _services(lab: Lab, missing: list[Setting], own: Settings, questions: list[dict[str, Any]]) -> None:
    from mlsystem.practice.tradeoffs import service_copy
    from mlsystem.practice.tradeoffs.service_speed import service_speed

    for workers in sorted({one.workers for one in missing}):
        say(f"starting the service with {workers} worker{'s' if workers > 1 else ''}")
        with service_copy.service(own, workers) as running:
            for setting in (one for one in missing if one.workers == workers):
                _tell(setting)
                speed = service_speed(running, questions, setting.batch_ms, lab.seed)
                lab.cells.write(setting, speed | {"cores": os.cpu_count()})


def _stale(lab: Lab, setting: Setting) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trained and judged on features of so many minutes earlier, as a slower pipeline would have them."""
    from mlsystem.practice.tradeoffs.stale import stale_matrix

    parts = lab.parts.with_matrix(lab.rows, stale_matrix(lab.training_set, setting.stale_minutes, lab.settings))
    model = quality.fit(setting, parts, lab.seed, lab.settings.threads)
    scores = {part: model.predict_proba(getattr(parts, part).matrix) for part in ("tune", "test")}
    return quality.judge(scores["test"], parts.test, setting.threshold, lab.seed), scores


def _tell(setting: Setting) -> None:
    say(f"  {grid.AXES[setting.axis]}: {setting.name}")
