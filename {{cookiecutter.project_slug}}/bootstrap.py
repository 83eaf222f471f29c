"""Make `.venv` and install the locked packages: `python3 bootstrap.py [--runtime] [--root DIR]`, standard library only.

The `Makefile` calls this before every task: when the work is done it compares one stamp and says nothing. The stamp
is written last, so an install that was interrupted counts as not done. A `.venv` is rebuilt, never repaired: the
packages come from the installer's cache, and what is in it is then exactly what the lock says.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# One installer version for everyone; it is some ten times faster than pip, and pip stands in where it cannot run.
INSTALLER = Path(__file__).resolve().with_name("requirements.uv.lock")
# Each `.in` with its `.lock`: what the system runs on, what its tests and checks need beside that, the installer.
REQUIREMENTS = ("requirements", "requirements.dev", "requirements.uv")
MADE_FROM = "# From requirements with the digest "
# Personal settings that say from where and through what, which an install needs; any other of the two says where to, or
# what: PIP_USER, PIP_TARGET or UV_EXCLUDE_NEWER would make another environment than the lock's.
KEPT = re.compile(
    "PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|(CLIENT_)?CERT|PROXY|(NO_)?CACHE_DIR|CONFIG_FILE"
    "|RETRIES|(DEFAULT_)?TIMEOUT|KEYRING_PROVIDER)"
    "|UV_((DEFAULT_|EXTRA_)?INDEX(_.*)?|FIND_LINKS|NO_INDEX|OFFLINE|(NO_)?CACHE(_DIR)?|NATIVE_TLS|SYSTEM_CERTS"
    "|INSECURE_HOST|HTTP_.*|CONCURRENT_.*|KEYRING_PROVIDER|LINK_MODE|CONFIG_FILE)"
)
# A lock is complete; with dependencies pip stops at `coverage[toml]`.
BY_PIP = ("--disable-pip-version-check", "--require-hashes", "--no-deps")
OLDEST, TOO_NEW = (3, 11), (3, 14)
ROOM_NEEDED_GB = 3.0


class Stopped(Exception):
    """What stopped the install, and the next step."""


def refuse_an_unsupported_python(version: tuple[int, ...]) -> None:
    if not OLDEST <= version[:2] < TOO_NEW:
        raise Stopped(
            f"Found Python {version[0]}.{version[1]}, but the locked packages need 3.11, 3.12 or 3.13 "
            "(the project's docs/compatibility.md says what holds 3.14 back). "
            "Install one and name it, such as: make setup PYTHON=python3.12"
        )


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def locks_of(root: Path, is_runtime: bool) -> list[Path]:
    """What to install: a server needs the first alone. Raises Stopped for one that a merge left with both sides."""
    locks = [root / "requirements.lock", root / "requirements.dev.lock"]
    wanted = locks[:1] if is_runtime or not locks[1].exists() else locks
    for lock in wanted:
        if "\n<<<<<<< " in "\n" + lock.read_text(encoding="utf-8"):
            raise Stopped(f"{lock.name} holds both sides of a merge: settle {lock.stem}.in by hand, then `make lock`.")
    return wanted


def digest_of_requirements(path: Path) -> str:
    """Of what is asked for: comments and order do not count."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in path.read_text(encoding="utf-8").splitlines())
    return hashlib.sha256("\n".join(sorted(filter(None, lines))).encode()).hexdigest()


def stale_locks(root: Path) -> list[str]:
    """The names, without an ending, whose `.in` is not what the `.lock` was made from."""
    both = [name for name in REQUIREMENTS if (root / f"{name}.in").exists() and (root / f"{name}.lock").exists()]
    made = {name: (root / f"{name}.lock").read_text(encoding="utf-8") for name in both}
    return [name for name in both if f"{MADE_FROM}{digest_of_requirements(root / f'{name}.in')}\n" not in made[name]]


def fingerprint(root: Path, locks: Sequence[Path]) -> str:
    """What the install depends on: the locks, the Python, and the folder, because a copied `.venv` runs the old one."""
    digests = (hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks)
    return "\n".join((*digests, sys.version.split()[0], str(root)))


