"""Labour rules as flat arrays, for compiled search; what one person's days cost by them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scheduling.compiled import njit
from scheduling.roster.duties import Ints, Option
from scheduling.roster.objective import (
    least_minutes,
    units,
)
from scheduling.roster.problem import RosterProblem
from scheduling.roster.rules import (
    LeastHours,
    Limited,
    MaxConsecutiveDays,
    MaxHoursPerWeek,
    MaxWeekendsPerMonth,
    MinRest,
    RestDaysPerWeek,
    limit_of,
    rest_days_rule,
)
from scheduling.roster.search import Search
from scheduling.roster.tallies import binding, tallies
from scheduling.roster.weekends import is_begun, weekends, weekends_left

LONG_AGO = -(10**9)

UNLIMITED = 10**9

HARD = -1  # price of a limit that may not be broken


class WeekendBoard(NamedTuple):
    """The weekend of each day (-1: none, or no rule), its month, who had begun it before, what is left."""

    of: Ints
    month: Ints
    begun: Ints
    left: Ints
    price: int


class LawBoard(NamedTuple):
    """Times of options and the limits of each person's days; prices below 0 make a limit hard.

    Tallies: ``tally_of[k, day]`` is the period, ``tally_min[k, option]`` what counts, ``tally_left[k, person,
    period]`` what is left and ``tally_price[k, person]`` what a minute beyond costs.
    """

    start: Ints
    end: Ints
    paid: Ints
    week: Ints
    run: Ints
    last_end: Ints
    rest: int
    rest_price: int
    most_run: int
    run_price: int
    most_days: Ints
    days_price: int
    most_paid: Ints
    own_paid: Ints
    paid_price: int
    tally_of: Ints
    tally_min: Ints
    tally_left: Ints
    tally_price: Ints
    least: Ints
    least_price: int
    weekends: WeekendBoard


def law_board(search: Search, flat: list[Option]) -> LawBoard:
    """Return the part of the board that labour rules need."""
    problem = search.problem
    people = range(len(problem.employees))
    rest, run = _limit(problem, MinRest), _limit(problem, MaxConsecutiveDays)
    free_days, paid = _limit(problem, RestDaysPerWeek), _limit(problem, MaxHoursPerWeek)
    tally_of, tally_min, tally_left, tally_price = _tally_boards(search, flat)
    return LawBoard(
        start=np.array([o.start for o in flat]),
        end=np.array([o.end for o in flat]),
        paid=np.array([o.paid_min for o in flat]),
        week=np.array([problem.week_of(d) for d in range(problem.days)]),
        run=np.array([_run(problem.carried[p].worked) for p in people]),
        last_end=np.array([LONG_AGO if c.last_end is None else c.last_end for c in problem.carried]),
        rest=round(60 * rest[0]) if rest else -UNLIMITED,
        rest_price=units(rest[1] / 60) if rest and rest[1] >= 0 else HARD,
        most_run=int(run[0]) if run else UNLIMITED,
        run_price=units(run[1]) if run and run[1] >= 0 else HARD,
        most_days=_days_left(problem),
        days_price=units(free_days[1]) if free_days and free_days[1] >= 0 else HARD,
        most_paid=_paid_left(problem, [round(60 * paid[0]) if paid else UNLIMITED for _ in people]),
        own_paid=_paid_left(problem, [_own_minutes(problem, p) for p in people]),
        tally_of=tally_of,
        tally_min=tally_min,
        tally_left=tally_left,
        tally_price=tally_price,
        paid_price=units(paid[1] / 60) if paid and paid[1] >= 0 else HARD,
        least=np.array(
            [[least_minutes(problem, p).get(w, 0) for w in range(len(problem.weeks))] for p in people]
        ),
        least_price=max((units(r.price / 60) for r in problem.rules if isinstance(r, LeastHours)), default=0),
        weekends=_weekend_board(problem),
    )


@njit(cache=True)  # pragma: no cover
def person_cost(law, p, duty):  # type: ignore[no-untyped-def]
    """Return what one person's days cost by the soft labour rules, or -1 where a hard one is broken."""
    cost = 0
    run, last_end = law.run[p], law.last_end[p]
    week_days, week_paid, at = 0, 0, 0
    days = len(duty)
    for d in range(days):
        o = duty[d]
        if o < 0:
            run = 0
        else:
            missing = last_end + law.rest - law.start[o]
            if missing > 0:
                if law.rest_price < 0:
                    return -1
                cost += law.rest_price * missing
            last_end = law.end[o]
            run += 1
            if run > law.most_run:
                if law.run_price < 0:
                    return -1
                cost += law.run_price
            week_days += 1
            week_paid += law.paid[o]
        if d + 1 == days or law.week[d + 1] != law.week[d]:
            over = week_days - law.most_days[p, at]
            if over > 0:
                if law.days_price < 0:
                    return -1
                cost += law.days_price * over
            if week_paid > law.own_paid[p, at]:
                return -1
            over = week_paid - law.most_paid[p, at]
            if over > 0:
                if law.paid_price < 0:
                    return -1
                cost += law.paid_price * over
            if week_paid < law.least[p, at]:
                cost += law.least_price * (law.least[p, at] - week_paid)
            week_days, week_paid, at = 0, 0, at + 1
    counted, month, last = 0, -1, -1
    for d in range(days):
        w = law.weekends.of[d]
        if w < 0 or duty[d] < 0 or w == last or law.weekends.begun[p, w]:
            continue
        if law.weekends.month[w] != month:
            counted, month = 0, law.weekends.month[w]
        counted, last = counted + 1, w
        if counted > law.weekends.left[p, month]:
            if law.weekends.price < 0:
                return -1
            cost += law.weekends.price
    for k in range(len(law.tally_price)):
        counted = 0
        for d in range(days):
            if duty[d] >= 0:
                counted += law.tally_min[k, duty[d]]
            if d + 1 == days or law.tally_of[k, d + 1] != law.tally_of[k, d]:
                over = counted - law.tally_left[k, p, law.tally_of[k, d]]
                if over > 0:
                    if law.tally_price[k, p] < 0:
                        return -1
                    cost += law.tally_price[k, p] * over
                counted = 0
    return cost


