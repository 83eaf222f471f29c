"""Each drill: declared whole, its page tells nothing, and a cure is told from a decoy by the state."""

import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pandas as pd
import pytest

from mlsystem import child_processes
from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import drill, grading, innocent, invariants, sandbox
from mlsystem.practice.drills.watcher import faster
from mlsystem.settings import ROOT, child_environment
from serving_probe import wait_until

sys.path.insert(0, str(ROOT / "benchmarks/practice"))
import drill_plays

NAMES = drill.names()
TURN = 3  # a third of them each day
SEED = 1


def of_today(names: list[str]) -> list:
    """A third, in turns by date; each is minutes, so that two are played at once."""
    today = names[time.gmtime().tm_yday % TURN :: TURN]
    return [pytest.param(name, id=f"{name}-apart") for name in today]  # as tests/conftest.py has it


@pytest.mark.parametrize("name", NAMES)
def test_a_drill_is_declared_whole_and_its_page_names_no_cause(name: str):
    one = drill.load(name)

    assert one.name == name
    assert one.cause in (*one.causes, grading.NOTHING)
    assert len(one.causes) >= 5
    assert one.page.startswith(f"# {one.title}\n")
    for cause in one.causes:
        assert cause not in one.page
    assert {*one.signals, *one.may_show} <= set(grading.SIGNALS)
    assert ("an alert fires" in one.signals) == bool(one.alert)
    assert one.resembles
    assert one.decoy_is
    assert one.hints


def test_drills_are_numbered_from_one_and_half_of_them_are_no_matter_of_models():
    every = drill.all_drills()

    assert [one.number for one in every] == list(range(1, len(every) + 1))
    assert len(every) >= 16
    assert {one.entry for one in every} == {"upstream", "a deploy", "the environment", "people", "nothing"}


def test_the_rules_go_at_the_pace_of_a_drill_and_keep_their_thresholds():
    rules = "expr: rate(a[6h]) > 14.4 * 0.005 and rate(b[5m] offset 25h) > 10\nfor: 5m\nexpr: time() - max(c) > 93600"

    assert faster(rules) == (
        "expr: rate(a[72000ms]) > 14.4 * 0.005 and rate(b[12000ms] offset 300000ms) > 10\nfor: 1000ms\n"
        "expr: time() - max(c) > 312"
    )


def test_a_name_that_no_drill_has_is_told_with_those_that_there_are():
    with pytest.raises(drill.NoSuchDrill, match=NAMES[0]):
        drill.load("no_such_drill")
    with pytest.raises(drill.NoSuchDrill, match="there are 1 to"):
        drill.numbered(99)


def asked(probabilities: list[float], threshold: float) -> pd.DataFrame:
    """What callers got from a service that acts above the threshold."""
    said = [PROBLEM.words.act if one > threshold else "nothing" for one in probabilities]
    return pd.DataFrame({"id": [str(n) for n in range(len(said))], "probability": probabilities, "decision": said})


def test_one_wrong_decision_in_five_is_seen_however_many_questions_call_for_none():
    few, quiet = [0.4, 0.6, 0.7, 0.8, 0.9], [0.1] * 995

    assert invariants.decided(asked(few + quiet, 0.3), 0.3).holds
    assert not invariants.decided(asked(few + quiet, 0.5), 0.3).holds  # the 0.4 is not acted on
    assert invariants.decided(asked(quiet, 0.5), 0.3).holds  # which is why a check goes on until enough is asked:


def test_hours_without_questions_that_call_for_acting_do_not_tell_enough():
    quiet, busy = (asked([one] * invariants.FEWEST, 0.3) for one in (0.1, 0.4))

    def enough(now: pd.DataFrame) -> bool:
        right = pd.Series(now["probability"].to_numpy(), index=now["id"])
        known = SimpleNamespace(probability=right, champion=SimpleNamespace(act_above=0.3))
        return grading.tells_enough(invariants.Evidence(now, now, known))  # type: ignore[arg-type]

    assert not enough(quiet)
    assert enough(busy)


