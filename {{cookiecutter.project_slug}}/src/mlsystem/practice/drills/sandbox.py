"""The sandbox: a copy of the project with a history, data, ports and processes of its own. Nothing of yours is touched.

data/drill/project     the code, as a git repository: repairs are commits, commands are the project's own
data/drill/data        its data up to the day on which the drill begins
data/drill/session.json, asked.jsonl, world.json   whose drill it is, what callers asked and got, how far it is
"""

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import venv as builder
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from mlsystem import child_processes, storage
from mlsystem.env_file import NAME
from mlsystem.errors import UserError
from mlsystem.settings import ROOT, Settings, child_environment

FOLDER, ENV = "drill", ".env"
STAMP = "installed"  # of bootstrap.py: what a .venv was made from, its folder last
LEFT_OUT = ("practice", "problems")  # a learner's copy holds no drill; nor the problems that a bake leaves out
SERVERS = ("serving", "consumer", "mlflow", "prefect", "prometheus")
BY_DAY = ("source_dir", "validated_dir", "features_dir")
DAYS_OF_HISTORY = timedelta(days=10)  # of commits, and of data that is copied, before the drill begins
MARK, LOG = "world", "world.log"  # of all that we run beside its servers: neither says what runs
COPIED = (*BY_DAY, "training_sets_dir", "models_dir", "online_dir")
AUTHOR = {"user.name": "on-call", "user.email": "on-call@localhost", "commit.gpgSign": "false"}


class NoSandbox(UserError):
    """A drill cannot be started, or none is going on."""


class SandboxThere(NoSandbox):
    """One that is going on, and is left alone."""


