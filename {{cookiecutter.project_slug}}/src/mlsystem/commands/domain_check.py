"""The first thing that a task does: whether the domain is whole. Nothing else is imported before that is known."""

from mlsystem.contract.problem import Problem
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError

NOT_NEEDED = {"check", "test", "prove", "endure", "clean", "down"}  # these help where the domain is half done


class DomainIncomplete(UserError):
    """What the domain declares does not hold together yet: a sentence for each fault."""


def check_domain(problem: Problem = PROBLEM) -> None:
    """What is declared, then its SQL on empty tables. Raises DomainIncomplete with every fault that was found."""
    from mlsystem.contract import check

    found = list(check.faults(problem))
    if not found:
        from mlsystem.features import dry_run

        found = list(dry_run.faults(problem))
    if found:
        told = "\n".join(f"  {one}" for one in found)
        raise DomainIncomplete(f"the domain in src/mlsystem/domain is not complete:\n{told}")
