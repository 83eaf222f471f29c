"""Constraint cards: the requirement changes, and a check of the project's state says when it is met."""
