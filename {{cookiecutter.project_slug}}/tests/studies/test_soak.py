"""The soak's judgement: what leaks is found, what goes up and down by itself is not."""

import importlib.util
from types import ModuleType

import numpy as np
import pytest

from mlsystem.settings import ROOT


@pytest.fixture(scope="module")
def soak() -> ModuleType:
    spec = importlib.util.spec_from_file_location("soak", ROOT / "benchmarks/studies/soak.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def looks(**measures: np.ndarray) -> list[dict[str, float]]:
    """One look every 30 s."""
    columns = {name: values.tolist() for name, values in measures.items()}
    count = len(next(iter(columns.values())))
    return [{"seconds": 30.0 * n} | {name: values[n] for name, values in columns.items()} for n in range(count)]


def test_a_leak_is_found_and_noise_a_saw_and_what_only_falls_are_not(soak: ModuleType):
    random, n = np.random.default_rng(1), np.arange(40)
    measured = looks(
        leaking=900 + 4.0 * n + random.normal(0, 10, 40),
        noisy=900 + random.normal(0, 30, 40),
        saw=10.0 * (n % 8),
        falling=900 - 4.0 * n,
        constant=np.full(40, 23.0),
        nothing=np.zeros(40),
    )

    found = {name: grows for name, *_, grows in soak.growth(measured)}

    assert [name for name, grows in found.items() if grows] == ["leaking"]
    (leaking,) = [one for one in soak.growth(measured) if one[0] == "leaking"]
    assert leaking[3] == pytest.approx(8.0, abs=0.6), "per minute"


def test_what_has_a_bound_of_its_own_is_said_with_its_bound(soak: ModuleType):
    n = np.arange(40.0)
    printed = soak.table(soak.growth(looks(**{"prediction log, MB": n, "service log, MB": n})))

    assert "| to a bound: as much as settings.prediction_log_files of 64 MB hold, the oldest go first |" in printed
    assert printed.splitlines()[-1].endswith("| **yes** |")
