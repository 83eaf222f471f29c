"""CPU seconds to import what a process of the system imports, with Python's asserts and without them (decision 31)."""

import statistics
import subprocess
import sys

from mlsystem.settings import ROOT

MODULES = ("feast", "mlflow", "bentoml", "great_expectations", "prefect", "mlsystem.serving.service")
TIMES = 5
TIMED = "import time, importlib; importlib.import_module({!r}); print(time.process_time())"


def seconds(module: str, *options: str) -> float:
    command = [sys.executable, *options, "-c", TIMED.format(module)]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> None:
    """In turns, after one of each that fills the caches; medians."""
    print(f"{'':28}with asserts   without")
    for module in MODULES:
        seconds(module), seconds(module, "-O")
        pairs = [(seconds(module), seconds(module, "-O")) for _ in range(TIMES)]
        usual, optimized = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{module:28}{usual:8.2f} s   {optimized:8.2f} s")


if __name__ == "__main__":
    main()
