"""Why this person, why this gap, why this wish was refused and what granting it would cost."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from forecast.errors import DataError, nearest
from forecast.randomness import generator
from forecast.timegrid import instant
from scheduling.roster.anneal import annealed
from scheduling.roster.case import RosterCase
from scheduling.roster.duties import QUARTERS, Option
from scheduling.roster.lawful import can_serve, forbids
from scheduling.roster.objective import SCALE, Prices, is_refused
from scheduling.roster.people import Wish
from scheduling.roster.personal import BestResponses
from scheduling.roster.problem import RosterProblem
from scheduling.roster.reasons import Alternative, Bar, DayOffReasons, DutyReasons, GapReasons, WishReasons
from scheduling.roster.rules import Available
from scheduling.roster.search import Search, prepare
from scheduling.roster.standing import as_own, extra_cost, first_breach, is_own, standing
from scheduling.roster.tables import interval_start
from scheduling.roster.variables import Assignment, frozen_cover

GRANT_MOVES = 400_000
GRANT_HEAT = (8.0, 0.3)  # temperatures when looking for the best roster with a wish granted [money]


@dataclass(frozen=True, kw_only=True)
class Explainer:
    """A finished roster and everything it was made from, ready for questions."""

    search: Search
    assignment: Assignment
    seed: int = 0
    moves: int = GRANT_MOVES

    def works(self, employee: str, date: dt.date) -> bool:
        """Whether somebody has a duty on a day."""
        return self._cell(employee, date) in self.assignment

    def has_wish(self, employee: str, date: dt.date) -> bool:
        """Whether somebody wished for something on a day that may be refused."""
        return any(w.employee == employee and w.date == date for w in self.search.problem.soft_wishes)

    def duty(self, employee: str, date: dt.date) -> DutyReasons:
        """Return why a person works on a day, and who else could."""
        problem = self.search.problem
        cell = self._cell(employee, date)
        if cell not in self.assignment:
            raise DataError(f"{employee} has no duty on {date}; ask about a day with one")
        mine = self.assignment[cell]
        option = problem.options[cell[1]][mine[0]]
        others = [
            self._alternative(p, cell[1], mine, leaves=cell)
            for p in range(len(problem.employees))
            if p != cell[0]
        ]
        order = sorted(others, key=lambda o: (o.extra_cost is None, o.extra_cost or 0.0, o.employee))
        return DutyReasons(
            employee=employee,
            date=date,
            template=option.template.name,
            stream=option.stream,
            start=instant(date, option.clock_start, problem.timezone).to_pydatetime(),
            cost_without=extra_cost(self.search, self.assignment, {cell: None}) / SCALE,
            alternatives=tuple(order),
        )

    def day_off(self, employee: str, date: dt.date) -> DayOffReasons:
        """Return why a person does not work on a day, duty by duty."""
        problem = self.search.problem
        person, day = self._cell(employee, date)
        if (person, day) in self.assignment:
            raise DataError(f"{employee} works on {date}; ask why with duty()")
        bars: Counter[str] = Counter()
        ways: list[Alternative] = []
        for number in range(len(problem.options[day])):
            if not is_own(problem, (person, day), number):
                continue
            found = self._alternative(person, day, (number, 0), leaves=None)
            if found.extra_cost is None:
                bars[_kind(found)] += 1
            else:
                ways.append(found)
        return DayOffReasons(
            employee=employee,
            date=date,
            bars=dict(bars.most_common()),
            cheapest=min(ways, key=lambda way: way.extra_cost or 0.0, default=None),
        )

    def gap(self, stream: str, at: pd.Timestamp) -> GapReasons:
        """Return where everybody is who could close a gap, and the cheapest way to close it."""
        problem = self.search.problem
        if stream not in problem.streams:
            raise DataError(f"no stream is called {stream!r}{nearest(stream, problem.streams)}")
        row = self._row(stream, at)
        present = frozen_cover(problem, self.assignment)
        people: Counter[str] = Counter()
        ways: list[Alternative] = []
        for p in range(len(problem.employees)):
            if not can_serve(problem, problem.employees[p], stream):
                continue
            found = self._at(p, row)
            people[_kind(found)] += 1
            if found.extra_cost is not None:
                ways.append(found)
        return GapReasons(
            stream=stream,
            at=interval_start(problem, row).to_pydatetime(),
            required=float(problem.required[row]),
            on_duty=float(present[row]) / QUARTERS,
            people=dict(sorted(people.items())),
            cheapest=min(ways, key=lambda way: (way.extra_cost or 0.0, way.employee), default=None),
        )

    def wish(self, employee: str, date: dt.date) -> tuple[WishReasons, ...]:
        """Return what granting each wish of a person for a day would cost, by searching with it granted."""
        problem = self.search.problem
        found = [w for w in problem.soft_wishes if w.employee == employee and w.date == date]
        if not found:
            raise DataError(
                f"{employee} has no wish for {date}; leave and fixed duties bind and need no asking"
            )
        return tuple(self._granting(wish) for wish in found)

    def _granting(self, wish: Wish) -> WishReasons:
        cell = self._cell(wish.employee, wish.date)
        problem = self.search.problem
        duty = self.assignment.get(cell)
        option = None if duty is None else problem.options[cell[1]][duty[0]]
        reasons = WishReasons(
            employee=wish.employee,
            date=wish.date,
            kind=wish.kind,
            template=wish.template,
            is_granted=not is_refused(wish, option),
            extra_cost=0.0,
            terms={},
            message="it is granted",
        )
        if reasons.is_granted:
            return reasons
        granted = self._searched(_bound_by(self.search, wish))
        if granted is None:
            return replace(reasons, extra_cost=None, message="no roster that keeps the hard rules grants it")
        best = min(granted, self._best, key=self.search.cost)  # with the wish granted it is a roster as well
        before, after = self.search.terms(best), self.search.terms(granted)
        terms = {name: (after[name] - before[name]) / SCALE for name in after if after[name] != before[name]}
        words = "; ".join(f"{name} {value:+.1f}" for name, value in terms.items())
        return replace(
            reasons,
            extra_cost=sum(terms.values()),
            terms=terms,
            slack=(self.search.cost(self.assignment) - self.search.cost(best)) / SCALE,
            message=words or "it costs nothing",
        )

    @cached_property
    def _best(self) -> Assignment:
        """The roster that stands, or a better one that the same search finds when no wish binds."""
        found = self._searched(self.search)
        return min(self.assignment, found or self.assignment, key=self.search.cost)

    def _searched(self, search: Search) -> Assignment | None:
        """Return a good roster of a narrower problem, near the one that stands."""
        rng = generator(self.seed, "explain")
        keep = {
            cell: duty for cell, duty in self.assignment.items() if duty[0] in search.choices.get(cell, ())
        }
        responses = BestResponses(search.problem, search.choices, prices=search.prices, cells=search.cells)
        first = responses.improved(keep, rng=rng)
        if first is None:
            return None
        return annealed(search, first, rng=rng, moves=self.moves, hot=GRANT_HEAT[0], cold=GRANT_HEAT[1])

    def _alternative(
        self, person: int, day: int, duty: tuple[int, int], *, leaves: tuple[int, int] | None
    ) -> Alternative:
        """Say what bars a person from a duty that somebody else leaves, or what it costs."""
        problem = self.search.problem
        employee = problem.employees[person]
        duty = as_own(problem, (person, day), duty)
        option = problem.options[day][duty[0]]
        bar: Bar = "none"
        if (person, day) in self.assignment:
            bar = "works already"
        elif not employee.is_employed(problem.date(day)):
            bar = "not employed"
        elif (person, day) in problem.leave:
            bar = "on leave"
        elif not can_serve(problem, employee, option.stream):
            bar = "cannot serve"
        elif employee.pool not in option.template.pools or (
            employee.templates and option.template.name not in employee.templates
        ):
            bar = "closed template"
        elif forbids(Available(), problem, (person, day), option):
            bar = "not available"
        if bar != "none":
            return Alternative(employee=employee.employee, bar=bar, message=bar)
        change: dict[tuple[int, int], tuple[int, int] | None] = {(person, day): duty}
        if leaves is not None:
            change[leaves] = None
        breach = first_breach(self.search, self.assignment, change)
        if breach is not None:
            return Alternative(
                employee=employee.employee,
                bar="rule",
                message=f"{breach.rule}: {breach.message}",
                breach=breach,
            )
        extra = extra_cost(self.search, self.assignment, change) / SCALE
        return Alternative(
            employee=employee.employee,
            bar="none",
            message=f"{option.template.name} would cost {extra:+.1f}",
            extra_cost=extra,
            template=option.template.name,
            stream=option.stream,
            start=instant(problem.date(day), option.clock_start, problem.timezone).to_pydatetime(),
        )

    def _at(self, person: int, row: int) -> Alternative:
        """Say what bars a person from an interval, or what their best duty there costs."""
        problem = self.search.problem
        ways: list[Alternative] = []
        barred = Alternative(
            employee=problem.employees[person].employee, bar="closed template", message="no duty reaches it"
        )
        for d in range(problem.days):
            duty = self.assignment.get((person, d))
            if duty is not None and _is_meeting(problem, problem.options[d][duty[0]], row):
                return replace(barred, bar="in a meeting", message="in a meeting then")
            for number, option in enumerate(problem.options[d]):
                if row not in option.covered or not is_own(problem, (person, d), number):
                    continue
                way = next((w for w, lost in enumerate(option.lost) if row not in lost), None)
                if way is None:
                    if _is_meeting(problem, option, row) and barred.bar == "closed template":
                        barred = replace(barred, bar="in a meeting", message="in a meeting then")
                    continue
                found = self._alternative(person, d, (number, way), leaves=None)
                if found.extra_cost is not None:
                    ways.append(found)
                elif barred.bar == "closed template":
                    barred = found
        return min(ways, key=lambda way: way.extra_cost or 0.0) if ways else barred

    def _row(self, stream: str, at: pd.Timestamp) -> int:
        problem = self.search.problem
        since = (at - interval_start(problem, 0)) // pd.Timedelta(minutes=problem.interval_min)
        if not 0 <= since < problem.intervals:
            raise DataError(f"{at} lies outside the span from {problem.start} for {problem.days} days")
        return problem.streams.index(stream) * problem.intervals + int(since)

    def _cell(self, employee: str, date: dt.date) -> tuple[int, int]:
        problem = self.search.problem
        if employee not in problem.position:
            raise DataError(f"nobody is called {employee!r}{nearest(employee, list(problem.position))}")
        day = (date - problem.start).days
        if not 0 <= day < problem.days:
            raise DataError(f"{date} lies outside the span from {problem.start} for {problem.days} days")
        return problem.position[employee], day


def _is_meeting(problem: RosterProblem, option: Option, row: int) -> bool:
    """Return whether a duty is in a meeting for some of a cover row's interval."""
    if row not in option.covered:
        return False
    begin = interval_start(problem, row)
    end = begin + pd.Timedelta(minutes=problem.interval_min)
    date = problem.date(option.day)
    return any(
        instant(date, a, problem.timezone) < end and begin < instant(date, b, problem.timezone)
        for a, b in option.away
    )


def _kind(found: Alternative) -> str:
    """Return what bars somebody: the bar, or the name of the rule."""
    return found.bar if found.breach is None else found.breach.rule


def _bound_by(search: Search, wish: Wish) -> Search:
    """Return the problem in which a wish binds."""
    problem: RosterProblem = search.problem
    if wish.kind == "prefer":
        return prepare(
            replace(problem, wishes=(*problem.wishes, replace(wish, kind="fixed"))), prices=search.prices
        )
    cell = problem.position[wish.employee], (wish.date - problem.start).days
    numbers = tuple(
        number
        for number in search.choices[cell]
        if wish.template not in ("", problem.options[cell[1]][number].template.name)
    )
    return replace(search, choices={**search.choices, cell: numbers})


def explainer(
    roster: pd.DataFrame,
    case: RosterCase,
    *,
    prices: Prices | None = None,
    seed: int = 0,
    moves: int = GRANT_MOVES,
) -> Explainer:
    """Return an explainer of a roster, made by `make_roster` or edited by hand.

    `moves` are the changes tried when a roster is looked for that grants a wish.
    """
    search, assignment = standing(roster, case, prices=prices)
    return Explainer(search=search, assignment=assignment, seed=seed, moves=moves)
