"""Prefect's own server, in this process, on a new database: what it schedules, as JSON. Run by itself."""

import asyncio
import json


async def states_of_scheduled_runs() -> list[str]:
    """By Prefect's client, as `make deploy` asks: it asks again where the server says that SQLite was locked."""
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import IntervalSchedule
    from prefect.server.api.server import create_app

    often = DeploymentScheduleCreate(schedule=IntervalSchedule(interval=3600))
    async with PrefectClient(create_app(ephemeral=True)) as client:
        flow = await client.create_flow_from_name("nothing")
        deployment = await client.create_deployment(flow, "hourly", schedules=[often])
        await client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment}, json={"min_runs": 1})
        return [run.state_name for run in await client.read_flow_runs()]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(states_of_scheduled_runs())))
