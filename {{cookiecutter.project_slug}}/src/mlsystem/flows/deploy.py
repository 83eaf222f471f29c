"""Every deployment and its schedule, in one place."""

from datetime import date, timedelta

from prefect import serve
from prefect.schedules import Cron

from mlsystem.flows.data import build_features, ingest
from mlsystem.flows.live import serve_smoke
from mlsystem.flows.monitor import monitor
from mlsystem.flows.retrain import judge, retrain
from mlsystem.settings import load_settings

NEW_YORK = "America/New_York"


def serve_deployments() -> None:
    """Run the schedules until stopped. Needs a Prefect server: `make up` starts one."""
    serve(*deployments())


def deployments() -> list:
    """The nightly order: yesterday's data, its features, a look at it all; then a verdict on the challenger that waits.

    On the first of a month it is decided whether to train one. The parameters are the data set's span; a live source
    would set both days to yesterday's.
    """
    settings = load_settings()
    yesterday: dict[str, date] = {"first": settings.last_day - timedelta(days=1), "last": settings.last_day}
    ingesting, computing = (Cron(f"{minute} 3 * * *", timezone=NEW_YORK) for minute in (0, 30))
    return [
        ingest.to_deployment("nightly", parameters=yesterday, schedules=[ingesting]),
        build_features.to_deployment("nightly", parameters=yesterday, schedules=[computing]),
        monitor.to_deployment("daily", schedules=[Cron("0 4 * * *", timezone=NEW_YORK)]),
        judge.to_deployment("daily", schedules=[Cron("15 4 * * *", timezone=NEW_YORK)]),
        retrain.to_deployment("monthly", schedules=[Cron("30 4 1 * *", timezone=NEW_YORK)]),
        serve_smoke.to_deployment("daily", schedules=[Cron("0 5 * * *", timezone=NEW_YORK)]),
    ]
