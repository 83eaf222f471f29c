"""Every deployment and its schedule, in one place."""

from typing import Any

from prefect import serve
from prefect.schedules import Cron

from mlsystem.domain.calendar import HOME_TIME_ZONE
from mlsystem.flows.live import serve_smoke
from mlsystem.flows.nightly import nightly


def serve_deployments(cron: str) -> None:
    """Run the schedules until stopped, against the API that `make deploy` has found."""
    serve(*deployments(cron))


def deployments(cron: str) -> list[Any]:
    """The night's work, and two hours later a question to the service: would it answer?"""
    zone = str(HOME_TIME_ZONE)
    return [
        nightly.to_deployment("nightly", schedules=[Cron(cron, timezone=zone)]),
        serve_smoke.to_deployment("daily", schedules=[Cron("0 5 * * *", timezone=zone)]),
    ]
