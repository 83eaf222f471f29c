"""Swaps, a store in trouble, overload: what they cost in time, against the limits: `python benchmarks/resilience.py`.

Runs the long tests that do these things (6 minutes, on a machine that does nothing else) and judges what they measured.
Exits 1 if a limit is not kept. The tests themselves judge no time: on a busy machine they would fail for no fault.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TESTS = ["tests/rooms/test_serving_swap.py", "tests/rooms/test_serving_degraded.py"]
MEASURED = ROOT / "data/tests/measured.jsonl"
Line = tuple[str, str, bool]  # what, what was measured, whether it is within its limit


def main() -> int:
    MEASURED.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-q", "-m", "slow or not slow", *TESTS], cwd=ROOT, check=False
    )
    found = [json.loads(line) for line in MEASURED.read_text().splitlines()] if MEASURED.exists() else []
    lines = [*swaps(found), *troubles(found), *overloads(found)]
    for what, said, is_kept in lines:
        print(f"{'kept' if is_kept else 'NOT '}  {what:12}  {said}")
    return done.returncode or (0 if lines and all(kept for *_, kept in lines) else 1)


def swaps(found: list[dict[str, Any]]) -> Iterator[Line]:
    """A new champion answers within 5 s, and its p99 is at most 3 times the one before, at half of the capacity."""
    moves = [one for one in found if one["what"] == "swap"]
    ratios = [one["p99_during"] / one["p99_before"] for one in moves]
    for one, ratio in zip(moves, ratios, strict=True):
        said = (
            f"{one['move']:42} at {one['rate']:.0f}/s, taken up in {one['seconds']:.2f} s, "
            f"p99 {milliseconds(one['p99_before'])} before, {milliseconds(one['p99_during'])} during: {ratio:.1f} times"
        )
        yield "swap", said, one["seconds"] < 5 and ratio <= 3
    if moves:
        yield "swap", f"median of {len(ratios)} ratios {median(ratios):.1f}", median(ratios) <= 3
    for one in found:
        if one["what"] == "rollback":
            said = f"the command {one['command']:.1f} s, all workers by {one['seconds']:.1f} s"
            yield "rollback", said, one["seconds"] < 30


def troubles(found: list[dict[str, Any]]) -> Iterator[Line]:
    """p99 at most 3 times the healthy one and the lookup's budget; well again within 30 s."""
    for one in found:
        if one["what"].startswith("store "):
            limit = 3 * one["p99_healthy"] + one["budget"]
            said = (
                f"{one['answers']} answers, p99 {milliseconds(one['p99_healthy'])} healthy, "
                f"{milliseconds(one['p99_in_trouble'])} in trouble (limit {milliseconds(limit)}), "
                f"well {one['recovered_after']:.1f} s after it was mended"
            )
            yield one["what"], said, one["p99_in_trouble"] <= limit and one["recovered_after"] < 30


def overloads(found: list[dict[str, Any]]) -> Iterator[Line]:
    """At ten times the capacity 70 % of it is answered, and the rest refused within 100 ms."""
    for one in found:
        if one["what"] == "overload":
            times, share = one["offered"] / one["capacity"], one["goodput"] / one["capacity"]
            said = (
                f"{times:.1f} times {one['capacity']:.0f}/s offered, {share:.0%} of it answered, refused within "
                f"{milliseconds(one['refused_p50'])} (half), {milliseconds(one['refused_p99'])} (99 %)"
            )
            yield "overload", said, times >= 9 and share >= 0.7 and one["refused_p99"] < 0.1


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
