"""The pages of this part: a template of this folder in the style of the project's other pages, ready to be printed."""

from typing import Any

from mlsystem.reporting import templates


def fill(template: str, **values: Any) -> str:
    """The whole page as one HTML text that needs no network."""
    return templates.fill(template, room="practice.defence", **values)
