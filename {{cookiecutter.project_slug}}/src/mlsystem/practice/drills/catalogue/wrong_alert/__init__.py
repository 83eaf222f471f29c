"""A drill."""
