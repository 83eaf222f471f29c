"""The live route: predict, degrade, retrain, judge, roll back, by the project's own commands, each timed as it runs.

It runs on a copy in a folder and on ports of its own, so that nothing of the user's models and logs is touched.
"""

import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mlsystem import storage
from mlsystem.errors import UserError
from mlsystem.progress import say
from mlsystem.settings import ROOT, Settings, child_environment

NAME = "route"  # its folder below data_dir, and its file in reports_dir
PREPARE = ("up", "replay")  # before anybody watches
STEPS = ("predict", "degrade", "retrain", "shadow", "judge", "promote", "rollback")  # and then live
READ_ONLY = ("source_dir", "validated_dir", "features_dir", "training_sets_dir")
COPIED = ("models_dir", "predictions_dir", "online_dir", "stream_dir")
PORTS = ("serving_port", "mlflow_port", "prefect_port", "prometheus_port", "consumer_port")
COMMAND = re.compile(r"^    (make .+?)(?:    #.*)?$", re.MULTILINE)
TOLD = re.compile(r"`(make [^`]+)`")


class RouteNotThere(UserError):
    """The route has not been run."""


class RouteBroken(UserError):
    """A step of the route did not do what it is shown for."""


@dataclass(frozen=True)
class Step:
    """`said` is its last line. `is_live`: shown, and not prepared before."""

    name: str
    command: str
    seconds: float
    said: str
    is_live: bool


def read_route(reports_dir: Path) -> dict[str, Any]:
    """What the last run of it took. Raises RouteNotThere, UnreadableState."""
    path = reports_dir / f"{NAME}.json"
    if not path.exists():
        raise RouteNotThere(f"there is no {path}; `make brief ARGS=--route` runs the route and writes it")
    with storage.reading(path, "`make brief ARGS=--route` writes it anew"):
        return json.loads(path.read_text(encoding="utf-8"))


def commands(readme: Path) -> list[str]:
    """README.md's loop by hand, which the problem's own page tells. Raises RouteBroken."""
    section = readme.read_text(encoding="utf-8").partition("## The loop, by hand")[2].partition("\n## ")[0]
    found = [command.strip() for command in COMMAND.findall(section)]
    if [arguments(one)[0] for one in found] != ["replay", "monitor", "retrain", "replay", "judge"]:
        raise RouteBroken(
            f"{readme} has no section `## The loop, by hand` with replay, monitor, retrain, replay and judge; "
            "the route is made of its commands"
        )
    return found


def arguments(command: str) -> list[str]:
    """Of `make TASK ARGS="..."`, as the shell and then make take it apart."""
    _, task, *rest = shlex.split(command, comments=True)
    return [task, *(part for one in rest for part in shlex.split(one.removeprefix("ARGS=")))]


def run(settings: Settings, readme: Path) -> dict[str, Any]:
    """Prepare a copy, go the route, write route.json. Raises RouteBroken, and what a step's command says."""
    loop = commands(readme)
    own = _copy(settings)
    steps: list[Step] = []
    try:
        for name, command in (("up", "make up"), ("replay", loop[0])):
            steps.append(_timed(name, command, partial(_task, own, arguments(command)), is_live=False))
        for name, command, act in _live(own, loop, settings):
            steps.append(_timed(name, command, act, is_live=True))
        steps += _taken_back(own, steps[-1])
    finally:
        say("stopping what was started for it")
        _task(own, ["down"])
        shutil.rmtree(own.data_dir, ignore_errors=True)
    found = {
        "steps": [asdict(one) for one in steps],
        "prepare_seconds": round(sum(one.seconds for one in steps if not one.is_live), 1),
        "live_seconds": round(sum(one.seconds for one in steps if one.is_live), 1),
        "verdict": next(one.said for one in steps if one.name == "judge").partition(";")[0],
    }
    storage.write_json(settings.reports_dir / f"{NAME}.json", found)
    return found


