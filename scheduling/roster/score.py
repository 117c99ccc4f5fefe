"""The cost of an assignment, added up without a solver: the same terms, from the duties themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scheduling.config import Limit
from scheduling.roster.duties import Ints
from scheduling.roster.objective import (
    LEVEL_STEPS,
    TERMS,
    WEIGHTS,
    CellPrices,
    FairGroup,
    Prices,
    carried_value,
    counter_value,
    cover_slopes,
    fair_pieces,
    highest_level,
    least_minutes,
    units,
)
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.rules import (
    LeastHours,
    MaxConsecutiveDays,
    MaxHoursPerWeek,
    MaxWeekendsPerMonth,
    MinRest,
    RestDaysPerWeek,
)
from scheduling.roster.tallies import tallies
from scheduling.roster.variables import Assignment, frozen_cover
from scheduling.roster.weekends import weekends_left, worked_weekends


class CoverCost:
    """Price of having so many people present, row by row."""

    def __init__(self, problem: RosterProblem, prices: Prices) -> None:
        self._plan = problem.plan
        self._slopes = cover_slopes(problem, prices)

    def by_term(self, present: Ints) -> dict[str, int]:
        """Return the cover terms of `present` quarters of agents in each row."""
        found: dict[str, int] = {}
        missing = np.maximum(self._plan - present, 0)
        for term, price, lengths in self._slopes:
            part = np.minimum(missing, lengths)
            missing = missing - part
            found[term] = found.get(term, 0) + int(price * part.sum())
        return found

    def rows(self, present: Ints) -> Ints:
        """Return each row's cost."""
        cost = np.zeros_like(present)
        missing = np.maximum(self._plan - present, 0)
        for _, price, lengths in self._slopes:
            part = np.minimum(missing, lengths)
            missing = missing - part
            cost = cost + price * part
        return cost


def score(
    problem: RosterProblem,
    assignment: Assignment,
    *,
    prices: Prices,
    cells: CellPrices,
    groups: Sequence[FairGroup],
    choices: Mapping[Cell, tuple[int, ...]],
) -> dict[str, int]:
    """Return every term of an assignment's cost, in the model's units."""
    terms = dict.fromkeys(TERMS, 0)
    for cell in choices:
        duty = assignment.get(cell)
        for term, amount in cells.of(cell, None if duty is None else duty[0]).items():
            terms[term] += amount
    for term, amount in CoverCost(problem, prices).by_term(frozen_cover(problem, assignment)).items():
        terms[term] += amount
    for group in groups:
        terms["fairness"] += fair_level(problem, group, assignment, prices)[1]
    days = _days(problem, assignment)
    terms["labour"] += _labour(problem, days)
    for tally in tallies(problem, prices):
        for p, duties in days.items():
            price = tally.prices[p]
            if price is not None and not tally.is_hard:
                terms[tally.term] += units(price) * tally.excess(p, duties)
    return terms


def _days(problem: RosterProblem, assignment: Assignment) -> dict[int, dict[int, int]]:
    """Return the options of each person by day."""
    days: dict[int, dict[int, int]] = {p: {} for p in range(len(problem.employees))}
    for (p, d), (number, _) in assignment.items():
        days[p][d] = number
    return days


def counts(problem: RosterProblem, group: FairGroup, assignment: Assignment) -> npt.NDArray[np.int64]:
    """Return each group member's counter, carried duties included [steps]."""
    step = LEVEL_STEPS * WEIGHTS
    place = {p: i for i, p in enumerate(group.people)}
    found = np.array([round(step * carried_value(group.counter, problem, p)) for p in group.people])
    for (p, d), (number, _) in assignment.items():
        if p in place:
            found[place[p]] += round(step * counter_value(group.counter, problem.options[d][number]))
    return found.astype(np.int64)


