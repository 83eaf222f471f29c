"""All that differs between machines and profiles. Nothing else in the project reads the environment."""

import os
import tomllib
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from mlsystem.domain import PROBLEM
from mlsystem.env_file import NAME, WrongSetting, check_names, in_words, read_env_file
from mlsystem.environment import OPTIMIZED, for_tools, without_others

ROOT = Path(__file__).resolve().parents[2]  # the project folder: the one with project.toml

Port = Annotated[int, Field(ge=1, le=65_535)]
Count = Annotated[int, Field(ge=1)]
Host = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """One value per line, each with its reason; override with MLSYSTEM_<NAME> or a line in .env."""

    model_config = SettingsConfigDict(
        env_prefix=NAME, extra="forbid", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    data_dir: Path = ROOT / "data"  # everything the system makes, numbered in the data's order
    reports_dir: Path = ROOT / "reports"  # what people read
    state: str = ""  # a folder of data_dir for other models, log and online rows than the system's own
    first_day: date = PROBLEM.first_day  # of the data, on the domain's calendar
    last_day: date = PROBLEM.last_day
    workers: Count = 2  # serving processes; one per core of a small laptop
    threads: Count = 1  # per model fit and per prediction: OpenMP with more is slower under contention
    serving_host: Host = "127.0.0.1"  # loopback, as for each server below: none of them asks who is calling
    serving_port: Port = 3000  # BentoML's default
    mlflow_host: Host = "127.0.0.1"
    mlflow_port: Port = 5000  # MLflow's default
    prefect_host: Host = "127.0.0.1"
    prefect_port: Port = 4200  # Prefect's default
    prometheus_host: Host = "127.0.0.1"
    prometheus_port: Port = 9090  # Prometheus's default
    servers: str = "service consumer mlflow prefect prometheus"  # which of them `make up` starts
    consumer_host: Host = "127.0.0.1"
    consumer_port: Port = 3001  # the stream consumer's metrics; next to the service's
    clock: Literal["events", "wall"] = "events"  # whose yesterday the nightly run takes: a live source's is the wall's
    lateness_minutes: Annotated[int, Field(ge=0)] = (
        10  # behind the clock of the log; a later fact is counted and left out
    )
    max_body_bytes: Count = 1_000_000  # about 3,000 questions; a larger body is refused before it is parsed
    max_questions_per_request: Count = 1_000  # bounds the time that one caller can take
    lookup_budget_seconds: Seconds = 0.25  # a healthy lookup takes 1 ms; one that takes longer is answered without
    prediction_log_files: Count = 60  # as much as so many full ones hold, 64 MB each; then the oldest go
    shadow: bool = True  # score the challenger, if there is one, on what the champion answers
    champion_poll_seconds: Seconds = 1.0  # between two looks for a new champion: two stats of a file when there is none

    opentelemetry: bool = False  # honour OTEL_* of the environment; any other variable of a tool never is

    @field_validator("servers")
    @classmethod
    def _known(cls, servers: str) -> str:
        known = cls.model_fields["servers"].default.split()
        if unknown := sorted(set(servers.split()) - set(known)):
            raise ValueError(f"there is no {' or '.join(unknown)}; there are {', '.join(known)}, with spaces between")
        return servers

    @field_validator("data_dir", "reports_dir")
    @classmethod
    def _of_the_project(cls, folder: Path) -> Path:
        """A relative folder is the project's, wherever a command is started; `.env` has no shell to expand a ~."""
        if "\0" in str(folder):
            raise ValueError("no folder has a zero byte in its name")
        try:
            return ROOT / folder.expanduser()
        except RuntimeError as unknown:
            raise ValueError("nobody has the home folder that the ~ stands for") from unknown

    @model_validator(mode="after")
    def _days_in_order(self) -> "Settings":
        if self.first_day > self.last_day:
            raise ValueError("first_day comes after last_day")
        return self

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *given: PydanticBaseSettingsSource, **named: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the code says, then the environment, then `.env`."""
        file = InitSettingsSource(settings_cls, init_kwargs=read_env_file(ROOT / ".env", cls.model_fields))
        return named["init_settings"], named["env_settings"], file

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
        return self.data_dir / self.state / "5_models"

    @property
    def predictions_dir(self) -> Path:
        return self.data_dir / self.state / "6_predictions"

    @property
    def online_dir(self) -> Path:
        return self.data_dir / self.state / "online"

    @property
    def stream_dir(self) -> Path:
        return self.data_dir / self.state / "stream"


class Project(BaseModel):
    """What was answered when the project was generated: project.toml, the one rendered settings file."""

    name: str = "ML system"
    slug: str = "ml-system"
    description: str = ""
    author: str = ""
    licence: str = "MIT"
    seed: int = 2013  # as cookiecutter.json has it
    problem: str = ""
    lanes: str = ""
    template: str = ""
    template_version: str = ""
    generated_on: str = ""


def load_project(path: Path = ROOT / "project.toml") -> Project:
    """The answers; in the template itself, where they are still placeholders, the defaults."""
    answers = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return Project(**{key: value for key, value in answers.items() if "{{" not in value})


@lru_cache
def load_settings() -> Settings:
    """Read once per process. Raises WrongSetting, which names each setting that is wrong."""
    check_names(os.environ, Settings.model_fields, "the environment")
    try:
        return Settings()
    except ValidationError as wrong:
        raise WrongSetting(in_words(wrong)) from None  # not chained: the original shows values


def tool_environment(settings: Settings) -> dict[str, str]:
    """What every tool is told: where its state lives, to stay silent, and which libraries are ours.

    Of these folders, whatever a parent process has: two servers on one database would run each other's schedules.
    """
    state = tools_dir(settings)
    folders = {"PREFECT_HOME": "prefect", "BENTOML_HOME": "bentoml", "MPLCONFIGDIR": "matplotlib"}
    own = {name: str(state / folder) for name, folder in folders.items()}
    return {**for_tools(settings.opentelemetry), **own, "PYTHONPATH": str(ROOT / "src")}


def tools_dir(settings: Settings) -> Path:
    """Where tools keep their state, and are started: a `.env` or `prefect.toml` elsewhere is read by Prefect too."""
    return settings.data_dir / "tools"


def configure_tools(settings: Settings) -> None:
    """Let the tools see what is ours, and nothing of the user's own. Call it before a tool is imported."""
    tools_dir(settings).mkdir(parents=True, exist_ok=True)  # Prefect makes its home, but not the folders above it
    kept = without_others(os.environ, settings.opentelemetry)
    for name in set(os.environ) - set(kept):
        del os.environ[name]
    os.environ.update(tool_environment(settings))
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.threads))


def use_prefect(url: str) -> None:
    """Let the flows of this process and of its children run against that API. Call it before Prefect is imported."""
    os.environ["PREFECT_API_URL"] = url


def mark_children(name: str, value: str) -> None:
    """Let every process that this one starts carry a mark in its environment; see child_processes.py."""
    os.environ[name] = value


def mark_of_children(name: str) -> str:
    """The mark that they carry now, or an empty text."""
    return os.environ.get(name, "")


def child_environment(settings: Settings, **own: str) -> dict[str, str]:
    """The environment of a child process that shall have exactly these settings, and what it has for its own."""
    said = {f"{NAME}{name.upper()}": str(value) for name, value in settings.model_dump(mode="json").items()}
    others = without_others(os.environ, settings.opentelemetry)
    return {**others, **tool_environment(settings), **OPTIMIZED, **said, **own}


def count_in_memory() -> None:
    """Keep prometheus_client, which must not be imported yet, from files that several processes share."""
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
