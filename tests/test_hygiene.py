"""Nothing that is true on one machine only may travel; `make` tells newcomers what there is to do."""

import re
from pathlib import Path

import baking
import pytest

# Written so that no pattern matches this file.
ONE_MACHINE_ONLY = {
    "somebody's home": r"(?<![\w.-])/(?:root|home/[a-z]\w*|Users/[A-Za-z]\w*)/(?=\w)",
    "a build machine's folder": r"(?<![\w.{}$)-])/wor[k]/\w",
    "a package index": r"https?://[^\s\"'`)]+/simpl[e]\b|pythonhosted\.or[g]|file:///\w|index-ur[l][ =]+[\"']?\w+:",
}
TEMPLATE_TASKS = "help setup bake demo figures test quick check format lock clean"
PROJECT_TASKS = (
    "help setup demo up status monitor retrain judge test down ingest features train "
    "models promote rollback smoke replay consume letters deploy year prove check report readme lock clean"
)


def findings(folder: Path, pattern: str) -> list[str]:
    return [
        f"{file}: {match.group()}"
        for file in baking.tracked_files(folder)
        for match in re.finditer(pattern, (folder / file).read_bytes().decode("utf-8", errors="replace"))
    ]


@pytest.mark.parametrize("pattern", ONE_MACHINE_ONLY.values(), ids=ONE_MACHINE_ONLY)
def test_no_file_of_the_template_or_of_a_bake_knows_one_machine(project: Path, pattern: str):
    assert findings(baking.ROOT, pattern) == []
    assert findings(project, pattern) == []


@pytest.mark.parametrize(
    "planted", ["/ro" + "ot/x", "/wo" + "rk/x", "https://pypi.org/sim" + "ple", "/ho" + "me/ada/x"]
)
def test_the_search_for_such_files_finds_one_that_was_planted(tmp_path: Path, planted: str):
    baking.run("git", "init", "--quiet", cwd=tmp_path)
    (tmp_path / "notes.md").write_text(f"See {planted} for more.")

    found = [finding for pattern in ONE_MACHINE_ONLY.values() for finding in findings(tmp_path, pattern)]

    assert len(found) == 1


@pytest.mark.parametrize(("where", "tasks"), [("template", TEMPLATE_TASKS), ("project", PROJECT_TASKS)])
def test_make_alone_prints_every_task_with_a_sentence_and_its_time(request, where: str, tasks: str):
    folder: Path = request.getfixturevalue(where)

    said = baking.run("make", "--no-print-directory", cwd=folder).stdout

    assert re.findall(r"^  make (\w+) ", said, flags=re.MULTILINE) == tasks.split()
    for line in re.findall(r"^  make .*", said, flags=re.MULTILINE):
        assert re.search(r"\((?:.*\d+ (?:s|min)\b|at once)", line), line


def test_the_workflows_and_the_makefiles_hold_no_secret_step():
    """What CI runs, a person can run: every step of ours is a make task."""
    workflows = [
        *baking.ROOT.glob(".github/workflows/*.yml"),
        *(baking.ROOT / baking.TEMPLATE).glob(".github/workflows/*.yml"),
    ]

    steps = [step for file in workflows for step in re.findall(r"run: (.+)", file.read_text(encoding="utf-8"))]

    assert len(workflows) == 2
    assert {step.split()[0] for step in steps} == {"make"}
