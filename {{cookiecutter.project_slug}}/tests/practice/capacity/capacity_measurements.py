"""What a machine could have measured, for tests of what follows from it."""

from typing import Any

import numpy as np

from mlsystem.practice.capacity.service_times import ServiceTimes

MS = 0.001


def measured(**changes: Any) -> dict[str, Any]:
    """As stage_costs.measure gives it."""
    request = {"requests": 100, "ms": 2.1, "cpu_ms": 2.0, "stages_ms": {"features": 1.0}, "answer_bytes": 800.0}
    return {
        "requests": {"1": request, "10": request | {"cpu_ms": 6.0}, "100": request | {"cpu_ms": 40.0}},
        "log_bytes": 3_500.0,
        "memory_mb": 300.0,
        "consumer": {"events": 1_000, "rows": 2_000, "seconds": 4.0, "steps": 32},
        "features": {"rows": 7_000, "seconds": 0.2, "bytes": 200_000},
        "online_bytes": 1_500_000,
        "today": {"questions": 1_000, "busiest_minute": 20, "facts": 3_600},
        "training": {"seconds": 200.0, "rows": 300_000, "peak_mb": 2_000.0, "saved_per_1000": 2_000.0},
    } | changes


def service_times(back_to_back: np.ndarray, after_idle: np.ndarray | None = None, reading: float = 0.0) -> ServiceTimes:
    """Of a worker whose whole time is service; after a pause of any length the same, if nothing else is said."""
    after = back_to_back[:, None] if after_idle is None else after_idle
    return ServiceTimes(float(back_to_back.mean()), reading, back_to_back, np.linspace(0.0002, 0.02, len(after)), after)
