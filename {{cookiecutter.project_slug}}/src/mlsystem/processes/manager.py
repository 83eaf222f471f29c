"""`make up` and `make down`: the processes of a running system, all of them or none, remembered in one file."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from mlsystem import addresses, child_processes, storage
from mlsystem.errors import UserError
from mlsystem.processes import preflight
from mlsystem.processes.readiness import NotUp, wait
from mlsystem.processes.servers import Server, link, servers, write_prometheus
from mlsystem.progress import say
from mlsystem.settings import Settings, child_environment

ADDRESSES = {f"{name}_{part}" for name in addresses.SERVERS for part in ("host", "port")}


class StillRunning(UserError):
    """Processes of this project work on the folders that should go."""


@dataclass(frozen=True)
class Up:
    """What `make up` left running: its settings, and by name the first process of each server."""

    settings: dict[str, Any]
    heads: dict[str, child_processes.Head]

    @property
    def alive(self) -> dict[str, child_processes.Head]:
        return {name: head for name, head in self.heads.items() if head.is_alive()}


def start_all(settings: Settings) -> None:
    """Start what is not running yet, and wait until each is ready: all, or none of them. Raises NotUp, NotPrepared."""
    preflight.check_room(settings, "up")
    preflight.check_state(settings, "up")
    preflight.check_champion(settings)
    wanted, there = servers(settings), _adopted(settings)
    missing = [server for server in wanted if server.name not in there]
    preflight.check_free({server.name: server.address for server in missing})
    write_prometheus(settings, settings.data_dir / "tools" / "prometheus")
    if missing:
        say(f"starting {', '.join(server.name for server in missing)}: some 15 seconds")
        there |= _start(missing, settings, there)
    for server in wanted:
        say(f"{server.name}: {link(server)}")
        if not server.address.is_loopback:
            say(f"  WARNING: {server.address.host} is open to other machines, and {server.name} asks nobody who he is")
    if "prometheus" in settings.servers.split() and "prometheus" not in there:
        say("prometheus is not installed, so nothing scrapes /metrics; Debian's package is called prometheus")
    say("`make down` stops them" if missing else "all of them ran already; `make down` stops them")


def stop_all(settings: Settings) -> None:
    """Stop what `start_all` started, with all its children, whether or not the file that remembers it is there."""
    left = child_processes.marked(_mark(settings))
    try:
        up = read_up(settings)
    except storage.UnreadableState:
        up = None
    names = {*(up.alive if up else {}), *(child_processes.mark_of(one).split(":")[3] for one in left)}
    found = {one.pid: one for one in left}
    for head in up.alive.values() if up else []:
        found |= {one.pid: one for one in child_processes.below(head.pid)}
    say(f"stopping {', '.join(sorted(names))}" if names else "nothing of this project is running")
    child_processes.end(list(found.values()))
    _state(settings).unlink(missing_ok=True)


def check_nothing_runs(settings: Settings) -> None:
    """Raises StillRunning."""
    up = read_up(settings)
    pids = {one.pid for one in child_processes.marked(child_processes.project_mark(settings.data_dir))}
    pids |= {head.pid for head in up.alive.values()} if up else set()
    if pids:
        raise StillRunning(
            f"{len(pids)} processes of this project run, such as {min(pids)}; `make down` stops what `make up` "
            f"started, and any other task ends with Ctrl-C where it was started"
        )


def read_up(settings: Settings) -> Up | None:
    """What `make up` wrote down when all were ready. Raises storage.UnreadableState."""
    if not _state(settings).exists():
        return None
    with storage.reading(_state(settings), "`make down` stops what runs, and removes it"):
        said = json.loads(_state(settings).read_text(encoding="utf-8"))
        return Up(dict(said["settings"]), {name: child_processes.Head(**head) for name, head in said["heads"].items()})


def as_running(settings: Settings) -> Settings:
    """The settings with the addresses at which this project's servers run, if they do: they may have been others'."""
    up = read_up(settings)
    if up is None or not up.alive:
        return settings
    return settings.model_copy(update={name: up.settings[name] for name in ADDRESSES})


def is_up(settings: Settings, name: str) -> bool:
    """Whether `make up` started that server and it lives."""
    up = read_up(settings)
    return up is not None and name in up.alive


def prefect_api(settings: Settings) -> str | None:
    """The API of the Prefect server that `make up` started, if it answers."""
    url = addresses.address(as_running(settings), "prefect").url
    if not is_up(settings, "prefect"):
        return None
    try:
        return f"{url}/api" if addresses.ask(f"{url}/api/health")[0] == 200 else None
    except OSError:
        return None


@contextmanager
def a_service(settings: Settings) -> Iterator[None]:
    """The service that `start_all` started, if it still runs; else one for the time of a `with`. Raises NotStarted."""
    from mlsystem.serving.run import running_service

    if is_up(settings, "service"):
        yield
        return
    say("starting the service, which imports its tools: some 15 seconds")
    with running_service(settings):
        yield


def _adopted(settings: Settings) -> dict[str, child_processes.Head]:
    """Those that run with these very settings; what is left of others is ended. Raises NotUp."""
    up, mark = read_up(settings), _mark(settings)
    alive = up.alive if up else {}
    now = settings.model_dump(mode="json")
    if up and alive and up.settings != now:
        changed = (f"{name} was {up.settings.get(name)} and is {now[name]}" for name in now)
        differing = "; ".join(
            said for said, name in zip(changed, now, strict=True) if up.settings.get(name) != now[name]
        )
        raise NotUp(f"this project's servers run already, with other settings ({differing}); `make down` stops them")
    left = [
        one
        for one in child_processes.marked(mark)
        if not child_processes.mark_of(one).startswith(tuple(h.mark for h in alive.values()))
    ]
    starting = {_starter(child_processes.mark_of(one)) for one in left} - _starters(up)
    if any(psutil.pid_exists(pid) for pid in starting):
        raise NotUp("another `make up` of this project is starting its servers; wait for it, or `make down` stops them")
    child_processes.end(left)
    return alive


def _starters(up: Up | None) -> set[int]:
    """The numbers of the processes that were `make up`, and have ended."""
    return {_starter(head.mark) for head in up.heads.values()} if up else set()


def _starter(mark: str) -> int:
    """The number of the `make up` that the mark is of."""
    return int(mark.split(":")[2].partition(".")[0])


def _start(
    missing: Sequence[Server], settings: Settings, there: dict[str, child_processes.Head]
) -> dict[str, child_processes.Head]:
    """All that is missing, or nothing of it: also if this process is killed on the way. Raises NotUp."""
    mark = child_processes.new_mark(child_processes.project_mark(settings.data_dir), "up")
    child_processes.watch([child_processes.head_of(psutil.Process().pid, mark)], unless=_state(settings))
    started = {}
    try:
        for server in missing:
            started[server.name] = _popen(server, f"{mark}{server.name}:", settings)
        for place, server in enumerate(missing, start=1):
            say(f"  waiting for {server.name}, {place} of {len(missing)}")
            wait(server, started[server.name], log_of(settings, server.name))
    except BaseException:
        child_processes.end(child_processes.marked(mark))
        raise
    heads = {name: child_processes.head_of(process.pid, f"{mark}{name}:") for name, process in started.items()}
    kept = {name: asdict(head) for name, head in (there | heads).items()}
    storage.write_text(_state(settings), json.dumps({"settings": settings.model_dump(mode="json"), "heads": kept}))
    child_processes.watch(list(heads.values()))
    return heads


def _popen(server: Server, mark: str, settings: Settings) -> subprocess.Popen:
    log = log_of(settings, server.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            server.command,
            cwd=server.folder,
            env=child_environment(settings, **server.environment, **{child_processes.MARK: mark}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _mark(settings: Settings) -> str:
    return f"{child_processes.project_mark(settings.data_dir)}up:"


def _state(settings: Settings) -> Path:
    return settings.data_dir / "tools" / "running.json"


def log_of(settings: Settings, name: str) -> Path:
    return settings.data_dir / "tools" / "logs" / f"{name}.log"
