"""No roster satisfies the hard rules: why."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.roster.problem import RosterProblem


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """x"""

    text: str


def explain_infeasible(problem: RosterProblem) -> tuple[Conflict, ...]:
    return ()
