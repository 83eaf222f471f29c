"""The label: did the flight arrive 15 or more minutes late? Source: US DOT on-time definition (A15)."""

LATE_AFTER_MINUTES = 15


def is_late(arrival_delay_minutes: int) -> bool:
    """A flight that was cancelled or diverted has no arrival delay and so no label: never call it False.

    What that does to the model: it learns P(late | arrives). On a day of mass cancellations the flights that
    would have been latest are missing from training, and its probabilities are too low for those that still fly.
    """
    return arrival_delay_minutes >= LATE_AFTER_MINUTES
