"""Trade-offs that are predicted first and then measured, and requirements that change."""
