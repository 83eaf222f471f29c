"""YOUR ROOM: what the business means, as plain data, pure functions and SQL. Imports the contract alone."""

from mlsystem.domain.problem import PROBLEM

__all__ = ["PROBLEM"]
