"""The tasks of this part."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from mlsystem.lanes import LaneTask
from mlsystem.settings import Settings

QUESTIONS_PER_DAY = 1e6


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"{text} is not above 0")
    return value


def _capacity_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--questions-per-day", type=_positive, default=QUESTIONS_PER_DAY, help="the load to plan for")
    parser.add_argument("--rps", type=_positive, help="its peak; if not said, a day has the shape of today's")
    parser.add_argument("--p99-ms", type=_positive, default=25.0, help="99 of 100 answers within so many milliseconds")
    parser.add_argument("--prices", type=Path, help="a changed copy of prices.toml")
    parser.add_argument("--check", action="store_true", help="drive the service at 30, 60 and 85 %% of its saturation")
    parser.add_argument("--again", action="store_true", help="with the measurements of the last run")


def _check_built(settings: Settings) -> None:
    """A champion, and room. Raises UserError."""
    from mlsystem.processes import preflight

    preflight.check_room(settings, "capacity")
    preflight.check_state(settings, "replay")
    preflight.check_champion(settings)


def _capacity(options: Namespace) -> int:
    from mlsystem.practice import prices
    from mlsystem.practice.capacity import capacity
    from mlsystem.practice.capacity import capacity_plan as plan
    from mlsystem.progress import never_silent, say
    from mlsystem.settings import load_settings

    settings = load_settings()
    listed = prices.read(options.prices.absolute()) if options.prices else prices.read()
    load = plan.Load(options.questions_per_day, options.rps, options.p99_ms)
    with never_silent("capacity measures this machine"):
        found = capacity.run(settings, load, listed, options.check, options.again)
    print("\n".join(capacity.lines(found)))
    say(f"{capacity.summary(found)}; wrote {settings.reports_dir / 'capacity.html'}")
    return 0 if not options.check or found["check"]["is_within"] else 1


def _experiment_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--weeks", type=int, default=13, choices=range(1, 105), metavar="1…104", help="how long")
    parser.add_argument("--share", type=_share, default=0.5, help="of what is assigned, to the new policy")
    parser.add_argument("--effect", type=_positive, help="in money per 1,000; the gate's limit unless said")


def _share(text: str) -> float:
    value = float(text)
    if not 0.01 <= value <= 0.99:
        raise ArgumentTypeError(f"{text} is not from 0.01 to 0.99")
    return value


def _experiment(options: Namespace) -> None:
    from mlsystem.domain import PROBLEM
    from mlsystem.practice.capacity import experiment
    from mlsystem.progress import never_silent, say
    from mlsystem.settings import load_settings

    settings, effect = load_settings(), options.effect or PROBLEM.limits.worse_cost
    with never_silent("experiment reads the test days"):
        found = experiment.run(settings, experiment.Asked(options.weeks, options.share, effect))
    print("\n".join(experiment.lines(found)))
    say(f"{experiment.summary(found)}; wrote {settings.reports_dir / 'experiment.html'}")


TASKS: tuple[LaneTask, ...] = (
    LaneTask(
        "capacity",
        "from this machine's measured costs to cores, memory and money at another load; reports/capacity.html",
        _capacity_arguments,
        _check_built,
        _capacity,
    ),
    LaneTask(
        "experiment",
        "plan an experiment: unit, smallest effect, duration, power, and its nulls; reports/experiment.html",
        _experiment_arguments,
        _check_built,
        _experiment,
    ),
)
