"""One folder for each drill: `fault.py` breaks and mends, `incident.md` is what on-call sees. Spoilers inside."""
