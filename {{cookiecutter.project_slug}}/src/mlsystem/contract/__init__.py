"""What a domain declares, as plain data and pure functions; the rooms read nothing else of it. Imports no tool."""
