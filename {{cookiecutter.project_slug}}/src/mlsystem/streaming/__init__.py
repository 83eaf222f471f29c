"""The way of the events: an append-only log, and the consumer that turns it into online features."""
