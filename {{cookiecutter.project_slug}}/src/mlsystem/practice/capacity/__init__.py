"""What the system costs at other loads, why its slowest answers are slow, and how long an experiment takes."""
