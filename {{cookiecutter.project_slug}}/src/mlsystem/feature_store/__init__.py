"""FEAST room: point-in-time training sets, materialisation, push and online lookup. Feast is imported only here."""

# Before Feast, which would have prometheus_client count in files: on a full disk these end a process without a word.
import mlsystem.metrics  # noqa: F401
