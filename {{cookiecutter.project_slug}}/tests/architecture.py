"""The law of the project as a function over a folder of Python: every place that breaks it, as a sentence."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = "mlsystem"
# Upstream first: a room may import the rooms before it. The contract imports none, and the domain the contract alone.
# A lane, which is a room with a `lane.py`, stands behind them all: it may import any, and none may import it.
_ORDER = (
    "errors wording environment env_file contract domain settings lanes addresses storage databases child_processes "
    "engine drift metrics source validation features feature_store streaming training model_registry serving "
    "monitoring retraining reporting progress replay processes flows commands __main__"
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
LANE_TOOLS = {"prefect"}  # a lane may have flows of its own
UNDOCUMENTED = {"feast.utils._convert_arrow_to_proto"}  # what its own push does with a row, and has no other name
SIMULATOR = "domain/simulator.py"  # which may draw with numpy; nothing else of the contract and the domain needs a tool
LONGEST = 250  # lines of a file
ENVIRONMENT = {"environ", "environb", "getenv", "putenv", "unsetenv"}


def rooms(package: Path) -> list[str]:
    """Every room of the package: its folders that hold Python, and its files but `__init__`."""
    folders = [path.name for path in package.iterdir() if path.is_dir() and any(path.rglob("*.py"))]
    return sorted([*folders, *(path.stem for path in package.glob("*.py") if path.stem != "__init__")])


def violations(package: Path) -> list[str]:
    """One sentence for each import and each read of the environment that breaks the law."""
    lanes = {path.parent.name for path in package.glob("*/lane.py")}
    found = [f"{room} has no place in the law's order" for room in rooms(package) if room not in {*ORDER, *lanes}]
    for path in sorted(package.rglob("*.py")):
        file = path.relative_to(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found += [f"{file}:{node.lineno} {fault}" for fault in _faults(file, node, lanes)]
    return found


def too_long(folders: Iterable[Path]) -> list[str]:
    """The files of Python with more than LONGEST lines."""
    counted = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for one in folders for path in one.rglob("*.py")
    }
    return [f"{path} has {lines} lines, at most {LONGEST}" for path, lines in counted.items() if lines > LONGEST]


def unlisted(package: Path, text: str) -> list[str]:
    """The rooms that the map in `text` does not name as `room/` or `room.py`."""
    return [room for room in rooms(package) if f"{room}/" not in text and f"{room}.py" not in text]


def _faults(file: Path, node: ast.AST, lanes: set[str]) -> Iterator[str]:
    room = file.parts[0].removesuffix(".py")
    match node:
        case ast.ImportFrom(level=level) if level:
            yield "imports relatively"
        case ast.ImportFrom(module="os", names=names) if room != "settings":
            yield from (f"reads the environment by os.{n.name}" for n in names if n.name in ENVIRONMENT)
        case ast.ImportFrom(module=str(module), names=names):
            for name in names:
                yield from _import_faults(file, room, f"{module}.{name.name}", lanes)
        case ast.Import(names=names):
            for name in names:
                yield from _import_faults(file, room, name.name, lanes)
        case ast.Attribute(value=ast.Name(id="os"), attr=attribute) if attribute in ENVIRONMENT and room != "settings":
            yield f"reads the environment by os.{attribute}"


def _import_faults(file: Path, room: str, name: str, lanes: set[str]) -> Iterator[str]:
    """`name` is all that is said: a module, or what is taken of one."""
    top, _, rest = name.partition(".")
    if top == PACKAGE:
        yield from _own_faults(room, rest, lanes)
    elif room in ("contract", "domain"):
        if top not in sys.stdlib_module_names and (top, file.as_posix()) != ("numpy", SIMULATOR):
            yield f"imports {top}; the {room} is plain Python, and imports no tool"
    elif room not in TOOL_ROOMS.get(top, {room}) and not (room in lanes and top in LANE_TOOLS):
        yield f"imports {top}, which lives in {' and '.join(sorted(TOOL_ROOMS[top]))}"
    elif top in TOOL_ROOMS and name not in UNDOCUMENTED and any(part.startswith("_") for part in rest.split(".")):
        yield f"imports {name}, which {top} documents for nobody"


def _own_faults(room: str, name: str, lanes: set[str]) -> Iterator[str]:
    other = name.partition(".")[0]
    if room == "contract" and other != "contract":
        yield f"makes the contract import {name}; it imports nothing but itself"
    elif room == "domain" and other not in ("domain", "contract"):
        yield f"makes the domain import {name}; it imports the contract alone"
    elif other == "domain" and room != "domain" and name != "domain.PROBLEM":
        yield f"imports {name}; of the domain the rooms take PROBLEM, and nothing else"
    elif other in lanes and other != room:
        yield f"imports {other}, which is a lane: a bake may be without it"
    elif room in ORDER and other in ORDER and ORDER.index(other) > ORDER.index(room):
        yield f"imports {other}, which is downstream of {room}"