def _live(own: Settings, loop: Sequence[str], shown: Settings) -> list[tuple[str, str, Callable[[], str]]]:
    """Each step by its name, its command as it is typed in the project itself, and what it does on the copy."""
    asked, curl = _question_of_another_moment(shown)
    return [
        ("predict", "make smoke", partial(_task, own, ["smoke"])),
        ("degrade", curl, partial(_degraded, own, asked)),
        ("retrain", loop[2], partial(_task, own, arguments(loop[2]))),
        ("shadow", loop[3], partial(_task, own, arguments(loop[3]))),
        ("judge", loop[4], partial(_task, own, arguments(loop[4]))),
    ]


def _taken_back(own: Settings, judged: Step) -> list[Step]:
    """What the verdict's last line tells: a promotion taken back, or first a promotion all the same, on record."""
    steps = [judged]
    while steps[-1].name != "rollback":
        told = TOLD.findall(steps[-1].said)
        if not told:
            raise RouteBroken(f"`{steps[-1].command}` ended with {steps[-1].said!r}, which tells no next command")
        command = told[0].replace('"..."', '"shown live"')
        task = arguments(command)
        steps.append(_timed(task[0], command, partial(_task, own, task), is_live=True))
    return steps[1:]


def _timed(name: str, command: str, act: Callable[[], str], is_live: bool) -> Step:
    say(f"{name}: {command}")
    started = time.perf_counter()
    said = act()
    return Step(name, command, round(time.perf_counter() - started, 1), said, is_live)


def _task(own: Settings, command: Sequence[str]) -> str:
    """Run a task of the command line; its last line. Raises RouteBroken."""
    done = subprocess.run(
        [sys.executable, "-m", "mlsystem", *command],
        env=child_environment(own), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        told = "\n".join(done.stderr.splitlines()[:8] or done.stdout.splitlines()[-5:])  # first the reason, then logs
        raise RouteBroken(f"`{' '.join(command)}` of the route failed, on a copy of this project:\n{told}")
    return re.sub(r"^\[[^]]*\]\s*", "", (done.stdout.strip().splitlines() or [""])[-1])


def _question_of_another_moment(settings: Settings) -> tuple[dict[str, Any], str]:
    """The first question of the data, as a request and as a line for a shell: what the store holds is not for it."""
    from mlsystem.flows.replay_days import as_curl
    from mlsystem.replay.replay import as_request
    from mlsystem.replay.timeline import questions_of

    question = questions_of(settings.first_day, settings.validated_dir)[0]
    return as_request(question), as_curl(question, settings)


def _degraded(own: Settings, asked: dict[str, Any]) -> str:
    """The reason that the answer gives. Raises RouteBroken if it is as good as ever."""
    import httpx

    from mlsystem.addresses import service_url

    with httpx.Client(base_url=service_url(own), timeout=30, trust_env=False) as client:
        (answer,) = client.post("/predict", json=asked).raise_for_status().json()["predictions"]
    if not answer["degraded"]:
        raise RouteBroken("a question of another moment was answered as if all were known; expected `degraded`")
    return f"degraded: {', '.join(answer['degraded_because'])}"


def _copy(settings: Settings) -> Settings:
    """A project as it is now, in a folder and on ports of its own: what is only read is linked, the rest copied."""
    data_dir = settings.data_dir / NAME
    own = settings.model_copy(
        update={
            "data_dir": data_dir,
            "reports_dir": data_dir / "reports",
            **dict(zip(PORTS, _free_ports(), strict=True)),
        }
    )
    shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(parents=True)
    for name in READ_ONLY:
        _link(getattr(settings, name), getattr(own, name))
    for name in COPIED:
        if getattr(settings, name).exists():
            shutil.copytree(getattr(settings, name), getattr(own, name))
    from mlsystem.feature_store.store import open_store

    open_store(own.features_dir, own.online_dir)
    return own


def _link(there: Path, here: Path) -> None:
    try:
        here.symlink_to(there.resolve(), target_is_directory=True)
    except OSError:  # Windows allows it to few
        shutil.copytree(there, here)


def _free_ports() -> list[int]:
    """As many as there are servers, all different."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports
