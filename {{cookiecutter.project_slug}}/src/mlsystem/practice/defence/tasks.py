"""The tasks of this part: the brief, the evidence and the site."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from mlsystem.lanes import LaneTask
from mlsystem.settings import ROOT, Settings, load_project, load_settings

if TYPE_CHECKING:
    from mlsystem.practice.defence.figures import Sources

ROUTE_GB = 1.0  # its copy of models and logs, and what its servers write
QUESTIONS = 5  # of a rehearsal: some ten minutes


def _sources() -> "Sources":
    from mlsystem.practice.defence.figures import Sources

    return Sources(load_settings())


def _brief_arguments(parser: ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="whether each claim still holds; names what does not")
    what.add_argument("--rehearse", action="store_true", help="be asked, and keep what you answered in the record")
    what.add_argument("--route", action="store_true", help="run and time the five minutes to show live, on a copy")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="of a rehearsal")
    parser.add_argument("--depth", type=int, choices=range(1, 7), help="of a rehearsal's questions; all if not said")


def _brief(options: Namespace) -> None:
    from mlsystem.progress import say

    if options.check:
        from mlsystem.practice.defence.brief_check import check

        held, open_ones = check(_sources())
        say(f"{held} claims hold, each with its citation; {open_ones} more wait for a run, and say for which")
    elif options.rehearse:
        _rehearse(options)
    elif options.route:
        from mlsystem.practice.defence import route

        found = route.run(load_settings(), ROOT / "docs/domain/README.md")
        say(f"shown live in {found['live_seconds']:.0f} s, after {found['prepare_seconds']:.0f} s of preparation")
    else:
        from mlsystem.practice.defence.brief import write_brief

        page, faults = write_brief(_sources())
        for fault in faults:
            say(f"left out: {fault}")
        say(f"wrote {page}; `make brief ARGS=--check` says whether it still holds")


def _rehearse(options: Namespace) -> None:
    from mlsystem.practice.defence.rehearsal import rehearse, terminal
    from mlsystem.progress import say

    kept = rehearse(_sources(), load_project().seed, options.questions, options.depth, terminal())
    say(f"kept {len(kept)} answers in practice/record.jsonl; commit it, as part of what is yours")


def _check_brief(settings: Settings) -> None:
    from mlsystem.processes import preflight

    preflight.check_room(settings, "brief")


def _evidence_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--verify", action="store_true", help="recompute every hash and figure; names what differs")


def _evidence(options: Namespace) -> None:
    from mlsystem.practice.defence import evidence_pack
    from mlsystem.progress import say

    if options.verify:
        say(f"{evidence_pack.verify(_sources())} files are what they were, and the record is whole")
    else:
        say(f"wrote {evidence_pack.write_evidence(_sources())}; `make evidence ARGS=--verify` recomputes it")


def _site(options: Namespace) -> None:
    from mlsystem.practice.defence.site import write_site
    from mlsystem.progress import say

    say(f"wrote {write_site(_sources())}; open it, or publish the folder (`.github/workflows/practice.yml`)")


def _nothing(parser: ArgumentParser) -> None:
    """It needs nothing to be said."""


TASKS: tuple[LaneTask, ...] = (
    LaneTask(
        "brief",
        "write the walk-through of 2, 10 and 45 minutes from your own runs, check it, or rehearse it",
        _brief_arguments,
        _check_brief,
        _brief,
    ),
    LaneTask(
        "evidence",
        "write the pack of all that was run, decided and practised, with hashes that --verify recomputes",
        _evidence_arguments,
        _check_brief,
        _evidence,
    ),
    LaneTask("site", "write all pages as a static site that works offline", _nothing, _check_brief, _site),
)
