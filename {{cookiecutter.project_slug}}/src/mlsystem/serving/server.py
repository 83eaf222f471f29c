"""The service as a process: uvicorn with the bounds that `bentoml serve` has no option for (docs/decisions/0020)."""

from typing import Any

import uvicorn

from mlsystem.addresses import address
from mlsystem.serving.connections import HEAD_BYTES, HEAD_SECONDS, Connection
from mlsystem.serving.run import STOP_SECONDS, metrics_dir
from mlsystem.serving.shared_counts import reserve
from mlsystem.settings import count_in_memory, load_settings

# A worker that says nothing for so long is replaced. uvicorn waits as long for one that was killed before its first
# word, and looks after no other meanwhile.
HUNG_SECONDS = 15
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s [%(levelname)s] [%(process)d] %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "bentoml": {"level": "INFO"},
        "uvicorn": {"level": "INFO"},
        "uvicorn.error": {"filters": ["no caller"]},
    },
    "filters": {"no caller": {"()": "mlsystem.serving.connections.NotOfCallers"}},
}


def application() -> Any:
    """The service in a worker. prometheus_client looks where to count when it is imported, so the space comes first."""
    settings = load_settings()
    if not reserve(metrics_dir(settings)):
        count_in_memory()
    from mlsystem.serving.service import application as made

    return made()


def main() -> None:
    """Answer until told to stop. The address, the workers and the folders are the environment's."""
    settings = load_settings()
    uvicorn.run(
        "mlsystem.serving.server:application",
        factory=True,
        host=address(settings, "serving").ip,
        port=settings.serving_port,
        workers=settings.workers,
        http=Connection,
        h11_max_incomplete_event_size=HEAD_BYTES,
        ws="none",
        lifespan="on",  # a worker that cannot begin ends, with a line: it must not stay and answer 500
        timeout_keep_alive=int(HEAD_SECONDS),
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_worker_healthcheck=HUNG_SECONDS,
        proxy_headers=False,  # nobody may say for another who asks
        server_header=False,
        access_log=False,
        log_config=LOGGING,
    )


if __name__ == "__main__":
    main()
