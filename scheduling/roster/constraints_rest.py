"""Rules of rest, in the solver's words: between duties, in a row, in a week, weekends of a month."""

from __future__ import annotations

import math
from typing import Any

from scheduling.config import Limit
from scheduling.roster.constraints_people import reason_of
from scheduling.roster.objective import units
from scheduling.roster.problem import RosterProblem
from scheduling.roster.rules import (
    MaxConsecutiveDays,
    MaxWeekendsPerMonth,
    MinRest,
    RestDaysPerWeek,
)
from scheduling.roster.variables import RosterModel
from scheduling.roster.weekends import is_begun, weekends, weekends_left


def post_min_rest(rule: MinRest, model: RosterModel) -> None:
    """Forbid duties that follow one another too closely, one row for each end that is too late."""
    rest = round(60 * rule.limit.value)
    problem = model.problem
    reach = _days_within_reach(problem, rest)
    for p in sorted(model.free_people):
        _rest_after_carried(rule, model, p, rest)
        for d in range(problem.days):
            for after in range(d + 1, min(d + reach, problem.days - 1) + 1):
                if (p, d) in model.free_cells or (p, after) in model.free_cells:
                    _rest_between(rule, model, p, d, after, rest)


def _days_within_reach(problem: RosterProblem, rest: int) -> int:
    """Return how many days later a duty can still lie too close."""
    ends = [o.end - 1440 * o.day for day in problem.options for o in day]
    starts = [o.start - 1440 * o.day for day in problem.options for o in day]
    return max(1, math.ceil((max(ends, default=0) + rest - min(starts, default=0) + 60) / 1440) - 1)


def _rest_between(rule: MinRest, model: RosterModel, p: int, d: int, after: int, rest: int) -> None:
    options, nexts = model.problem.options[d], model.problem.options[after]
    ends = sorted({options[number].end for number, _ in model.works[p, d]})
    reason = reason_of(model, rule, p, after)
    for end in ends:
        close = [(number, x) for number, x in model.works[p, after] if nexts[number].start < end + rest]
        if not close:
            continue
        if rule.limit.mode == "hard":
            late = sum(x for number, x in model.works[p, d] if options[number].end >= end)
            model.keep(late + sum(x for _, x in close) <= 1, reason)
            continue
        ending = sum(x for number, x in model.works[p, d] if options[number].end == end)
        for start in sorted({nexts[number].start for number, _ in close}):
            both = model.new_int(0, 1, f"close_{p}_{d}_{end}_{start}")
            starting = sum(x for number, x in close if nexts[number].start == start)
            model.add(both >= ending + starting - 1)
            model.price("labour", both, _hours_price(rule.limit, end + rest - start))


def _rest_after_carried(rule: MinRest, model: RosterModel, p: int, rest: int) -> None:
    last = model.problem.carried[p].last_end
    if last is None:
        return
    for d in range(min(3, model.problem.days)):
        if (p, d) not in model.free_cells:
            continue
        for number, literal in model.works[p, d]:
            missing = last + rest - model.problem.options[d][number].start
            if missing > 0 and rule.limit.mode == "hard":
                model.keep(literal == 0, reason_of(model, rule, p, d))
            elif missing > 0:
                model.price("labour", literal, _hours_price(rule.limit, missing))


def _hours_price(limit: Limit, minutes: int) -> int:
    return units(limit.price / 60) * minutes


def post_max_consecutive_days(rule: MaxConsecutiveDays, model: RosterModel) -> None:
    """Forbid windows of one day more than the limit with a duty on every day."""
    most = int(rule.limit.value)
    problem = model.problem
    for p in sorted(model.free_people):
        worked = problem.carried[p].worked
        for first in range(-most, problem.days - most):
            window = range(first, first + most + 1)
            before = sum(d in worked for d in window if d < 0)
            inside = sum(model.works_on(p, d) for d in window if d >= 0)
            if isinstance(inside, int) or before + len([d for d in window if d >= 0]) <= most:
                continue
            model.at_most(
                inside,
                most - before,
                reason_of(model, rule, p, window[-1]),
                limit=rule.limit,
                price=rule.limit.price,
                largest=1,
            )


def post_rest_days_per_week(rule: RestDaysPerWeek, model: RosterModel) -> None:
    """Limit the days worked in each ISO week."""
    problem = model.problem
    for p in sorted(model.free_people):
        for days in problem.weeks:
            most = 7 - rule.least(problem.date(days[0]))
            worked = sum(model.works_on(p, d) for d in days if 0 <= d < problem.days)
            if isinstance(worked, int):
                continue
            before = sum(d in problem.carried[p].worked for d in days)
            model.at_most(
                worked,
                max(0, most - before),
                reason_of(model, rule, p, max(0, days[0])),
                limit=rule.limit,
                price=rule.limit.price,
                largest=7,
            )


def post_max_weekends_per_month(rule: MaxWeekendsPerMonth, model: RosterModel) -> None:
    """Limit the weekends of each month with a duty on either day."""
    problem = model.problem
    for p in sorted(model.free_people):
        for month, left in weekends_left(problem, p).items():
            worked: list[Any] = []
            for weekend in weekends(problem):
                if weekend.month != month or is_begun(problem, p, weekend):
                    continue
                days = [model.works_on(p, d) for d in weekend.days]
                if all(isinstance(day, int) for day in days):
                    worked.append(max(days))
                    continue
                either = model.new_int(0, 1, f"weekend_{p}_{weekend.saturday}")
                for day in days:
                    model.add(either >= day)
                worked.append(either)
            last = max(weekend.saturday for weekend in weekends(problem) if weekend.month == month)
            model.at_most(
                sum(worked),
                left,
                reason_of(model, rule, p, max(0, min(last, problem.days - 1))),
                limit=rule.limit,
                price=rule.limit.price,
                largest=len(worked),
            )
