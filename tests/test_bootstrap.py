"""`bootstrap.py` makes `.venv` from the lock: whole or not at all, quiet when done, and never with a traceback."""

import re
import shutil
import sys
import time
from pathlib import Path

import baking
import pytest

SCRIPT = baking.ROOT / baking.TEMPLATE / "bootstrap.py"
NOBODY = "http://127.0.0.1:9/packages"  # the port of `discard`
UNREACHABLE = {
    "UV_OFFLINE": "1",
    "UV_NO_CACHE": "1",
    "PIP_INDEX_URL": NOBODY,
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_FIND_LINKS": "",
    "PIP_RETRIES": "1",
    "PIP_NO_CACHE_DIR": "1",
}


def lock_of(name: str) -> str:
    """The lines of the template's own lock that pin one package."""
    lock = (baking.ROOT / "requirements.lock").read_text(encoding="utf-8")
    (pinned,) = re.findall(rf"^{name}==.*?(?=^\S)", lock, flags=re.MULTILINE | re.DOTALL)
    return pinned


def bootstrap(root: Path, *options: str, **env: str):
    return baking.run(sys.executable, SCRIPT, "--root", root, *options, cwd=root, env=env)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project, set up once, in a folder whose name no encoding should stumble over."""
    root = tmp_path_factory.mktemp("an ünusual folder")
    (root / "requirements.lock").write_text(lock_of("iniconfig"), encoding="utf-8")
    (root / "src" / "mlsystem").mkdir(parents=True)
    (root / "src" / "mlsystem" / "__init__.py").write_text("ANSWER = 42\n")
    result = bootstrap(root)
    assert result.returncode == 0, result.stdout
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of the same lock, not set up."""
    (tmp_path / "requirements.lock").write_text(lock_of("iniconfig"), encoding="utf-8")
    return tmp_path


def test_the_locked_packages_and_the_project_itself_can_be_imported(installed: Path):
    code = "import iniconfig, mlsystem; print(mlsystem.ANSWER)"

    result = baking.run(installed / ".venv" / "bin" / "python", "-c", code, cwd=installed.parent)

    assert result.stdout.strip() == "42"


def test_when_all_is_done_it_says_nothing_and_takes_no_time(installed: Path):
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        result = bootstrap(installed)
        seconds.append(time.perf_counter() - started)

    assert (result.returncode, result.stdout) == (0, "")
    # 0.04 s on an idle machine; the limit leaves room for a busy one.
    assert min(seconds) < 0.15


def test_an_install_that_was_killed_is_done_again(installed: Path, root: Path):
    half = root / ".venv" / "lib" / "half-written.py"
    half.parent.mkdir(parents=True)
    half.write_text("def broken(")

    result = bootstrap(root)

    assert result.returncode == 0, result.stdout
    assert not half.exists()


def test_a_new_lock_is_installed(installed: Path):
    changed = lock_of("iniconfig") + lock_of("packaging")
    (installed / "requirements.lock").write_text(changed, encoding="utf-8")

    result = bootstrap(installed)

    assert "packaging==" in result.stdout
    assert bootstrap(installed).stdout == ""


def test_a_server_gets_what_the_system_runs_on_and_a_developer_the_tools_of_the_tests_too(root: Path):
    (root / "requirements.dev.lock").write_text(lock_of("packaging") + lock_of("iniconfig"), encoding="utf-8")
    python = root / ".venv" / "bin" / "python"

    served = bootstrap(root, "--runtime")
    has_tools = baking.run(python, "-c", "import iniconfig, packaging", cwd=root).returncode == 0
    again = bootstrap(root, "--runtime")
    developed = bootstrap(root)

    assert (served.returncode, has_tools, again.stdout) == (0, False, "")
    assert "up to 1 packages" in served.stdout
    assert developed.returncode == 0, developed.stdout
    assert "up to 2 packages" in developed.stdout
    assert baking.run(python, "-c", "import iniconfig, packaging", cwd=root).returncode == 0


def test_requirements_that_their_lock_was_not_made_from_are_told_in_one_sentence_each_time(installed: Path):
    bootstrap(installed)
    (installed / "requirements.in").write_text("iniconfig\n")

    told = [bootstrap(installed) for _ in range(2)]
    (installed / "requirements.in").unlink()

    sentence = "requirements.lock was not made from this requirements.in: `make lock` resolves it again.\n"
    assert [(one.returncode, one.stdout) for one in told] == [(0, sentence)] * 2
    assert bootstrap(installed).stdout == ""


