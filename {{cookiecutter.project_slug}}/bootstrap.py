"""Make `.venv` and install the locked packages: `python3 bootstrap.py [--runtime] [--root DIR]`, standard library only.

The `Makefile` calls this before every task: when the work is done it compares one stamp and says nothing. The stamp
is written last, so an install that was interrupted counts as not done. A `.venv` is rebuilt, never repaired: the
packages come from the installer's cache, and what is in it is then exactly what the lock says.
"""

import argparse
import ast
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
# What pip says when nobody answers, or when the way there is barred.
UNCONNECTED = re.compile(
    "connection broken by|ConnectionError|Max retries exceeded|ProxyError|SSLError|timed out", re.I
)
OLDEST, TOO_NEW = (3, 11), (3, 14)
# Measured: `du` of a .venv, 1.1 GB; what the demo's own check asks for; "peak_memory_mb" of its run.json, 2,163.
VENV_GB, DEMO_GB, DEMO_MEMORY_GB = 1.2, 1.0, 2.2
FULL_GB = 0.1


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
    is_whole = stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted
    return is_whole and name_without_percent(packages_of(stamp.parent)).is_dir()


def installers_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The user's, without what would install something else or somewhere else."""
    dropped = ("PIP_", "UV_", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE")
    kept = {name: value for name, value in environment.items() if not name.startswith(dropped) or KEPT.fullmatch(name)}
    if not kept.get("UV_CACHE_DIR") and not can_have_a_cache(kept):
        kept.pop("UV_CACHE_DIR", None)
        kept["UV_NO_CACHE"] = "1"  # pip goes on without one by itself
    return {**kept, "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}


def cache_of(environment: Mapping[str, str], name: str) -> Path:
    """Where this user's caches are."""
    home = environment.get("LOCALAPPDATA") if os.name == "nt" else environment.get("HOME")
    return Path(environment.get("XDG_CACHE_HOME") or Path(home or os.devnull, ".cache"), name)


def can_have_a_cache(environment: Mapping[str, str]) -> bool:
    """Whether uv could make its cache: a home that is read only, or none, must not stop an install."""
    folder = cache_of(environment, "uv")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def pips_environment(python: Path) -> dict[str, str]:
    """The same, with what pip's own files say of indexes and the way there as variables; the files are then off.

    A `target`, `prefix` or `constraint` in a `pip.conf` says where or what, and an empty variable undoes none of them.
    """
    environment = installers_environment(os.environ)
    command = [str(python), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    found = {}
    for section, name, value in re.findall(r"^(global|install)\.([\w-]+)=(.*)$", listed.stdout, re.MULTILINE):
        variable = f"PIP_{name.upper().replace('-', '_')}"
        if KEPT.fullmatch(variable) and (section == "install" or variable not in found):
            found[variable] = str(ast.literal_eval(value))
    return {**found, **environment, "PIP_CONFIG_FILE": os.devnull}


def succeeds(*command: str | Path, environment: Mapping[str, str] | None = None) -> bool:
    """Run with the output shown, so that a long download shows its progress.

    At the top of the file system, because uv takes settings from a `uv.toml` or `pyproject.toml` of any folder above.
    """
    environment = installers_environment(os.environ) if environment is None else environment
    done = subprocess.run([str(part) for part in command], check=False, env=environment, cwd=INSTALLER.anchor)
    return done.returncode == 0


def install_uv(python: Path) -> bool:
    command = (python, "-m", "pip", "install", *BY_PIP, "--quiet", "-r", INSTALLER)
    return succeeds(*command, environment=pips_environment(python))


def install(python: Path, locks: Sequence[Path]) -> None:
    """Put the locked packages in, each with the hash that its lock holds. Raises Stopped."""
    files = [part for lock in locks for part in ("-r", lock)]
    environment, pip = pips_environment(python), (python, "-m", "pip", "install", *BY_PIP)
    by_uv = install_uv(python) and succeeds(
        python, "-m", "uv", "pip", "install", "--python", python, "--require-hashes", *files
    )
    # Then nothing is left to do, says pip, which may look nowhere else: they are where this Python finds them.
    if by_uv and succeeds(*pip, "--quiet", "--no-index", *files, environment=environment):
        return
    print("uv could not do it; trying pip, which is slower.", flush=True)
    said = told((*pip, *files), environment)
    if said is not None:
        because = cause(said, locks[0].parent)
        raise Stopped(f"Could not install the packages: {because}, then run the same command again.")


def told(command: Sequence[str | Path], environment: Mapping[str, str]) -> str | None:
    """Run with the output shown; what it was, if the command failed."""
    said = []
    with subprocess.Popen(
        [str(part) for part in command],
        env=environment,
        cwd=INSTALLER.anchor,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    return "".join(said) if running.returncode else None


def is_the_system(lock: Path) -> bool:
    """Whether the lock is the whole system's; the template's own tests have a small one."""
    return "\nlightgbm==" in lock.read_text(encoding="utf-8")


def refuse_an_unsupported_platform(system: str, machine: str, bits: int, libc: str) -> None:
    """Where LightGBM of the lock has no wheel, as `pip download --platform` tells. Raises Stopped."""
    found = None
    if bits != 64 or machine.lower() not in ("x86_64", "amd64", "arm64", "aarch64"):
        found = f"a {bits}-bit Python on {machine}"
    elif system == "linux" and libc != "glibc":
        found = "a Linux without glibc, such as Alpine"
    elif system == "win32" and machine.lower() == "arm64":
        found = "Windows on arm"
    if found:
        raise Stopped(
            f"Found {found}, for which LightGBM has no package. Linux with glibc and macOS (x86-64 or arm64) and "
            f"Windows (x86-64) have one; a container of python:3.12-slim is such a Linux."
        )


def check_machine(root: Path, memory_gb: float | None) -> None:
    """Room for the packages and a demo; too little memory is only told: most tasks take less. Raises Stopped."""
    free_gb, needed_gb = shutil.disk_usage(root).free / 1e9, VENV_GB + DEMO_GB
    if free_gb < needed_gb:
        raise Stopped(
            f"The disk of {root} has {free_gb:.1f} GB free; the packages need {VENV_GB:g} and a demo {DEMO_GB:g}. Make "
            f"room, then run the same command again."
        )
    if memory_gb is not None and memory_gb < DEMO_MEMORY_GB:
        print(
            f"This machine has {memory_gb:.1f} GB of memory and `make demo` takes up to {DEMO_MEMORY_GB:g}.", flush=True
        )


def memory_of_this_machine() -> float | None:
    """In GB, or a container's limit; None where the standard library does not know."""
    found = []
    if hasattr(os, "sysconf"):  # Windows has none
        with suppress(OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9)
    with suppress(OSError, ValueError):
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="utf-8")) / 1e9)  # "max" is no number
    return min(found, default=None)


def check_system_libraries(python: Path, lock: Path) -> None:
    """LightGBM needs an OpenMP that no Python package brings: slim images and macOS lack it. Raises Stopped."""
    if not is_the_system(lock):
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


def packages_of(venv: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(venv)}))


