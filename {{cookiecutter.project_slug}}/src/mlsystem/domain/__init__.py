"""YOUR ROOM: what the business means, as plain data, pure functions and SQL. Imports no tool."""
