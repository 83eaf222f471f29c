"""The first hour, walked: README.md's loop by hand on what the demo left, then every link that `make up` prints.

The commands are README's own, and each next one is what the last told; a step that leads nowhere breaks the walk.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import browser
import pages
from heard import MOST_CPU_SECONDS, Heard, heard
from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store import open_store
from mlsystem.model_registry import promotions, versions
from mlsystem.retraining import journal
from mlsystem.serving import prediction_log
from mlsystem.settings import ROOT, Settings
from up_probe import own_ports, processes_of

pytestmark = pytest.mark.slowest
TOLD = re.compile(r"`(make [^`]+)`")  # a command in a sentence


@dataclass(frozen=True)
class Changeable:
    """What a step may change."""

    predictions: int
    aliases: dict[str, str]
    notes: list[dict[str, Any]]
    moves: int


@dataclass(frozen=True)
class Step:
    arguments: list[str]
    said: Heard
    before: Changeable
    after: Changeable

    @property
    def task(self) -> str:
        return self.arguments[0]

    @property
    def told(self) -> list[list[str]]:
        """The commands in its last line."""
        return [arguments(command) for command in TOLD.findall(self.said.stdout.splitlines()[-1])]


def arguments(command: str) -> list[str]:
    """Of `make TASK ARGS="..."`, as the shell and then make take it apart."""
    _, task, *rest = shlex.split(command, comments=True)
    return [task, *(part for one in rest for part in shlex.split(one.removeprefix("ARGS=")))]


def loop_of_the_readme() -> list[list[str]]:
    section = pages.readme(ROOT).split("## The loop, by hand")[1].split("\n## ")[0]
    return [arguments(line) for line in section.splitlines() if line.startswith("    make ")]


def left_by_the_demo(built: Settings, data_dir: Path) -> Settings:
    """A project after its demo: what is only read is the built one's, what is changed is a copy."""
    settings = Settings(data_dir=data_dir, reports_dir=data_dir / "reports", **own_ports())
    data_dir.mkdir(parents=True)
    for name in ("source_dir", "validated_dir", "features_dir", "training_sets_dir"):
        getattr(settings, name).symlink_to(getattr(built, name))
    for name in ("models_dir", "predictions_dir", "online_dir", "stream_dir", "reports_dir"):
        shutil.copytree(getattr(built, name), getattr(settings, name))
    open_store(settings.features_dir, settings.online_dir)
    return settings


def changeable(settings: Settings) -> Changeable:
    return Changeable(
        prediction_log.read(settings.predictions_dir).num_rows,
        versions.aliases_at_rest(settings.models_dir),
        list(journal.read(settings.models_dir)),
        len(promotions.history(settings.models_dir)),
    )


def step(settings: Settings, command: Sequence[str]) -> Step:
    before = changeable(settings)
    said = heard(settings, *command)
    assert (said.returncode, said.stderr) == (0, ""), f"{command}\n{said.stdout}{said.stderr}"
    return Step([*command], said, before, changeable(settings))


