"""The model card, for whoever must decide whether to trust the champion; generated, so its numbers are the run's."""

from collections.abc import Iterable, Mapping
from typing import Any

from mlsystem import wording
from mlsystem.domain import costs
from mlsystem.domain.calendar import PREDICTION_LEAD
from mlsystem.domain.label import LATE_AFTER_MINUTES
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.training.compare import Comparison
from mlsystem.training.slices import Slice

WORST = 8  # slices shown


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
    hours = PREDICTION_LEAD.total_seconds() / 3600
    said = "".join(f"\n* {key.replace('_', ' ')}: {value}" for key, value in about.items() if value is not None)
    return (
        f"# Model card: {comparison.chosen}\n\n"
        f"Predicts, {hours:g} hours before scheduled departure, the probability that a flight arrives "
        f"{LATE_AFTER_MINUTES} or more minutes late, from {len(MODEL_COLUMNS)} features. A traveller is warned above "
        f"{costs.WARN_ABOVE:.2f}, where the expected cost of a surprise exceeds that of a warning.\n{said}"
    )


def _data(comparison: Comparison) -> str:
    uses = {
        "train": "fitted; out of fold: calibrated, drift limits",
        "tune": "stopped, chosen",
        "test": "reported only",
    }
    rows = [
        (part, f"{d['first_day']} to {d['last_day']}", f"{d['flights']:,}", f"{d['late_share']:.3f}", use)
        for part, use in uses.items()
        for d in (comparison.about[part],)
    ]
    table = _table(("part", "days", "flights", "late share", "used to"), rows)
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
        "USD per 1,000",
        "the same on tune",
        "ms per row",
    )
    rows = []
    for result in comparison.results.values():
        m = result.test.metrics
        scores = (f"{m[name]:.4f}" for name in ("auc", "pr_auc", "log_loss", "brier", "ece"))
        spent = f"{m['usd_per_1000']:,.0f}", f"{result.tune.metrics['usd_per_1000']:,.0f}"
        rows.append((result.name, *scores, *spent, f"{result.latency_ms:.2f}"))
    m = comparison.winner.test.metrics
    never, always, saved = (
        f"{m[name]:,.0f} USD" for name in ("usd_per_1000_never_warn", "usd_per_1000_always_warn", "saved_usd_per_1000")
    )
    return (
        f"## On the test flights\n\n{_table(heads, rows)}\n\nOf 1,000 flights, never warning costs {never}, always "
        f"warning {always}. The champion, chosen by its cost on tune, warns {m['warned_share']:.1%} and saves {saved}."
    )


def _money(comparison: Comparison) -> str:
    """What the warnings were worth, month by month, and what hangs on the assumed costs."""
    winner = comparison.winner
    rows = [
        (
            month,
            wording.number(w.saved.value),
            wording.between(w.saved.low, w.saved.high),
            *(wording.number(x, ".3f") for x in (w.late_share, w.precision, w.recall)),
            wording.number(w.bias, "+.3f"),
            wording.number(w.ece, ".3f"),
        )
        for month, w in (*winner.months.items(), ("all", winner.worth))
    ]
    heads = ("month", "saved USD per 1,000", "90 % over days", "late share", "precision", "recall", "bias", "ECE")
    assumed = [
        (f"{one['warning']:g}", f"{one['surprise']:g}", f"{one['above']:.3f}", wording.number(one["saved"]))
        for one in winner.sensitivity
    ]
    perfect = wording.share(winner.worth.perfect_share)
    return (
        f"## What the warnings were worth\n\n{_table(heads, rows)}\n\nThat is {perfect} of what warning of exactly the "
        f"late flights would save. Bias is the mean probability less the share that came late.\n\n"
        f"The costs are assumptions without a source. Had they been other, the same probabilities, with the threshold "
        f"that follows, would have saved:\n\n"
        + _table(("a warning, times", "a surprise, times", "warn above", "saved USD per 1,000"), assumed)
    )


def _worst(comparison: Comparison) -> str:
    rows = [
        (f"{s.by}: {s.value}", f"{s.flights:,}", *(f"{x:.3f}" for x in (s.late_share, s.auc, s.ece)), _usd(s))
        for s in sorted(comparison.winner.slices, key=lambda s: s.saved_usd_per_1000)[:WORST]
    ]
    table = _table(("slice", "flights", "late share", "AUC", "ECE", "saved USD per 1,000"), rows)
    return f"## Where it helps least\n\nBy what warning saved on test; below 0, silence was cheaper.\n\n{table}"


def _usd(measured: Slice) -> str:
    return f"{measured.saved_usd_per_1000:,.0f}"


def _calibration(comparison: Comparison) -> str:
    fitted = comparison.winner.fitted
    platt = f"Platt's (log-odds x {fitted.platt.slope:.3f} {fitted.platt.intercept:+.3f})"
    how = (
        f"None: {platt} does not clearly lower the log-loss of out-of-fold scores."
        if fitted.calibration.is_identity
        else f"{platt}: it clearly lowers the log-loss of out-of-fold scores."
    )
    variants = _table(
        ("candidate", "ECE raw", "ECE with Platt's", "USD per 1,000 raw", "with Platt's", "used"),
        [
            (
                result.name,
                *(f"{result.variants[how]['ece']:.4f}" for how in ("raw", "platt")),
                *(f"{result.variants[how]['usd_per_1000']:,.0f}" for how in ("raw", "platt")),
                "raw" if result.fitted.calibration.is_identity else "Platt's",
            )
            for result in comparison.results.values()
        ],
    )
    table = _table(
        ("flights", "predicted", "came late"),
        [(f"{b.flights:,}", f"{b.predicted:.3f}", f"{b.observed:.3f}") for b in comparison.winner.test.calibration],
    )
    return (
        f"## Calibration\n\n{how} Every candidate on test, both ways:\n\n{variants}\n\n"
        f"The champion's in bins of equally many flights:\n\n{table}"
    )


def _outages(comparison: Comparison) -> str:
    everything = comparison.winner.tune.metrics
    rows = [
        (view, *(f"{m[name]:.3f}" for name in ("auc", "log_loss")), f"{m['usd_per_1000']:,.0f}")
        for view, m in (("nothing", everything), *comparison.winner.outages.items())
    ]
    table = _table(("missing", "AUC", "log-loss", "USD per 1,000"), rows)
    return f"## When a view is missing\n\nOn tune, had it been missing for every flight:\n\n{table}"


def _limits(comparison: Comparison) -> str:
    last, without = comparison.about["train"]["last_day"], comparison.without_tail_number
    warning, surprise = (
        f"{cents / 100:.0f} USD" for cents in (costs.cost_cents(True, True), costs.cost_cents(False, True))
    )
    return f"""## Limits

* Cancelled and diverted flights have no label: it says P(late | arrives), too low on days of mass cancellations.
* The tail number is hindsight, for cancelled flights often lack one and flown ones never: without it, on test, AUC
  {wording.number(without["auc"], ".3f")} and {wording.number(without["usd_per_1000"])} USD per 1,000 flights.
* It knows one year of three airports until {last}; it has never seen the same month twice.
* Its calibration is of a whole quarter: single months are off by more, and their errors cancel (see bias above).
* One traveller per flight, and the same costs for each: {warning} for a warning, {surprise} for a surprise, assumed.
* {_reasons(comparison)}"""


def _reasons(comparison: Comparison) -> str:
    said, found = "A reason says what moved the model, not what delays the flight.", comparison.winner.reasons
    if not found:
        return said
    return (
        f"{said} It is summed along the trees' paths, and is not SHAP: of {found['rows']:,.0f} test flights exact "
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
