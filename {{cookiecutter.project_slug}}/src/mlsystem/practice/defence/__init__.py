"""The walk-through for an interview, and the evidence behind it: every claim with its citation."""