def make_importable(venv: Path, source: Path) -> None:
    """Put `src` on the path. A `.pth` file does what an editable install does, without a build or a download."""
    packages = packages_of(venv)
    # Relative, because a file with the absolute path would be read in the machine's own encoding.
    (packages / "mlsystem.pth").write_text(os.path.relpath(source, packages) + "\n", encoding="utf-8")


def name_without_percent(packages: Path) -> Path:
    """The packages again, or a link to them where the path holds a `%`.

    MLflow gives its own path to Alembic, which takes a `%` for a variable: below such a folder it makes no database.
    """
    if "%" not in str(packages):
        return packages
    return cache_of(os.environ, "mlsystem") / hashlib.sha256(os.fsencode(packages)).hexdigest()[:12]


def import_without_percent(packages: Path) -> None:
    """Let every Python of this `.venv` find its packages by a name without a `%`. Raises Stopped where none can be."""
    link = name_without_percent(packages)
    if link == packages:
        return
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(packages, target_is_directory=True)
    except OSError as error:
        problem = str(error)
    else:
        problem = f"{link} has one too" if "%" in str(link) else ""
    if problem:
        raise Stopped(
            f"Found a % in {packages}, below which MLflow cannot make its database, and no other name for that folder "
            f"({problem}). Rename the folder with the %, then run the same command again: nothing else changes."
        )
    there, here = ascii(str(link)), ascii(str(packages))
    found = f"{here} in sys.path and os.path.isdir({there})"
    line = f"import os, sys; {found} and sys.path.__setitem__(sys.path.index({here}), {there})"
    (packages / "mlsystem_without_percent.pth").write_text(line + "\n", encoding="ascii")


def cause(said: str, root: Path) -> str:
    """Why an install failed and what to do, from what pip said of it; the network is named only where pip named it."""
    free_gb = shutil.disk_usage(root).free / 1e9
    if "No space left" in said or free_gb < FULL_GB:
        return f"this disk has {free_gb:.1f} GB free: make room"
    if UNCONNECTED.search(said):
        return "there is no connection to the package index: check the network, the proxy or the index's address"
    if "HASHES" in said.upper():
        return "a package is not the one that the lock names, or the lock names none: get the lock as it was"
    return "the lines above say why: mend that"


def build(root: Path, venv: Path, locks: Sequence[Path]) -> None:
    pinned = {name for lock in locks for name in re.findall(r"^([\w.-]+)==", lock.read_text(encoding="utf-8"), re.M)}
    print(
        f"Setting up .venv: up to {len(pinned)} packages, one to five minutes the first time, by the network.",
        flush=True,
    )
    if venv.is_symlink():  # whatever it leads to is somebody else's: only the link goes
        venv.unlink()
    if not succeeds(sys.executable, "-m", "venv", "--clear", venv):
        raise Stopped(
            f"Python could not make {venv}. On Debian and Ubuntu install python3-venv; "
            "elsewhere see the lines above. Then run the same command again."
        )
    if is_the_system(locks[0]):  # now that an older .venv has gone
        bits = 64 if sys.maxsize > 2**32 else 32
        refuse_an_unsupported_platform(sys.platform, platform.machine(), bits, platform.libc_ver()[0])
        check_machine(root, memory_of_this_machine())
    install(python_of(venv), locks)
    check_system_libraries(python_of(venv), locks[0])
    if (root / "src").is_dir():
        make_importable(venv, root / "src")
    import_without_percent(packages_of(venv))


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
