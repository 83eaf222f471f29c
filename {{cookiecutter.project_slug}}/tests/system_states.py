"""A system as it may be seen: well, with other numbers, or with everything that a page can have."""

from dataclasses import replace
from datetime import UTC, datetime

from mlsystem.domain import PROBLEM
from mlsystem.model_registry.promotions import Promotion
from mlsystem.reporting import system_state
from mlsystem.reporting.scrape import parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEALTHY = """
http_requests_total{route="/predict",status="200"} 9990
http_requests_total{route="/predict",status="429"} 10
http_requests_total{route="/readyz",status="503"} 70
http_request_duration_seconds_bucket{le="0.01",route="/predict"} 9900
http_request_duration_seconds_bucket{le="0.1",route="/predict"} 10000
http_request_duration_seconds_bucket{le="+Inf",route="/predict"} 10000
predictions_total{decision="act"} 2000
predictions_total{decision="hold"} 8000
model_input_psi_ratio{feature="score"} 0.02
"""
KEEPING_UP = """
consumer_lag_records 3
consumer_lag_seconds 60
consumed_events_total{outcome="applied"} 1000
consumed_events_total{outcome="too_late"} 1
newest_row_age_seconds{view="a_view"} 300
newest_row_age_seconds{view="without_a_limit"} 999999
"""
WELL = system_state.State(
    system_state.Service("http://s", NOW, True, "", {"version": "2", "refused": None}, parse(HEALTHY)),
    system_state.Consumer("http://c", NOW, "", parse(KEEPING_UP)),
    system_state.Models(NOW, "", "2", "3"),
    system_state.Monitoring(NOW, "", {"performance": {"gap_interval": [-0.01, 0.02]}}),
)


def with_scrape(**more: str) -> system_state.State:
    """The healthy system with other numbers: `service` and `consumer` are lines that replace those of their series."""
    parts = {}
    for name, text in (("service", HEALTHY), ("consumer", KEEPING_UP)):
        added = more.get(name, "")
        series = {line.rpartition(" ")[0] for line in added.splitlines()}
        kept = [line for line in text.splitlines() if line.rpartition(" ")[0] not in series]
        parts[name] = replace(getattr(WELL, name), scrape=parse("\n".join([*kept, added])))
    return replace(WELL, **parts)


def with_check(name: str, value: object) -> system_state.State:
    """The healthy system with one check of limit 0.07, and an interval of the gap that does not hold 0."""
    found = {"checks": [{"name": name, "value": value, "limit": 0.07, "reason": "as planted"}]}
    return replace(
        WELL, monitoring=system_state.Monitoring(NOW, "", found | {"performance": {"gap_interval": [0.01, 0.02]}})
    )


def crowded_state() -> system_state.State:
    """All that a page can have, in long words."""
    long = "the feature store cannot be read: OperationalError: no such table: mlsystem_" + "a_view" * 20
    because = f"accepted: all 10 rules are met; {long}"
    moves = [Promotion("promotion", str(n), str(n + 1), "retrain", because, {}, str(NOW)) for n in range(25)]
    performance = {"auc": 0.67, "auc_interval": [0.61, 0.72], "labelled": 886, "coverage": 0.98}
    found = {
        "since": "2026-02-21 08:15:00+00:00",
        "until": "2026-02-28 02:59:00+00:00",
        "quality": {"predictions": 896, "degraded_share": 0.0},
        "performance": performance | {"gap_interval": [0.01, 0.04]},
        "drift": dict(zip(PROBLEM.model_columns[-2:], (6.4, 2.4), strict=True)),
        "checks": [
            {"name": "score_drift", "value": 0.31, "limit": 0.07, "reason": f"PSI 0.31 of the last 7 days; {long}"},
            {"name": "skew", "value": float("nan"), "limit": 0.001, "reason": "not known yet"},
            {"name": "quarantine_share", "value": 0.0001, "limit": 0.01, "reason": long},
        ],
    }
    notes = tuple({"day": "2026-02-01", "what": "decision", "reason": long, "version": n or None} for n in range(3))
    models = system_state.Models(
        NOW, "", "26", "27", tuple((move, n != 23) for n, move in enumerate(moves))[::-1], notes
    )
    service = replace(WELL.service, problem=long)
    return system_state.State(service, WELL.consumer, models, system_state.Monitoring(NOW, "", found))