def fair_level(
    problem: RosterProblem, group: FairGroup, assignment: Assignment, prices: Prices
) -> tuple[int, int]:
    """Return the level that suits a group best, and what the distances from it cost."""
    mine = counts(problem, group, assignment)
    weights = np.array(group.weights)
    step = LEVEL_STEPS * WEIGHTS

    def cost(level: int) -> int:
        off = np.abs(mine - weights * level)
        return sum(
            int(price * np.maximum(off - round(dead * step), 0).sum()) for dead, price in fair_pieces(prices)
        )

    low, high = 0, highest_level(problem, group)
    while low < high:  # convex: go downhill
        middle = (low + high) // 2
        if cost(middle) <= cost(middle + 1):
            high = middle
        else:
            low = middle + 1
    return low, cost(low)


def _labour(problem: RosterProblem, days: Mapping[int, Mapping[int, int]]) -> int:
    """Return what breaches of soft labour rules cost, long single days and tallies aside."""
    total = 0
    for rule in problem.rules:
        for p, duties in days.items():
            match rule:
                case LeastHours(price=price):
                    total += units(price / 60) * _below_least(problem, p, duties)
                case MaxHoursPerWeek(limit=limit) if limit.mode == "soft":
                    total += units(limit.price / 60) * _excess(problem, p, duties, limit, problem.weeks)
                case MinRest(limit=limit) if limit.mode == "soft":
                    total += _rest_missing(problem, p, duties, limit)
                case MaxConsecutiveDays(limit=limit) if limit.mode == "soft":
                    total += units(limit.price) * _long_runs(problem, p, duties, int(limit.value))
                case RestDaysPerWeek(limit=limit) if limit.mode == "soft":
                    total += units(limit.price) * _missing_rest_days(problem, p, duties, rule)
                case MaxWeekendsPerMonth(limit=limit) if limit.mode == "soft":
                    total += units(limit.price) * _surplus_weekends(problem, p, duties)
                case _:
                    pass
    return total


def _paid(problem: RosterProblem, duties: Mapping[int, int], days: Sequence[int]) -> int:
    return sum(problem.options[d][duties[d]].paid_min for d in days if d in duties)


def _below_least(problem: RosterProblem, person: int, duties: Mapping[int, int]) -> int:
    return sum(
        max(0, least - _paid(problem, duties, problem.weeks[week]))
        for week, least in least_minutes(problem, person).items()
    )


def _excess(
    problem: RosterProblem,
    person: int,
    duties: Mapping[int, int],
    limit: Limit,
    periods: Sequence[Sequence[int]],
) -> int:
    carried = problem.carried[person].paid_min
    most = round(60 * limit.value)
    return sum(
        max(0, _paid(problem, duties, days) - max(0, most - sum(carried.get(d, 0) for d in days)))
        for days in periods
    )


def _rest_missing(problem: RosterProblem, person: int, duties: Mapping[int, int], limit: Limit) -> int:
    rest, total = round(60 * limit.value), 0
    spans = sorted((problem.options[d][n].start, problem.options[d][n].end) for d, n in duties.items())
    last = problem.carried[person].last_end
    previous = [last, *(end for _, end in spans)]
    for (start, _), end in zip(spans, previous, strict=False):
        if end is not None and end + rest > start:
            total += units(limit.price / 60) * (end + rest - start)
    return total


def _long_runs(problem: RosterProblem, person: int, duties: Mapping[int, int], most: int) -> int:
    worked = problem.carried[person].worked | set(duties)
    return sum(all(day in worked for day in range(last - most, last + 1)) for last in range(problem.days))


def _missing_rest_days(
    problem: RosterProblem, person: int, duties: Mapping[int, int], rule: RestDaysPerWeek
) -> int:
    before = problem.carried[person].worked
    total = 0
    for days in problem.weeks:
        most = 7 - rule.least(problem.date(days[0]))
        total += max(0, sum(d in duties for d in days) - max(0, most - sum(d in before for d in days)))
    return total


def _surplus_weekends(problem: RosterProblem, person: int, duties: Mapping[int, int]) -> int:
    left = weekends_left(problem, person)
    worked = worked_weekends(problem, person, duties)
    return sum(max(0, len(mine) - left[month]) for month, mine in worked.items())
