"""Put the chosen problem and lanes in their places, start the git history when git is there, say what to do next.

Cookiecutter renders this file with the answers, then runs it in the new project's folder.
No trouble with git may fail the bake: a project without a history is still a whole project.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

PROBLEM = "{{ cookiecutter.problem }}"
PROBLEMS = "problems"  # a folder for each that does not already lie in its place
PLACES = {"domain": "src/mlsystem/domain", "tests": "tests/domain", "docs": "docs/domain"}
LANES = r"""{{ cookiecutter._lanes | tojson }}"""
CHOSEN_LANES = "{{ cookiecutter.__lanes }}"  # with spaces between them
SLUG = "{{ cookiecutter.project_slug }}"
# Relative to where the user called cookiecutter. Cruft sets no `_repo_dir`: its fresh clone holds no left-overs.
REPOSITORY = r"""{{ cookiecutter._repo_dir | default("") }}"""
TEMPLATE = Path(os.environ.get("PWD", ""), REPOSITORY, "{{ '{{cookiecutter.project_slug}}' }}")
IS_CRUFT = "{{ cookiecutter._commit is defined }}" == "True"

NEXT = f"""
{SLUG} is ready. Next:

    cd {SLUG}
    make demo

Without make (Windows): `cd {SLUG}`, `py bootstrap.py`, then `.venv\\Scripts\\python -m mlsystem demo`.
"""


def put_in_place(folder, problem):
    """The chosen problem's parts instead of those of the template's own; the others are left out."""
    for part, place in PLACES.items():
        chosen = folder / PROBLEMS / problem / part
        if chosen.is_dir():
            shutil.rmtree(folder / place)
            chosen.rename(folder / place)
    shutil.rmtree(folder / PROBLEMS)


def leave_out(folder, lane):
    """Remove what has the lane's name, and each line of another file that ends with its mark."""
    mark = re.compile(rb"(<!--|#) lane: " + lane.encode() + rb"( -->)?\s*$")
    for path in sorted(folder.rglob("*")):
        if not path.exists():  # it went with its folder
            continue
        if path.is_dir() and path.stem == lane:
            shutil.rmtree(path)
        elif path.is_file() and path.stem == lane:
            path.unlink()
        elif path.is_file():
            lines = path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if not mark.search(line)]
            if len(kept) < len(lines):
                path.write_bytes(b"".join(kept))
    for empty in {path for path in folder.glob("*") if path.is_dir() and not any(path.iterdir())}:
        empty.rmdir()


def git(folder, *arguments):
    """What git printed; None when it is absent or refused."""
    # Nobody is there to sign or to answer a hook, and a caller's own repository must not receive this commit.
    settings = ["-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "core.safecrlf=false"]
    caller = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}
    environment = {name: value for name, value in os.environ.items() if name not in caller}
    try:
        result = subprocess.run(["git", *settings, *arguments], cwd=folder, env=environment, capture_output=True)
    except OSError:
        return None
    return result.stdout.decode(errors="replace") if result.returncode == 0 else None


def belongs_to_another_repository(folder):
    """A repository inside one that tracks its folder is half a submodule; inside an ignored folder it is fine."""
    is_inside = git(folder, "rev-parse", "--is-inside-work-tree") is not None
    return is_inside and git(folder, "check-ignore", "--quiet", ".") is None


def start_history(folder):
    """Whether the project now has a first commit, made also by someone who never told git a name."""
    identity: list[str] = []
    for key, stand_in in (("user.name", "cookiecutter"), ("user.email", "cookiecutter@localhost")):
        if not git(folder, "config", key):
            identity += ["-c", f"{key}={stand_in}"]
    steps = (
        ("init", "--quiet"),
        ("add", "--all"),
        (*identity, "commit", "--quiet", "--message", "Generate the project from its template"),
    )
    return all(git(folder, *step) is not None for step in steps)


def remove_leftovers(folder, template):
    """Drop what git ignores and the template's own folder holds: the `.venv` and data of a demo that ran in there."""
    ignored = git(folder, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory") or ""
    for name in filter(None, ignored.split("\0")):
        if (template / name).is_dir():
            shutil.rmtree(folder / name, ignore_errors=True)
        elif (template / name).exists():
            (folder / name).unlink(missing_ok=True)


def main():
    folder = Path.cwd()
    put_in_place(folder, PROBLEM)
    for lane in set(json.loads(LANES)) - set(CHOSEN_LANES.split()):
        leave_out(folder, lane)
    # Cruft compares two bakes file by file, `.git` included, and adds `.cruft.json` only after this hook.
    if IS_CRUFT:
        return
    if belongs_to_another_repository(folder):
        print("No git repository started: this folder already belongs to one. Commit the project there.")
    elif not start_history(folder):
        print("No git history started: git is missing or refused. Later: `git init`, `git add .`, `git commit`.")
    else:
        remove_leftovers(folder, TEMPLATE)
    print(NEXT)


if __name__ == "__main__":
    main()