def test_a_lock_with_both_sides_of_a_merge_is_one_sentence_and_the_installation_stays(installed: Path):
    lock = installed / "requirements.lock"
    whole = lock.read_text(encoding="utf-8")
    lock.write_text(f"<<<<<<< ours\n{whole}=======\n{whole}>>>>>>> theirs\n")

    told = bootstrap(installed)
    lock.write_text(whole, encoding="utf-8")

    said = told.stdout.strip()
    assert told.returncode == 1
    assert said == "requirements.lock holds both sides of a merge: settle requirements.in by hand, then `make lock`."
    assert bootstrap(installed).stdout == ""


def test_a_copied_environment_is_not_trusted(installed: Path, tmp_path: Path):
    copy = shutil.copytree(installed, tmp_path / "copy", symlinks=True)

    result = bootstrap(copy)

    assert result.stdout.startswith("Setting up .venv")


def test_an_environment_that_is_linked_is_left_alone_and_one_of_its_own_is_made(installed: Path, root: Path):
    (root / ".venv").symlink_to(installed / ".venv", target_is_directory=True)

    result = bootstrap(root)

    assert result.returncode == 0, result.stderr
    assert not (root / ".venv").is_symlink()
    assert bootstrap(installed).stdout == ""  # all that was there is there


@pytest.mark.parametrize("weakened", [r"sha256:[0-9a-f]{8}", r" \\\n    --hash=\S+"], ids=["wrong hash", "no hash"])
def test_a_package_without_its_right_hash_is_refused_with_a_sentence(root: Path, weakened: str):
    lock = root / "requirements.lock"
    lock.write_text(re.sub(weakened, "sha256:00000000" if "sha256" in weakened else "", lock.read_text()))

    result = bootstrap(root)

    assert result.returncode == 1
    last = result.stdout.strip().splitlines()[-1]
    assert last.startswith("Could not install the packages: a package is not the one that the lock names")
    assert "connection" not in last, "the network was there"
    assert "Traceback" not in result.stdout
    assert not (root / ".venv" / "installed").exists()


def test_without_a_network_it_says_so_and_the_next_call_tries_again(root: Path):
    result = bootstrap(root, **UNREACHABLE)

    assert result.returncode == 1
    assert "there is no connection to the package index" in result.stdout.strip().splitlines()[-1]
    assert "Traceback" not in result.stdout
    assert not (root / ".venv" / "installed").exists()


def test_where_uv_cannot_run_pip_does_the_work(root: Path):
    python = root / ".venv" / "bin" / "python"

    # A proxy that only pip knows of is the usual reason; here, uv is told that it is offline and has nothing cached.
    result = bootstrap(root, UV_OFFLINE="1", UV_CACHE_DIR=str(root / "empty"))

    assert result.returncode == 0, result.stdout
    assert "trying pip" in result.stdout
    assert baking.run(python, "-c", "import iniconfig", cwd=root).returncode == 0


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0)])
def test_a_python_that_the_lock_does_not_know_is_refused(version: tuple[int, ...]):
    sys.path.insert(0, str(SCRIPT.parent))
    import bootstrap as script

    with pytest.raises(script.Stopped, match=rf"Found Python 3\.{version[1]}, but .* need 3\.11, 3\.12 or 3\.13"):
        script.refuse_an_unsupported_python(version)


def test_a_missing_lock_is_a_sentence(tmp_path: Path):
    result = bootstrap(tmp_path)

    assert result.returncode == 1
    assert result.stdout.strip().startswith(f"Could not set up {tmp_path}: ")
    assert "Traceback" not in result.stdout


@pytest.mark.parametrize(
    "own",
    [
        {"PIP_USER": "1"},
        {"PIP_TARGET": "elsewhere"},
        {"PIP_PREFIX": "elsewhere"},
        {"UV_EXCLUDE_NEWER": "2001-01-01"},
        {"UV_TARGET": "elsewhere"},
        {"PYTHONPATH": "elsewhere"},
    ],
    ids=lambda own: next(iter(own)),
)
def test_personal_settings_of_where_and_what_to_install_change_nothing(root: Path, own: dict[str, str]):
    result = bootstrap(root, **own)

    assert result.returncode == 0, result.stdout
    assert "trying pip" not in result.stdout
    assert not (root / "elsewhere").exists()
    assert baking.run(root / ".venv" / "bin" / "python", "-c", "import iniconfig", cwd=root).returncode == 0


