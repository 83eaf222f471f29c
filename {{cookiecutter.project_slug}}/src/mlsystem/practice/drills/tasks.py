"""`drill list|start|status|answer|hint|check|debrief|reset`: an incident in a sandbox, and how far you came with it."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from mlsystem.errors import UserError
from mlsystem.lanes import LaneTask
from mlsystem.progress import say
from mlsystem.settings import ROOT, Settings, load_project, load_settings

FREE_GB = 0.5  # a sandbox is 0.1, and its servers write


class NotADrill(UserError):
    """A command that needs something that was not said."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    does = parser.add_subparsers(dest="do", metavar="WHAT", required=True)
    does.add_parser("list", help="the drills that there are")
    start = does.add_parser(
        "start", help="make the sandbox, let it run, and break it; `any` is one that you do not know"
    )
    start.add_argument("number", help="of `drill list`, or `any`")
    start.add_argument("--seed", type=int, default=None, help="where, when and how much; the project's own unless said")
    does.add_parser("status", help="the page of the incident, how far its clock is, and what you said so far")
    answer = does.add_parser("answer", help="say what you found: a rung, and an entry of its list")
    answer.add_argument("rung", help="detected, where, since or why")
    answer.add_argument("said", nargs="*", help="an entry, or its number; without one the list is printed")
    does.add_parser("hint", help="a hint, which costs points")
    does.add_parser("check", help="let hours pass that nobody has seen, and look whether it is over")
    does.add_parser(
        "debrief", help="what it was, and what it cost beside other responses; nothing can be said after it"
    )
    form = does.add_parser("post-mortem", help="the form of the last drill's, with its time line")
    form.add_argument("--check", action="store_true", help="compare what is written with the record")
    does.add_parser("reset", help="end all of it; nothing of the sandbox stays")


def _check(settings: Settings) -> None:
    from mlsystem.processes import preflight

    preflight.check_room(settings, "drill", FREE_GB)


def _run(options: argparse.Namespace) -> None:
    DOES[options.do](options, load_settings())