@pytest.fixture(scope="module")
def settings(system, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:  # type: ignore[no-untyped-def]
    own = left_by_the_demo(system.settings, tmp_path_factory.mktemp("hour") / "data")
    try:
        yield own
    finally:
        heard(own, "down")


@pytest.fixture(scope="module")
def walk(settings: Settings) -> list[Step]:
    """README's commands, and from the verdict on what the last line tells: promoted if it was not, and taken back."""
    walked = [step(settings, command) for command in loop_of_the_readme()]
    while walked[-1].task in ("judge", "promote"):
        walked.append(step(settings, walked[-1].told[0]))
    return walked


def test_the_readme_leads_from_a_replay_to_a_verdict_and_each_step_tells_the_next(walk: list[Step]):
    assert [one.task for one in walk[:5]] == ["replay", "monitor", "retrain", "replay", "judge"]
    assert walk[-1].task == "rollback"
    for one, following in pairwise(walk):
        assert following.task in [told[0] for told in one.told], one.said.stdout
    assert walk[3].arguments == walk[2].told[0], "the day after, as retrain tells it and as README has it"


def test_the_replay_asks_each_question_of_its_days(walk: list[Step], settings: Settings):
    questions = storage.Partitions(settings.validated_dir / PROBLEM.asked_of)
    said = dict(zip(walk[0].arguments, walk[0].arguments[1:], strict=False))  # each option with what follows it
    days = storage.day_range(*(date.fromisoformat(said[option]) for option in ("--from", "--to")))

    assert walk[0].after.predictions - walk[0].before.predictions == sum(questions.rows(day) for day in days) > 0


def test_the_monitor_says_what_it_found(walk: list[Step], settings: Settings):
    told = walk[1].said.stdout

    assert re.search(rf"AUC 0\.\d{{3}}, [\d,]+ {PROBLEM.per_1000}", told)
    assert "furthest from training (PSI): " in told
    assert "live performance: " in told
    assert walk[1].before == walk[1].after, "a look changes nothing"


def test_retrain_trains_a_challenger_and_says_why(walk: list[Step]):
    one = walk[2]
    decision = one.after.notes[-1]

    assert decision["what"] == "decision"
    assert decision["reason"].startswith("retrain: ")
    assert decision["reason"] in one.said.stdout
    assert one.after.aliases[versions.CHALLENGER] == decision["version"] != one.after.aliases[versions.CHAMPION]
    assert all(f"lightgbm: fold {fold} of 4" in one.said.stdout for fold in range(1, 5))


def test_the_challenger_answers_a_day_in_the_shadow(walk: list[Step], settings: Settings):
    log = prediction_log.read(settings.predictions_dir).to_pandas()
    of_the_day = log.iloc[walk[3].before.predictions : walk[3].after.predictions]

    day = date.fromisoformat(walk[3].arguments[walk[3].arguments.index("--day") + 1])

    assert len(of_the_day) == storage.Partitions(settings.validated_dir / PROBLEM.asked_of).rows(day) > 0
    assert (log["shadow_version"] == walk[2].after.aliases[versions.CHALLENGER]).sum() >= 0.95 * len(of_the_day)


def test_the_gate_gives_its_verdict_with_every_rule_and_the_challenger_waits_no_longer(walk: list[Step]):
    judged = walk[4]
    verdict = judged.after.notes[-1]

    assert verdict["what"] == "verdict"
    assert verdict["reason"] in judged.said.stdout
    assert {"enough labels", "money", "shadow", "skew"} <= set(verdict["rules"])
    assert "at least" not in verdict["rules"]["enough labels"] or "enough labels" not in verdict["refused_by"]
    assert versions.CHALLENGER not in judged.after.aliases
    promoted = judged.after.aliases[versions.CHAMPION] == verdict["version"]
    assert promoted == verdict["accepted"] == ("promoted; " in judged.said.stdout)


def test_a_promotion_is_taken_back_and_both_are_on_record(walk: list[Step]):
    before, after = walk[-1].before, walk[-1].after

    assert before.aliases[versions.CHAMPION] == walk[4].after.notes[-1]["version"]
    assert after.aliases[versions.CHAMPION] == walk[0].before.aliases[versions.CHAMPION]
    assert after.moves == before.moves + 1 == walk[0].before.moves + 2


def test_no_step_is_silent_for_long_and_none_shows_a_number_that_is_none(walk: list[Step]):
    for one in walk:
        assert one.said.most_cpu.cpu_seconds < MOST_CPU_SECONDS, (one.arguments, str(one.said.most_cpu))
        assert browser.RAW.findall(one.said.stdout) == [], one.said.stdout


@pytest.fixture(scope="module")
def up(walk: list[Step], settings: Settings) -> dict[str, str]:
    """The links that `make up` prints, by server."""
    said = step(settings, ["up"]).said
    assert said.most_cpu.cpu_seconds < MOST_CPU_SECONDS, str(said.most_cpu)
    return dict(re.findall(r"\] (\w+): (http\S+)", said.stdout))


@pytest.mark.parametrize(
    ("server", "shows", "never"),
    [
        ("service", "/predict", "Not Found"),
        ("consumer", "# HELP", "Not Found"),
        ("mlflow", "@ champion", "Prompts"),  # which its pages for language models have, and those for training not
        ("prefect", "Deployments", "Unable to connect"),
        ("prometheus", "ServiceDown", "not found"),
    ],
)
def test_every_link_that_up_prints_opens_what_it_promises(
    up: dict[str, str], server: str, shows: str, never: str, tmp_path: Path
):
    if server == "prometheus" and server not in up:
        pytest.skip("this test needs Prometheus (Debian's package prometheus)")

    shown = browser.text_of(up[server], tmp_path)

    assert shows in shown, shown[:2000]
    assert never not in shown


def test_status_finds_all_well_and_its_page_has_no_raw_number(up: dict[str, str], settings: Settings, tmp_path: Path):
    said = step(settings, ["status"]).said

    shown = [browser.show(settings.reports_dir / "status.html", width, tmp_path) for width in browser.WIDTHS]

    assert "All is well; wrote" in said.stdout
    for one, width in zip(shown, browser.WIDTHS, strict=True):
        assert one.faults(width) == []


def test_the_question_that_smoke_prints_can_be_asked_again_by_hand(up: dict[str, str], settings: Settings):
    said = step(settings, ["smoke"]).said
    (question,) = re.findall(r"asked: (curl .*)", said.stdout)

    answer = json.loads(subprocess.run(shlex.split(question), capture_output=True, text=True, check=True).stdout)

    assert answer["predictions"][0]["probability"] > 0
    assert browser.RAW.findall(said.stdout) == []


@pytest.mark.last
def test_down_leaves_nothing(up: dict[str, str], settings: Settings):
    """The last: from here on nothing of it runs."""
    said = step(settings, ["down"]).said

    assert "stopping" in said.stdout
    assert processes_of(settings) == []
