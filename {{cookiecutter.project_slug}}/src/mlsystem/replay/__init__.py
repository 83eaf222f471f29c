"""Past days, played in the order in which facts became known."""
