"""The tasks of the command line: each starts a flow, a tool, or the processes of a running system."""

import argparse
from contextlib import suppress
from datetime import timedelta

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.progress import never_silent, say
from mlsystem.settings import Settings, load_settings


def demo(options: argparse.Namespace) -> int:
    from mlsystem.flows.demo import run_demo

    return run_demo(load_settings())


def ingest(options: argparse.Namespace) -> None:
    days = storage.day_range(options.first, options.last)  # refused before Prefect starts, and so is the next
    from mlsystem.source.deliver import check_within

    check_within(days, load_settings().source_dir)
    from mlsystem.flows.data import ingest

    say(f"validated {ingest(options.first, options.last)}")


def features(options: argparse.Namespace) -> None:
    from mlsystem.flows.data import build_features

    say(f"{build_features(options.first, options.last):,} days computed")


def backfill(options: argparse.Namespace) -> None:
    from mlsystem.flows.backfill import backfill
    from mlsystem.replay import system_clock as clock

    last = options.last or clock.today(load_settings())
    first = options.first or last - timedelta(days=PROBLEM.lookback_days)
    storage.day_range(first, last)  # refused before Prefect starts
    moment = backfill(first, last)
    live = f"the live side is loaded as of {moment:%Y-%m-%d %H:%M} UTC" if moment else "nothing was played yet"
    say(f"{first} to {last} done again; {live}")


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
    from mlsystem.flows.replay_days import replay_days
    from mlsystem.replay.replay import Span

    first = options.first or options.day or held_out_day(load_settings())
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
    from mlsystem.replay import system_clock as clock

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


def consume(options: argparse.Namespace) -> None:
    with never_silent("consume imports its tools"):
        from mlsystem.flows.consume import consume

    consume(load_settings())


def letters(options: argparse.Namespace) -> None:
    from mlsystem.flows.consume import print_dead_letters

    print_dead_letters(load_settings(), options.replay, options.dismiss)


def smoke(options: argparse.Namespace) -> None:
    from mlsystem.flows.replay_days import serve_smoke

    say(f"answered: {wording.rounded(serve_smoke())}")


def monitor(options: argparse.Namespace) -> None:
    from mlsystem.serving import prediction_log

    prediction_log.check_some(load_settings().predictions_dir)  # refused before Prefect starts
    from mlsystem.flows.monitor import monitor

    monitor()
    say("next: `make retrain` decides from the same log whether to train a challenger")


def status(options: argparse.Namespace) -> None:
    from mlsystem.processes.manager import as_running
    from mlsystem.reporting.status import write_status

    page, headline = write_status(as_running(load_settings()))
    say(f"{headline}; wrote {page}")


def deploy(options: argparse.Namespace) -> None:
    from mlsystem.processes.manager import as_running, prefect_api
    from mlsystem.processes.readiness import NotUp

    api = prefect_api(as_running(load_settings()))
    if api is None:
        raise NotUp("no Prefect server of this project answers; `make up` starts one, then `make deploy` again")
    with never_silent("deploy imports its tools"):
        from mlsystem.flows.deploy import serve_deployments

    say(
        f"the night's work runs at {options.cron!r}, {PROBLEM.words.clock}; "
        f"runs, logs and results: {api.removesuffix('/api')}"
    )
    serve_deployments(options.cron)


def up(options: argparse.Namespace) -> None:
    from mlsystem.processes.manager import start_all

    start_all(load_settings())


def down(options: argparse.Namespace) -> None:
    from mlsystem.processes.manager import stop_all

    stop_all(load_settings())