def _tally_boards(search: Search, flat: list[Option]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return which period each day lies in, what options count, what is left, and prices: a row a tally."""
    problem = search.problem
    found = binding(problem, tallies(problem, search.prices))
    people = len(problem.employees)
    most_periods = max((len(tally.periods) for tally in found), default=0)
    of = np.zeros((len(found), problem.days), dtype=np.int64)
    minutes = np.zeros((len(found), len(flat)), dtype=np.int64)
    left = np.full((len(found), people, most_periods), UNLIMITED, dtype=np.int64)
    price = np.zeros((len(found), people), dtype=np.int64)
    for k, tally in enumerate(found):
        minutes[k] = [counted for day in tally.counts for counted in day]
        for place, days in enumerate(tally.periods):
            of[k, [d for d in days if 0 <= d < problem.days]] = place
        for p, amount in enumerate(tally.prices):
            if amount is not None:
                left[k, p, : len(tally.periods)] = tally.left(p)
                price[k, p] = HARD if tally.is_hard else units(amount)
    return of, minutes, left, price


def _weekend_board(problem: RosterProblem) -> WeekendBoard:
    """Return the part of the board that the rule of weekends needs."""
    found, people = weekends(problem), range(len(problem.employees))
    limit = _limit(problem, MaxWeekendsPerMonth)
    of = np.full(problem.days, -1, dtype=np.int64)
    left = np.full((len(people), len(found) + 1), UNLIMITED, dtype=np.int64)
    for place, weekend in enumerate(found if limit else ()):
        of[[d for d in weekend.days if 0 <= d < problem.days]] = place
    for p in people:
        for month, most in weekends_left(problem, p).items():
            left[p, month] = most
    return WeekendBoard(
        of=of,
        month=np.array([weekend.month for weekend in found] or [0], dtype=np.int64),
        begun=np.array([[is_begun(problem, p, w) for w in found] or [False] for p in people]).astype(
            np.int64
        ),
        left=left,
        price=units(limit[1]) if limit and limit[1] >= 0 else HARD,
    )


def _limit(problem: RosterProblem, kind: type[Limited]) -> tuple[float, float] | None:
    """Return a labour rule's number and price (-1: hard), or None where it does not hold."""
    limit = limit_of(problem.rules, kind)
    if limit is None:
        return None
    return limit.value, HARD if limit.mode == "hard" else limit.price


def _run(worked: frozenset[int]) -> int:
    run = 0
    while -1 - run in worked:
        run += 1
    return run


def _days_left(problem: RosterProblem) -> Ints:
    """Return the days that each person may still work in each week."""
    rule = rest_days_rule(problem.rules)
    most = [UNLIMITED if rule is None else 7 - rule.least(problem.date(days[0])) for days in problem.weeks]
    return np.array(
        [
            [
                max(0, m - sum(d in carried.worked for d in days))
                for m, days in zip(most, problem.weeks, strict=True)
            ]
            for carried in problem.carried
        ]
    )


def _paid_left(problem: RosterProblem, most: list[int]) -> Ints:
    """Return the minutes that each person may still be paid in each week."""
    return np.array(
        [
            [max(0, m - sum(carried.paid_min.get(d, 0) for d in days)) for days in problem.weeks]
            for carried, m in zip(problem.carried, most, strict=True)
        ]
    )


def _own_minutes(problem: RosterProblem, person: int) -> int:
    hours = problem.employees[person].max_hours_per_week
    return UNLIMITED if hours is None else round(60 * hours)
