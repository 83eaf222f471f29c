"""Bake the template as its users do: from a clean export, with cookiecutter's own defaults."""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "{{cookiecutter.project_slug}}"
RENDERED = {"LICENSE", "README.md", "project.toml"}


def tracked_files(folder: Path) -> list[Path]:
    """What git holds or would hold with `git add --all`, relative to the folder."""
    listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listing, cwd=folder, check=True, capture_output=True).stdout.decode().split("\0")
    # A file that was deleted and not yet committed is still listed.
    return sorted({Path(name) for name in names if name and (folder / name).is_file()})


def export(to: Path) -> Path:
    """Copy the template without the caches and left-overs that a working tree holds.

    Not `git archive HEAD`: a change must be testable before it is committed. The two are the same once it is.
    """
    for file in tracked_files(ROOT):
        target = to / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target)
    return to


def cookiecutter(template: Path, into: Path, *options: str, **answers: str) -> subprocess.CompletedProcess[str]:
    """Run cookiecutter without questions and without the user's own defaults."""
    command = [sys.executable, "-m", "cookiecutter", "--no-input", "--default-config", "--output-dir", str(into)]
    given = [f"{question}={answer}" for question, answer in answers.items()]
    return subprocess.run([*command, *options, str(template), *given], capture_output=True, text=True, cwd=into)


def main(into: Path) -> None:
    """`make bake`: replace what is there by a fresh project."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    with TemporaryDirectory() as clean:
        baked = cookiecutter(export(Path(clean)), into)
    print(baked.stdout + baked.stderr)
    sys.exit(baked.returncode)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
