"""Wishes that a roster refuses, and what stood against them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from scheduling.roster.constraints import lawful_choices
from scheduling.roster.objective import asks, is_refused
from scheduling.roster.people import Wish
from scheduling.roster.problem import QUARTERS, RosterProblem
from scheduling.roster.tables import interval_start
from scheduling.roster.variables import Assignment, frozen_cover

Cause = Literal["needed", "not_allowed", "rules", "surplus", "balance"]


@dataclass(frozen=True, kw_only=True)
class RefusedWish:
    """A wish the roster does not grant, and why.

    Attributes
    ----------
    cause
        ``needed``: without the duty, somebody would be missing; ``not_allowed``: no such duty is open to
        the person that day; ``rules``: rest, hours or days of the neighbouring duties stand against it;
        ``surplus``: nobody more was needed on it; ``balance``: granting it costs more elsewhere.
    stream, at, required, on_duty
        Where the duty is needed most: agents required and on duty there, with the duty.
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


def refused_wishes(problem: RosterProblem, assignment: Assignment) -> tuple[RefusedWish, ...]:
    """Return the wishes an assignment refuses, heaviest first."""
    choices = lawful_choices(problem)
    found = []
    for wish in problem.soft_wishes:
        cell = problem.position[wish.employee], (wish.date - problem.start).days
        duty = assignment.get(cell)
        option = None if duty is None else problem.options[cell[1]][duty[0]]
        if not is_refused(wish, option):
            continue
        if wish.kind != "prefer":
            found.append(_needed(problem, wish, cell, assignment))
            continue
        wanted = [n for n in choices[cell] if asks(wish, problem.options[cell[1]][n])]
        if not wanted:
            found.append(_refused(wish, "not_allowed", _closed(problem, wish)))
        elif duty is not None:
            found.append(_needed(problem, wish, cell, assignment))
        else:
            found.append(
                _refused(
                    wish,
                    "balance",
                    "a duty there would have broken a rule or added people above the plan",
                )
            )
    return tuple(sorted(found, key=lambda wish: (-wish.weight, wish.date, wish.employee)))


def _closed(problem: RosterProblem, wish: Wish) -> str:
    """Say why no such duty is open to the person."""
    person = problem.employees[problem.position[wish.employee]]
    if not person.is_employed(wish.date):
        return "not employed on that day"
    if (problem.position[wish.employee], (wish.date - problem.start).days) in problem.leave:
        return "on leave that day"
    return f"{wish.template or 'no duty'} is not open to pool {person.pool} or to the person"


def _needed(problem: RosterProblem, wish: Wish, cell: tuple[int, int], assignment: Assignment) -> RefusedWish:
    """Say where the duty worked against a wish is needed most."""
    number, way = assignment[cell]
    option = problem.options[cell[1]][number]
    present = frozen_cover(problem, assignment)
    mine = sorted(set(option.covered.tolist()) - set(option.lost[way].tolist()))
    row = min(mine, key=lambda r: (int(present[r] - problem.plan[r]), r)) if mine else None
    if row is None:
        return _refused(wish, "balance", "granting it costs more elsewhere")
    at = interval_start(problem, row)
    required, on_duty = problem.plan[row] / QUARTERS, present[row] / QUARTERS
    without = on_duty - problem.speed[cell[0]] / QUARTERS
    if without < required:
        return _refused(
            wish,
            "needed",
            f"{option.stream} {at:%m-%d %H:%M} needs {required:g} agents; without {wish.employee} "
            f"there would be {without:g}",
            stream=option.stream,
            at=at.to_pydatetime(),
            required=required,
            on_duty=on_duty,
        )
    return _refused(wish, "balance", "granting it costs more in fairness or in other wishes than it is worth")


def _refused(
    wish: Wish,
    cause: Cause,
    reason: str,
    *,
    stream: str = "",
    at: dt.datetime | None = None,
    required: float | None = None,
    on_duty: float | None = None,
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
    )
