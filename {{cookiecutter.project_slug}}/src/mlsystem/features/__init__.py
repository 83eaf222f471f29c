"""Runs the domain's SQL: over a year, a day, or the recent events of a live system."""