def _list(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice.drills import drill

    for one in drill.all_drills():
        print(f"  {one.number:2} {one.title} ({one.minutes} min)")


def _start(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice.drills import drill, live, sandbox, watcher
    from mlsystem.practice.drills.choices import NotHere
    from mlsystem.practice.drills.world import QUIET_HOURS, start

    seed = load_project().seed if options.seed is None else options.seed
    one = drill.numbered(drill.any_number(seed) if options.number == "any" else _number(options.number))
    try:
        world = start(settings, one, seed)
        say(f"{QUIET_HOURS} quiet hours have passed; who is on call waits for a call")
        live.until_called(world)
        world.stop()
    except NotHere as missing:
        sandbox.remove(settings)
        raise NotADrill(f"drill {one.number} needs {one.needs}; here {missing}; `drill list` has others") from missing
    except sandbox.SandboxThere:
        raise
    except BaseException:
        sandbox.remove(settings)
        raise
    live.begin(settings)
    print(f"\n{one.page}")
    say(f"it is {world.clock:%Y-%m-%d %H:%M} UTC there, and an hour passes every {live.SECONDS_AN_HOUR:g} seconds")
    say(f"on call is who stands in {world.own.project}, with its own `make` and git; `drill` itself stays here")
    if world.watcher.is_there:
        say(f"alerts: {world.watcher.url}/alerts, where an hour of the rules takes {watcher.RULES_SECONDS:g} seconds")
    else:
        say("prometheus is not installed, so no alert fires; Debian's package is called prometheus")
    say("`drill answer detected` prints what can be said, `drill answer detected 3` says it; `drill check` looks")


def _number(said: str) -> int:
    if not said.isdecimal():
        raise NotADrill(f"{said!r} is no number of a drill; `drill list` has them, or say `any`")
    return int(said)


def _status(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice.drills import grading, live
    from mlsystem.practice.drills.world import resume

    world = resume(settings)
    print(f"{world.drill.page}\nIt is {world.clock:%Y-%m-%d %H:%M} UTC in the sandbox, {world.own.project}.")
    if not live.is_live(settings):
        print("Its world has stopped: `drill reset` ends it.")
    for one in grading.tries(world.own.home):
        print(f"  {one['at']} {one['rung']}: {one['said']} {'' if one['rung'] == 'hint' else _verdict(one['right'])}")


def _answer(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice.drills import debrief, grading

    world = debrief.not_told(settings)
    entries, said = grading.entries(world, options.rung), " ".join(options.said)
    if not said:
        print("\n".join(f"  {number:2} {entry}" for number, entry in enumerate(entries, start=1)))
        return
    if said.isdecimal() and 1 <= int(said) <= len(entries):
        said = entries[int(said) - 1]
    say(f"{options.rung}: {said}: {_verdict(grading.answer(world, options.rung, said))}")


def _hint(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice.drills import debrief, grading

    world = debrief.not_told(settings)
    say(grading.hint(world, world.drill.hints))


def _check_now(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice.drills import debrief, live
    from mlsystem.practice.drills.grading import JUDGED_HOURS, SETTLE_HOURS, WAIT_HOURS

    debrief.not_told(settings)
    say(
        f"{SETTLE_HOURS} hours pass, then {JUDGED_HOURS} with questions are looked at, and some more {WAIT_HOURS} later"
    )
    found = live.checked(settings)
    if found["passed"]:
        say("it is over: every invariant holds, and held again; `drill debrief` says what it was and what it cost")
        return
    for name, what in found["failing"]:  # type: ignore[attr-defined]
        say(f"does not hold: {name}; {what}")


def _debrief(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice import record
    from mlsystem.practice.drills import debrief, grading, live, responses
    from mlsystem.practice.drills.reference import Reference

    world = debrief.not_told(settings)
    live.end(settings)
    reference = Reference(settings, world.seed)
    say("your own hours, to the same end as the others")
    world.play_until(world.plan.since + responses.HORIZON)
    world.stop()
    outcomes = responses.play_all(reference, world.drill) | {debrief.YOURS: responses.outcome(world, reference)}
    found = list(grading.tries(world.own.home))
    record.add("drill", debrief.facts(world, outcomes, found, record.read("drill")))
    (world.own.home / debrief.TOLD).touch()  # before a word of it can be read
    page = debrief.write(world, outcomes, found)
    print(debrief.text(world, outcomes, found))
    say(f"wrote {page}; `drill post-mortem` writes the form, `drill reset` takes the sandbox away")


def _post_mortem(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice import record
    from mlsystem.practice.drills import post_mortem

    if not options.check:
        say(f"wrote {post_mortem.write(record.FOLDER)}; what is marked there is yours to write")
        return
    found = post_mortem.check(record.FOLDER)
    for one in found:
        say(one)
    if found:
        raise NotADrill("a post-mortem is not as the record has it, or not written yet: the lines above say where")
    say("every post-mortem says what the record says")


def _reset(options: argparse.Namespace, settings: Settings) -> None:
    from mlsystem.practice.drills import responses, sandbox

    with suppress(sandbox.NoSandbox):
        _record_without_debrief(settings)
    sandbox.remove(settings)
    for folder in responses.FOLDERS:  # of a debrief that was stopped
        sandbox.remove(settings, folder)
    say("the sandbox is gone")


def _record_without_debrief(settings: Settings) -> None:
    """What was tried is on record, whether or not somebody wanted to know what it cost. Raises NoSandbox."""
    from mlsystem.practice import record
    from mlsystem.practice.drills import debrief, grading
    from mlsystem.practice.drills.world import resume

    world = resume(settings)
    found = list(grading.tries(world.own.home))
    if found and not (world.own.home / debrief.TOLD).exists():
        record.add("drill", debrief.facts(world, {}, found, record.read("drill")))
        say("what you answered and checked is on record, without a debrief's money")


def _verdict(is_right: bool) -> str:
    return "right" if is_right else "not right"


DOES: dict[str, Callable[[argparse.Namespace, Settings], None]] = {
    "list": _list,
    "start": _start,
    "status": _status,
    "answer": _answer,
    "hint": _hint,
    "check": _check_now,
    "debrief": _debrief,
    "post-mortem": _post_mortem,
    "reset": _reset,
}


def _proof_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--what", choices=("repairs", "alerts", "money"), default="repairs", help="has to be shown")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--drills", nargs="+", default=[], help="names; all of them unless said")


def _prove(options: argparse.Namespace) -> int:
    said = ["--what", options.what, "--seeds", *map(str, options.seeds)]
    named = ["--drills", *options.drills] if options.drills else []
    proof = str(ROOT / "benchmarks/practice/drill_proof.py")
    return subprocess.run([sys.executable, proof, *said, *named], check=False).returncode


TASKS: tuple[LaneTask, ...] = (
    LaneTask(
        "drill", "work on an incident in a sandbox: list, start NAME, answer, check, reset", _arguments, _check, _run
    ),
    LaneTask(
        "prove-drills", "play every drill with five seeds, and write what each showed", _proof_arguments, _check, _prove
    ),
)
