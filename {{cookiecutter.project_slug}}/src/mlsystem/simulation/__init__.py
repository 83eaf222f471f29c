"""Months lived by the system itself, and what its retraining was worth beside other policies."""
