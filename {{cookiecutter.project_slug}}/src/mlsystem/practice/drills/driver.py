"""Runs with the sandbox's own code, and does what its schedules would do. One line of JSON in, one out.

Imports nothing of the practice room: the sandbox has none. Started by its path, with the sandbox's `src` in front.
All of the project is imported inside the functions, so that `renew` can let it be imported again.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing, redirect_stdout, suppress
from datetime import date, datetime, timedelta
from typing import Any


def prepare() -> None:
    """Import what is used below: it takes some seconds, while nobody waits yet."""
    from mlsystem.settings import configure_tools, load_settings

    configure_tools(load_settings())
    import mlsystem.feature_store.store
    import mlsystem.flows.monitor
    import mlsystem.model_registry.registry
    import mlsystem.validation.validate  # noqa: F401


def renew() -> None:
    """Take the project's code up as it is now. The libraries stay: they need ten seconds."""
    for name in [one for one in sys.modules if one.partition(".")[0] == "mlsystem"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    prepare()


def begin(at: str, day: str) -> None:
    """The online store and the event log as they are at a moment."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store
    from mlsystem.features import build
    from mlsystem.replay.logs import log_path
    from mlsystem.replay.replay import load
    from mlsystem.serving import monitor_findings
    from mlsystem.settings import load_settings
    from mlsystem.streaming.event_log import EventLog

    settings, moment = load_settings(), datetime.fromisoformat(at)
    yesterday = date.fromisoformat(day) - timedelta(days=1)  # whose features reach to the morning of the day
    build.build(build.feature_days(yesterday, yesterday), settings.validated_dir, settings.features_dir)
    monitor_findings.write(settings.predictions_dir, time.time(), {})  # last night's, which found nothing
    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir))
    with closing(EventLog(log_path(settings))) as log:
        load(date.fromisoformat(day), moment, settings.validated_dir, log, online)


def validate(first: str, last: str) -> dict[str, str]:
    """Let the rows of delivered days pass that keep the contract; the reasons of the days that were stopped."""
    from mlsystem.settings import load_settings
    from mlsystem.validation.validate import validate as validate_days

    settings = load_settings()
    report = validate_days(_days(first, last), settings.source_dir, settings.validated_dir, again=True)
    return {str(day): reason for day, reason in report.stopped.items()}


def night() -> str:
    """The features of the day that has ended by the system's own clock, and a look at all answers so far."""
    from mlsystem import storage
    from mlsystem.features import build
    from mlsystem.flows.monitor import measure
    from mlsystem.replay import system_clock
    from mlsystem.settings import load_settings
    from mlsystem.source.deliver import check_within

    settings = load_settings()
    yesterday = system_clock.today(settings) - timedelta(days=1)
    check_within([yesterday], settings.source_dir)
    build.build(build.feature_days(yesterday, yesterday), settings.validated_dir, settings.features_dir)
    storage.write_json(settings.reports_dir / "monitoring.json", measure.fn(settings))
    return str(yesterday)


DOES: dict[str, Callable[..., Any]] = {"renew": renew, "begin": begin, "validate": validate, "night": night}


def _days(first: str, last: str) -> list[date]:
    from mlsystem import storage

    return storage.day_range(date.fromisoformat(first), date.fromisoformat(last))


def main() -> None:
    """Do what each line says, until there is none."""
    said = sys.stdout
    with redirect_stdout(sys.stderr):  # what a tool prints must not be taken for an answer
        with suppress(Exception):  # a learner's code may be in any state: whoever asks for it is told
            prepare()
        for line in sys.stdin:
            asked: dict[str, Any] = json.loads(line)
            try:
                answer = {"done": DOES[asked.pop("do")](**asked)}
            except Exception as problem:  # the learner's code may be in any state, and the world goes on
                answer = {"failed": f"{type(problem).__name__}: {problem}"}
            print(json.dumps(answer), file=said, flush=True)


if __name__ == "__main__":
    main()
