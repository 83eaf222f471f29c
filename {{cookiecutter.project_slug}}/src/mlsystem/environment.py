"""What of the user's environment reaches the tools, and what the tools are told: functions of names and values.

Whoever has a tool at work has its variables in his shell, and a company's server would get this project's data. So
what a tool would read goes, and what is ours comes after it. A tool that shall be told something else is told here.
"""

import sys
import sysconfig
from collections.abc import Mapping

# Never taken from the user's environment, in any case: tools read `prefect_api_url` as well.
OF_TOOLS = ("prefect_", "mlflow_", "_mlflow_", "feast_", "bentoml_", "gx_", "prometheus_", "gunicorn_", "uvicorn_")
OF_PYTHON = ("pythonpath", "pythonhome", "pythonstartup", "web_concurrency")
OF_TELEMETRY = ("otel_",)  # taken where MLSYSTEM_OPENTELEMETRY=true says so

# Tools that would phone home, or write into the user's home, are told here and only here not to.
TOOL_ENVIRONMENT = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "true",  # MLflow reads "true"; "1" does not count
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # 8 processes and 1.8 GB beside its page, for scorers of LLMs
    "MPLBACKEND": "Agg",  # pages are written; nothing opens a window
    "NO_PROXY": "*",  # nothing here asks another machine; macOS and Windows have proxies that are no variables
    "OTEL_SDK_DISABLED": "true",  # a third of BentoML's request overhead; docs/decisions/0008
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # the default of 20 s fails on a busy laptop
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "INFO",  # what a run says goes to the API, to be read beside the run;
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",  # people have it from `say` already
    "PREFECT_LOGGING_EXTRA_LOGGERS": "mlsystem",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # `say` is used outside of runs too
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # the embedded server logs its own shutdown as errors
    "TZ": "UTC",  # engines that convert naive timestamps use the machine's zone otherwise
    "no_proxy": "*",
}

# For a process of the system, not for tests: without asserts, Feast is imported in a seventh of the time (decision 31).
OPTIMIZED = {"PYTHONOPTIMIZE": "1"}


def without_others(environment: Mapping[str, str], keep_telemetry: bool = False) -> dict[str, str]:
    """The variables but those that a tool would read, that lead to other libraries, or that name a proxy."""
    gone = OF_TOOLS if keep_telemetry else OF_TOOLS + OF_TELEMETRY
    return {
        name: value
        for name, value in environment.items()
        if not (name.lower().startswith(gone) or name.lower() in OF_PYTHON or name.lower().endswith("_proxy"))
    }


def for_tools(keep_telemetry: bool = False) -> dict[str, str]:
    """TOOL_ENVIRONMENT, and OpenTelemetry left on where it is wanted."""
    return TOOL_ENVIRONMENT | ({"OTEL_SDK_DISABLED": "false"} if keep_telemetry else {})


def own_libraries_only(source: str) -> None:
    """Import from this Python's own libraries and the project's `source`.

    What Python puts before them, PYTHONPATH and the folder that a command was started in, may hold an `httpx.py`.
    """
    path = sys.path
    if (stdlib := sysconfig.get_path("stdlib")) in path:
        first = path.index(stdlib)
        sys.path[:] = [one for one in path[:first] if one.endswith(".zip")] + path[first:]
    if source not in sys.path:
        sys.path.append(source)
