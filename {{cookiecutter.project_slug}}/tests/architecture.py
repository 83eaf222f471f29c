"""The law of the project as a function over a folder of Python: every place that breaks it, as a sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "mlsystem"
# Upstream first: a room may import the rooms before it. The domain is the exception: it imports only itself.
_ORDER = (
    "errors wording environment env_file settings addresses storage databases family engine drift metrics domain "
    "source validation features feature_store streaming training model_registry assistant serving monitoring "
    "retraining reporting flows __main__"
)
ORDER = _ORDER.split()
# Where each tool lives. Training may fit with a library whose models the registry logs.
TOOL_ROOMS = {
    "duckdb": {"engine"},
    "great_expectations": {"validation"},
    "feast": {"feature_store"},
    "mlflow": {"model_registry"},
    "bentoml": {"serving"},
    "uvicorn": {"serving"},
    "prometheus_client": {"metrics"},
    "prefect": {"flows"},
    "lightgbm": {"training", "model_registry"},
    "sklearn": {"training", "model_registry"},
}
ENVIRONMENT = {"environ", "environb", "getenv", "putenv", "unsetenv"}


def rooms(package: Path) -> list[str]:
    """Every room of the package: its folders that hold Python, and its files but `__init__`."""
    folders = [path.name for path in package.iterdir() if path.is_dir() and any(path.rglob("*.py"))]
    return sorted([*folders, *(path.stem for path in package.glob("*.py") if path.stem != "__init__")])


def violations(package: Path) -> list[str]:
    """One sentence for each import and each read of the environment that breaks the law."""
    found = [f"{room} has no place in the law's order" for room in rooms(package) if room not in ORDER]
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found += [f"{path.relative_to(package)}:{node.lineno} {fault}" for fault in _faults(room, node)]
    return found


def unlisted(package: Path, text: str) -> list[str]:
    """The rooms that the map in `text` does not name as `room/` or `room.py`."""
    return [room for room in rooms(package) if f"{room}/" not in text and f"{room}.py" not in text]


def _faults(room: str, node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ImportFrom(level=level) if level:
            yield "imports relatively"
        case ast.ImportFrom(module="os", names=names) if room != "settings":
            yield from (f"reads the environment by os.{n.name}" for n in names if n.name in ENVIRONMENT)
        case ast.ImportFrom(module=str(module), names=names) if module == PACKAGE:
            yield from (fault for name in names for fault in _import_faults(room, f"{PACKAGE}.{name.name}"))
        case ast.ImportFrom(module=str(module)):
            yield from _import_faults(room, module)
        case ast.Import(names=names):
            yield from (fault for name in names for fault in _import_faults(room, name.name))
        case ast.Attribute(value=ast.Name(id="os"), attr=attribute) if attribute in ENVIRONMENT and room != "settings":
            yield f"reads the environment by os.{attribute}"


def _import_faults(room: str, module: str) -> Iterator[str]:
    top, _, rest = module.partition(".")
    if top == PACKAGE and room in ORDER:
        other = rest.partition(".")[0]
        if room == "domain" and other != "domain":
            yield f"makes the domain import {module}; it imports only itself"
        elif other in ORDER and ORDER.index(other) > ORDER.index(room):
            yield f"imports {other}, which is downstream of {room}"
    elif room not in TOOL_ROOMS.get(top, {room}):
        yield f"imports {top}, which lives in {' and '.join(sorted(TOOL_ROOMS[top]))}"
