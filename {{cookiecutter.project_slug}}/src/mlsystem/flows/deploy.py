"""Every deployment and its schedule, in one place."""

from typing import Any

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import Cron

from mlsystem.domain import PROBLEM
from mlsystem.flows.nightly import nightly
from mlsystem.flows.replay_days import serve_smoke

# A night that is due while the last one still works would work on the same files.
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


def serve_deployments(cron: str) -> None:
    """Run the schedules until stopped, against the API that `make deploy` has found."""
    serve(*deployments(cron))


def deployments(cron: str) -> list[Any]:
    """The night's work, and two hours later a question to the service: would it answer?"""
    zone = str(PROBLEM.zone)
    return [
        nightly.to_deployment("nightly", schedules=[Cron(cron, timezone=zone)], concurrency_limit=ONE_AT_A_TIME),
        serve_smoke.to_deployment("daily", schedules=[Cron("0 5 * * *", timezone=zone)]),
    ]
