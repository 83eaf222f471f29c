"""Two locks, made from what is asked for, the same on every machine; and a server needs no tool of the tests."""

import re
import sys
from pathlib import Path

import pytest

from imported import without_a_pin
from mlsystem.settings import ROOT

sys.path.append(str(ROOT))
import bootstrap
import locks

HASH = f"    --hash=sha256:{64 * 'a'}"
GOOD = f"a==1.0 ; sys_platform == 'win32' \\\n{HASH} \\\n{HASH}\n    # via\n    #   -r requirements.in\n"
BAD = {
    "an index": "--extra-index-ur" + "l https://index.example.org/pypi",
    "a folder of wheels": "--find-links ../wheels",
    "an address": f"a @ https://example.org/a.whl \\\n{HASH}",
    "a file": "a @ file:" + "///a.whl",
    "an editable folder": "-e ../a",
    "a version without a hash": "a==1.0",
    "a comment with an address": "# from http://index.example.org",
    "a comment with a path": "    # via -r /opt/a/requirements.in",
    "a comment with a Windows path": r"    # via -r C:\a\requirements.in",
    "a weak hash": "    --hash=md5:00",
    "a side of a merge": "<<<<<<< ours",
}


def lock(name: str) -> str:
    return (ROOT / f"{name}.lock").read_text(encoding="utf-8")


def test_every_lock_was_made_from_its_requirements():
    assert bootstrap.stale_locks(ROOT) == [], "run `make lock`"


@pytest.mark.parametrize("name", bootstrap.REQUIREMENTS)
def test_a_lock_holds_versions_with_hashes_and_nothing_of_one_machine(name: str):
    assert locks.faults(lock(name)) == []
    assert locks.pins(lock(name))


@pytest.mark.parametrize("kind", BAD)
def test_a_line_that_is_not_the_same_for_everyone_is_found(kind: str):
    assert locks.faults(GOOD) == []
    assert locks.faults(GOOD + BAD[kind] + "\n") == BAD[kind].splitlines()[:1]


def test_the_locks_agree_on_what_both_hold():
    runtime, dev = locks.pins(lock("requirements")), locks.pins(lock("requirements.dev"))

    assert {name for name in runtime.keys() & dev.keys() if runtime[name] != dev[name]} == set()


def test_no_tool_of_the_tests_is_in_the_lock_of_the_system():
    """But mypy, which Feast asks for: it wants SQLAlchemy with its extra of that name."""
    asked = (ROOT / "requirements.dev.in").read_text(encoding="utf-8")
    tools = set(re.findall(r"^[a-z][\w-]+", asked, re.MULTILINE))

    assert {"pytest", "ruff", "mypy"} <= tools
    assert tools & locks.pins(lock("requirements")).keys() == {"mypy"}
    assert tools <= locks.pins(lock("requirements.dev")).keys()


def test_the_code_imports_nothing_that_only_the_lock_of_the_tests_brings():
    pinned = set(locks.pins(lock("requirements")))

    assert len(pinned) > 100
    assert without_a_pin(ROOT / "src", pinned, {"mlsystem"}) == []


def test_an_import_of_a_tool_of_the_tests_is_found_wherever_it_stands(tmp_path: Path):
    (tmp_path / "a.py").write_text("import json, numpy\n\ndef f():\n    from pytest import fixture\n")

    assert without_a_pin(tmp_path, set(locks.pins(lock("requirements"))), set()) == ["a.py: pytest"]


def test_requirements_that_changed_are_told_and_a_comment_is_no_change(tmp_path: Path):
    asked, made = tmp_path / "requirements.in", tmp_path / "requirements.lock"
    asked.write_text("b>=1  # why\n\na\n")
    made.write_text(f"{bootstrap.MADE_FROM}{bootstrap.digest_of_requirements(asked)}\n{GOOD}")

    asked.write_text("# another word\na\nb>=1\n")
    assert bootstrap.stale_locks(tmp_path) == []

    asked.write_text("a\nb>=2\n")
    assert bootstrap.stale_locks(tmp_path) == ["requirements"]

    asked.write_text("a\nb>=1\n")
    made.write_text(GOOD)
    assert bootstrap.stale_locks(tmp_path) == ["requirements"], "a lock that does not say what it was made from"


def test_of_a_merge_a_lock_begins_with_the_newer_side():
    merged = f"x==1\n<<<<<<< ours\na==1\n=======\na==2\n>>>>>>> theirs\n{HASH}\n"

    assert locks.CONFLICT.sub(r"\1", merged) == f"x==1\na==2\n{HASH}\n"
