"""The model card, for whoever must decide whether to trust the champion; generated, so its numbers are the run's."""

from collections.abc import Iterable, Mapping
from typing import Any

from mlsystem import wording
from mlsystem.domain import PROBLEM
from mlsystem.training.compare import Comparison
from mlsystem.training.slices import Slice

WORST = 8  # slices shown
QUESTIONS, POSITIVE = PROBLEM.words.questions, PROBLEM.words.positive
PER_1000 = f"{PROBLEM.costs.currency} per 1,000"


def model_card(comparison: Comparison, about: Mapping[str, Any]) -> str:
    """Markdown, the chosen candidate's; `about` may say `version`, `git_commit`, `feature_service`."""
    sections = (
        _what(comparison, about),
        _data(comparison),
        _results(comparison),
        _money(comparison),
        _worst(comparison),
        _calibration(comparison),
    )
    return "\n\n".join((*sections, _outages(comparison), _limits(comparison), _use())) + "\n"


def _what(comparison: Comparison, about: Mapping[str, Any]) -> str:
    words, costs = PROBLEM.words, PROBLEM.costs
    said = "".join(f"\n* {key.replace('_', ' ')}: {value}" for key, value in about.items() if value is not None)
    return (
        f"# Model card: {comparison.chosen}\n\n"
        f"Predicts, {words.asked}, the probability that a {words.question} {PROBLEM.label.meaning}, from "
        f"{len(PROBLEM.model_columns)} features. The decision is `{words.act}` above {costs.act_above:.2f}, where a "
        f"{words.missing} is expected to cost more than a {words.acting}.\n{said}"
    )


def _data(comparison: Comparison) -> str:
    uses = {
        "train": "fitted; out of fold: calibrated, drift limits",
        "tune": "stopped, chosen",
        "test": "reported only",
    }
    rows = [
        (part, f"{d['first_day']} to {d['last_day']}", f"{d['rows']:,}", f"{d['base_rate']:.3f}", use)
        for part, use in uses.items()
        for d in (comparison.about[part],)
    ]
    table = _table(("part", "days", QUESTIONS, POSITIVE, "used to"), rows)
    about = comparison.about
    return f"## Data, split by time\n\n{table}\n\nFingerprint `{about['training_fingerprint']}`, seed {about['seed']}."


def _results(comparison: Comparison) -> str:
    heads = (
        "candidate",
        "AUC",
        "PR-AUC",
        "log-loss",
        "Brier",
        "ECE",
        f"{PER_1000}",
        "the same on tune",
        "ms per row",
    )
    rows = []
    for result in comparison.results.values():
        m = result.test.metrics
        scores = (f"{m[name]:.4f}" for name in ("auc", "pr_auc", "log_loss", "brier", "ece"))
        spent = f"{m['cost_per_1000']:,.0f}", f"{result.tune.metrics['cost_per_1000']:,.0f}"
        rows.append((result.name, *scores, *spent, f"{result.latency_ms:.2f}"))
    m = comparison.winner.test.metrics
    never, always, saved = (
        f"{m[name]:,.0f} {PROBLEM.costs.currency}"
        for name in ("cost_per_1000_never_act", "cost_per_1000_always_act", "saved_per_1000")
    )
    return (
        f"## On the test days\n\n{_table(heads, rows)}\n\nOf 1,000 {QUESTIONS}, `{PROBLEM.words.hold}` for all costs "
        f"{never}, `{PROBLEM.words.act}` for all {always}. The champion, chosen by its cost on tune, says "
        f"`{PROBLEM.words.act}` to {m['acted_share']:.1%} and saves {saved}."
    )


def _money(comparison: Comparison) -> str:
    """What the decisions were worth, month by month, and what hangs on the assumed costs."""
    winner = comparison.winner
    rows = [
        (
            month,
            wording.number(w.saved.value),
            wording.between(w.saved.low, w.saved.high),
            *(wording.number(x, ".3f") for x in (w.base_rate, w.precision, w.recall)),
            wording.number(w.bias, "+.3f"),
            wording.number(w.ece, ".3f"),
        )
        for month, w in (*winner.months.items(), ("all", winner.worth))
    ]
    heads = ("month", f"saved, {PER_1000}", "90 % over days", POSITIVE, "precision", "recall", "bias", "ECE")
    assumed = [
        (f"{one['acting']:g}", f"{one['missing']:g}", f"{one['above']:.3f}", wording.number(one["saved"]))
        for one in winner.sensitivity
    ]
    perfect = wording.share(winner.worth.perfect_share)
    return (
        f"## What the decisions were worth\n\n{_table(heads, rows)}\n\nThat is {perfect} of what `{PROBLEM.words.act}` "
        f"to exactly the {POSITIVE} {QUESTIONS} would save. Bias is the mean probability less the share that is "
        f"{POSITIVE}.\n\n"
        f"The costs are {PROBLEM.costs.source}. Had they been other, the same probabilities, with the threshold "
        f"that follows, would have saved:\n\n"
        + _table(
            (
                f"a {PROBLEM.words.acting}, times",
                f"a {PROBLEM.words.missing}, times",
                "act above",
                f"saved, {PER_1000}",
            ),
            assumed,
        )
    )


