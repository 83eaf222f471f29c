"""A complete ML system. The folder listing is the data's way; docs/domain/tour.md walks it in 15 minutes."""
