"""Deliver one day of raw events, idempotently."""
