"""The present champion of one worker, and the thread that takes up another one when the registry names it.

A swap replaces one reference. A request reads it once, so one model makes all of an answer; the old model lives until
its last request is answered. A challenger that scores in the shadow, and the champion before the last swap, are in
memory already. What cannot be loaded, or fails its smoke prediction, is refused, and the old one goes on.
"""

import gc
import logging
import math
import sys
import threading
import time
from pathlib import Path
from typing import Any

from mlsystem.metrics.serving import ServingMetrics
from mlsystem.model_registry import tracking, versions
from mlsystem.model_registry.champion import Champion, NoChampion
from mlsystem.model_registry.smoke import check_smoke
from mlsystem.serving.drift_window import DriftWindow
from mlsystem.serving.loading import CannotServe, Loaded, load
from mlsystem.serving.log_writer import PredictionLog
from mlsystem.serving.prediction_log import SHADOW_FOLDER
from mlsystem.serving.shadow import Shadow
from mlsystem.settings import Settings

logger = logging.getLogger("bentoml.mlsystem")

SWITCH_SECONDS = 0.00005  # how long the loading thread keeps the interpreter from an answer; Python's default is 0.005
BREATH_SECONDS = 0.02
AGAIN_SECONDS = 30.0
Stamp = tuple[tuple[int, int, int], ...]


class ChampionWatcher:
    """`loaded` is the champion that answers, or None with the `problem`; `refused` is why a newer one does not."""

    def __init__(self, settings: Settings, metrics: ServingMetrics, window: DriftWindow) -> None:
        self.loaded: Loaded | None = None
        self.problem = "the model is being loaded"
        self.refused = ""
        self._settings = settings
        self._metrics = metrics
        self._window = window
        self._seen: Stamp = ()
        self._again_at = math.inf  # time.monotonic() at which what was refused is tried again: its file may be mended
        self._before: Champion | None = None  # who was champion before, for a rollback
        self._shadow: Shadow | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="champion", daemon=True)

    def watch(self) -> None:
        """Load the champion now; then look for another one until closed. Never raises: a worker stays up."""
        self._check()
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        if self._shadow is not None and not self._thread.is_alive():
            self._shadow.score()  # of the last answers: a day that ends with a stop is scored to its end
            self._shadow.close()
        if self.loaded is not None:
            self.loaded.predictor.log.close()

    def about(self) -> dict[str, Any]:
        """What GET /model answers."""
        if self.loaded is None:
            return {"error": self.problem}
        challenger = self._shadow.challenger.version if self._shadow is not None else None
        return {**self.loaded.about(), "challenger": challenger, "refused": self.refused or None}

    def _run(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        while not self._closed.wait(self._settings.champion_poll_seconds):
            self._check()
            if self._shadow is not None:
                self._shadow.score()

    def _check(self) -> None:
        """One look: nothing if no file changed since the last one that came to an end."""
        models_dir = self._settings.models_dir
        stamp = _stamp(models_dir / "mlflow.db")
        if self.loaded is not None and stamp == self._seen and time.monotonic() < self._again_at:
            return
        self._again_at = math.inf
        try:
            aliases = versions.aliases_at_rest(models_dir)  # MLflow's own look takes 7 ms of the interpreter
            self._start() if self.loaded is None else self._swap(self.loaded, aliases.get(versions.CHAMPION))
            if self.loaded is not None:
                self._take_shadow(self.loaded, aliases.get(versions.CHALLENGER))
            self._seen = stamp
        except Exception as problem:  # a store that cannot be reached, however it says so: ask again in a second
            self._report(f"the model store cannot be read ({type(problem).__name__}: {problem})")

    def _start(self) -> None:
        try:
            self.loaded = load(self._settings, self._metrics)
        except CannotServe as problem:  # stay up and say so: a worker that exits is started again for ever
            self._report(str(problem))
            return
        champion = self.loaded.predictor.champion
        self._window.know(champion.version, champion.references)
        self._report("")
        gc.collect()
        gc.freeze()  # full collections over Feast's heap are the 100 ms tail

    def _swap(self, old: Loaded, version: str | None) -> None:
        before = old.predictor.champion
        if version == before.version:
            self.refused = ""
            return
        try:
            champion = self._version(version)
            _breathe()
            check_smoke(champion)
        except NoChampion as problem:
            said = f"champion {version or 'none'} is refused and {before.version} stays: {problem}"
            if said != self.refused:
                self._metrics.swaps.labels("refused").inc()
            self._report(said)
            self._again_at = time.monotonic() + AGAIN_SECONDS
            return
        self._window.know(champion.version, champion.references)
        self.loaded, self._before = old.with_champion(champion), before
        self._metrics.swaps.labels("swapped").inc()
        self._report("")
        logger.info("champion %s answers now, instead of %s", champion.version, before.version)

    def _take_shadow(self, loaded: Loaded, version: str | None) -> None:
        """The challenger scores as well, if it is another version and can be loaded; what it lacks is its affair."""
        scored = self._shadow.challenger.version if self._shadow is not None else None
        wanted = version if self._settings.shadow and version != loaded.predictor.champion.version else None
        if wanted != scored:
            old, self._shadow = self._shadow, self._new_shadow(wanted) if wanted is not None else None
            if old is not None:
                old.close()
        loaded.predictor.shadow = self._shadow

    def _new_shadow(self, version: str) -> Shadow | None:
        try:
            challenger = self._version(version)
        except NoChampion as problem:
            self._metrics.shadow_failures.inc()
            logger.error("challenger %s is not scored: %s", version, problem)
            self._again_at = time.monotonic() + AGAIN_SECONDS
            return None
        folder = self._settings.predictions_dir / SHADOW_FOLDER
        return Shadow(challenger, PredictionLog(folder, self._settings.prediction_log_files), self._metrics)

    def _version(self, version: str | None) -> Champion:
        """From memory if it is the challenger, or was the champion before: then a swap loads nothing.

        Else from the registry, whose versions never change. Raises NoChampion.
        """
        for held in (self._before, self._shadow.challenger if self._shadow is not None else None):
            if held is not None and held.version == version:
                return held
        if version is None:
            raise NoChampion("no model version is champion; run `make train`")
        return versions.load_version(tracking.tracking_uri(self._settings.models_dir), version, _breathe)

    def _report(self, problem: str) -> None:
        """Say a problem once: in the log, and where it can be asked for."""
        if problem and problem not in (self.problem, self.refused):
            logger.error("%s: %s", "not ready" if self.loaded is None else "not swapped", problem)
        if self.loaded is None:
            self.problem = problem
        else:
            self.refused = problem


def _breathe() -> None:
    """Leave the interpreter to the answers that have queued up behind a step of the loading."""
    time.sleep(BREATH_SECONDS)


def _stamp(database: Path) -> Stamp:
    """Changes when the registry is written to; costs microseconds where a query costs milliseconds."""
    found = []
    for path in (database, database.with_name(f"{database.name}-wal")):
        try:
            status = path.stat()
        except OSError:  # not there, or not reachable
            found.append((0, 0, 0))
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
