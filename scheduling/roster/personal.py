"""One person's best days against the cover still open: an exact dynamic programme, and rounds of it.

Each round takes every person in turn out of the roster and gives them the lawful sequence of duties that is
worth most to the rest. It never makes a roster worse, takes a millisecond a person, and knows nothing of
fairness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from scheduling.compiled import njit
from scheduling.roster.duties import Ints
from scheduling.roster.objective import CellPrices, Prices
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.rules import (
    Limited,
    MaxConsecutiveDays,
    MaxHoursPerWeek,
    MinRest,
    limit_of,
    rest_days_rule,
)
from scheduling.roster.score import CoverCost
from scheduling.roster.tallies import Tally, hour_tallies, pay_tallies, shares
from scheduling.roster.variables import Assignment, Choices, frozen_cover
from scheduling.roster.weekends import weekends_left, worked_weekends

Floats = npt.NDArray[np.float64]

UNREACHED = -1e18
MOST_ROUNDS = 6


@njit(cache=True)  # pragma: no cover
def best_days(
    value: Floats,
    start: Ints,
    end: Ints,
    paid: Ints,
    off_value: Floats,
    is_open: npt.NDArray[np.bool_],
    must_work: npt.NDArray[np.bool_],
    week: Ints,
    hours_left: Ints,
    days_left: Ints,
    rest: int,
    most_run: int,
    run: int,
) -> Ints:
    """Return the option of each day (-1: off) with the highest total value; nothing if no days are lawful.

    The state after a day is the duty worked on it, the run of days worked, and the days and paid units of
    the running week. Arrays are days x options.
    """
    days, options = value.shape
    top_days, top_hours = days_left.max() + 1, hours_left.max() + 1
    shape = (options + 1, most_run + 1, top_days, top_hours)
    best = np.full(shape, UNREACHED)
    best[0, min(run, most_run), 0, 0] = 0.0
    back = np.full((days, options + 1, most_run + 1, top_days, top_hours), -1, dtype=np.int64)
    for d in range(days):
        fresh = d > 0 and week[d] != week[d - 1]
        most_days, most_hours = days_left[week[d]], hours_left[week[d]]
        after = np.full(shape, UNREACHED)
        for last in range(options + 1):
            for r in range(most_run + 1):
                for k in range(top_days):
                    for h in range(top_hours):
                        worth = best[last, r, k, h]
                        if worth <= UNREACHED:
                            continue
                        code = ((last * (most_run + 1) + r) * top_days + k) * top_hours + h
                        k0, h0 = (0, 0) if fresh else (k, h)
                        if not must_work[d] and worth + off_value[d] > after[0, 0, k0, h0]:
                            after[0, 0, k0, h0] = worth + off_value[d]
                            back[d, 0, 0, k0, h0] = code
                        if r == most_run or k0 >= most_days:
                            continue
                        for j in range(options):
                            h1 = h0 + paid[d, j]
                            if not is_open[d, j] or h1 > most_hours:
                                continue
                            if last > 0 and end[d - 1, last - 1] + rest > start[d, j]:
                                continue
                            if worth + value[d, j] > after[j + 1, r + 1, k0 + 1, h1]:
                                after[j + 1, r + 1, k0 + 1, h1] = worth + value[d, j]
                                back[d, j + 1, r + 1, k0 + 1, h1] = code
        best = after
    code = np.argmax(best)
    chosen = np.full(days, -1, dtype=np.int64)
    if best.ravel()[code] <= UNREACHED:
        return chosen[:0]
    for d in range(days - 1, -1, -1):
        h = code % top_hours
        k = (code // top_hours) % top_days
        r = (code // (top_hours * top_days)) % (most_run + 1)
        last = code // (top_hours * top_days * (most_run + 1))
        chosen[d] = last - 1
        code = back[d, last, r, k, h]
    return chosen


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """What does not change from round to round of one person: their duties as arrays, their limits."""

    numbers: Ints
    start: Ints
    end: Ints
    paid: Ints
    is_open: npt.NDArray[np.bool_]
    must_work: npt.NDArray[np.bool_]
    own: Floats
    off: Floats
    hours_left: Ints
    days_left: Ints
    run: int


class BestResponses:
    """Rounds in which each person in turn takes their best days against everybody else's.

    Soft labour rules count as hard here: what they would allow at a price is left to the repair.
    """

    def __init__(
        self, problem: RosterProblem, choices: Choices, *, prices: Prices, cells: CellPrices
    ) -> None:
        self._problem, self._choices, self._cells = problem, choices, cells
        self._cover = CoverCost(problem, prices)
        flat = [option for day in problem.options for option in day]
        self._first = np.concatenate([[0], np.cumsum([len(day) for day in problem.options])])
        rows = len(problem.need)
        self._covered = _incidence([option.covered for option in flat], rows)
        self._lost = _incidence([lost for option in flat for lost in option.lost], rows)
        ways = [len(option.lost) for option in flat]
        self._first_way = np.concatenate([[0], np.cumsum(ways)[:-1]]).astype(np.int64)
        self._rest = round(60 * _value(problem, MinRest, 0))
        self._most_run = int(_value(problem, MaxConsecutiveDays, problem.days))
        hard = (tally for tally in pay_tallies(problem, prices) if tally.is_hard)
        self._tallies: tuple[Tally, ...] = (*hour_tallies(problem), *hard)
        self._week = np.array([problem.week_of(d) for d in range(problem.days)])
        self._weekends_left = [weekends_left(problem, p) for p in range(len(problem.employees))]
        self._frames = [self._frame(p) for p in range(len(problem.employees))]

    def improved(
        self, assignment: Assignment, *, rng: np.random.Generator, rounds: int = MOST_ROUNDS
    ) -> Assignment | None:
        """Return the assignment after best responses of everybody; None if somebody has no lawful days."""
        found = dict(assignment)
        present = frozen_cover(self._problem, found)
        crowds = _Crowds(self._problem, found)
        for _ in range(rounds):
            changed = False
            for p in rng.permutation(len(self._problem.employees)).tolist():
                before = dict(self._mine(found, p))
                crowds.take(before, -1)
                present = present - frozen_cover(self._problem, before)
                after = self._best(p, present, crowds)
                if after is None:
                    return None
                for cell in before:
                    del found[cell]
                found |= after
                crowds.take(after, 1)
                present = present + frozen_cover(self._problem, after)
                changed |= before != after
            if not changed:
                break
        return found

    def _mine(self, assignment: Assignment, person: int) -> list[tuple[Cell, tuple[int, int]]]:
        return [
            ((person, d), assignment[person, d])
            for d in range(self._problem.days)
            if (person, d) in assignment
        ]

    def _best(self, person: int, present: Ints, crowds: _Crowds) -> Assignment | None:
        frame = self._frames[person]
        gain = self._cover.rows(present) - self._cover.rows(present + self._problem.speed[person])
        lost = self._lost @ gain
        least_lost = np.minimum.reduceat(lost, self._first_way) if len(lost) else lost
        worth = (self._covered @ gain - least_lost).astype(float)
        safe = np.maximum(frame.numbers, 0) + self._first[:-1, None]
        is_open = frame.is_open & crowds.room(person, frame.numbers)
        value = worth[safe] - frame.own
        chosen = self._chosen(person, value, is_open)
        while surplus := self._surplus_weekends(person, chosen, value):
            is_open[surplus] = False  # the weekend that is worth least stays free
            chosen = self._chosen(person, value, is_open)
        if len(chosen) == 0:
            return None
        found: Assignment = {}
        for d, place in enumerate(chosen.tolist()):
            if place >= 0:
                number = int(frame.numbers[d, place])
                flat = int(self._first[d]) + number
                first = int(self._first_way[flat])
                ways = len(self._problem.options[d][number].pauses)
                found[person, d] = number, int(np.argmin(lost[first : first + ways]))
        return found

    def _chosen(self, person: int, value: Floats, is_open: npt.NDArray[np.bool_]) -> Ints:
        """Return the place of each day's duty (-1: off); nothing where no days are lawful."""
        frame = self._frames[person]
        return best_days(
            value,
            frame.start,
            frame.end,
            frame.paid,
            -frame.off,
            is_open,
            frame.must_work,
            self._week,
            frame.hours_left,
            frame.days_left,
            self._rest,
            self._most_run,
            frame.run,
        )

    def _surplus_weekends(self, person: int, chosen: Ints, value: Floats) -> list[int]:
        """Return the days of the weekend to close where somebody works on too many of a month."""
        left = self._weekends_left[person]
        if not left:
            return []
        worth = {d: float(value[d, place]) for d, place in enumerate(chosen.tolist()) if place >= 0}
        for month, worked in worked_weekends(self._problem, person, worth).items():
            if len(worked) > left[month]:
                inside = [[d for d in weekend.days if 0 <= d < self._problem.days] for weekend in worked]
                must = self._frames[person].must_work
                return min(inside, key=lambda days: (must[days].any(), sum(worth.get(d, 0.0) for d in days)))
        return []

    def _frame(self, person: int) -> _Frame:
        problem = self._problem
        open_days = [self._choices.get((person, d), ()) for d in range(problem.days)]
        width = max(1, max(map(len, open_days), default=1))
        shape = (problem.days, width)
        numbers = np.full(shape, -1, dtype=np.int64)
        start, end, paid = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        own = np.zeros(shape)
        carried = problem.carried[person]
        for d, open_numbers in enumerate(open_days):
            for place, number in enumerate(open_numbers):
                option = problem.options[d][number]
                numbers[d, place] = number
                start[d, place], end[d, place], paid[d, place] = option.start, option.end, option.paid_min
                own[d, place] = self._cells.total((person, d), number)
        is_open = numbers >= 0
        if carried.last_end is not None:
            is_open &= start >= carried.last_end + self._rest
        unit = max(1, math.gcd(*map(int, np.unique(paid)))) if is_open.any() else 1
        return _Frame(
            numbers=numbers,
            start=start,
            end=end,
            paid=paid // unit,
            is_open=is_open,
            must_work=np.array([(person, d) in problem.bound for d in range(problem.days)]),
            own=own,
            off=np.array([self._cells.total((person, d), None) for d in range(problem.days)], dtype=float),
            hours_left=self._minutes_left(person) // unit,
            days_left=self._days_left(person),
            run=_carried_run(carried.worked),
        )

    def _minutes_left(self, person: int) -> Ints:
        """Return the paid minutes that each week still allows."""
        problem = self._problem
        own = problem.employees[person].max_hours_per_week
        hours = [] if own is None else [own]
        hours.append(_value(problem, MaxHoursPerWeek, 7 * 24))
        most = round(60 * min(hours))
        paid = problem.carried[person].paid_min
        weeks = np.array([max(0, most - sum(paid.get(d, 0) for d in days)) for days in problem.weeks])
        for tally in self._tallies:  # by days: the state holds weeks, not months
            if tally.prices[person] is not None:
                share = np.floor(np.array(shares(problem, tally, person)) + 1e-6).astype(np.int64)
                weeks = np.minimum(weeks, share)
        return weeks

    def _days_left(self, person: int) -> Ints:
        """Return the days that may still be worked in each week."""
        problem = self._problem
        rule = rest_days_rule(problem.rules)
        worked = problem.carried[person].worked
        most = [7 if rule is None else 7 - rule.least(problem.date(days[0])) for days in problem.weeks]
        return np.array(
            [max(0, m - sum(d in worked for d in days)) for m, days in zip(most, problem.weeks, strict=True)]
        )


