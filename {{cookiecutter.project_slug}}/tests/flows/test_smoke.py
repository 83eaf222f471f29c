"""The question that `make smoke` asks and prints: one that the store knows something of, with any seed."""

import json
from datetime import datetime

from mlsystem.flows.replay_days import as_curl, question_to_ask
from mlsystem.replay.replay import as_request
from mlsystem.replay.timeline import questions_of
from mlsystem.serving import prediction_log
from mlsystem.settings import Settings


def test_it_is_the_question_that_the_replay_ended_with(system):
    """Whatever day the seed chose: the replay asked it last, and the answer was full."""
    question = question_to_ask(system.settings)

    last = list(prediction_log.records(system.settings.predictions_dir))[-1]
    assert (question.as_of, last["degraded"]) == (datetime.fromisoformat(last["as_of"]), False)
    assert json.loads(as_curl(question, system.settings).split(" -d ")[1].strip("'")) == as_request(question)


def test_before_any_replay_it_is_the_first_question_of_the_last_day(validated, own_settings: Settings):
    own_settings.data_dir.mkdir(parents=True)
    own_settings.validated_dir.symlink_to(validated.settings.validated_dir)

    question = question_to_ask(own_settings)

    assert question == questions_of(own_settings.last_day, own_settings.validated_dir)[0]
