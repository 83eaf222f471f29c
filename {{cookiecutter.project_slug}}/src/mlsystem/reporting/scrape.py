"""What /metrics says, read back as numbers: sums over series, and quantiles of a histogram as Prometheus makes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class NoScrape(ValueError):
    """A text that is not in Prometheus's format."""


@dataclass(frozen=True)
class Scrape:
    """Samples in the order of the text: name, labels, value."""

    samples: tuple[tuple[str, Mapping[str, str], float], ...] = ()

    def total(self, name: str, **labels: str) -> float:
        """The sum over the series of this name that have these labels; 0 if there is none."""
        return sum(value for _, value in self._series(name, labels))

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """The sums by the values of one label."""
        found: dict[str, float] = {}
        for said, value in self._series(name, labels):
            found[said.get(label, "")] = found.get(said.get(label, ""), 0.0) + value
        return found

    def quantile(self, name: str, share: float, **labels: str) -> float | None:
        """Of a histogram, linear within the bucket; None before the first observation."""
        buckets = sorted((float(le), count) for le, count in self.by(f"{name}_bucket", "le", **labels).items())
        wanted = share * buckets[-1][1] if buckets else 0.0
        low, below = 0.0, 0.0
        for high, count in buckets:
            if count >= wanted > 0:
                is_open = high == float("inf")  # beyond the last bound nothing is known but that
                return low if is_open else low + (high - low) * (wanted - below) / (count - below)
            low, below = high, count
        return None

    def _series(self, name: str, labels: Mapping[str, str]) -> list[tuple[Mapping[str, str], float]]:
        return [(said, value) for one, said, value in self.samples if one == name and labels.items() <= said.items()]


def parse(text: str) -> Scrape:
    """The samples of a scrape. Raises NoScrape."""
    samples = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            found = SAMPLE.match(line)
            if found is None:
                raise NoScrape(f"not a line of metrics: {line[:60]!r}")
            samples.append((found[1], dict(LABEL.findall(found[2] or "")), float(found[3])))
    return Scrape(tuple(samples))
