"""docs/compatibility.md is of a real run: what failed is red there, and what was not run is not green."""

import importlib.util
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from mlsystem.settings import ROOT, Settings, child_environment

SCRIPT = ROOT / "benchmarks/compatibility.py"
spec = importlib.util.spec_from_file_location("compatibility", SCRIPT)
assert spec is not None
assert spec.loader is not None
compatibility = importlib.util.module_from_spec(spec)
sys.modules["compatibility"] = compatibility
spec.loader.exec_module(compatibility)
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_a_task_that_fails_is_red_on_the_page_and_in_the_exit_status(own_settings: Settings, tmp_path: Path):
    page = tmp_path / "page.md"
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}

    done = subprocess.run(
        [sys.executable, str(SCRIPT), "status", "report", "--page", str(page)],
        env=child_environment(own_settings) | offline,
        capture_output=True,
        text=True,
        check=False,
    )

    said = page.read_text(encoding="utf-8")
    assert done.returncode == 1, done.stderr
    assert re.search(r"^\| `make status` \| green \| \d+ \|$", said, re.MULTILINE)
    assert re.search(r"^\| `make report` \| RED \| \d+ \|$", said, re.MULTILINE)
    assert "## Verdict: not all of what was run is green" in said
    assert "Not run this time: `make check`, `make test`, `make prove`, `make endure`, `make demo`." in said
    assert said.count(compatibility.NOT_ASKED) == 3, "a lost network is no package that holds a Python back"


def test_what_holds_the_next_python_back_is_said_and_nothing_else():
    ran = [compatibility.Ran("check", True, 3.0)]

    held = compatibility.page(ran, {"a": "1"}, {"Linux": None, "Windows": "a==1 has no usable wheels"}, NOW)
    free = compatibility.page(ran, {"a": "1"}, {"Linux": None}, NOW)

    assert "* Windows: a==1 has no usable wheels" in held
    assert "* Linux" not in held
    assert "no lane has run this project on it" in free
    assert "## Verdict: what was run is green" in free


def test_the_page_names_every_package_that_is_asked_for_with_a_version_and_a_day():
    said = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")

    named = re.findall(r"^\| ([a-z][\w-]*) \| (\d[\w.]*) \|$", said, re.MULTILINE)
    day = re.search(r"on (\d{4}-\d\d-\d\d), on \w+ with Python", said)

    assert [name for name, _ in named] == compatibility.asked_for()
    assert day is not None
    assert date.fromisoformat(day[1]) <= datetime.now(UTC).date()
