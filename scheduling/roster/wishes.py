"""Wishes that a roster refuses, and what stood against them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from scheduling.roster.duties import QUARTERS
from scheduling.roster.lawful import forbids
from scheduling.roster.objective import SCALE, asks, is_refused
from scheduling.roster.people import Wish
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.rules import AllowedTemplate, Available
from scheduling.roster.search import Search
from scheduling.roster.standing import extra_cost, first_breach
from scheduling.roster.tables import interval_start
from scheduling.roster.variables import Assignment, frozen_cover

Cause = Literal["needed", "not_allowed", "rules", "balance"]


@dataclass(frozen=True, kw_only=True)
class RefusedWish:
    """A wish the roster does not grant, and why.

    Attributes
    ----------
    cause
        ``needed``: without the duty somebody would be missing; ``not_allowed``: no such duty is open to the
        person that day; ``rules``: `rule` stands against it as the rest of the roster is; ``balance``: it
        would cost `extra_cost` more elsewhere.
    stream, at, required, on_duty
        Where the duty is needed most: agents wanted and on duty there, with the duty.
    rule
        Name of the rule that would be broken.
    extra_cost
        What granting it, and changing nothing else, would cost [money]; None where it is unlawful.
    reason
        The same in a sentence.
    """

    employee: str
    date: dt.date
    kind: str
    template: str
    weight: float
    note: str
    cause: Cause
    reason: str
    stream: str = ""
    at: dt.datetime | None = None
    required: float | None = None
    on_duty: float | None = None
    rule: str = ""
    extra_cost: float | None = None


def refused_wishes(search: Search, assignment: Assignment) -> tuple[RefusedWish, ...]:
    """Return the wishes an assignment refuses, heaviest first."""
    problem = search.problem
    found = []
    for wish in problem.soft_wishes:
        cell = problem.position[wish.employee], (wish.date - problem.start).days
        duty = assignment.get(cell)
        option = None if duty is None else problem.options[cell[1]][duty[0]]
        if is_refused(wish, option):
            found.append(_refused(search, assignment, wish, cell))
    return tuple(sorted(found, key=lambda wish: (-wish.weight, wish.date, wish.employee)))


def _refused(search: Search, assignment: Assignment, wish: Wish, cell: Cell) -> RefusedWish:
    """Return why one wish is refused: by the duty that is worked, else by what bars the one wished for."""
    if cell in assignment and (found := _needed(search, assignment, wish, cell)) is not None:
        return found
    if wish.kind != "prefer":
        extra = extra_cost(search, assignment, {cell: None}) / SCALE
        return _because(
            wish, "balance", f"a day off there would cost {extra:.1f} more elsewhere", extra_cost=extra
        )
    options = search.problem.options[cell[1]]
    wanted = [number for number in search.choices[cell] if asks(wish, options[number])]
    if not wanted:
        return _because(wish, "not_allowed", _closed(search.problem, wish))
    changes = [{cell: (number, 0)} for number in wanted]
    breaches = [first_breach(search, assignment, change) for change in changes]
    lawful = [change for change, breach in zip(changes, breaches, strict=True) if breach is None]
    if not lawful:
        breach = breaches[0]
        assert breach is not None
        return _because(wish, "rules", f"{breach.rule} stands against it: {breach.message}", rule=breach.rule)
    extra = min(extra_cost(search, assignment, change) for change in lawful) / SCALE
    return _because(wish, "balance", f"it would cost {extra:.1f} more elsewhere", extra_cost=extra)


def _closed(problem: RosterProblem, wish: Wish) -> str:
    """Say why no such duty is open to the person."""
    cell = problem.position[wish.employee], (wish.date - problem.start).days
    person = problem.employees[cell[0]]
    if not person.is_employed(wish.date):
        return "not employed on that day"
    if cell in problem.leave:
        return "on leave that day"
    if person.available and any(
        asks(wish, option)
        and not forbids(AllowedTemplate(), problem, cell, option)
        and forbids(Available(), problem, cell, option)
        for option in problem.options[cell[1]]
    ):
        return "outside the times the person named"
    return f"{wish.template or 'no duty'} is not open to pool {person.pool} or to the person"


def _needed(search: Search, assignment: Assignment, wish: Wish, cell: Cell) -> RefusedWish | None:
    """Say where the duty worked is needed most; None if nobody would be missing without it."""
    problem = search.problem
    number, way = assignment[cell]
    option = problem.options[cell[1]][number]
    present = frozen_cover(problem, assignment)
    mine = sorted(set(option.covered.tolist()) - set(option.lost[way].tolist()))
    if not mine:
        return None
    row = max(mine, key=lambda r: (int(problem.plan[r] - present[r]), -r))
    required, on_duty = float(problem.plan[row]) / QUARTERS, float(present[row]) / QUARTERS
    without = on_duty - problem.speed[cell[0]] / QUARTERS
    if without >= required:
        return None
    at = interval_start(problem, row)
    return _because(
        wish,
        "needed",
        f"{option.stream} {at:%m-%d %H:%M} needs {required:g} agents; without {wish.employee} there "
        f"would be {without:g}",
        stream=option.stream,
        at=at.to_pydatetime(),
        required=required,
        on_duty=on_duty,
        extra_cost=extra_cost(search, assignment, {cell: None}) / SCALE,
    )


def _because(
    wish: Wish,
    cause: Cause,
    reason: str,
    *,
    stream: str = "",
    at: dt.datetime | None = None,
    required: float | None = None,
    on_duty: float | None = None,
    rule: str = "",
    extra_cost: float | None = None,
) -> RefusedWish:
    return RefusedWish(
        employee=wish.employee,
        date=wish.date,
        kind=wish.kind,
        template=wish.template,
        weight=wish.weight,
        note=wish.note,
        cause=cause,
        reason=reason,
        stream=stream,
        at=at,
        required=required,
        on_duty=on_duty,
        rule=rule,
        extra_cost=extra_cost,
    )
