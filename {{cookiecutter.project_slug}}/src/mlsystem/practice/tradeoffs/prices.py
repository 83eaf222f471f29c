"""What a million predictions cost: processor time and memory, at declared prices."""

SECONDS_PER_HOUR = 3_600
# Assumed, in the currency of the problem's costs: about what large clouds ask for a shared core and its memory.
CORE_HOUR = 0.04
GIGABYTE_HOUR = 0.005


def per_million(cpu_seconds: float, memory_gb: float) -> float:
    """Of a prediction that takes `cpu_seconds` of one core, while `memory_gb` are held for as long."""
    hours = cpu_seconds * 1_000_000 / SECONDS_PER_HOUR
    return hours * (CORE_HOUR + memory_gb * GIGABYTE_HOUR)