def _worst(comparison: Comparison) -> str:
    rows = [
        (f"{s.by}: {s.value}", f"{s.rows:,}", *(f"{x:.3f}" for x in (s.base_rate, s.auc, s.ece)), _saved(s))
        for s in sorted(comparison.winner.slices, key=lambda s: s.saved_per_1000)[:WORST]
    ]
    table = _table(("slice", QUESTIONS, POSITIVE, "AUC", "ECE", f"saved, {PER_1000}"), rows)
    return (
        f"## Where it helps least\n\nBy what the decisions saved on test; below 0, never acting was cheaper.\n\n{table}"
    )


def _saved(measured: Slice) -> str:
    return f"{measured.saved_per_1000:,.0f}"


def _calibration(comparison: Comparison) -> str:
    fitted = comparison.winner.fitted
    platt = f"Platt's (log-odds x {fitted.platt.slope:.3f} {fitted.platt.intercept:+.3f})"
    how = (
        f"None: {platt} does not clearly lower the log-loss of out-of-fold scores."
        if fitted.calibration.is_identity
        else f"{platt}: it clearly lowers the log-loss of out-of-fold scores."
    )
    variants = _table(
        ("candidate", "ECE raw", "ECE with Platt's", f"{PER_1000}, raw", "with Platt's", "used"),
        [
            (
                result.name,
                *(f"{result.variants[how]['ece']:.4f}" for how in ("raw", "platt")),
                *(f"{result.variants[how]['cost_per_1000']:,.0f}" for how in ("raw", "platt")),
                "raw" if result.fitted.calibration.is_identity else "Platt's",
            )
            for result in comparison.results.values()
        ],
    )
    table = _table(
        (QUESTIONS, "predicted", f"{POSITIVE}"),
        [(f"{b.rows:,}", f"{b.predicted:.3f}", f"{b.observed:.3f}") for b in comparison.winner.test.calibration],
    )
    return (
        f"## Calibration\n\n{how} Every candidate on test, both ways:\n\n{variants}\n\n"
        f"The champion's in bins of equally many {QUESTIONS}:\n\n{table}"
    )


def _outages(comparison: Comparison) -> str:
    everything = comparison.winner.tune.metrics
    rows = [
        (view, *(f"{m[name]:.3f}" for name in ("auc", "log_loss")), f"{m['cost_per_1000']:,.0f}")
        for view, m in (("nothing", everything), *comparison.winner.outages.items())
    ]
    table = _table(("missing", "AUC", "log-loss", PER_1000), rows)
    return f"## When a view is missing\n\nOn tune, had it been missing for all:\n\n{table}"


def _limits(comparison: Comparison) -> str:
    costs, words = PROBLEM.costs, PROBLEM.words
    acting, missing = (wording.money(costs.of(acted, True) / 100, costs.currency) for acted in (True, False))
    said = [
        *words.caveats,
        *_hindsight(comparison),
        f"It knows the days until {comparison.about['train']['last_day']}.",
        "Its calibration is of a whole quarter: single months are off by more (see bias above).",
        f"Assumed: a {words.acting} costs {acting}, a {words.missing} {missing}, whoever it is for.",
        _reasons(comparison),
    ]
    return "## Limits\n\n" + "\n".join(f"* {one}" for one in said)


def _hindsight(comparison: Comparison) -> list[str]:
    """What a caller need not say is perhaps known of those alone that get a label."""
    names = [field.name for field in PROBLEM.fields if field.is_optional]
    if not names:
        return []
    without, words = comparison.without_hindsight, PROBLEM.words
    return [
        f"{' and '.join(f'`{name}`' for name in names)} may be hindsight, where more of the {words.unlabelled} "
        f"{words.questions} lack it: without, on test, AUC {wording.number(without['auc'], '.3f')} and "
        f"{wording.number(without['cost_per_1000'])} {PER_1000} {words.questions}."
    ]


def _reasons(comparison: Comparison) -> str:
    said, found = "A reason says what moved the model, not what makes it so.", comparison.winner.reasons
    if not found:
        return said
    return (
        f"{said} It is summed along the trees' paths, and is not SHAP: of {found['rows']:,.0f} test rows exact "
        f"TreeSHAP names the same first reason for {found['first']:.0%}, the same three for {found['three']:.0%}, and "
        f"gives {found['turned']:.0%} of the reasons the other sign."
    )


def _use() -> str:
    return """## How to load it

```python
from mlsystem.model_registry.registry import load_champion
from mlsystem.settings import load_settings

champion = load_champion(load_settings().models_dir)
champion.predict(matrix)  # (n, F) float64 in the order of champion.columns, NaN for missing
```"""


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(heads), *(tuple(row) for row in rows)]
    lines.insert(1, ("---",) * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
