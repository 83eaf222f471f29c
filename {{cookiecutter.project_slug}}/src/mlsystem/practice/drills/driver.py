"""Runs with the sandbox's own code, and does what its schedules would do. One line of JSON in, one out.

Imports nothing of the practice room: the sandbox has none. Started by its path, with the sandbox's `src` in front.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from datetime import date, datetime
from typing import Any

from mlsystem import storage
from mlsystem.replay.logs import log_path
from mlsystem.settings import configure_tools, load_settings
from mlsystem.streaming.event_log import EventLog


def begin(at: str, day: str) -> None:
    """The online store and the event log as they are at a moment."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store
    from mlsystem.replay.timeline import facts_between

    settings, moment = load_settings(), datetime.fromisoformat(at)
    with closing(EventLog(log_path(settings))) as log:
        log.clear()
        OnlineFeatures(open_store(settings.features_dir, settings.online_dir)).materialise(moment)
        log.append(facts_between(date.fromisoformat(day), None, moment, settings.validated_dir), moment)


def validate(first: str, last: str) -> dict[str, str]:
    """Let the rows of delivered days pass that keep the contract; the reasons of the days that were stopped."""
    from mlsystem.validation.validate import validate as validate_days

    settings = load_settings()
    report = validate_days(_days(first, last), settings.source_dir, settings.validated_dir)
    return {str(day): reason for day, reason in report.stopped.items()}


def night(first: str, last: str) -> None:
    """The features of days that have ended, and a look at all answers so far, as the nightly run has it."""
    from mlsystem.features import build
    from mlsystem.flows.monitor import measure

    settings = load_settings()
    build.build(
        build.feature_days(*map(date.fromisoformat, (first, last))), settings.validated_dir, settings.features_dir
    )
    storage.write_json(settings.reports_dir / "monitoring.json", measure.fn(settings))


def now() -> float:
    """Nothing but a sign of life."""
    return time.time()


DOES: dict[str, Callable[..., Any]] = {"begin": begin, "validate": validate, "night": night, "now": now}


def _days(first: str, last: str) -> list[date]:
    return storage.day_range(date.fromisoformat(first), date.fromisoformat(last))


def main() -> None:
    """Do what each line says, until there is none."""
    configure_tools(load_settings())
    said = sys.stdout
    with redirect_stdout(sys.stderr):  # what a tool prints must not be taken for an answer
        for line in sys.stdin:
            asked: dict[str, Any] = json.loads(line)
            try:
                answer = {"done": DOES[asked.pop("do")](**asked)}
            except Exception as problem:  # the learner's code may be in any state, and the world goes on
                answer = {"failed": f"{type(problem).__name__}: {problem}"}
            print(json.dumps(answer), file=said, flush=True)


if __name__ == "__main__":
    main()
