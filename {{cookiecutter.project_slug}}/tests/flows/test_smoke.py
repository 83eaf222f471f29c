"""The question that `make smoke` asks and prints: about a flight that the store knows, with any seed."""

import json
from datetime import datetime

from mlsystem.flows.intervals import flights_of
from mlsystem.flows.live import as_curl, flight_to_ask_about
from mlsystem.flows.replay import as_request
from mlsystem.serving import prediction_log
from mlsystem.settings import Settings


def test_it_is_about_the_flight_that_the_replay_ended_with(system):
    """Whatever day the seed chose: the replay asked about that flight last, and the answer was full."""
    flight = flight_to_ask_about(system.settings)

    last = list(prediction_log.records(system.settings.predictions_dir))[-1]
    assert (flight.as_of, last["degraded"]) == (datetime.fromisoformat(last["as_of"]), False)
    assert json.loads(as_curl(flight, system.settings).split(" -d ")[1].strip("'")) == as_request(flight)


def test_before_any_replay_it_is_about_the_first_flight_of_the_last_day(validated, own_settings: Settings):
    own_settings.data_dir.mkdir(parents=True)
    own_settings.validated_dir.symlink_to(validated.settings.validated_dir)

    flight = flight_to_ask_about(own_settings)

    assert flight == flights_of(own_settings.last_day, own_settings.validated_dir)[0][1]
