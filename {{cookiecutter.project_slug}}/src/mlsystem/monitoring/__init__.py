"""Batch monitoring over the prediction log: drift, data quality, and performance once labels have arrived."""
