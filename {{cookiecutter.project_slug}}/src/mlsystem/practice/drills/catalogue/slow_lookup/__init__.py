"""One drill: its fault, its repair, its decoy and its page."""