@pytest.mark.parametrize(
    ("said", "installer"),
    [
        ("[install]\ntarget = {elsewhere}\n", "uv"),
        ("[install]\ntarget = {elsewhere}\n", "pip"),
        ("[install]\nuser = true\n", "pip"),
        ("[install]\nprefix = {elsewhere}\n", "uv"),
        ("[global]\nconstraint = {elsewhere}\n", "pip"),
    ],
    ids=["target, uv", "target, pip", "user, pip", "prefix, uv", "constraint, pip"],
)
def test_a_pip_conf_of_where_and_what_changes_nothing(root: Path, said: str, installer: str):
    """What it says of indexes is kept: without the file that this machine has, nothing could be found."""
    own = root / "pip.conf"
    own.write_text(machines_pip_conf() + said.format(elsewhere=root / "elsewhere"))
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(root / "empty")} if installer == "pip" else {}

    result = bootstrap(root, PIP_CONFIG_FILE=str(own), **offline)

    assert result.returncode == 0, result.stdout
    assert ("trying pip" in result.stdout) == (installer == "pip")
    assert not (root / "elsewhere").exists()
    assert baking.run(root / ".venv" / "bin" / "python", "-c", "import iniconfig", cwd=root).returncode == 0


def machines_pip_conf() -> str:
    """The sections of the files that pip reads here, but those of `install`."""
    listed = baking.run(sys.executable, "-m", "pip", "config", "list", cwd=baking.ROOT).stdout
    found = re.findall(r"^global\.([\w-]+)='(.*)'$", listed, re.MULTILINE)
    kept = [(name, value) for name, value in found if name != "constraint"]
    return "[global]\n" + "".join(f"{name} = {value}\n".replace("\\n", "\n    ") for name, value in kept)


@pytest.mark.parametrize("home", ["/proc/nowhere", ""])
def test_a_home_that_takes_nothing_changes_nothing(root: Path, home: str):
    result = bootstrap(root, HOME=home, XDG_CACHE_HOME="", UV_CACHE_DIR="")

    assert result.returncode == 0, result.stdout
    assert "trying pip" not in result.stdout


def test_what_uv_put_somewhere_else_is_not_taken_for_installed(root: Path):
    (root / "uv.toml").write_text(f'[pip]\ntarget = "{root / "elsewhere"}"\n')

    result = bootstrap(root, UV_CONFIG_FILE=str(root / "uv.toml"))

    assert result.returncode == 0, result.stdout
    assert baking.run(root / ".venv" / "bin" / "python", "-c", "import iniconfig", cwd=root).returncode == 0


def test_the_network_is_blamed_only_where_it_failed():
    sys.path.insert(0, str(SCRIPT.parent))
    import bootstrap as script

    said = {
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'": "no connection",
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE": "not the one that the lock names",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": "make room",
        "error: subprocess-exited-with-error: building a wheel": "the lines above say why",
    }

    for line, sentence in said.items():
        assert sentence in script.cause(line, baking.ROOT)
        assert ("connection" in script.cause(line, baking.ROOT)) == ("connection" in sentence)


@pytest.mark.parametrize(
    ("machine", "sentence"),
    [
        (("linux", "x86_64", 64, "glibc"), None),
        (("linux", "aarch64", 64, "glibc"), None),
        (("darwin", "arm64", 64, ""), None),
        (("win32", "AMD64", 64, ""), None),
        (("linux", "x86_64", 64, ""), "without glibc"),
        (("linux", "i686", 32, "glibc"), "32-bit"),
        (("win32", "ARM64", 64, ""), "Windows on arm"),
        (("linux", "riscv64", 64, "glibc"), "riscv64"),
    ],
)
def test_a_platform_without_packages_is_refused_with_a_sentence(machine: tuple[str, str, int, str], sentence: str):
    sys.path.insert(0, str(SCRIPT.parent))
    import bootstrap as script

    if sentence is None:
        script.refuse_an_unsupported_platform(*machine)
        return
    with pytest.raises(script.Stopped, match=sentence):
        script.refuse_an_unsupported_platform(*machine)