def test_innocent_commits_change_code_that_is_there():
    for file, before, after, _ in innocent.EDITS:
        text = (ROOT / innocent.SRC / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has no {before!r}"
        assert before != after


def test_points_are_lost_by_guesses_and_hints_and_never_below_none():
    def told(rung: str, right: bool) -> dict:
        return {"rung": rung, "right": right}

    found = [
        told("where", False),
        told("where", True),
        told("hint", True),
        *[told("why", False)] * 9,
        told("why", True),
    ]

    assert grading.points(found) == {
        "detected": 0,
        "where": grading.POINTS["where"] - grading.WRONG,
        "since": 0,
        "why": 0,
        "mitigated": 0,
        "hints": -grading.HINT,
    }


def test_a_sandbox_has_no_drill_in_it_and_takes_nothing_of_yours(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    theirs = drill_plays.linked(system.settings, tmp_path / "data")
    before = drill_plays.digests(system.settings.data_dir)

    own = sandbox.make(theirs, system.days[-30], "service")
    opening = datetime.combine(system.days[-30], datetime.min.time(), UTC)
    innocent.commit(own, Random(1), opening)
    history = own.git("log", "--format=%s").splitlines()

    assert not list(own.project.rglob("practice"))
    assert len(history) == 5
    moments = [datetime.fromisoformat(line) for line in own.git("log", "--format=%cI").splitlines()]
    assert moments == sorted(moments, reverse=True)
    assert opening - sandbox.DAYS_OF_HISTORY <= moments[-1] <= moments[0] <= opening
    assert own.git("status", "--porcelain") == ""
    assert max(path.stem for path in own.settings.source_dir.glob("*/*.parquet")) < str(system.days[-30])
    with pytest.raises(sandbox.NoSandbox, match="a drill is there already"):
        sandbox.make(theirs, system.days[-30], "service")
    sandbox.remove(theirs)
    assert not own.home.exists()
    assert drill_plays.digests(system.settings.data_dir) == before


def test_a_learner_who_runs_a_command_there_works_on_the_sandbox(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    theirs = drill_plays.linked(system.settings, tmp_path / "data")
    own = sandbox.make(theirs, system.days[-30], "service")

    asked = "from mlsystem.settings import ROOT, load_settings; print(ROOT, load_settings().data_dir)"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "src"}
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=own.project, env=environment, capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == [str(own.project), str(own.settings.data_dir)]
    sandbox.remove(theirs)


def test_make_there_works_with_an_environment_of_its_own_and_leaves_yours_alone(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    theirs = drill_plays.linked(system.settings, tmp_path / "data")
    own = sandbox.make(theirs, system.days[-30], "service")
    yours = sorted(str(path) for path in Path(sys.prefix).glob("*"))
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}

    said = subprocess.run(
        ["make", "models"], cwd=own.project, env=environment, capture_output=True, text=True, check=False
    )

    sandbox.remove(theirs)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "champion" in said.stdout
    assert "Setting up" not in said.stdout
    assert sorted(str(path) for path in Path(sys.prefix).glob("*")) == yours


@pytest.mark.slow
@pytest.mark.parametrize("name", of_today(NAMES))
def test_it_is_over_when_it_is_mended_and_neither_by_itself_nor_by_the_decoy(system, tmp_path: Path, name: str):  # type: ignore[no-untyped-def]
    one = drill.load(name)

    proof = drill_plays.prove(system.settings, one, SEED, tmp_path / "data")

    assert proof.faults(one) == []


@pytest.mark.slowest
@pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="this test needs Prometheus (Debian's package prometheus)"
)
@pytest.mark.parametrize("name", of_today(NAMES))
def test_its_alert_fires_within_the_hours_that_it_says_and_none_before_it(system, tmp_path: Path, name: str):  # type: ignore[no-untyped-def]
    one = drill.load(name)

    assert drill_plays.alerts(system.settings, one, SEED, tmp_path / "data").faults(one) == []


@pytest.mark.slowest
@pytest.mark.parametrize("name", of_today(NAMES))
def test_its_debrief_ranks_the_responses_by_money_as_it_says(system, tmp_path: Path, name: str):  # type: ignore[no-untyped-def]
    one = drill.load(name)

    assert drill_plays.money(system.settings, one, SEED, tmp_path / "data").faults(one) == []


@pytest.mark.slow
def test_a_proof_that_is_killed_leaves_no_process(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    script = ROOT / "benchmarks/practice/drill_proof.py"
    command = [sys.executable, str(script), "--data", str(system.settings.data_dir), "--seeds", "1", "--at-once", "1"]
    own = child_environment(system.settings, TMPDIR=str(tmp_path))
    with subprocess.Popen([*command, "--drills", NAMES[0]], env=own, stdout=subprocess.DEVNULL) as proof:
        (data,) = wait_until(lambda: list(tmp_path.glob("drill-*/data/*/data")))
        place = child_processes.project_mark(data)
        assert wait_until(lambda: len(child_processes.marked(place)) >= 3)  # the driver and servers
        workers = child_processes.below(proof.pid)
        proof.kill()

    assert wait_until(lambda: not child_processes.marked(place))
    assert wait_until(lambda: not any(one.is_running() for one in workers))
