"""From what this machine measured to cores, memory, stores and money at another load, line by line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.practice.capacity import queueing
from mlsystem.practice.capacity.arithmetic import Sheet
from mlsystem.practice.prices import Prices

MEASURED = "measured here"
ASKED = "asked for"
DAY_SECONDS = 86_400
DEFAULT_P99_MS = 25.0  # a tenth of the quarter of a second that the alert LatencyBurn allows


class NoSuchPlan(UserError):
    """A load that no number of workers can bear as asked."""


@dataclass(frozen=True)
class Load:
    """What is asked for: the peak follows from the day, as today's does, if it is not said."""

    questions_per_day: float
    rps: float | None = None
    p99_ms: float = DEFAULT_P99_MS


def plan(measured: Mapping[str, Any], points: Sequence[dict[str, float]], load: Load, prices: Prices) -> Sheet:
    """The whole sheet. Raises NoSuchPlan."""
    sheet = Sheet()
    _load(sheet, measured, load)
    _serving(sheet, measured, list(points), load, prices)
    _stores(sheet, measured, prices)
    _batch(sheet, measured, prices)
    _money(sheet, measured, prices)
    return sheet


def _load(sheet: Sheet, measured: Mapping[str, Any], load: Load) -> None:
    questions, today = PROBLEM.words.questions, measured["today"]
    sheet.head("The load")
    sheet.given("a_day", load.questions_per_day, f"{questions} a day", "the load", ASKED)
    sheet.given("today", today["questions"], f"{questions} a day", "today's", "counted on the example's day")
    sheet.line("times", "a_day / today", "× today", "so many times as much")
    sheet.given("busiest", today["busiest_minute"], questions, "today's busiest minute", "counted on the same day")
    if load.rps is None:
        sheet.line("rps", "busiest / 60 * times", "a second", "the peak, if a day has the shape of today's")
    else:
        sheet.given("rps", load.rps, "a second", "the peak", ASKED)


def _serving(
    sheet: Sheet, measured: Mapping[str, Any], points: list[dict[str, float]], load: Load, prices: Prices
) -> None:
    one, hundred = (measured["requests"][size] for size in ("1", "100"))
    busy = queueing.busiest(points, load.p99_ms)
    if busy == 0:
        raise NoSuchPlan(
            f"no load of a worker has a p99 within {load.p99_ms:g} ms: at {points[0]['load']:.0%} it is "
            f"{points[0]['p99_ms']:.1f} ms already; say --p99-ms with more, or make a question cheaper"
        )
    sheet.head("The service")
    sheet.given("cpu_ms", one["cpu_ms"], "ms", "a worker computes on a request of one question", MEASURED)
    sheet.given("batch_ms", hundred["cpu_ms"], "ms", "and on a request of a hundred", MEASURED)
    sheet.line("batch_each_ms", "batch_ms / 100", "ms", "for each of the hundred")
    sheet.given("p99_ms", load.p99_ms, "ms", "99 of 100 answers shall come within", ASKED)
    sheet.given("busy", busy, "", "a core may be busy for this share of the time", "the queue's curve at that p99")
    sheet.line("at_least", "rps * cpu_ms / 1000", "cores", "cores that compute, on average, at the peak")
    sheet.line("needed", "up(at_least / busy)", "cores", "cores, so that questions do not wait")
    _assumed(sheet, prices, "zones")
    sheet.line("cores", "up(needed * zones / (zones - 1))", "cores", "cores, so that one zone may be lost")
    sheet.given("latency_ms", one["ms"], "ms", "an answer by itself takes", MEASURED)
    sheet.line("under_way", "rps * latency_ms / 1000", "", "questions on their way at a time (Little's law)")
    sheet.given("worker_mb", measured["memory_mb"], "MB", "memory of a worker, one on each core", MEASURED)
    sheet.line("memory_gb", "cores * worker_mb / 1000", "GB", "memory of the workers")


