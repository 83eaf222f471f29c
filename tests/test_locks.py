"""`locks.py` resolves requirements into locks that are the same for everyone, or changes nothing and says why."""

import sys
from pathlib import Path

import baking
import pytest

SCRIPT = baking.ROOT / baking.TEMPLATE / "locks.py"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small project with a lock of an older version, as its owner has it."""
    (tmp_path / ".venv").symlink_to(baking.ROOT / ".venv", target_is_directory=True)  # for its uv
    (tmp_path / "requirements.in").write_text("iniconfig==2.0.0\n")
    assert lock(tmp_path).returncode == 0
    return tmp_path


def lock(root: Path, *options: str, **env: str):
    return baking.run(sys.executable, SCRIPT, "--root", root, *options, cwd=root, env=env)


def text(root: Path, name: str = "requirements") -> str:
    return (root / f"{name}.lock").read_text(encoding="utf-8")


def test_versions_that_still_fit_are_kept_until_an_upgrade_is_asked_for(root: Path):
    (root / "requirements.in").write_text("iniconfig\n")

    kept = lock(root)
    first = text(root)
    upgraded = lock(root, "--upgrade")

    assert "requirements.lock: packages 1, changed 0" in kept.stdout
    assert "iniconfig==2.0.0 \\\n    --hash=sha256:" in first
    assert "  iniconfig: 2.0.0 -> 2." in upgraded.stdout
    assert "iniconfig==2.0.0" not in text(root)


def test_the_second_lock_keeps_to_the_versions_of_the_first(root: Path):
    (root / "requirements.dev.in").write_text("-c requirements.lock\npytest\n")

    assert lock(root).returncode == 0

    assert "iniconfig==2.0.0 " in text(root, "requirements.dev")
    assert "pytest" not in text(root)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("mine @ MINE\n", "requirements.lock would hold 'mine @ "),
        ("-e ./mine\n", "requirements.in could not be resolved"),
        ("no-package-has-this-name==77\n", "requirements.in could not be resolved: uv says why above"),
        (
            "<<<<<<< ours\niniconfig\n=======\npytest\n>>>>>>> theirs\n",
            "requirements.in holds both sides of a merge",
        ),
    ],
)
def test_what_cannot_be_locked_for_everyone_is_a_sentence_and_changes_nothing(root: Path, asked: str, sentence: str):
    (root / "mine").mkdir()
    (root / "mine" / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1"\n')
    (root / "requirements.in").write_text(asked.replace("MINE", (root / "mine").as_uri()))
    before = text(root)

    told = lock(root, "--upgrade")

    assert told.returncode == 1
    assert sentence in told.stdout
    assert "Traceback" not in told.stdout
    assert text(root) == before
    assert {path.name for path in root.iterdir()} == {".venv", "mine", "requirements.in", "requirements.lock"}


def test_neither_a_folder_of_wheels_nor_the_settings_above_reach_the_lock(root: Path, tmp_path_factory):
    wheels = tmp_path_factory.mktemp("wheels")
    (project := root / "below").mkdir()
    (root / ".venv").rename(project / ".venv")
    (root / "uv.toml").write_text('exclude-newer = "2001-01-01T00:00:00Z"\n')
    (project / "requirements.in").write_text("iniconfig\n")

    told = lock(project, UV_FIND_LINKS=str(wheels), UV_EXCLUDE_NEWER="2001-01-01")

    assert told.returncode == 0, told.stdout
    assert str(wheels) not in text(project)
    assert "iniconfig==2" in text(project)


def test_a_project_that_is_not_set_up_can_make_its_lock_and_a_broken_lock_is_not_in_the_way(root: Path):
    """Both sides of a merge stand in the lock; the newer is where the versions begin."""
    (root / ".venv").unlink()
    python = Path(sys.base_prefix, "bin", "python3")  # without uv
    newer = text(root).replace("2.0.0", "2.1.0")
    (root / "requirements.in").write_text("iniconfig\n")
    (root / "requirements.lock").write_text(f"<<<<<<< ours\n{text(root)}=======\n{newer}>>>>>>> theirs\n")

    told = baking.run(python, SCRIPT, "--root", root, cwd=root)

    assert told.returncode == 0, told.stdout
    assert "iniconfig==2.1.0 " in text(root)
    assert "<<<" not in text(root)
