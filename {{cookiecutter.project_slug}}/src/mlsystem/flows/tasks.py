"""The tasks of the command line: each starts a flow, a tool, or the processes of a running system."""

import argparse
import importlib.util
import logging
import shutil
import subprocess
import sys
from contextlib import nullcontext, suppress
from datetime import timedelta

import psutil

from mlsystem import storage, wording
from mlsystem.domain.adapter import SourceMissing
from mlsystem.errors import UserError
from mlsystem.flows.progress import never_silent, say
from mlsystem.settings import ROOT, Settings, load_settings, mark_children, use_prefect

RUNS_A_FLOW = {"demo", "year", "ingest", "features", "train", "retrain", "judge", "replay", "smoke", "monitor"}

STARTS_PROCESSES = {*RUNS_A_FLOW, "up", "deploy"}
HAS_A_VOICE = {"test", "prove"}  # pytest's
SERVES = {"consume", "deploy"}  # until stopped: quiet where there is nothing to say
USER_ERRORS = (UserError, SourceMissing, OSError)  # OSError: a full disk, a file that is not there


class NotInstalled(UserError):
    """A tool of the tests, in an installation without them."""


def keep_user_errors_short() -> None:
    """What a person can mend is told in one sentence; Prefect would log it with two pages of its own calls."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_short)


def _short(record: logging.LogRecord) -> bool:
    """The sentence alone, for the API; at a level that the console leaves out, for it is printed at the end."""
    if record.exc_info and isinstance(record.exc_info[1], USER_ERRORS):
        record.msg, record.args, record.exc_info = str(record.exc_info[1]), (), None
        record.levelno, record.levelname = logging.INFO, "INFO"
    elif "Finished in state Failed" in record.getMessage():  # says again what the sentence says
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def prepare(task: str, settings: Settings) -> None:
    """Before a task: look at what it needs, let its children end with it, and find the Prefect server that runs.

    Raises NotPrepared, UnreadableDatabase, OtherVersion.
    """
    from mlsystem import family
    from mlsystem.flows import preflight, processes

    preflight.check_task(task, settings)
    if task not in STARTS_PROCESSES:
        return
    mark = family.new_mark(family.project_mark(settings.data_dir), task)
    mark_children(family.MARK, mark)
    family.watch([family.head_of(psutil.Process().pid, mark)])
    if api := processes.prefect_api(settings):
        use_prefect(api)


def finish(task: str, settings: Settings) -> None:
    """After a task that went well: what it had of Prefect's is what this version of it makes."""
    from mlsystem import databases
    from mlsystem.flows import preflight

    if task in preflight.USES_PREFECT:
        databases.note_made(preflight.prefect_database(settings))


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Prepare the task and do it, never silent for long; its exit code. Raises NotPrepared, and what it raises."""
    with nullcontext() if options.task in HAS_A_VOICE | SERVES else never_silent(_imports(options.task)):
        prepare(options.task, settings)
        status = int(globals()[options.task](options) or 0)
        finish(options.task, settings)
        return status


def _imports(task: str) -> str:
    return f"{task} imports its tools"


def demo(options: argparse.Namespace) -> int:
    from mlsystem.flows.demo import run_demo

    return run_demo(load_settings())


def ingest(options: argparse.Namespace) -> None:
    storage.day_range(options.first, options.last)  # refused before Prefect starts
    from mlsystem.flows.data import ingest

    say(f"validated {ingest(options.first, options.last)}")


def features(options: argparse.Namespace) -> None:
    from mlsystem.flows.data import build_features

    say(f"{build_features(options.first, options.last):,} days computed")


def train(options: argparse.Namespace) -> None:
    from mlsystem.flows.train import train
    from mlsystem.model_registry import registry

    version = train(options.first, options.last)
    champion = registry.aliases(load_settings().models_dir).get(registry.CHAMPION)
    say(f"champion: version {champion or 'none'}")
    if champion != version:
        again = f"""`make promote ARGS='--version {version} --why "..."'`"""
        say(f"version {version}, of this training, is not the champion; {again} makes it so")


def promote(options: argparse.Namespace) -> None:
    from mlsystem.model_registry import promotions, registry
    from mlsystem.retraining import journal

    models_dir = load_settings().models_dir
    champion = registry.aliases(models_dir).get(registry.CHAMPION)
    evidence = {"by_hand": True} | journal.against(models_dir, options.version, options.although_refused)
    who = promotions.this_person()
    move = promotions.promote(models_dir, options.version, champion, who, options.why, evidence)
    say(f"champion: version {move.to_version}, before it {move.from_version or 'none'}")
    if move.from_version:
        say("""next: `make rollback ARGS='--why "..."'` takes that back; `make models` shows who was champion when""")


def rollback(options: argparse.Namespace) -> None:
    from mlsystem.model_registry import promotions

    move = promotions.rollback(load_settings().models_dir, promotions.this_person(), options.why)
    say(f"champion: version {move.to_version} again, instead of {move.from_version}; `make models` shows all of them")


def models(options: argparse.Namespace) -> None:
    from mlsystem.model_registry import listing

    print(listing.table(load_settings().models_dir))


def replay(options: argparse.Namespace) -> None:
    from mlsystem.flows.demo import held_out_day
    from mlsystem.flows.live import replay_days
    from mlsystem.flows.replay import Span

    first = options.first or options.day or held_out_day()
    span = Span(first, options.last or options.day or first, timedelta(minutes=options.minutes))
    storage.day_range(span.first, span.last)  # refused before Prefect starts
    served = replay_days(span, load_settings(), options.speed)
    say(", ".join(f"{name} {value:,}" for name, value in vars(served).items() if name != "metrics"))
    say(f"next: {_after_replay(load_settings())}")


def _after_replay(settings: Settings) -> str:
    from mlsystem.model_registry import versions

    named = versions.aliases_at_rest(settings.models_dir)
    challenger = named.get(versions.CHALLENGER)
    if challenger in (None, named.get(versions.CHAMPION)):
        return "`make monitor` looks at what was answered, and `make retrain` decides from it whether to train"
    return f"`make judge` weighs version {challenger}, which answered in the shadow, and lets it in or sends it away"


def retrain(options: argparse.Namespace) -> None:
    from mlsystem.flows.retrain import retrain

    if retrain() is None:
        say("nothing to judge; README.md's section on the loop has days after which there is")
        return
    say(f"next: {_shadow(load_settings())}; then `make judge` lets it in or sends it away")


def _shadow(settings: Settings) -> str:
    """How the challenger comes to a day of answers in the shadow."""
    from mlsystem.flows import clock

    with suppress(clock.NoClock):
        day = clock.today(settings) + timedelta(days=1)
        if settings.clock == "events" and day <= settings.last_day:
            return f"""`make replay ARGS="--day {day} --minutes 30"` lets it answer in the shadow"""
    return "a day of questions to the service lets it answer in the shadow"


def judge(options: argparse.Namespace) -> None:
    from mlsystem.flows.retrain import challenger_of, judge

    _, version = challenger_of(load_settings())  # refused before Prefect starts
    if judge():
        say("""promoted; a running service takes it up. next: `make rollback ARGS='--why "..."'` takes that back""")
        return
    although = f"""`make promote ARGS='--version {version} --why "..." --although-refused'`"""
    say(f"dismissed; the champion stays. next, if you know better: {although} promotes it all the same, on record")


def year(options: argparse.Namespace) -> None:
    storage.day_range(options.first, options.last)  # refused before Prefect starts
    from mlsystem.flows.year import live

    live(options.first, options.last, load_settings())


def consume(options: argparse.Namespace) -> None:
    with never_silent(_imports("consume")):
        from mlsystem.flows.consume import consume

    consume(load_settings())


def letters(options: argparse.Namespace) -> None:
    from mlsystem.flows.consume import tell_dead_letters

    tell_dead_letters(load_settings(), options.replay, options.dismiss)


def smoke(options: argparse.Namespace) -> None:
    from mlsystem.flows.live import serve_smoke

    say(f"answered: {wording.rounded(serve_smoke())}")


def monitor(options: argparse.Namespace) -> None:
    from mlsystem.serving import prediction_log

    prediction_log.check_some(load_settings().predictions_dir)  # refused before Prefect starts
    from mlsystem.flows.monitor import monitor

    monitor()
    say("next: `make retrain` decides from the same log whether to train a challenger")


def status(options: argparse.Namespace) -> None:
    from mlsystem.flows.processes import as_running
    from mlsystem.reporting.status import write_status

    page, headline = write_status(as_running(load_settings()))
    say(f"{headline}; wrote {page}")


def report(options: argparse.Namespace) -> None:
    from mlsystem.reporting.page import write_report

    say(f"wrote {write_report(load_settings().reports_dir)}")


def readme(options: argparse.Namespace) -> None:
    from mlsystem.reporting.readme import write_figures

    write_figures(ROOT / "README.md", load_settings().reports_dir)
    say("README.md has the figures of the last run")


def deploy(options: argparse.Namespace) -> None:
    from mlsystem.flows.processes import NotUp, as_running, prefect_api

    api = prefect_api(as_running(load_settings()))
    if api is None:
        raise NotUp("no Prefect server of this project answers; `make up` starts one, then `make deploy` again")
    with never_silent(_imports("deploy")):
        from mlsystem.flows.deploy import serve_deployments

    say(f"the night's work runs at {options.cron!r}, New York time; runs, logs and results: {api.removesuffix('/api')}")
    serve_deployments(options.cron)


def up(options: argparse.Namespace) -> None:
    from mlsystem.flows.processes import start_all

    start_all(load_settings())


def down(options: argparse.Namespace) -> None:
    from mlsystem.flows.processes import stop_all

    stop_all(load_settings())


def test(options: argparse.Namespace) -> int:
    return _run("pytest", *options.pytest)


def prove(options: argparse.Namespace) -> int:
    return _run("pytest", "-m", "slow", *options.pytest)


def check(options: argparse.Namespace) -> int:
    say("lint, formatting and types, by ruff and mypy")
    return _run("ruff", "check", ".") or _run("ruff", "format", "--check", ".") or _run("mypy")


def clean(options: argparse.Namespace) -> None:
    """Everything here can be made again: the raw data lies in an installed package. Raises StillRunning."""
    from mlsystem.flows.processes import check_nothing_runs

    check_nothing_runs(load_settings())
    for folder in (load_settings().data_dir, load_settings().reports_dir):
        shutil.rmtree(folder, ignore_errors=True)
        say(f"removed {folder}")


def _run(tool: str, *arguments: str) -> int:
    """Raises NotInstalled."""
    if importlib.util.find_spec(tool) is None:
        raise NotInstalled(
            f"{tool} is not installed: this .venv holds only what the system runs on (`bootstrap.py --runtime`); "
            "`make setup` installs what its tests and checks need as well"
        )
    return subprocess.run([sys.executable, "-m", tool, *arguments], cwd=ROOT, check=False).returncode