def _stores(sheet: Sheet, measured: Mapping[str, Any], prices: Prices) -> None:
    from mlsystem.monitoring.checks import LONG

    sheet.head("The stores")
    sheet.given("log_bytes", measured["log_bytes"], "bytes", "a line of the prediction log", MEASURED)
    sheet.line("log_mb_s", "rps * log_bytes / 1000000", "MB a second", "written to the log at the peak")
    sheet.given("log_days", LONG.days, "days", "the monitor looks back", "src/mlsystem/monitoring/checks.py")
    sheet.line("log_gb", "a_day * log_days * log_bytes / 1000000000", "GB", "prediction log kept for it")
    sheet.given("online_mb", measured["online_bytes"] / 1e6, "MB", "the online store today", MEASURED)
    sheet.line("online_gb", "online_mb * times / 1000", "GB", "the online store, if keys grow with the load")
    sheet.given("day_mb", measured["features"]["bytes"] / 1e6, "MB", "facts and features of a day today", MEASURED)
    _assumed(sheet, prices, "kept_days")
    sheet.line("kept_gb", "day_mb * kept_days * times / 1000", "GB", "facts and features that are kept")
    sheet.given("views", len(PROBLEM.views), "", "rows looked up for a question, one of each view", "declared")
    sheet.given("answer_bytes", measured["requests"]["1"]["answer_bytes"], "bytes", "an answer", MEASURED)


def _batch(sheet: Sheet, measured: Mapping[str, Any], prices: Prices) -> None:
    consumer, features, training = (measured[stage] for stage in ("consumer", "features", "training"))
    sheet.head("The stream and the night")
    sheet.given("facts", measured["today"]["facts"], "a day", "facts that come today", "counted on the same day")
    sheet.line("facts_peak", "facts * times * (busiest * 1440 / today) / 86400", "a second", "facts at the peak")
    sheet.given(
        "consumed", consumer["events"] / consumer["seconds"], "a second", "facts that a consumer takes in", MEASURED
    )
    sheet.line("consumers", "up(facts_peak / consumed)", "cores", "consumers, by parts of the keys")
    sheet.given("day_s", features["seconds"], "s", "the features of a day today", MEASURED)
    sheet.line("day_h", "day_s * times / 3600", "core hours a night", "the features of a day")
    sheet.given(
        "training_s", training["seconds"], "s", "a training on today's rows, all candidates", "reports/run.json"
    )
    _assumed(sheet, prices, "trainings_per_month")
    sheet.line("training_h", "training_s * times / 3600", "core hours", "a training on so many times the rows")


def _money(sheet: Sheet, measured: Mapping[str, Any], prices: Prices) -> None:
    unit = f"{prices.currency} a month"
    sheet.head("The money")
    for name, price in prices.price.items():
        sheet.given(f"price_{name}", price.value, prices.currency, price.of, price.source)
    _assumed(sheet, prices, "hours_per_month")
    _assumed(sheet, prices, "days_per_month")
    sheet.line("month", "a_day * days_per_month / 1000000", "million", "predictions a month")
    sheet.line("serving_money", "cores * hours_per_month * price_core_hour", unit, "cores of the service")
    sheet.line("memory_money", "memory_gb * hours_per_month * price_memory_gb_hour", unit, "its memory")
    sheet.line("stream_money", "consumers * hours_per_month * price_core_hour", unit, "consumers")
    sheet.line(
        "night_money",
        "(day_h * days_per_month + training_h * trainings_per_month) * price_core_hour",
        unit,
        "features and trainings",
    )
    sheet.line("online_money", "most(1, online_gb) * hours_per_month * price_online_gb_hour", unit, "online store")
    sheet.line("lookup_money", "month * views * price_million_lookups", unit, "lookups in it")
    sheet.line("kept_money", "(log_gb + kept_gb) * price_object_gb_month", unit, "what is kept")
    sheet.line("answer_money", "month * answer_bytes / 1000 * price_answer_gb", unit, "answers that leave")
    parts = [name for name in sheet.lines if name.endswith("_money")]
    sheet.line("total", " + ".join(parts), unit, "all of it")
    sheet.line(
        "following",
        "a_day * cpu_ms / 1000 / busy / 3600 * days_per_month * price_core_hour",
        unit,
        "cores of the service, if they came and went with the load instead of waiting for its peak",
    )
    sheet.line("per_million", "total / month", f"{prices.currency}", "a million predictions cost")
    source = "reports/run.json, on the test days"
    sheet.given("saved", measured["training"]["saved_per_1000"], PROBLEM.per_1000, "the champion saves", source)
    sheet.line("worth", "saved * 1000", f"{PROBLEM.costs.currency}", f"in a million {PROBLEM.words.questions} it saves")


def _assumed(sheet: Sheet, prices: Prices, name: str) -> None:
    one = prices.assumed[name]
    sheet.given(name, one.value, "", one.of, f"assumed: {one.source}")
