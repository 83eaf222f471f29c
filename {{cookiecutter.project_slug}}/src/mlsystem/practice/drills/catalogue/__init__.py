"""One folder for each drill: `fault.py` breaks and mends, `page.md` is what on-call sees. Spoilers inside."""
