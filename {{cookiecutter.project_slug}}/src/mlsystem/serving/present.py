"""The present champion of one worker, and the thread that takes up another one when the registry names it.

A swap replaces one reference. A request reads it once, so one model makes all of an answer; the old model lives until
its last request is answered. What cannot be loaded, or fails its smoke prediction, is refused, and the old one goes on.
"""

import gc
import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsystem.metrics import ServingMetrics
from mlsystem.serving.loading import CannotServe, Loaded, load
from mlsystem.serving.log_writer import PredictionLog
from mlsystem.serving.prediction_log import SHADOW_FOLDER
from mlsystem.settings import Settings

if TYPE_CHECKING:
    from mlsystem.serving.shadow import Shadow

logger = logging.getLogger("bentoml.mlsystem")

SWITCH_SECONDS = 0.00005  # how long the loading thread keeps the interpreter from an answer; Python's default is 0.005
Stamp = tuple[tuple[int, int, int], ...]


class Present:
    """`loaded` is the champion that answers, or None with the `problem`; `refused` is why a newer one does not."""

    def __init__(self, settings: Settings, metrics: ServingMetrics) -> None:
        self.loaded: Loaded | None = None
        self.problem = "the model is being loaded"
        self.refused = ""
        self._settings = settings
        self._metrics = metrics
        self._seen: Stamp = ()
        self._shadow: Shadow | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="champion", daemon=True)

    def watch(self) -> None:
        """Load the champion now; then look for another one until closed. Never raises: a worker stays up."""
        self._look()
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
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
            self._look()
            if self._shadow is not None:
                self._shadow.score()

    def _look(self) -> None:
        """One look: nothing if no file changed since the last one that came to an end."""
        stamp = _stamp(self._settings.models_dir / "mlflow.db")
        if self.loaded is not None and stamp == self._seen:
            return
        try:
            self._start() if self.loaded is None else self._swap(self.loaded)
            if self.loaded is not None:
                self._take_shadow(self.loaded)
            self._seen = stamp
        except Exception as problem:  # a store that cannot be reached, however it says so: ask again in a second
            self._tell(f"the model store cannot be read ({type(problem).__name__}: {problem})")

    def _start(self) -> None:
        try:
            self.loaded = load(self._settings, self._metrics)
        except CannotServe as problem:  # stay up and say so: a worker that exits is started again for ever
            self._tell(str(problem))
            return
        self._tell("")
        gc.collect()
        gc.freeze()  # full collections over Feast's heap are the 100 ms tail

    def _swap(self, old: Loaded) -> None:
        from mlsystem.model_registry import registry
        from mlsystem.model_registry.smoke import check_smoke

        version = registry.aliases(self._settings.models_dir).get(registry.CHAMPION)
        if version == old.predictor.champion.version:
            self.refused = ""
            return
        try:
            champion = registry.load_champion(self._settings.models_dir)
            check_smoke(champion)
        except registry.NoChampion as problem:
            self._metrics.swaps.labels("refused").inc()
            self._tell(f"champion {version or 'none'} is refused and {old.predictor.champion.version} stays: {problem}")
            return
        self.loaded = old.with_champion(champion)
        self._metrics.swaps.labels("swapped").inc()
        self._tell("")
        logger.info("champion %s answers now, instead of %s", champion.version, old.predictor.champion.version)

    def _take_shadow(self, loaded: Loaded) -> None:
        """The challenger scores as well, if it is another version and can be loaded; what it lacks is its affair."""
        from mlsystem.model_registry import registry, tracking
        from mlsystem.serving.shadow import Shadow

        models_dir = self._settings.models_dir
        version = registry.aliases(models_dir).get(registry.CHALLENGER) if self._settings.shadow else None
        if version is None or version == loaded.predictor.champion.version:
            self._shadow = None
        elif self._shadow is None or self._shadow.challenger.version != version:
            try:
                challenger = registry.load_version(tracking.tracking_uri(models_dir), version)
            except registry.NoChampion as problem:
                self._shadow = None
                self._metrics.shadow_failures.inc()
                logger.error("challenger %s is not scored: %s", version, problem)
            else:
                folder = self._settings.predictions_dir / SHADOW_FOLDER
                log = PredictionLog(folder, self._settings.prediction_log_files)
                self._shadow = Shadow(challenger, log, self._metrics)
        loaded.predictor.shadow = self._shadow

    def _tell(self, problem: str) -> None:
        """Say a problem once: in the log, and where it can be asked for."""
        if problem and problem not in (self.problem, self.refused):
            logger.error("%s: %s", "not ready" if self.loaded is None else "not swapped", problem)
        if self.loaded is None:
            self.problem = problem
        else:
            self.refused = problem


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
