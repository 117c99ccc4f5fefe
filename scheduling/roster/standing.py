"""A roster's table read back as an assignment, and what a change of it would break or cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from forecast.errors import DataError, Problem, nearest
from scheduling.breaks import read_pauses
from scheduling.roster.audit import audit
from scheduling.roster.audit_book import Violation
from scheduling.roster.case import RosterCase
from scheduling.roster.meetings import attended, fixed_on, with_placed
from scheduling.roster.objective import Prices
from scheduling.roster.problem import Cell, RosterProblem, build_problem
from scheduling.roster.search import Search, prepare
from scheduling.roster.tables import roster_table
from scheduling.roster.variables import Assignment

Change = Mapping[Cell, tuple[int, int] | None]  # new option and way of breaks; None: a day off


def standing(
    roster: pd.DataFrame,
    case: RosterCase,
    *,
    prices: Prices | None = None,
) -> tuple[Search, Assignment]:
    """Return the search that a roster is judged by and the assignment it is in it.

    Raises
    ------
    DataError
        If the roster names people or duties that the shop does not have.
    """
    people = with_placed(case.employees, roster, timezone=case.settings.demand.shop.timezone)
    problem = build_problem(replace(case, employees=people), published=roster)
    assignment = standing_assignment(problem, roster)
    return prepare(problem, prices=prices), assignment


def standing_assignment(problem: RosterProblem, roster: pd.DataFrame) -> Assignment:
    """Return the assignment that a roster's rows inside the span are.

    Raises
    ------
    DataError
        For people and duties that the problem does not have (build it with the roster as `published`).
    """
    found: Assignment = {}
    problems: list[str | Problem] = []
    origin = pd.Timestamp(problem.start)
    for place, row in enumerate(roster.to_dict("records"), start=2):
        d = (pd.Timestamp(row["date"]) - origin).days
        if not 0 <= d < problem.days:
            continue
        p = problem.position.get(str(row["employee"]))
        if p is None:
            message = (
                f"{row['employee']!r} is not known{nearest(str(row['employee']), list(problem.position))}"
            )
            problems.append(Problem(file="roster", row=place, column="employee", message=message))
            continue
        wall = row["start"].tz_convert(problem.timezone).tz_localize(None)
        start = int((wall - pd.Timestamp(problem.date(d))) // pd.Timedelta(minutes=1))
        away = read_pauses(row.get("meetings"), start)
        key = (str(row["stream"]), str(row["template"]), start, away)
        pause = read_pauses(row["breaks"], start)
        numbers = [
            number
            for number, option in enumerate(problem.options[d])
            if (option.stream, option.template.name, option.clock_start, option.away) == key
        ]
        if not numbers or pause not in problem.options[d][numbers[0]].pauses:
            message = f"{row['template']} at {row['start']:%H:%M} is no duty of stream {row['stream']}"
            problems.append(Problem(file="roster", row=place, column="template", message=message))
            continue
        found[p, d] = numbers[0], problem.options[d][numbers[0]].pauses.index(pause)
    if problems:
        raise DataError(problems)
    return found


def is_own(problem: RosterProblem, cell: Cell, number: int) -> bool:
    """Return whether a duty has just the meetings that the cell's person has inside it."""
    option = problem.options[cell[1]][number]
    times = fixed_on(problem.employees[cell[0]], problem.date(cell[1]))
    return option.away == attended(times, option.clock_start, option.clock_end)


def as_own(problem: RosterProblem, cell: Cell, duty: tuple[int, int]) -> tuple[int, int]:
    """Return a duty with the meetings of the cell's person instead; as it is where no break is left so."""
    options = problem.options[cell[1]]
    option = options[duty[0]]
    if is_own(problem, cell, duty[0]):
        return duty
    for number, other in enumerate(options):
        alike = (other.stream, other.template, other.clock_start)
        if alike == (option.stream, option.template, option.clock_start) and is_own(problem, cell, number):
            pause = option.pauses[duty[1]]
            return number, other.pauses.index(pause) if pause in other.pauses else 0
    return duty


def changed(assignment: Assignment, change: Change) -> Assignment:
    """Return an assignment with some cells changed."""
    found = {cell: duty for cell, duty in assignment.items() if cell not in change}
    return found | {cell: duty for cell, duty in change.items() if duty is not None}


def first_breach(search: Search, assignment: Assignment, change: Change) -> Violation | None:
    """Return a hard rule that a change would break and the roster as it stands does not; None if lawful."""
    problem = search.problem
    people, days = {p for p, _ in change}, {d for _, d in change}
    names = {problem.employees[p].employee for p in people}
    crowded = any(t.max_people is not None for t in problem.settings.templates) or bool(
        problem.settings.pools
    )
    before = problem.last_roster
    theirs = None if before is None else before[before["employee"].isin(names)]

    def hard(duties: Assignment) -> set[Violation]:
        """Return the breaches of these people, and crowds on these days: nothing else can change."""
        mine = {
            cell: duty for cell, duty in duties.items() if cell[0] in people or (crowded and cell[1] in days)
        }
        found = audit(
            roster_table(problem, mine),
            problem.employees,
            [wish for wish in problem.wishes if wish.employee in names],
            problem.settings,
            start=problem.start,
            days=problem.days,
            last_roster=theirs,
            span_start=problem.span_start,
        )
        return {v for v in found if v.is_hard and (v.employee in names or v.rule == "MaxPeople")}

    new = hard(changed(assignment, change)) - hard(assignment)
    return min(new, key=lambda v: (v.date, v.rule), default=None)


def extra_cost(search: Search, assignment: Assignment, change: Change) -> int:
    """Return what a change adds to the cost [units of the model]."""
    return search.cost(changed(assignment, change)) - search.cost(assignment)
