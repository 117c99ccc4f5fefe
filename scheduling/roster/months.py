"""Calendar months that a roster's span touches."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange

from scheduling.roster.problem import RosterProblem


def months(problem: RosterProblem) -> tuple[tuple[int, ...], ...]:
    """Return the days of each calendar month that the span touches; some may lie outside the span."""
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    for day in range(problem.days):
        date = problem.date(day)
        if (date.year, date.month) not in found:
            first = (dt.date(date.year, date.month, 1) - problem.start).days
            length = monthrange(date.year, date.month)[1]
            found[date.year, date.month] = tuple(range(first, first + length))
    return tuple(found.values())
