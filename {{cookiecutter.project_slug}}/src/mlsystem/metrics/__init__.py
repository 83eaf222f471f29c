"""PROMETHEUS room: every counter, gauge and histogram, with its unit and help."""
