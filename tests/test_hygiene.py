"""Nothing that is true on one machine only may travel; `make` tells newcomers what there is to do."""

import re
from pathlib import Path

import baking
import pytest
import yaml  # type: ignore[import-untyped]

# Written so that no pattern matches this file.
ONE_MACHINE_ONLY = {
    "somebody's home": r"(?<![\w.-])/(?:root|home/[a-z]\w*|Users/[A-Za-z]\w*)/(?=\w)",
    "a build machine's folder": r"(?<![\w.{}$)-])/wor[k]/\w",
    "a package index": r"https?://[^\s\"'`)]+/simpl[e]\b|pythonhosted\.or[g]|file:///\w|index-ur[l][ =]+[\"']?\w+:",
}
TEMPLATE_TASKS = "help setup bake demo figures agents test quick check format lock clean"
PROJECT_TASKS = (
    "help setup demo up status monitor retrain judge test down ingest features backfill train "
    "models promote rollback smoke replay consume letters deploy prove endure check report readme mine "
    "new-domain lock clean drill prove-drills tradeoffs cards capacity experiment brief evidence site year"
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

    assert re.findall(r"^  make ([\w-]+) ", said, flags=re.MULTILINE) == tasks.split()
    for line in re.findall(r"^  make .*", said, flags=re.MULTILINE):
        assert re.search(r"\((?:.*\d+ (?:s|min)\b|at once)", line), line


WORKFLOWS = [
    *sorted(baking.ROOT.glob(".github/workflows/*.yml")),
    *sorted((baking.ROOT / baking.TEMPLATE).glob(".github/workflows/*.yml")),
]
A_PERSON_CAN_RUN = re.compile(
    r"make \w+( ARGS=--upgrade)?|python bootstrap\.py|\.venv.Scripts.python -m mlsystem \w+|brew install libomp"
    r"|\.venv/bin/python benchmarks/compatibility\.py|git [a-z].*"
)


def jobs(workflow: Path) -> dict[str, dict]:
    return yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=[str(path.relative_to(baking.ROOT)) for path in WORKFLOWS])
def test_a_workflow_holds_no_secret_step(workflow: Path):
    """What CI runs, a person can run: each step of ours is a task, or a command that the docs name."""
    steps = [step for job in jobs(workflow).values() for step in job["steps"]]
    lines = [line for step in steps for line in step.get("run", "").splitlines()]

    assert lines
    assert [line for line in lines if not A_PERSON_CAN_RUN.fullmatch(line)] == []
    assert [step["uses"] for step in steps if "uses" in step and not step["uses"].startswith("actions/")] == []


@pytest.mark.parametrize("where", [baking.ROOT, baking.ROOT / baking.TEMPLATE], ids=["template", "project"])
def test_every_system_has_a_lane_and_each_week_the_newest_versions_are_run(where: Path):
    lanes = {path.stem: jobs(path) for path in where.glob(".github/workflows/*.yml")}

    systems = {job["runs-on"] for lane in lanes.values() for job in lane.values()}
    weekly = (where / ".github/workflows/weekly.yml").read_text(encoding="utf-8")

    assert systems == {"ubuntu-latest", "macos-latest", "windows-latest"}
    assert yaml.safe_load(weekly)[True]["schedule"], "YAML reads `on` as true"
    assert "lock ARGS=--upgrade" in weekly
    assert "benchmarks/compatibility.py" in weekly
