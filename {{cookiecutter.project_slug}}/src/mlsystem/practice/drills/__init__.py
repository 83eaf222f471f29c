"""Incidents in a sandbox: started, worked on, graded by the state of the system."""
