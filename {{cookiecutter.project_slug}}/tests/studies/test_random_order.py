"""The record of the runs in random order says what was red, by name, and with which order it can be had again."""

import sys

from mlsystem.settings import ROOT

sys.path.insert(0, str(ROOT / "benchmarks/studies"))
import random_order


def row(**changed) -> random_order.Row:  # type: ignore[no-untyped-def]
    usual = {"day": "2026-01-02", "commit": "abc", "cores": 2, "copies": 3, "seed": 7, "task": "test", "passed": 9}
    return random_order.Row(**usual | {"failed": [], "seconds": 90.0, "load": 6.25} | changed)


def test_the_page_names_what_failed_with_its_seed_and_says_so_first():
    said = random_order.page([row(), row(seed=8, failed=["tests/test_a.py::test_b"])])

    assert "## 1 of 2 runs were red" in said
    assert "| 3 | 0 | 8 | `make test` | 9 | `tests/test_a.py::test_b` | 2 | 6.2 |" in said


def test_a_page_of_green_runs_says_so():
    assert "## All 2 runs were green" in random_order.page([row(), row(task="prove")])


def test_the_load_while_a_block_runs_is_a_number_of_processes():
    with random_order.mean_load() as load:
        pass

    assert len(load) == 1
    assert load[0] >= 0
