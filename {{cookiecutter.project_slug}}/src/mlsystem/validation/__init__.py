"""GREAT EXPECTATIONS room: the domain's rules as expectations; bad rows to quarantine, bad days stopped."""