@dataclass(frozen=True)
class Sandbox:
    """Where it is, and its settings: those of a project that was generated into `project`."""

    home: Path
    settings: Settings

    @property
    def project(self) -> Path:
        return self.home / "project"

    def git(self, *arguments: str, **environment: str) -> str:
        """What git printed. Raises NoSandbox."""
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *arguments],
            cwd=self.project,
            env=child_environment(self.settings, **environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NoSandbox(
                f"git {arguments[0]} failed in {self.project}: {done.stderr.strip()}; `drill reset` ends it"
            )
        return done.stdout

    def commit(self, message: str, at: datetime | None = None) -> None:
        """All that is there, as of now or of a moment of event time."""
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), at.isoformat()) if at else {}
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message, **dates)

    def environment(self) -> dict[str, str]:
        """For a process of the sandbox: its own code instead of ours, and the settings of its own `.env` alone."""
        ours = child_environment(self.settings)
        own = {name: value for name, value in ours.items() if not name.startswith(NAME)}
        own.pop(child_processes.MARK, None)  # it marks its children itself
        return own | {"PYTHONPATH": str(self.project / "src")}

    def run(self, *task: str) -> subprocess.CompletedProcess[str]:
        """One of the project's tasks, as the learner would run it there, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "mlsystem", *task],
            cwd=self.project,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )


def home_of(settings: Settings, folder: str = FOLDER) -> Path:
    return settings.data_dir / folder


def make(settings: Settings, first_day: date, servers: str, folder: str = FOLDER) -> Sandbox:
    """A fresh one, whose data ends before `first_day`. Raises NoSandbox."""
    home = home_of(settings, folder)
    if home.exists():
        raise SandboxThere(f"a drill is there already, in {home}; `drill status` looks at it, `drill reset` ends it")
    if shutil.which("git") is None:
        raise NoSandbox("a drill needs git, for repairs are commits; install it, then start again")
    own = Sandbox(home, _own_settings(settings, home, servers))
    _copy_project(own.project)
    _make_environment(own.project / ".venv")
    _copy_data(settings, own.settings, first_day)
    _write_env(own)
    own.git("init", "--quiet")
    for name, value in AUTHOR.items():  # in the repository: the learner commits there as well
        own.git("config", name, value)
    with suppress(OSError):  # Windows asks for a right; runbooks say `data/`, and it lies beside the project
        (own.project / "data").symlink_to(own.settings.data_dir, target_is_directory=True)
        (own.project / ".git/info/exclude").write_text("/data\n", encoding="utf-8")
    own.commit("The project as it was", datetime.combine(first_day, time(), UTC) - DAYS_OF_HISTORY)
    return own


def remove(settings: Settings, folder: str = FOLDER) -> None:
    """End every process of the sandbox, and take it away. Also after a kill at any moment."""
    home = home_of(settings, folder)
    child_processes.end(child_processes.marked(child_processes.project_mark(home / "data")))
    shutil.rmtree(home, ignore_errors=True)


def _own_settings(settings: Settings, home: Path, servers: str) -> Settings:
    ports = {f"{name}_port": port for name, port in zip(SERVERS, _free_ports(len(SERVERS)), strict=True)}
    folders = {"data_dir": home / "data", "reports_dir": home / "reports"}
    one = {"state": "", "servers": servers, "workers": 1}  # a second worker would answer the same, and start as slowly
    return settings.model_copy(update={**folders, **ports, **one})


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _copy_project(into: Path) -> None:
    """What git holds or would hold of the project; where it is no repository, all but what a run makes."""
    for name in _files():
        if not set(LEFT_OUT) & {*name.parts[:-1], name.stem} and (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        raise NoSandbox(f"{ROOT} is no git repository, so nobody knows what belongs to it; run `git init` there")
    return sorted({Path(name) for name in listed.stdout.split("\0") if name})


def _make_environment(venv: Path) -> None:
    """A `.venv` that finds the packages of yours and the sandbox's own code, stamped so that `make` builds none.

    No link to yours: what `make` there did to it, it would do to yours.
    """
    builder.EnvBuilder(symlinks=os.name != "nt").create(venv)
    packages, yours = (Path(sysconfig.get_path("purelib", "venv", {"base": str(one)})) for one in (venv, sys.prefix))
    storage.write_text(packages / "mlsystem.pth", f"{os.path.relpath(venv.parent / 'src', packages)}\n")
    storage.write_text(packages / "yours.pth", f"{yours}\n")
    scripts = Path(sysconfig.get_path("scripts", "venv", {"base": str(venv)}))
    for script in sorted((Path(sys.prefix) / scripts.name).iterdir()):
        if not (scripts / script.name).exists():
            (scripts / script.name).symlink_to(script)
    stamp = Path(sys.prefix) / STAMP
    if stamp.exists():
        *made_from, _ = stamp.read_text(encoding="utf-8").splitlines()
        storage.write_text(venv / STAMP, "\n".join((*made_from, str(venv.parent.resolve()))))


def _copy_data(theirs: Settings, own: Settings, first_day: date) -> None:
    """Days long ago are linked, for they are many: the project only ever replaces a day, by a rename, and that leaves
    the other's link alone. Those that somebody may write into by hand are copied.
    """
    for name in COPIED:
        source, target = getattr(theirs, name), getattr(own, name)
        for path in _below(source):
            copy = target / path.relative_to(source)
            if name in BY_DAY and _is_of_a_day_from(path, first_day):
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".parquet" and not _is_of_a_day_from(path, first_day - DAYS_OF_HISTORY):
                os.link(path, copy)
            else:
                shutil.copy2(path, copy)


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _is_of_a_day_from(path: Path, first_day: date) -> bool:
    try:
        return path.suffix == ".parquet" and date.fromisoformat(path.stem) >= first_day
    except ValueError:
        return False


def _write_env(own: Sandbox) -> None:
    """So that a command in that folder works on the sandbox, whoever runs it: all that is not as it comes."""
    said = own.settings.model_dump(mode="json")
    usual = Settings.model_construct().model_dump(mode="json")
    changed = [name for name in said if said[name] != usual[name] and str(said[name]) != ""]
    storage.write_text(own.project / ENV, "".join(f"{NAME}{name.upper()}={said[name]}\n" for name in changed))


def begin_in(own: Sandbox, command: Sequence[str], folder: Path) -> None:
    """A process that stays, until `remove`."""
    mark = child_processes.new_mark(child_processes.project_mark(own.settings.data_dir), MARK)
    with (own.home / LOG).open("a", encoding="utf-8") as log:
        subprocess.Popen(
            command,
            cwd=folder,
            env=own.environment() | {child_processes.MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def run_in(own: Sandbox, command: Sequence[str]) -> subprocess.Popen[str]:
    """A process of the sandbox that is talked to by lines; it ends with this one, however this one ends."""
    mark = child_processes.new_mark(child_processes.project_mark(own.settings.data_dir), MARK)
    child_processes.watch([child_processes.head_of(os.getpid(), mark)])
    log = (own.home / LOG).open("a", encoding="utf-8")
    with log:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=own.project,
            env=own.environment() | {child_processes.MARK: mark},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
