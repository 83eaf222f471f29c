"""All that differs between machines and profiles. Nothing else in the project reads the environment."""

import os
import tomllib
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]  # the project folder: the one with project.toml

# Tools that would phone home, or write into the user's home, are told here and only here not to.
TOOL_ENVIRONMENT = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "true",  # MLflow reads "true"; "1" does not count
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # 8 processes and 1.8 GB beside its page, for scorers of LLMs
    "OTEL_SDK_DISABLED": "true",  # a third of BentoML's request overhead; docs/decisions/0008
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # the default of 20 s fails on a busy laptop
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "INFO",  # what a run says goes to the API, to be read beside the run;
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",  # people have it from `say` already
    "PREFECT_LOGGING_EXTRA_LOGGERS": "mlsystem",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # `say` is used outside of runs too
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # the embedded server logs its own shutdown as errors
    "TZ": "UTC",  # engines that convert naive timestamps use the machine's zone otherwise
}


class Settings(BaseSettings):
    """One value per line, each with its reason; override with MLSYSTEM_<NAME> or a line in .env."""

    model_config = SettingsConfigDict(
        env_prefix="MLSYSTEM_", env_file=ROOT / ".env", extra="forbid", frozen=True, env_ignore_empty=True
    )

    data_dir: Path = ROOT / "data"  # everything the system makes, numbered in the data's order
    reports_dir: Path = ROOT / "reports"  # what people read
    life: str = ""  # the folder of data_dir with models, log and online rows; `make year` has its own
    first_day: date = date(2013, 1, 1)  # the data set is the calendar year 2013, New York time
    last_day: date = date(2013, 12, 31)
    workers: int = 2  # serving processes; one per core of a small laptop
    threads: int = 1  # per model fit and per prediction: OpenMP with more is slower under contention
    serving_host: str = "127.0.0.1"  # loopback, as for each server below: none of them asks who is calling
    serving_port: int = 3000  # BentoML's default
    mlflow_host: str = "127.0.0.1"
    mlflow_port: int = 5000  # MLflow's default
    prefect_host: str = "127.0.0.1"
    prefect_port: int = 4200  # Prefect's default
    prometheus_host: str = "127.0.0.1"
    prometheus_port: int = 9090  # Prometheus's default
    consumer_host: str = "127.0.0.1"
    consumer_port: int = 3001  # the stream consumer's metrics; next to the service's
    clock: Literal["events", "wall"] = "events"  # whose yesterday the nightly run takes: a live source's is the wall's
    lateness_minutes: int = 10  # behind the clock of the log; a later fact is counted and left out
    max_body_bytes: int = 1_000_000  # about 3,000 flights; a larger body is refused before it is parsed
    max_flights_per_request: int = 1_000  # bounds the time that one caller can take
    lookup_budget_seconds: float = 0.25  # a healthy lookup takes 1 ms; one that takes longer is answered without
    prediction_log_files: int = 60  # as much as so many full ones hold, 64 MB each; then the oldest go
    shadow: bool = True  # score the challenger, if there is one, on what the champion answers
    champion_poll_seconds: float = 1.0  # between two looks for a new champion: two stats of a file when there is none

    @property
    def source_dir(self) -> Path:
        return self.data_dir / "1_source"

    @property
    def validated_dir(self) -> Path:
        return self.data_dir / "2_validated"

    @property
    def features_dir(self) -> Path:
        return self.data_dir / "3_features"

    @property
    def training_sets_dir(self) -> Path:
        return self.data_dir / "4_training_sets"

    @property
    def models_dir(self) -> Path:
        return self.data_dir / self.life / "5_models"

    @property
    def predictions_dir(self) -> Path:
        return self.data_dir / self.life / "6_predictions"

    @property
    def online_dir(self) -> Path:
        return self.data_dir / self.life / "online"

    @property
    def stream_dir(self) -> Path:
        return self.data_dir / self.life / "stream"


class Project(BaseModel):
    """What was answered when the project was generated: project.toml, the one rendered settings file."""

    name: str = "Flight Delay Radar"
    slug: str = "flight-delay-radar"
    description: str = ""
    author: str = ""
    licence: str = "MIT"
    seed: int = 2013


def load_project(path: Path = ROOT / "project.toml") -> Project:
    """The answers; in the template itself, where they are still placeholders, the defaults."""
    answers = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return Project(**{key: value for key, value in answers.items() if "{{" not in value})


@lru_cache
def load_settings() -> Settings:
    """Read once per process. Raises pydantic.ValidationError naming the setting that is wrong."""
    return Settings()


def configure_tools(settings: Settings) -> None:
    """Tell every tool where its state lives and to stay silent. Call it before a tool is imported."""
    state = settings.data_dir / "tools"
    state.mkdir(parents=True, exist_ok=True)  # Prefect makes its home, but not the folders above it
    os.environ.update(TOOL_ENVIRONMENT)
    # Of these folders, whatever a parent process has: two servers on one database would run each other's schedules.
    os.environ["PREFECT_HOME"] = str(state / "prefect")
    os.environ["BENTOML_HOME"] = str(state / "bentoml")
    os.environ["MPLCONFIGDIR"] = str(state / "matplotlib")
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.threads))


def use_prefect(url: str) -> None:
    """Let the flows of this process and of its children run against that API. Call it before Prefect is imported."""
    os.environ["PREFECT_API_URL"] = url


def mark_children(name: str, value: str) -> None:
    """Let every process that this one starts carry a mark in its environment; see family.py."""
    os.environ[name] = value


def mark_of_children(name: str) -> str:
    """The mark that they carry now, or an empty text."""
    return os.environ.get(name, "")


def child_environment(settings: Settings, **own: str) -> dict[str, str]:
    """The environment of a child process that shall have exactly these settings, and what it has for its own."""
    said = {f"MLSYSTEM_{name.upper()}": str(value) for name, value in settings.model_dump(mode="json").items()}
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **TOOL_ENVIRONMENT, **said, "PYTHONPATH": paths, **own}


def count_in_memory() -> None:
    """Keep prometheus_client, which must not be imported yet, from files that several processes share."""
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
