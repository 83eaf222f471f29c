"""Prefect's own server, in this process, on a new database: what it schedules, as JSON. Run by itself."""

import asyncio
import json

import httpx


async def states_of_scheduled_runs() -> list[str]:
    """By the public API, on which `make deploy` and the server's own scheduler work as well."""
    from prefect.server.api.server import create_app

    app = create_app(ephemeral=True)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://prefect/api") as client,
    ):

        async def ask(path: str, **body: object) -> dict:
            return (await client.post(path, json=body)).raise_for_status().json()

        flow = await ask("/flows/", name="nothing")
        often = {"active": True, "schedule": {"interval": 3600}}
        deployment = await ask("/deployments/", name="hourly", flow_id=flow["id"], schedules=[often])
        await ask(f"/deployments/{deployment['id']}/schedule", min_runs=1)
        return [run["state_name"] for run in await ask("/flow_runs/filter")]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(states_of_scheduled_runs())))
