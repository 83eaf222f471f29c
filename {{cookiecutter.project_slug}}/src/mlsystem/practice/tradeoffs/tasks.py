"""The tasks of this part."""

from argparse import ArgumentParser, Namespace

from mlsystem.lanes import LaneTask
from mlsystem.settings import Settings, load_settings

ROOM_GB = 0.3  # a copy of the models, an online store, and what is measured


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="predict", choices=("predict", "run", "reveal", "scores"))
    parser.add_argument("answers", nargs="*", metavar="NUMBER:PERCENT:LOW:HIGH", help="to questions of `predict`")


def _check_room(settings: Settings) -> None:
    from mlsystem.processes import preflight

    preflight.check_room(settings, "cards", ROOM_GB)


def _check(settings: Settings) -> None:
    from mlsystem.processes import preflight

    preflight.check_room(settings, "tradeoffs", ROOM_GB)
    preflight.check_champion(settings)


def _run(options: Namespace) -> None:
    from mlsystem.practice.tradeoffs import lab, learner

    settings = load_settings()
    if options.what == "predict":
        learner.predict(settings, options.answers)
    elif options.what == "run":
        lab.run(settings)
    elif options.what == "reveal":
        learner.reveal(settings)
    else:
        learner.scores()


def _card_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="list", choices=("deal", "show", "check", "list"))
    parser.add_argument("card", nargs="?", help="to deal; the next one if none is named")


def _run_card(options: Namespace) -> int | None:
    from mlsystem.practice.tradeoffs.cards import play

    settings = load_settings()
    if options.what == "deal":
        play.deal(settings, options.card)
    elif options.what == "show":
        play.show(settings)
    elif options.what == "check":
        return 0 if play.check(settings) else 1
    else:
        play.listing()
    return None


TASKS: tuple[LaneTask, ...] = (
    LaneTask("tradeoffs", "predict trade-offs, measure them, see how right you were", _arguments, _check, _run),
    LaneTask(
        "cards",
        "a requirement changes: deal a card, and let its check look at the project",
        _card_arguments,
        _check_room,
        _run_card,
    ),
)
