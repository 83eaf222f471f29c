"""The night's work, on the system's own clock; docs/decisions/0019 says why it is one run and not six."""

from datetime import timedelta

from prefect import flow

from mlsystem.flows.data import DaysStopped, build_features, ingest
from mlsystem.flows.monitor import monitor
from mlsystem.flows.retrain import judge, retrain
from mlsystem.progress import say
from mlsystem.replay import system_clock as clock
from mlsystem.settings import load_settings


@flow(name="nightly")
def nightly() -> None:
    """Yesterday's data, its features, a look at all answers so far, and a verdict on the challenger that waits.

    On the first of a month it is decided as well whether to train one. A day that was stopped fails the run, but only
    at its end: what can go on without it goes on. Raises NoClock, DayOutside, DaysStopped, NothingLogged.
    """
    today = clock.today(load_settings())
    yesterday = today - timedelta(days=1)
    say(f"it is {today}: the night after {yesterday}")
    stopped: DaysStopped | None = None
    try:
        ingest(yesterday, yesterday)
    except DaysStopped as found:
        stopped = found
    build_features(yesterday, yesterday)
    monitor()
    judge()
    if today.day == 1:
        retrain()
    if stopped is not None:
        raise stopped