def test_below_a_percent_sign_packages_have_a_name_without_one(tmp_path: Path):
    """MLflow gives its own path to Alembic, which takes a % for a variable."""
    root, cache = tmp_path / "[x] 100% fertig", tmp_path / "caché"
    root.mkdir()
    (root / "requirements.lock").write_text(lock_of("iniconfig"), encoding="utf-8")
    asked = (root / ".venv" / "bin" / "python", "-c", "import iniconfig; print(ascii(iniconfig.__file__))")

    first = bootstrap(root, XDG_CACHE_HOME=str(cache))
    found = baking.run(*asked, cwd=root)
    silent = bootstrap(root, XDG_CACHE_HOME=str(cache))
    shutil.rmtree(cache)
    without = baking.run(*asked, cwd=root)
    again = bootstrap(root, XDG_CACHE_HOME=str(cache))

    assert (first.returncode, silent.returncode, again.returncode) == (0, 0, 0), first.stdout + again.stdout
    assert "%" not in found.stdout
    assert found.stdout.startswith(ascii(str(cache))[:-1])
    assert silent.stdout == ""
    assert (without.returncode, "%" in without.stdout) == (0, True), "an emptied cache leaves the packages in reach"
    assert again.stdout.startswith("Setting up .venv")
    assert baking.run(*asked, cwd=root).stdout == found.stdout


@pytest.mark.parametrize("cache", ["/dev/null", "100% full"])
def test_where_packages_can_have_no_other_name_a_percent_sign_is_refused_with_a_sentence(tmp_path: Path, cache: str):
    root = tmp_path / "100% done"
    root.mkdir()
    (root / "requirements.lock").write_text(lock_of("iniconfig"), encoding="utf-8")

    result = bootstrap(root, XDG_CACHE_HOME=str(tmp_path / cache), UV_CACHE_DIR=str(tmp_path / "uv"))

    assert result.returncode != 0
    assert "MLflow cannot make its database" in result.stdout
    assert "Rename the folder with the %" in result.stdout
    assert "Traceback" not in result.stdout


def test_too_little_disk_stops_and_too_little_memory_is_told(tmp_path: Path, monkeypatch, capsys):
    sys.path.insert(0, str(SCRIPT.parent))
    import bootstrap as script

    script.check_machine(tmp_path, script.DEMO_MEMORY_GB + 1)
    assert capsys.readouterr().out == ""
    script.check_machine(tmp_path, 1.0)
    assert "has 1.0 GB of memory and `make demo` takes up to 2" in capsys.readouterr().out
    monkeypatch.setattr(script, "VENV_GB", 1e9)
    with pytest.raises(script.Stopped, match="GB free; the packages need"):
        script.check_machine(tmp_path, None)
    assert (script.memory_of_this_machine() or 0) > 0.1


def test_uv_settings_of_a_folder_above_change_nothing(root: Path):
    project = root / "below"
    project.mkdir()
    shutil.copy2(root / "requirements.lock", project)
    (root / "uv.toml").write_text('exclude-newer = "2001-01-01T00:00:00Z"\n')

    result = bootstrap(project)

    assert result.returncode == 0, result.stdout
    assert "trying pip" not in result.stdout


def test_pip_installs_two_locks_that_share_packages_and_ask_for_extras(root: Path):
    lock = (SCRIPT.parent / "requirements.dev.lock").read_text(encoding="utf-8")
    names = ("coverage", "pytest-cov", "pytest", "iniconfig", "packaging", "pluggy", "pygments")
    pins = (re.search(rf"^{name}==.*?(?=^\S)", lock, flags=re.MULTILINE | re.DOTALL) for name in names)
    (root / "requirements.dev.lock").write_text("".join(pin[0] for pin in pins if pin), encoding="utf-8")

    result = bootstrap(root, UV_OFFLINE="1", UV_CACHE_DIR=str(root / "empty"))

    assert result.returncode == 0, result.stdout
    assert "trying pip" in result.stdout


def test_the_installer_itself_has_hashes():
    assert "--hash=sha256:" in (SCRIPT.parent / "requirements.uv.lock").read_text(encoding="utf-8")
    assert '"uv==' not in SCRIPT.read_text(encoding="utf-8")


def test_a_missing_system_library_is_named_at_setup_with_the_command(tmp_path: Path):
    sys.path.insert(0, str(SCRIPT.parent))
    import bootstrap as script

    lock, venv = tmp_path / "requirements.lock", tmp_path / "venv"
    lock.write_text("a==1\nlightgbm==4.7.0\n")
    baking.run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path).check_returncode()
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "lightgbm.py").write_text("raise OSError('libgomp.so.1: cannot open shared object file')\n")

    with pytest.raises(script.Stopped, match=r"libgomp\.so\.1.*apt-get install libgomp1"):
        script.check_system_libraries(script.python_of(venv), lock)

    (packages / "lightgbm.py").write_text("")
    script.check_system_libraries(script.python_of(venv), lock)
    assert "brew install libomp" in script.openmp("darwin")
