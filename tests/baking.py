"""Bake the template as its users do: from a clean export, with cookiecutter's own defaults."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "{{cookiecutter.project_slug}}"
RENDERED = {Path("LICENSE"), Path("README.md"), Path("project.toml")}


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run to the end, with what it printed kept as one text."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=None if env is None else os.environ | env,
        text=True,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def tracked_files(folder: Path) -> list[Path]:
    """What git holds or would hold with `git add --all`, relative to the folder."""
    listing = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=folder)
    listing.check_returncode()
    # A file that was deleted and not yet committed is still listed.
    return sorted({Path(name) for name in listing.stdout.split("\0") if name and (folder / name).is_file()})


def export(to: Path) -> Path:
    """Copy the template without the caches and left-overs that a working tree holds.

    Not `git archive HEAD`: a change must be testable before it is committed. The two are the same once it is.
    """
    for file in tracked_files(ROOT):
        target = to / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target)
    return to


def cookiecutter(
    template: Path, into: Path, *options: str, env: Mapping[str, str] | None = None, **answers: str
) -> subprocess.CompletedProcess[str]:
    """Run cookiecutter without questions and without the user's own defaults."""
    given = [f"{question}={answer}" for question, answer in answers.items()]
    options = ("--no-input", "--default-config", "--output-dir", str(into), *options)
    return run(sys.executable, "-m", "cookiecutter", *options, template, *given, cwd=into, env=env)


def main(into: Path) -> None:
    """`make bake`: replace what is there by a fresh project."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    with TemporaryDirectory() as clean:
        baked = cookiecutter(export(Path(clean)), into)
    print(baked.stdout)
    sys.exit(baked.returncode)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
