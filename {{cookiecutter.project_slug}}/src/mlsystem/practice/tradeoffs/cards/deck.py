"""The cards, in the order in which they are dealt to somebody who has met none."""

from mlsystem.practice.tradeoffs.cards import forecast_only, forget, half_budget, late_labels, miss_costs, one_core
from mlsystem.practice.tradeoffs.cards.card import Card

CARDS: dict[str, Card] = {
    card.name: card
    for card in (
        miss_costs.CARD,
        forecast_only.CARD,
        half_budget.CARD,
        late_labels.CARD,
        one_core.CARD,
        forget.CARD,
    )
}
