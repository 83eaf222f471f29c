"""A year in the life: the system lives through past months by itself, and what that was worth is written on a page.

The service is asked each question when it is due, facts and labels arrive as they became known, on the first
of each month a retraining is decided on, and a challenger that was trained is judged a day later. It has models, log
and online rows of its own (`data/year`), so that what `make demo` made stays as it is.
"""

import shutil
import time
from datetime import date, timedelta
from pathlib import Path

from prefect import flow

from mlsystem.addresses import service_url
from mlsystem.errors import UserError
from mlsystem.flows.replay_days import check_answered, play, state_of
from mlsystem.flows.retrain import train_on
from mlsystem.progress import say
from mlsystem.replay.replay import Span
from mlsystem.settings import Settings
from mlsystem.simulation.lane import own_settings
from mlsystem.simulation.retraining_loop import RetrainingLoop

INTERVAL = timedelta(minutes=30)  # its questions share a request


class OtherLife(UserError):
    """A life of other days was stopped, and would be lost."""


@flow(name="live-a-year", validate_parameters=False)
def live(first: date, last: date, settings: Settings) -> Path:
    """Live from `first` to `last`, or go on where a life was stopped; the page that shows it.

    Raises OtherLife, Unanswered, DaysStopped.
    """
    from mlsystem.serving.run import running_service
    from mlsystem.simulation.policies import Simulation, write_page

    started = time.perf_counter()
    own = own_settings(settings)
    span = Span(first, last, INTERVAL)
    state = state_of(own)
    _check_no_other(state.other_than(span), own)
    if is_whole := state.read(span) is None:
        _begin(first, own)
    living = RetrainingLoop(own, first, last)
    say("starting the service")
    with running_service(own):
        say(f"living {first} to {last} against {service_url(own)}")
        served = play(span, own, progress=living)
    say("comparing with a frozen model, and with one retrained every month")
    counts = {name: value for name, value in vars(served).items() if name != "metrics"}
    seconds = living.seconds | {"the life": round(time.perf_counter() - started, 1)}
    seconds = seconds if is_whole else {}  # of the last stretch alone they would say nothing of the life
    page = write_page(Simulation(own, first, last), counts, seconds)
    state.drop()  # not before: a stop while the page was made must not begin the life again
    check_answered(served)
    took = f"in {seconds['the life']:.0f} s" if is_whole else "with a stop on the way"
    say(f"lived {(last - first).days + 1} days {took}. The page: {page}")
    return page


def _check_no_other(other: Span | None, own: Settings) -> None:
    if other is not None:
        raise OtherLife(
            f"a life of {other.first} to {other.last} was stopped on its way; "
            f'`make year ARGS="--from {other.first} --to {other.last}"` goes on with it. '
            f"To begin another, remove {own.data_dir / own.state} first"
        )


def _begin(first: date, own: Settings) -> None:
    """A new life: nothing but the data, and a first champion that learned from what was known on the first day."""
    from mlsystem.flows.data import build_features, ingest

    shutil.rmtree(own.data_dir / own.state, ignore_errors=True)
    ingest(own.first_day, own.last_day)
    build_features(own.first_day, own.last_day)
    # Not before the data: Feast's import switches on the warnings that Great Expectations' import gives.
    from mlsystem.feature_store.store import open_store
    from mlsystem.model_registry import promotions, registry

    open_store(own.features_dir, own.online_dir)
    say("training the first champion")
    version = registry.publish_challenger(train_on(first, own), own.models_dir, {})
    promotions.promote(own.models_dir, version, None, "make year", "the first", {"trained_on": str(first)})
    registry.dismiss_challenger(own.models_dir)
