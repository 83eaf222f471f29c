"""A hostile environment, row by row: a task works, or ends in one sentence with the next step, and loses nothing.

Databases and notes: test_environment_state. Raw files: test_environment_raw. Folders, hosts, signals, proxies:
test_environment_running.
"""

import ast
from pathlib import Path

import pytest

import hostile
from mlsystem.environment import OF_PYTHON, without_others
from mlsystem.settings import ROOT, Settings, child_environment
from questions import DAY

DEAD = "http://127.0.0.1:43999"  # nobody listens there
SECRET = "hunter2-of-the-company"

# What a user may have in his shell: a task works as if it were not there.
IGNORED = {
    "a proxy": {"http_proxy": DEAD},
    "a proxy in capitals": {"HTTPS_PROXY": DEAD, "HTTP_PROXY": DEAD},
    "a proxy for everything": {"ALL_PROXY": "socks5://127.0.0.1:43999"},
    "a proxy that is none": {"all_proxy": "nonsense"},
    "a short list of exceptions": {"http_proxy": DEAD, "no_proxy": "example.com"},
    "a company's Prefect": {"PREFECT_API_URL": f"{DEAD}/api", "PREFECT_API_KEY": SECRET},
    "its address in small letters": {"prefect_api_url": f"{DEAD}/api"},
    "a database of Prefect": {"PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://a:b@127.0.0.1:43999/c"},
    "a profile of Prefect": {"PREFECT_PROFILE": "company"},
    "a company's MLflow": {"MLFLOW_TRACKING_URI": DEAD},
    "a registry of MLflow": {"MLFLOW_REGISTRY_URI": DEAD},
    "a run of MLflow": {"MLFLOW_RUN_ID": "0123456789abcdef"},
    "an experiment of MLflow": {"MLFLOW_EXPERIMENT_ID": "77"},
    "a store of Feast": {"FEAST_FS_YAML_FILE_PATH": "/nowhere/feature_store.yaml"},
    "a home of BentoML": {"BENTOML_HOME": "/proc/nowhere", "BENTOML_CONFIG": "/nowhere.yaml"},
    "a folder of counts": {"PROMETHEUS_MULTIPROC_DIR": "/proc/nowhere"},
    "counts in small letters": {"prometheus_multiproc_dir": "/proc/nowhere"},
    "a collector of traces": {"OTEL_EXPORTER_OTLP_ENDPOINT": DEAD, "OTEL_SDK_DISABLED": "false"},
    "a time zone": {"TZ": "Pacific/Auckland"},
    "a time zone that is none": {"TZ": "Nowhere/None"},
    "a window for pictures": {"MPLBACKEND": "TkAgg"},
    "a picture library that is none": {"MPLBACKEND": "module://nowhere"},
    "a foreign module": {"PYTHONPATH": "FOREIGN"},
    "an empty setting": {"MLSYSTEM_WORKERS": ""},
}
# What is meant for this project, and cannot be: the sentence names it.
REFUSED = {
    "a mistyped setting": ({"MLSYSTEM_WORKRES": SECRET}, "did you mean MLSYSTEM_WORKERS"),
    "one in small letters": ({"mlsystem_prot": SECRET}, "mlsystem_prot"),
    "a port too high": ({"MLSYSTEM_SERVING_PORT": "99999"}, "MLSYSTEM_SERVING_PORT"),
    "a port of none": ({"MLSYSTEM_MLFLOW_PORT": "0"}, "MLSYSTEM_MLFLOW_PORT"),
    "a port in words": ({"MLSYSTEM_PREFECT_PORT": SECRET}, "MLSYSTEM_PREFECT_PORT"),
    "no workers": ({"MLSYSTEM_WORKERS": "0"}, "MLSYSTEM_WORKERS"),
    "fewer threads than none": ({"MLSYSTEM_THREADS": "-1"}, "MLSYSTEM_THREADS"),
    "an endless budget": ({"MLSYSTEM_LOOKUP_BUDGET_SECONDS": "inf"}, "MLSYSTEM_LOOKUP_BUDGET_SECONDS"),
    "a day that is none": ({"MLSYSTEM_FIRST_DAY": "2020-02-30"}, "MLSYSTEM_FIRST_DAY"),
    "days out of order": ({"MLSYSTEM_FIRST_DAY": "2020-06-01", "MLSYSTEM_LAST_DAY": "2020-05-01"}, "first_day"),
    "a clock that is none": ({"MLSYSTEM_CLOCK": "sand"}, "MLSYSTEM_CLOCK"),
    "a home of nobody": ({"MLSYSTEM_DATA_DIR": "~nobody-at-all/data"}, "MLSYSTEM_DATA_DIR"),
    "a folder that cannot be": ({"MLSYSTEM_DATA_DIR": "/proc/nowhere"}, "MLSYSTEM_DATA_DIR"),
}
ENV_FILES = {
    "the example": ((ROOT / ".env.example").read_bytes(), None),
    "nothing": (b"", None),
    "a byte order mark": (b"\xef\xbb\xbfMLSYSTEM_THREADS=2\n", None),
    "a foreign name": (f"DATABASE_PASSWORD={SECRET}\n".encode(), None),
    "a tool's name": (f"PREFECT_API_URL={DEAD}/api\nMLFLOW_TRACKING_URI={DEAD}\n".encode(), None),
    "lines that are none": (b"what is this\n=\n", None),
    "a mistyped setting": (f"MLSYSTEM_WORKRES={SECRET}\n".encode(), "did you mean MLSYSTEM_WORKERS"),
    "a wrong value": (f"MLSYSTEM_WORKERS={SECRET}\n".encode(), "MLSYSTEM_WORKERS"),
    "a zero byte": (b"MLSYSTEM_DATA_DIR=da\0ta\n", "MLSYSTEM_DATA_DIR"),
    "another encoding": ("MLSYSTEM_DATA_DIR=dät\n".encode("latin-1"), "save it as UTF-8"),
    "what Windows calls Unicode": ("MLSYSTEM_THREADS=2\n".encode("utf-16"), "save it as UTF-8"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> hostile.Place:
    return hostile.copy_project(tmp_path_factory.mktemp("project"))


def variables_of(given: dict[str, str]) -> dict[str, str]:
    return given | ({"PYTHONPATH": hostile.foreign_module()} if given.get("PYTHONPATH") == "FOREIGN" else {})


@pytest.mark.parametrize("row", IGNORED)
def test_what_a_shell_has_for_others_changes_nothing(place: hostile.Place, row: str):
    told = place.run("status", **variables_of(IGNORED[row]))

    assert (told.status, told.left, told.files) == (0, [], set())
    assert "Nothing is running" in told.words


@pytest.mark.parametrize("row", REFUSED)
def test_what_is_meant_for_us_and_cannot_be_is_one_sentence(place: hostile.Place, row: str):
    variables, named = REFUSED[row]

    told = place.run("status", **variables)

    assert_one_sentence(told, named)


@pytest.mark.parametrize("row", ENV_FILES)
def test_an_env_file_works_or_is_told_in_one_sentence(place: hostile.Place, row: str):
    content, named = ENV_FILES[row]
    file = place.root / ".env"
    file.write_bytes(content)

    try:
        told = place.run("status")
        kept = file.read_bytes()
    finally:
        file.unlink()

    assert kept == content
    if named:
        assert_one_sentence(told, named)
    else:
        assert (told.status, told.left) == (0, [])
        assert SECRET not in told.words


def test_a_relative_folder_is_the_projects_wherever_the_command_is_started(place: hostile.Place, tmp_path: Path):
    told = place.run("status", cwd=tmp_path, MLSYSTEM_REPORTS_DIR="elsewhere/reports")

    assert told.status == 0
    assert (place.root / "elsewhere/reports/status.html").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_module_of_the_folder_that_a_command_is_started_in_is_not_taken(place: hostile.Place):
    told = place.run("status", cwd=Path(hostile.foreign_module()))

    assert told.status == 0, told.words


def test_no_variable_of_a_tool_reaches_a_child(monkeypatch: pytest.MonkeyPatch):
    others = {name for row in IGNORED.values() for name in row} - {"MLSYSTEM_WORKERS"} | {
        "Some_Proxy",
        "PYTHONHOME",
        "GX_CLOUD_ACCESS_TOKEN",
    }
    for name in others:
        monkeypatch.setenv(name, SECRET)

    environment = child_environment(Settings())

    assert SECRET not in environment.values()
    assert environment["PYTHONPATH"] == str(ROOT / "src")
    assert environment["TZ"] == "UTC"


def test_a_process_of_the_system_runs_without_asserts_and_none_of_ours_checks_anything():
    assert child_environment(Settings())["PYTHONOPTIMIZE"] == "1"

    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assert):
                assert ast.unparse(node.test).endswith(" is not None"), f"{path}:{node.lineno}"  # which tells mypy


def test_telemetry_is_honoured_where_a_setting_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", DEAD)

    environment = child_environment(Settings(opentelemetry=True))

    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == DEAD
    assert environment["OTEL_SDK_DISABLED"] == "false"


def test_what_is_of_no_tool_is_kept():
    kept = {"PATH": "/bin", "SSL_CERT_FILE": "ca.pem", "HOME": "/home/me", "OMP_NUM_THREADS": "4"}

    assert without_others(kept | dict.fromkeys(OF_PYTHON, "x")) == kept


@pytest.mark.slow
def test_a_flow_runs_with_all_of_it_at_once_and_asks_nobody_else(place: hostile.Place):
    (place.root / ".env").write_bytes(ENV_FILES["a tool's name"][0])
    everything = {name: value for row in IGNORED.values() for name, value in row.items()}

    try:
        told = place.run("ingest", "--from", str(DAY), "--to", str(DAY), **variables_of(everything))
    finally:
        (place.root / ".env").unlink()

    assert (told.status, told.left) == (0, []), told.words
    assert "'days': 1" in told.words


def assert_one_sentence(told: hostile.TaskOutcome, named: str) -> None:
    assert (told.status, told.left, told.files) == (1, [], set())
    assert named in told.words
    assert SECRET not in told.words
    assert "Traceback" not in told.words
    assert len(told.words.strip().splitlines()) == 1, told.words
