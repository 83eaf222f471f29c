"""The trade-off lab without measuring: what is compared, what is asked, and how predictions are graded."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.practice import prices, record
from mlsystem.practice.tradeoffs import comparisons, findings, grading, grid, quality, rounds
from mlsystem.practice.tradeoffs.cells import Cells
from mlsystem.practice.tradeoffs.grading import Prediction
from mlsystem.practice.tradeoffs.grid import GROUPS, Setting
from mlsystem.training.evaluation import evaluate
from mlsystem.training.split import default_split, rows_of, split_rows
from planted import planted_training_set

EVERYTHING = grid.everything("lightgbm")
OWN = Setting("main", "lightgbm", GROUPS)


@pytest.fixture(scope="module")
def parts() -> quality.Parts:
    rows = rows_of(planted_training_set())
    return quality.Parts(**split_rows(rows, default_split(*rows.days)))


def answers(asked: rounds.Round) -> list[str]:
    return [f"{one.number}:60:-1:2" for one in asked.comparisons]


def test_the_groups_are_the_declared_views_that_a_model_sees():
    assert set(GROUPS) == {view.name for view in PROBLEM.views if view.is_input}
    assert OWN in EVERYTHING
    assert len(set(EVERYTHING)) == len(EVERYTHING)


@pytest.mark.parametrize("axis", grid.AXES)
def test_the_settings_of_a_pair_differ_in_one_thing(axis: str):
    found = comparisons.pairs(EVERYTHING, axis)

    assert found
    for a, b in found:
        differing = [name for name in vars(a) if getattr(a, name) != getattr(b, name)]
        assert len(differing) == 1, (a.name, b.name)
        assert len(set(a.groups) ^ set(b.groups)) in (0, 1, len(GROUPS))


def test_a_seed_draws_the_same_questions_again_and_another_seed_others():
    first = comparisons.draw(EVERYTHING, 1, 1, ["part"])

    assert first == comparisons.draw(EVERYTHING, 1, 1, ["part"])
    assert first != comparisons.draw(EVERYTHING, 2, 1, ["part"])
    assert {one.part for one in first} == {comparisons.ALL}
    assert {one.part for one in comparisons.draw(EVERYTHING, 1, 2, ["part"])} == {"part"}


def test_a_comparison_survives_its_way_through_the_record():
    for one in comparisons.draw(EVERYTHING, 1, 1, []):
        assert comparisons.from_json(one.as_json()) == one


def test_what_was_answered_stays_and_nothing_is_revealed_before(tmp_path: Path):
    asked = rounds.begin(1, comparisons.draw(EVERYTHING, 1, 1, []), tmp_path)
    first, *others = answers(asked)

    rounds.commit([first], tmp_path)

    with pytest.raises(rounds.WrongAnswer, match="an answer stays"):
        rounds.commit([first.replace("60", "90")], tmp_path)
    with pytest.raises(rounds.NotPredicted, match="waits for your answers to 2, 3"):
        rounds.to_reveal(tmp_path)
    rounds.commit(others, tmp_path)
    done = rounds.to_reveal(tmp_path)
    assert done is not None
    assert done.predictions[1] == Prediction(1, 0.6, -1, 2)


def test_a_revealed_round_takes_no_answer_any_more(tmp_path: Path):
    asked = rounds.begin(1, comparisons.draw(EVERYTHING, 1, 1, []), tmp_path)
    done = rounds.commit(answers(asked), tmp_path)

    rounds.reveal(done, [], grading.summary([]), tmp_path)

    assert rounds.to_reveal(tmp_path) is None
    with pytest.raises(rounds.NotPredicted, match="no round is open"):
        rounds.commit(["1:60:-1:2"], tmp_path)


def test_a_prediction_that_is_changed_in_the_file_is_noticed(tmp_path: Path):
    asked = rounds.begin(1, comparisons.draw(EVERYTHING, 1, 1, []), tmp_path)
    rounds.commit(answers(asked), tmp_path)
    file = tmp_path / record.FILE
    file.write_text(file.read_text().replace('"a_better": 0.6', '"a_better": 0.9', 1))

    with pytest.raises(record.RecordChanged):
        rounds.to_reveal(tmp_path)


@pytest.mark.parametrize(
    "wrong", ["1", "1:60:2", "x:60:0:1", "99:60:0:1", "1:160:0:1", "1:60:2:1", "1:60:nan:1", "1:60:0:inf"]
)
def test_what_is_no_answer_is_told_and_nothing_goes_on_record(tmp_path: Path, wrong: str):
    rounds.begin(1, comparisons.draw(EVERYTHING, 1, 1, []), tmp_path)

    with pytest.raises(rounds.WrongAnswer):
        rounds.commit(["2:60:-1:2", wrong], tmp_path)

    assert rounds.rounds(tmp_path)[-1].predictions == {}


@pytest.mark.parametrize(("stretch", "verdict"), [(0.2, "too narrow"), (1.0, "as often as"), (6.0, "too wide")])
def test_only_honest_intervals_score_best_and_the_verdict_says_why(stretch: float, verdict: str):
    """Truths are normal around what is believed; the honest 80 % reaches 1.28 deviations to each side."""
    random = np.random.default_rng(3)
    believed = random.normal(size=400)
    truths = believed + random.normal(size=400)

    def score(width: float) -> dict:
        said = [Prediction(n, 0.5, one - width, one + width) for n, one in enumerate(believed)]
        return grading.summary(
            [grading.graded(one, truth, True, [*truths]) for one, truth in zip(said, truths, strict=True)]
        )

    found = score(1.28 * stretch)

    assert verdict in grading.verdict(found)
    mean = [
        np.mean([grading.interval_score(b - w, b + w, t) for b, t in zip(believed, truths, strict=True)])
        for w in (1.28 * stretch, 1.28)
    ]
    assert mean[0] >= mean[1]


@pytest.mark.parametrize(("is_higher_better", "truth"), [(True, 1.0), (False, -1.0)])
def test_a_sure_and_right_probability_has_no_brier_and_a_wrong_one_has_all(is_higher_better: bool, truth: float):
    right, wrong = (grading.graded(Prediction(1, p, -2, 2), truth, is_higher_better, [1.0, 2.0]) for p in (1.0, 0.0))

    assert (right["brier"], wrong["brier"]) == (0.0, 1.0)
    assert grading.graded(Prediction(1, 0.5, -2, 2), truth, is_higher_better, [1.0])["brier"] == grading.KNOWS_NOTHING


def test_what_is_judged_is_what_training_would_say(parts: quality.Parts):
    scores = np.random.default_rng(1).random(len(parts.test))

    found = quality.judge(scores, parts.test, PROBLEM.costs.act_above, seed=1)

    expected = evaluate(scores, parts.test.label).metrics
    assert found["auc"] == expected["auc"]
    assert found["cost"]["value"] == pytest.approx(expected["cost_per_1000"])
    assert found["saved"]["value"] == pytest.approx(expected["saved_per_1000"])
    assert found["saved"]["low"] < found["saved"]["value"] < found["saved"]["high"]


def test_a_group_that_is_left_out_is_missing_everywhere_and_the_others_are_not(parts: quality.Parts):
    left_out, *others = GROUPS
    fewer = parts.with_groups(tuple(others))

    gone = np.isnan(fewer.train.matrix).all(axis=0) & ~np.isnan(parts.train.matrix).all(axis=0)
    names = {PROBLEM.model_columns[place] for place in np.flatnonzero(gone)}
    view = next(view for view in PROBLEM.views if view.name == left_out)
    assert {f.name for f in view.features if f.name in PROBLEM.model_columns} <= names
    for one in (view for view in PROBLEM.views if view.name in others):
        assert not names & {feature.name for feature in one.features}


def test_the_threshold_of_the_declared_costs_is_that_of_odds_one():
    above = [replace(OWN, axis="threshold", odds=odds).threshold for odds in (0.5, 1.0, 2.0)]

    assert above[1] == pytest.approx(PROBLEM.costs.act_above)
    assert above == sorted(above)


def test_a_million_answers_cost_their_processor_and_the_memory_held_meanwhile():
    listed = prices.read()
    core, memory = (listed.price[name].value for name in ("core_hour", "memory_gb_hour"))

    assert listed.per_million(0.0036, 0.0) == pytest.approx(core)
    assert listed.per_million(0.0036, 2.0) == pytest.approx(core + 2 * memory)


def test_the_front_has_who_is_not_beaten_on_both_sides():
    points = {"fast and poor": (1.0, 1.0), "slow and good": (3.0, 5.0), "slow and poor": (3.0, 1.0), "best": (2.0, 5.0)}
    cells = [
        {"setting": {"name": name, "axis": "main"}, "ms": low, "money": {"value": high}}
        for name, (low, high) in points.items()
    ]

    assert findings.front(cells, "ms", "money") == ["fast and poor", "best"]


def test_a_cell_is_read_again_until_what_it_is_made_from_changes(tmp_path: Path):
    cells = Cells(tmp_path, dict.fromkeys(grid.AXES, "data and code"))

    cells.write(OWN, {"auc": 0.7}, {"test": np.array([0.25, 0.5])})

    found = cells.read(OWN)
    assert found is not None
    assert found["auc"] == 0.7
    assert cells.scores(OWN, "test").tolist() == [0.25, 0.5]
    assert Cells(tmp_path, dict.fromkeys(grid.AXES, "other data")).read(OWN) is None
    assert cells.read(replace(OWN, stale_minutes=60)) is None
