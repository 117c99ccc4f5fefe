"""The weekends of a span: which month each counts in, and who has worked on some of it before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scheduling.roster.problem import RosterProblem
from scheduling.roster.rules import MaxWeekendsPerMonth, limit_of


@dataclass(frozen=True, kw_only=True)
class Weekend:
    """A Saturday and Sunday of which the span has at least one; days outside it have numbers outside it."""

    saturday: int
    month: int

    @property
    def days(self) -> tuple[int, int]:
        """Both days."""
        return self.saturday, self.saturday + 1


def weekends(problem: RosterProblem) -> tuple[Weekend, ...]:
    """Return the weekends that the span touches, in order; months are numbered from the first of them."""
    found: list[Weekend] = []
    months: dict[tuple[int, int], int] = {}
    for week in problem.weeks:
        saturday = problem.date(week[5])
        if week[6] >= 0 and week[5] < problem.days:
            month = months.setdefault((saturday.year, saturday.month), len(months))
            found.append(Weekend(saturday=week[5], month=month))
    return tuple(found)


def is_begun(problem: RosterProblem, person: int, weekend: Weekend) -> bool:
    """Return whether a person has worked on a weekend before the span began: its Sunday adds none."""
    return any(d in problem.carried[person].worked for d in weekend.days)


def weekends_left(problem: RosterProblem, person: int) -> Mapping[int, int]:
    """Return how many weekends of each month a person may still work on; empty where no rule limits them."""
    limit = limit_of(problem.rules, MaxWeekendsPerMonth)
    if limit is None:
        return {}
    left = {}
    before = {
        d - problem.date(d).weekday() + 5 for d in problem.carried[person].worked if _is_weekend(problem, d)
    }
    for weekend in weekends(problem):
        date = problem.date(weekend.saturday)
        used = sum(
            (problem.date(saturday).year, problem.date(saturday).month) == (date.year, date.month)
            for saturday in before
        )
        left[weekend.month] = max(0, int(limit.value) - used)
    return left


def worked_weekends(
    problem: RosterProblem, person: int, days: Mapping[int, object]
) -> Mapping[int, list[Weekend]]:
    """Return the weekends of each month that the duties on these `days` of the span add."""
    found: dict[int, list[Weekend]] = {}
    for weekend in weekends(problem):
        if any(d in days for d in weekend.days) and not is_begun(problem, person, weekend):
            found.setdefault(weekend.month, []).append(weekend)
    return found


def _is_weekend(problem: RosterProblem, day: int) -> bool:
    return problem.date(day).weekday() >= 5
