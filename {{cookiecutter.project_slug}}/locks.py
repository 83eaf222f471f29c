"""Resolve each `requirements*.in` into its lock: `python locks.py [--upgrade] [--root DIR]`, standard library and uv.

A lock holds names, versions and hashes for every platform and Python of the project, and neither the address of an
index nor a path of the machine that resolved it: it is the same for everyone. Versions that still fit are kept, also
those of a lock that a merge left with both sides in it. Nothing is written unless all of them resolve.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import bootstrap

COMPILE = [
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--python-version",
    "3.11",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
]
CONFLICT = re.compile(r"^<<<<<<< .*?^=======\n(.*?)^>>>>>>> [^\n]*\n", re.MULTILINE | re.DOTALL)
PIN = re.compile(r"([\w.-]+)==([\w.!+]+)(?: ; [^\\]+)? \\")  # with a hash on the next line
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
COMMENT = re.compile(r" *#(?!.*(?:://|\s[/~]|\w:\\)).*")


def faults(lock: str) -> list[str]:
    """The lines that are no version with its hashes: an address, a path, an option, a package without a hash."""
    return [
        line for line in lock.splitlines() if line and not any(kind.fullmatch(line) for kind in (PIN, HASH, COMMENT))
    ]


def pins(lock: str) -> dict[str, str]:
    """Name to version; to several, where platforms or Pythons differ."""
    found: dict[str, str] = {}
    for name, version in PIN.findall(lock):
        found[name] = f"{found[name]} or {version}" if name in found else version
    return found


def changes(before: str, after: str) -> Iterator[str]:
    """One line for each package that came, went or moved."""
    old, new = pins(before), pins(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"  {name}: {old.get(name, 'not there')} -> {new.get(name, 'not there')}"


def python_with_uv(root: Path, spare: Path) -> Path:
    """The project's own Python, this one, or one made in `spare`: a lock that cannot be installed is not in the way."""
    for python in (bootstrap.python_of(root / ".venv"), Path(sys.executable)):
        if (
            python.exists()
            and subprocess.run([python, "-c", "import uv"], capture_output=True, check=False).returncode == 0
        ):
            return python
    made = bootstrap.python_of(spare)
    if not (bootstrap.succeeds(sys.executable, "-m", "venv", spare) and bootstrap.install_uv(made)):
        raise bootstrap.Stopped("Could not install uv, which resolves the locks: the lines above say why. Try again.")
    return made


def refuse_both_sides(asked: Path) -> None:
    """What is asked for is the owner's to say. Raises Stopped."""
    if "\n<<<<<<< " in "\n" + asked.read_text(encoding="utf-8"):
        raise bootstrap.Stopped(
            f"{asked.name} holds both sides of a merge: keep what you ask for, remove the marked lines, then run the "
            "same command again. Nothing was changed."
        )


def resolve(python: Path, name: str, folder: Path, upgrade: bool) -> str:
    """The new lock of `name`.in. In a folder of its own, above which no project has settings for uv. Raises Stopped."""
    lock = folder / f"{name}.lock"
    if lock.exists():
        lock.write_text(CONFLICT.sub(r"\1", lock.read_text(encoding="utf-8")), encoding="utf-8")
    command = [str(python), "-m", "uv", *COMPILE, f"{name}.in", "--output-file", lock.name, *["--upgrade"] * upgrade]
    environment = bootstrap.installers_environment(os.environ)
    done = subprocess.run(command, cwd=folder, env=environment, check=False)
    if done.returncode != 0:
        raise bootstrap.Stopped(
            f"{name}.in could not be resolved: uv says why above. Nothing was changed; "
            "mend that file, or the network, then run the same command again."
        )
    text = lock.read_text(encoding="utf-8")
    if wrong := faults(text):
        raise bootstrap.Stopped(
            f"{name}.lock would hold {wrong[0].strip()!r}, and only versions of an index with their hashes are the "
            f"same for everyone. Nothing was changed; mend {name}.in, then run the same command again."
        )
    digest = bootstrap.digest_of_requirements(folder / f"{name}.in")
    return f"# Made by `make lock` from {name}.in; never by hand.\n{bootstrap.MADE_FROM}{digest}\n{text}"


def lock_all(root: Path, upgrade: bool) -> None:
    names = [name for name in bootstrap.REQUIREMENTS if (root / f"{name}.in").exists()]
    for name in names:
        refuse_both_sides(root / f"{name}.in")
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for path in root.glob("requirements*"):
            shutil.copy2(path, folder)
        python = python_with_uv(root, folder / "spare")
        new = {}
        for name in names:
            print(f"Resolving {name}.in.", flush=True)
            new[name] = resolve(python, name, folder, upgrade)
    for name, text in new.items():
        lock, aside = root / f"{name}.lock", root / f"{name}.lock.part"
        before = lock.read_text(encoding="utf-8") if lock.exists() else ""
        aside.write_text(text, encoding="utf-8")
        aside.replace(lock)
        moved = list(changes(before, text))
        print("\n".join([f"{lock.name}: packages {len(pins(text))}, changed {len(moved)}", *moved]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Resolve each requirements*.in into its lock.")
    parser.add_argument("--root", type=Path, default=bootstrap.INSTALLER.parent, help="the folder that holds them")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    options = parser.parse_args()
    try:
        lock_all(options.root.resolve(), options.upgrade)
    except (bootstrap.Stopped, OSError) as problem:
        sys.exit(f"\n{problem}")


if __name__ == "__main__":
    main()
