"""A drill as a learner plays it, by its commands: start, look, answer, mend, check, debrief, post-mortem, reset."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlsystem import child_processes
from mlsystem.practice import record
from mlsystem.practice.drills import drill, post_mortem
from mlsystem.settings import ROOT, Settings, child_environment

LIMIT = drill.load("limit_too_low")
SETTING = "MLSYSTEM_MAX_QUESTIONS_PER_REQUEST"
PARTS = (
    "src",
    "docs",
    "ops",
    "README.md",
    "Makefile",
    "project.toml",
    "requirements.lock",
    "bootstrap.py",
    ".gitignore",
)


class Learner:
    """Who sits before a project of their own."""

    def __init__(self, project: Path, settings: Settings) -> None:
        self.project, self.settings = project, settings
        self.sandbox = settings.data_dir / "drill"

    def drill(self, *arguments: str, fails: bool = False) -> str:
        """What the command said; it must end well, or not."""
        own = child_environment(self.settings, PYTHONPATH=str(self.project / "src"))
        ended = self._run(["drill", *arguments], self.project, own)
        assert (ended.returncode != 0) == fails, f"{arguments}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        return ended.stdout + (ended.stderr if fails else "")

    def on_call(self, task: str) -> None:
        """A task in the sandbox, as whoever opens a terminal there."""
        own = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "src", "HOME": str(self.project)}
        ended = self._run([task], self.sandbox / "project", own)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    @staticmethod
    def _run(task: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "mlsystem", *task]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def learner(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    project = tmp_path / "project"
    project.mkdir()
    for name in PARTS:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, project / name)
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    data = project / "data"
    data.mkdir()
    for path in system.settings.data_dir.iterdir():
        (data / path.name).symlink_to(path)
    settings = system.settings.model_copy(update={"data_dir": data, "reports_dir": project / "reports"})
    yield Learner(project, settings)
    child_processes.end(child_processes.marked(child_processes.project_mark(data / "drill" / "data")))


@pytest.mark.slowest
def test_a_drill_from_start_to_reset_by_its_commands(learner: Learner):
    assert LIMIT.title in learner.drill("list")
    assert LIMIT.title in learner.drill("start", str(LIMIT.number), "--seed", "1")
    env = learner.sandbox / "project/.env"
    assert SETTING in env.read_text()  # whoever is called finds it broken

    listed = next(line for line in learner.drill("answer", "detected").splitlines() if "errors or slow" in line)
    assert "errors or slow answers: right" in learner.drill("answer", "detected", listed.split()[0])
    assert "not right" in learner.drill("answer", "where", "the champion")
    assert "right" in learner.drill("answer", "where", "the settings")
    env.write_text("".join(line for line in env.read_text().splitlines(keepends=True) if SETTING not in line))
    for task in ("down", "up"):
        learner.on_call(task)
    assert "it is over" in learner.drill("check")
    told = learner.drill("debrief")
    assert LIMIT.cause in told
    assert "wrote" in learner.drill("post-mortem")
    for words in (("answer", "why", "1"), ("check",), ("hint",), ("debrief",)):
        assert "nothing counts any more" in learner.drill(*words, fails=True)
    assert "on record" not in learner.drill("reset")  # the debrief's line is there

    (entry,) = record.read("drill", learner.project / "practice")
    assert entry["drill"] == LIMIT.name
    assert entry["rungs"]["mitigated"] is not None
    assert entry["points"]["where"] == 15
    assert set(entry["money"]) == {"nothing", f"decoy: {LIMIT.decoy_is}", "the reference repair", "yours"}
    assert (learner.settings.reports_dir / f"drill_{LIMIT.name}_1.html").exists()
    assert not learner.sandbox.exists()
    assert child_processes.marked(child_processes.project_mark(learner.sandbox / "data")) == []
    assert json.loads((learner.project / "practice" / record.FILE).read_text().splitlines()[0])["seed"] == 1


@pytest.mark.slow
def test_a_drill_that_is_killed_while_it_starts_leaves_nothing_after_a_reset(learner: Learner):
    own = child_environment(learner.settings, PYTHONPATH=str(learner.project / "src"))
    command = [sys.executable, "-m", "mlsystem", "drill", "start", str(LIMIT.number)]
    with subprocess.Popen(command, cwd=learner.project, env=own, stdout=subprocess.PIPE, text=True) as starting:
        for line in starting.stdout:
            if "starting its servers" in line:
                break
        time.sleep(6)
        starting.kill()

    assert "on record" not in learner.drill("reset")  # nothing was tried

    assert not learner.sandbox.exists()
    assert child_processes.marked(child_processes.project_mark(learner.sandbox / "data")) == []


@pytest.mark.slow
def test_what_was_tried_is_on_record_without_a_debrief_too(learner: Learner):
    learner.drill("start", str(LIMIT.number), "--seed", "2")
    learner.drill("answer", "where", "the settings")
    git = ["git", "commit", "--allow-empty", "--quiet", "--message", "By a person, who has told git no name"]
    nobody = {"PATH": "/usr/bin:/bin", "HOME": str(learner.project), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(git, cwd=learner.sandbox / "project", env=nobody, check=True)
    assert (learner.sandbox / "project/data/tools/logs/schedules.log").read_text().startswith("validate ")

    assert "on record" in learner.drill("reset")

    (entry,) = record.read("drill", learner.project / "practice")
    assert entry["rungs"]["localised"] is not None
    assert entry["money"] == {}
    assert "reset without a debrief" in post_mortem.form(entry)
