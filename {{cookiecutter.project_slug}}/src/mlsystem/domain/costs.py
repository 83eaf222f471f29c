"""What a decision costs, in whole cents so that every engine adds up to the same money."""

COST_OF_WARNING_CENTS = 1_500  # a warned traveller rebooks, waits or leaves early: 15 dollars, late or not
COST_OF_SURPRISE_CENTS = 5_000  # an unwarned traveller who lands late misses a connection or a meeting: 50 dollars
WARN_ABOVE = COST_OF_WARNING_CENTS / COST_OF_SURPRISE_CENTS  # warn when p x surprise > warning


def decide(probability: float) -> bool:
    """Whether to warn: the expected cost of silence exceeds the cost of a warning."""
    return probability > WARN_ABOVE


def cost_cents(is_warned: bool, is_late: bool) -> int:
    """What one flight cost once its outcome is known."""
    if is_warned:
        return COST_OF_WARNING_CENTS
    return COST_OF_SURPRISE_CENTS if is_late else 0