def is_done(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def installers_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The user's, without what would install something else or somewhere else; what `pip.conf` says of it is off."""
    dropped = ("PIP_", "UV_", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE")
    kept = {name: value for name, value in environment.items() if not name.startswith(dropped) or KEPT.fullmatch(name)}
    return {**kept, "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}


def succeeds(*command: str | Path) -> bool:
    """Run with the output shown, so that a long download shows its progress.

    At the top of the file system, because uv takes settings from a `uv.toml` or `pyproject.toml` of any folder above.
    """
    environment = installers_environment(os.environ)
    done = subprocess.run([str(part) for part in command], check=False, env=environment, cwd=INSTALLER.anchor)
    return done.returncode == 0


def install_uv(python: Path) -> bool:
    return succeeds(python, "-m", "pip", "install", "--quiet", *BY_PIP, "-r", INSTALLER)


def install(python: Path, locks: Sequence[Path]) -> bool:
    """Whether the locked packages are in, each with the hash that its lock holds."""
    files = [part for lock in locks for part in ("-r", lock)]
    if install_uv(python) and succeeds(
        python, "-m", "uv", "pip", "install", "--python", python, "--require-hashes", *files
    ):
        return True
    print("uv could not do it; trying pip, which is slower.", flush=True)
    return succeeds(python, "-m", "pip", "install", *BY_PIP, *files)


def check_system_libraries(python: Path, lock: Path) -> None:
    """LightGBM needs an OpenMP that no Python package brings: slim images and macOS lack it. Raises Stopped."""
    if "\nlightgbm==" not in lock.read_text(encoding="utf-8"):
        return
    environment = installers_environment(os.environ)
    done = subprocess.run(
        [str(python), "-c", "import lightgbm"], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise Stopped(f"LightGBM cannot be imported ({said}). {openmp(sys.platform)} Then run the same command again.")


def openmp(platform: str) -> str:
    """How that library is installed."""
    if platform == "darwin":
        return "If libomp is missing: brew install libomp."
    if platform == "win32":
        return "If vcomp140.dll is missing: install Microsoft's Visual C++ Redistributable."
    return "If libgomp is missing: apt-get install libgomp1 (Fedora: dnf install libgomp)."


def make_importable(venv: Path, source: Path) -> None:
    """Put `src` on the path. A `.pth` file does what an editable install does, without a build or a download."""
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(venv)}))
    # Relative, because a file with the absolute path would be read in the machine's own encoding.
    (packages / "mlsystem.pth").write_text(os.path.relpath(source, packages) + "\n", encoding="utf-8")


def explain(root: Path) -> str:
    """Why an install failed, as far as can be measured from here."""
    free_gb = shutil.disk_usage(root).free / 1e9
    if free_gb < ROOM_NEEDED_GB:
        cause = f"this disk has {free_gb:.1f} GB free and about {ROOM_NEEDED_GB:.0f} GB are needed: make room"
    else:
        cause = "the lines above say why, most often no connection to the package index: check the network or proxy"
    return f"Could not install the packages: {cause}, then run the same command again."


def build(root: Path, venv: Path, locks: Sequence[Path]) -> None:
    pinned = {name for lock in locks for name in re.findall(r"^([\w.-]+)==", lock.read_text(encoding="utf-8"), re.M)}
    print(
        f"Setting up .venv: up to {len(pinned)} packages, one to five minutes the first time, by the network.",
        flush=True,
    )
    if not succeeds(sys.executable, "-m", "venv", "--clear", venv):
        raise Stopped(
            f"Python could not make {venv}. On Debian and Ubuntu install python3-venv; "
            "elsewhere see the lines above. Then run the same command again."
        )
    if not install(python_of(venv), locks):
        raise Stopped(explain(root))
    check_system_libraries(python_of(venv), locks[0])
    if (root / "src").is_dir():
        make_importable(venv, root / "src")


def bootstrap(root: Path, is_runtime: bool = False) -> None:
    refuse_an_unsupported_python(sys.version_info[:2])
    locks = locks_of(root, is_runtime)
    venv = root / ".venv"
    stamp, wanted, started = venv / "installed", fingerprint(root, locks), time.monotonic()
    for name in stale_locks(root):
        print(f"{name}.lock was not made from this {name}.in: `make lock` resolves it again.", flush=True)
    if is_done(stamp, wanted):
        return
    build(root, venv, locks)
    stamp.write_text(wanted, encoding="utf-8")
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make .venv and install the locked packages.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder that holds requirements.lock")
    parser.add_argument("--runtime", action="store_true", help="only what the system runs on: no pytest, ruff or mypy")
    options = parser.parse_args()
    root = options.root.resolve()
    try:
        bootstrap(root, options.runtime)
    except Stopped as stopped:
        sys.exit(f"\n{stopped}")
    except OSError as error:
        sys.exit(f"\nCould not set up {root}: {error}. Mend that, then run the same command again.")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Run the same command again: it starts over, with what was already downloaded.")


if __name__ == "__main__":
    main()
