"""What a learner does: read a round's questions, commit answers, see how it went."""

from collections.abc import Sequence
from pathlib import Path

from mlsystem.practice import record
from mlsystem.practice.tradeoffs import comparisons, findings, page, rounds, truth
from mlsystem.practice.tradeoffs.grading import summary, verdict
from mlsystem.practice.tradeoffs.lab import Lab
from mlsystem.progress import say
from mlsystem.settings import Settings


def predict(settings: Settings, answers: Sequence[str], folder: Path = record.FOLDER) -> None:
    """Ask a round, or what of it is not answered yet; put answers on record."""
    if answers:
        now = rounds.commit(answers, folder)
        say(f"{len(answers)} on record, {len(now.open)} to go")
    else:
        now = _current(settings, folder)
    if not now.open:
        say('all are answered, for good. `make tradeoffs ARGS="run"` measures, `make tradeoffs ARGS="reveal"` shows')
        return
    say(f"round {now.number}: how likely is A better, in percent? And A - B: between what, so that 4 of 5 are inside?")
    for one in now.open:
        print(f"  {one.number}  {one}")
    say(f'answer with `make tradeoffs ARGS="predict ..."`, each as {rounds.FORM}; an answer stays')


def _current(settings: Settings, folder: Path) -> rounds.Round:
    known = rounds.rounds(folder)
    if known and not known[-1].is_revealed:
        return known[-1]
    lab, number = Lab(settings), len(known) + 1
    return rounds.begin(number, comparisons.draw(lab.everything, lab.seed, number, [*truth.parts_of(lab)]), folder)


def reveal(settings: Settings, folder: Path = record.FOLDER) -> Path:
    """Grade the answered round, if it was not, and write the page. Raises NotPredicted, NotMeasured."""
    done = rounds.to_reveal(folder)
    lab = Lab(settings)
    lab.figures()  # nothing goes on record before all is measured
    if done is not None:
        grades = [truth.grade(lab, one, done.predictions[one.number]) for one in done.comparisons]
        rounds.reveal(done, grades, summary(grades), folder)
        say(f"round {done.number}: {verdict(summary(grades))}")
    found = findings.findings(lab, folder)
    findings.write(lab, found)
    written = page.write(settings.reports_dir, found)
    say(f"the page: {written}")
    return written


def scores(folder: Path = record.FOLDER) -> None:
    """How each round went, and all of them. Raises NotPredicted."""
    known = rounds.revealed(folder)
    if not known:
        raise rounds.NotPredicted("no round was revealed yet; `make tradeoffs` asks one")
    for one in known:
        say(f"round {one['round']}, {one['at'][:10]}: {verdict(one)}")
    every = summary([grade for one in known for grade in one["grades"]])
    say(f"all: {verdict(every)}; interval score {every['interval_score']:.2f} (1 knows nothing, less is better)")