class _Crowds:
    """How many people of each limited template and pool work on each day."""

    def __init__(self, problem: RosterProblem, assignment: Assignment) -> None:
        self._problem = problem
        self._templates = {
            t.name: t.max_people for t in problem.settings.templates if t.max_people is not None
        }
        self._pools = {p.name: p.max_people for p in problem.settings.pools if p.max_people is not None}
        self._count: dict[tuple[int, str], int] = {}
        self.take(assignment, 1)

    def take(self, assignment: Assignment, sign: int) -> None:
        """Count people in (1) or out (-1)."""
        if not self._templates and not self._pools:
            return
        for (p, d), (number, _) in assignment.items():
            for name in (
                f"template {self._problem.options[d][number].template.name}",
                f"pool {self._problem.employees[p].pool}",
            ):
                self._count[d, name] = self._count.get((d, name), 0) + sign

    def room(self, person: int, numbers: Ints) -> npt.NDArray[np.bool_]:
        """Return where one more duty of a person stays within the limits."""
        room = np.ones(numbers.shape, dtype=bool)
        most = self._pools.get(self._problem.employees[person].pool)
        for d in range(self._problem.days):
            if most is not None:
                room[d] &= self._count.get((d, f"pool {self._problem.employees[person].pool}"), 0) < most
            for name, limit in self._templates.items():
                if self._count.get((d, f"template {name}"), 0) >= limit:
                    options = self._problem.options[d]
                    room[d] &= [n < 0 or options[n].template.name != name for n in numbers[d].tolist()]
        return room


def _incidence(sets: list[Ints], rows: int) -> sparse.csr_array:
    """Return the sets as rows of a 0/1 matrix."""
    first = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    columns = np.concatenate(sets) if sets else np.zeros(0, dtype=np.int64)
    return sparse.csr_array((np.ones(len(columns), dtype=np.int64), columns, first), shape=(len(sets), rows))


def _value(problem: RosterProblem, kind: type[Limited], default: float) -> float:
    """Return a labour rule's number, or the default where it does not hold."""
    found = limit_of(problem.rules, kind)
    return default if found is None else found.value


def _carried_run(worked: frozenset[int]) -> int:
    run = 0
    while -1 - run in worked:
        run += 1
    return run
