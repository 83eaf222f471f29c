"""What people read: one self-contained page made from reports/run.json and the figures beside it."""
