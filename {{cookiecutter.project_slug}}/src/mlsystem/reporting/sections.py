"""The sections of the status page: what was seen, as figures for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mlsystem import wording
from mlsystem.domain import PROBLEM
from mlsystem.reporting.system_state import Consumer, Monitoring, Service
from mlsystem.reporting.verdict import (
    PREDICT,
    REQUESTS,
    SECONDS,
    SHED,
    checks,
    is_breached,
    is_interval,
    part,
    status_share,
)

Figures = list[tuple[str, str]]  # what, how much; in the order of the page
SHOWN_DRIFT = 5  # columns, the furthest first
MEASURES = ("auc", "log_loss", "cost_per_1000", "gap")  # of live performance, with their intervals


@dataclass(frozen=True)
class Section:
    """One part of the page: figures of one moment, or the sentence why there are none."""

    title: str
    at: datetime
    figures: Figures
    said: str = ""


def service(seen: Service) -> Section:
    if not seen.is_up:
        return Section("Service", seen.at, [], f"{seen.url}: {seen.problem}")
    scrape = seen.scrape
    answers = scrape.total("predictions_total")
    degraded = max(scrape.by("degraded_predictions_total", "view").values(), default=0.0)
    swaps = scrape.by("model_swaps_total", "result")
    psi = scrape.by("model_input_psi_ratio", "feature").get("score")
    figures = [
        ("ready", "no" if seen.problem else "yes"),
        ("version that answers", str(seen.model.get("version", "none"))),
        ("questions since its start", f"{scrape.total(REQUESTS, route=PREDICT):,.0f}"),
        (f"{PROBLEM.words.questions} answered", f"{answers:,.0f}"),
        ("ended in a 5xx", _share(status_share(seen, "5"))),
        ("shed with 429", _share(status_share(seen, SHED))),
        ("p50", _milliseconds(scrape.quantile(SECONDS, 0.5, route=PREDICT))),
        ("p99", _milliseconds(scrape.quantile(SECONDS, 0.99, route=PREDICT))),
        ("degraded answers", _share(degraded / answers if answers else 0.0)),
        ("times the store's breaker opened", f"{scrape.total('feature_store_breaker_opened_total'):,.0f}"),
        ("swaps, refused", f"{swaps.get('swapped', 0):,.0f}, {swaps.get('refused', 0):,.0f}"),
        ("PSI of the score", "none yet" if psi is None or psi != psi else wording.number(psi, ",.3f")),
        ("answers that PSI is of", f"{scrape.total('drift_window_predictions'):,.0f}"),
    ]
    return Section("Service", seen.at, figures)


def consumer(seen: Consumer) -> Section:
    if seen.problem:
        return Section("Stream", seen.at, [], f"{seen.url}: {seen.problem}")
    facts, ages = (
        seen.scrape.by(name, label)
        for name, label in (("consumed_events_total", "outcome"), ("newest_row_age_seconds", "view"))
    )
    figures = [
        ("records behind", f"{seen.scrape.total('consumer_lag_records'):,.0f}"),
        ("event time behind", _duration(seen.scrape.total("consumer_lag_seconds"))),
        *((f"facts {outcome.replace('_', ' ')}", f"{count:,.0f}") for outcome, count in facts.items()),
        *((f"newest row of {view.replace('_', ' ')}, age", _duration(age)) for view, age in ages.items()),
    ]
    return Section("Stream", seen.at, figures)


def monitoring(seen: Monitoring) -> Section:
    if not seen.found:
        return Section("Monitoring", seen.at, [], seen.problem or "Nobody has looked yet: `make monitor` does.")
    quality, performance = part(seen, "quality"), part(seen, "performance")
    figures = [
        ("event time from", str(seen.found.get("since", "unknown"))[:16]),
        ("to", str(seen.found.get("until", "unknown"))[:16]),
        ("predictions", _count(quality.get("predictions"))),
        ("labelled", _count(performance.get("labelled"))),
        ("of those due, with a label", _share(performance.get("coverage"))),
        ("degraded answers", _share(quality.get("degraded_share"))),
    ]
    for name in MEASURES:
        if name in performance or f"{name}_interval" in performance:
            figures.append((name.replace("_", " "), _with_interval(performance, name)))
    return Section("Monitoring", seen.at, [one for one in figures if one[1] != "unknown"])


def drift(seen: Monitoring) -> Section | None:
    """The columns that moved most, if somebody has looked."""
    furthest = [one for one in part(seen, "drift").items() if isinstance(one[1], int | float)][:SHOWN_DRIFT]
    said = "PSI of the log against training. The questions of one day share much, so it is high by nature."
    figures = [(name.replace("_", " "), wording.number(value, ",.3f")) for name, value in furthest]
    return Section("Drift", seen.at, figures, said) if figures else None


def held(seen: Monitoring) -> list[tuple[bool, tuple[str, str, str, str]]]:
    """Each check: whether it is breached, and its name, value, limit and reason."""
    return [
        (
            is_breached(one),
            (
                str(one.get("name", "")).replace("_", " "),
                _figure(one.get("value")),
                _figure(one.get("limit")),
                str(one.get("reason", "")),
            ),
        )
        for one in checks(seen)
    ]


def _figure(value: object) -> str:
    shown = wording.figure(value)
    return "none" if shown == wording.UNKNOWN else shown


def _with_interval(performance: Mapping[str, object], name: str) -> str:
    value, interval = performance.get(name), performance.get(f"{name}_interval")
    if not is_interval(interval):
        return wording.figure(value)
    return f"{wording.figure(value)} ({wording.figure(interval[0])} to {wording.figure(interval[1])})"


def _count(value: object) -> str:
    return wording.number(value)


def _share(value: object) -> str:
    return wording.number(value, ".2%")


def _milliseconds(seconds: float | None) -> str:
    return "none yet" if seconds is None else f"{seconds * 1000:,.1f} ms"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7_200 else f"{seconds / 3600:,.1f} h"
