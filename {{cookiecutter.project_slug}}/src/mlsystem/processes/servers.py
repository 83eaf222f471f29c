"""The servers of a running system: how each is started, where it answers, and what says that it is ready."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mlsystem import storage
from mlsystem.addresses import Address, address, ask
from mlsystem.model_registry.tracking import tracking_uri
from mlsystem.model_registry.versions import REGISTERED_MODEL
from mlsystem.settings import ROOT, Settings, tools_dir

PROMETHEUS_FILES = ("prometheus.yml", "rules.yml")
JOBS = {"predictions": "serving", "consumer": "consumer"}  # scrape job -> server
QUIET = {
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
}  # a server of its own has errors
# Without the mode MLflow opens its pages for language models; the list of all models, /#/models, forgets it.
MODEL_PAGE = f"/#/models/{REGISTERED_MODEL}?workflowType=machine_learning"


ALERTS_PAGES = ("/alerts", "/classic/alerts")  # Debian's build has the old pages alone


@dataclass(frozen=True)
class Server:
    """`ready` is the path that answers 200 when the server can do its work, and else says why not.

    `pages` are where a person may find it, the best first: which one is there, is asked when it runs."""

    name: str
    command: list[str]
    address: Address
    ready: str
    pages: tuple[str, ...] = ()
    folder: Path = ROOT  # where it is started
    environment: Mapping[str, str] = field(default_factory=dict)  # besides the settings


def servers(settings: Settings) -> list[Server]:
    """All that `make up` starts. Prometheus only where it is installed: it is no Python package."""
    found = [_service(settings), _consumer(settings), _mlflow(settings), _prefect(settings)]
    found += [_prometheus(settings)] if shutil.which("prometheus") else []
    return [server for server in found if server.name in settings.servers.split()]


def link(server: Server) -> str:
    """The page to open: the first that answers, or else the address, which does."""
    for page in server.pages:
        with suppress(OSError):
            if ask(f"{server.address.url}{page.partition('#')[0]}")[0] == 200:
                return f"{server.address.url}{page}"
    return server.address.url


def _service(settings: Settings) -> Server:
    from mlsystem.serving.run import serve_command

    return Server("service", serve_command(settings), address(settings, "serving"), "/readyz")


def _consumer(settings: Settings) -> Server:
    command = [sys.executable, "-m", "mlsystem", "consume"]
    return Server("consumer", command, address(settings, "consumer"), "/metrics")


def _mlflow(settings: Settings) -> Server:
    at = address(settings, "mlflow")
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", at.ip, "--port", str(at.port)]
    command += ["--backend-store-uri", tracking_uri(settings.models_dir)]
    command += [
        "--default-artifact-root",
        (settings.models_dir / "artifacts").resolve().as_uri(),
        "--no-serve-artifacts",
    ]
    return Server("mlflow", command, at, "/health", (MODEL_PAGE,))


def _prefect(settings: Settings) -> Server:
    at = address(settings, "prefect")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", at.ip, "--port", str(at.port)]
    own = {
        "PREFECT_SERVER_UI_API_URL": f"{at.url}/api",  # else its page asks whoever listens at port 4200
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # that page asks amplitude.com as it opens, whatever else is set
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    return Server("prefect", command, at, "/api/ready", folder=tools_dir(settings), environment=QUIET | own)


def _prometheus(settings: Settings) -> Server:
    at, folder = address(settings, "prometheus"), settings.data_dir / "tools" / "prometheus"
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb"]
    command.append(f"--web.listen-address={at.listen}")
    return Server("prometheus", command, at, "/-/ready", ALERTS_PAGES, folder)


def write_prometheus(settings: Settings, folder: Path) -> None:
    """What Prometheus reads: the files of `ops/`, and beside them where this system's servers are.

    It is started in the folder and reads them by their names alone: it takes a path for a pattern, so that a `[` in the
    project's folder would hide the rules from it.
    """
    for name in PROMETHEUS_FILES:
        storage.write_text(folder / name, (ROOT / "ops/prometheus" / name).read_text(encoding="utf-8"))
    for job, targets in _targets(settings):
        storage.write_text(folder / f"{job}.json", json.dumps(targets))


def _targets(settings: Settings) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """In the form of Prometheus's file_sd_config."""
    for job, server in JOBS.items():
        yield job, [{"targets": [address(settings, server).url.removeprefix("http://")]}]
