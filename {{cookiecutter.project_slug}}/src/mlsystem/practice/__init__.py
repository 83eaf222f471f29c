"""A lane: the running system as a place to practise. Nothing of the core imports it."""
