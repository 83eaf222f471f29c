"""PROMETHEUS room: every counter, gauge and histogram, with its unit and help."""

import prometheus_client  # noqa: F401  whoever imports this room has chosen where to count: settings.count_in_memory
