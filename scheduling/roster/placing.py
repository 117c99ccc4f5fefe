"""Meetings without a time: held where a finished roster misses people least, and then part of the problem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from forecast.timegrid import instant
from scheduling.breaks import Pause
from scheduling.roster.duties import Ints, Option
from scheduling.roster.meetings import overlap
from scheduling.roster.people import Employee, Meeting
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.score import CoverCost
from scheduling.roster.search import Search
from scheduling.roster.tables import interval_start
from scheduling.roster.variables import Assignment, frozen_cover

ROUNDS = 2  # everybody is placed, and placed again knowing where the others are


@dataclass(frozen=True, kw_only=True)
class _Place:
    """One meeting's place: the cover rows it takes, and what their absence costs [units of the model]."""

    date: dt.date
    time: tuple[int, int]
    rows: Ints
    cost: int


def has_floating(problem: RosterProblem) -> bool:
    """Return whether anybody has a meeting whose time the roster chooses."""
    return any(m.start_min is None for person in problem.employees for m in person.meetings)


def place_meetings(search: Search, assignment: Assignment) -> tuple[Employee, ...]:
    """Return people with every meeting that has no time put into a duty of a roster.

    Each goes where the people present are missed least, outside breaks and other meetings, on the planning
    grid. Only days on which the person works are looked at. Days outside the span are left to another roster:
    a meeting of which some day lies outside may stay without a time.
    """
    problem = search.problem
    cost = CoverCost(problem, search.prices)
    present = frozen_cover(problem, assignment)
    asked = [
        (p, n)
        for p, person in enumerate(problem.employees)
        for n, meeting in enumerate(person.meetings)
        if meeting.start_min is None
    ]
    found: dict[tuple[int, int], _Place] = {}
    for _ in range(ROUNDS):
        for p, n in asked:
            if (old := found.pop((p, n), None)) is not None:
                present[old.rows] += problem.speed[p]
            taken = [place for (q, _), place in found.items() if q == p]
            places = _places(search, assignment, p, problem.employees[p].meetings[n], taken, present, cost)
            best = min(places, key=lambda place: (place.cost, place.date, place.time), default=None)
            if best is not None:
                found[p, n] = best
                present[best.rows] -= problem.speed[p]
    return tuple(
        replace(
            person,
            meetings=tuple(
                meeting.at(found[p, n].date, found[p, n].time) if (p, n) in found else meeting
                for n, meeting in enumerate(person.meetings)
            ),
        )
        for p, person in enumerate(problem.employees)
    )


def unheld_notes(problem: RosterProblem) -> tuple[str, ...]:
    """Return a note on each meeting that has no time, where all its days lie in the span."""
    last = problem.date(problem.days - 1)
    return tuple(
        f"{person.employee}: the {meeting.kind} of {meeting.minutes / 60:g} h is held in no duty"
        for person in problem.employees
        for meeting in person.meetings
        if meeting.start_min is None and problem.start <= meeting.date and meeting.until <= last
    )


def _places(
    search: Search,
    assignment: Assignment,
    person: int,
    meeting: Meeting,
    taken: list[_Place],
    present: Ints,
    cost: CoverCost,
) -> Iterator[_Place]:
    """Yield where a meeting has room in a person's duties."""
    problem = search.problem
    for d in range(problem.days):
        date = problem.date(d)
        duty = assignment.get((person, d))
        if duty is None or not meeting.date <= date <= meeting.until:
            continue
        option = problem.options[d][duty[0]]
        busy = (*option.pauses[duty[1]], *option.away, *(p.time for p in taken if p.date == date))
        for time in _times(option, meeting.minutes, busy, problem.interval_min):
            rows = _rows(problem, option, (person, d), time)
            less = present.copy()
            less[rows] -= problem.speed[person]
            change = int((cost.rows(less) - cost.rows(present)).sum())
            yield _Place(date=date, time=time, rows=rows, cost=change)


def _times(option: Option, minutes: int, busy: Pause, interval_min: int) -> Iterator[tuple[int, int]]:
    """Yield the times inside a duty that overlap nothing, on the planning grid."""
    first = -(-option.clock_start // interval_min) * interval_min
    for begin in range(first, option.clock_end - minutes + 1, interval_min):
        if not overlap(((begin, begin + minutes),), busy):
            yield begin, begin + minutes


def _rows(problem: RosterProblem, option: Option, cell: Cell, time: tuple[int, int]) -> Ints:
    """Return the cover rows of a duty that a time takes."""
    origin = interval_start(problem, 0)
    begin, end = (
        (instant(problem.date(cell[1]), at, problem.timezone) - origin).total_seconds() / 60 for at in time
    )
    stream = problem.streams.index(option.stream) * problem.intervals
    rows = np.arange(begin // problem.interval_min, -(-end // problem.interval_min), dtype=np.int64) + stream
    return np.intersect1d(rows, option.covered)
