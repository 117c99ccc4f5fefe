"""Repair a published roster after absences or a new plan, changing as little as is worth it.

Every cell that differs from the published roster has a price, so the search itself decides which changes
pay. A start from the old roster alone would not keep it: the price does.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from scheduling.config import Settings
from scheduling.roster.assign import RosterResult, result_of
from scheduling.roster.improve import Effort, run_search
from scheduling.roster.objective import Prices, Published
from scheduling.roster.people import Employee, Wish
from scheduling.roster.problem import Cell, RosterProblem, build_problem
from scheduling.roster.search import prepare
from scheduling.roster.standing import standing_assignment
from scheduling.roster.variables import Assignment

CHANGE_PRICE = 20.0  # a changed cell, in the shop's currency: above a wish, below half an agent-hour short
FRONTIER = (5.0, 20.0, 100.0, 400.0)
CHANGE_COLUMNS = ["employee", "date", "before", "after", "because"]


@dataclass(frozen=True, kw_only=True)
class Replanned:
    """A repaired roster.

    Attributes
    ----------
    result
        The roster from the first open day on; its objective contains the price of the changes.
    roster
        The whole roster: the days before as they were, then the repaired ones; None without a result.
    changes
        `employee, date, before, after, because`: one row a cell that differs; ``because`` is ``absent``
        where the person cannot work any more, else ``moved``.
    people
        How many people other than the absent ones have a change.
    price
        Price of a changed cell that was used. [money]
    """

    result: RosterResult
    roster: pd.DataFrame | None
    changes: pd.DataFrame
    people: int
    price: float


def replan(
    roster: pd.DataFrame,
    shift_plan: pd.DataFrame | None,
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    settings: Settings,
    *,
    start: dt.date,
    days: int,
    absences: Sequence[Wish] = (),
    open_from: dt.date | None = None,
    requirement: pd.DataFrame | None = None,
    last_roster: pd.DataFrame | None = None,
    change_price: float = CHANGE_PRICE,
    seed: int = 0,
    effort: Effort = "quick",
    prices: Prices | None = None,
) -> Replanned:
    """Return a published roster repaired.

    Parameters
    ----------
    roster
        The published `ROSTER` table of the span.
    shift_plan, requirement
        What is needed now; the old plan where only people are missing.
    employees, wishes, settings, start, days, last_roster, seed, effort, prices
        As in `make_roster`.
    absences
        New leave (`Wish` of kind ``leave``): whoever has it does not work that day.
    open_from
        First day that may change; default: the first absence, else `start`.
    change_price
        What a changed cell costs. [money]

    Raises
    ------
    DataError
        If the roster names people or duties that the shop does not have.
    """
    begun = time.perf_counter()
    first = open_from or min((a.date for a in absences), default=start)
    first = min(max(first, start), start + dt.timedelta(days=days - 1))
    dates = pd.to_datetime(roster["date"]).dt.date
    past = roster[dates < first]
    before = [frame for frame in (last_roster, past) if frame is not None and not frame.empty]
    gone = {(absence.employee, absence.date) for absence in absences}
    kept = [w for w in wishes if not (w.kind == "fixed" and (w.employee, w.date) in gone)]
    problem = build_problem(
        shift_plan,
        employees,
        [*kept, *absences],
        settings,
        start=first,
        days=days - (first - start).days,
        requirement=requirement,
        last_roster=pd.concat(before, ignore_index=True) if before else None,
        published=roster,
    )
    old = standing_assignment(problem, roster)
    every_cell = [(p, d) for p in range(len(problem.employees)) for d in range(problem.days)]
    published = Published(option={cell: old[cell][0] if cell in old else None for cell in every_cell})
    search = prepare(problem, prices=replace(prices or Prices(), change=change_price), published=published)
    able = {cell: duty for cell, duty in old.items() if duty[0] in search.choices[cell]}
    found = run_search(search, seed=seed, effort=effort, start_from=able, heat=(8.0, 0.3))
    result = result_of(search, found, seconds=time.perf_counter() - begun)
    changes = _changes(problem, old, found.assignment or {}, gone)
    others = changes.loc[changes["because"] != "absent", "employee"]
    whole = None if result.roster is None else pd.concat([past, result.roster], ignore_index=True)
    return Replanned(
        result=result,
        roster=whole,
        changes=changes if result.roster is not None else changes.iloc[:0],
        people=int(others.nunique()),
        price=change_price,
    )


def frontier(
    roster: pd.DataFrame,
    shift_plan: pd.DataFrame | None,
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    settings: Settings,
    *,
    change_prices: Sequence[float] = FRONTIER,
    **details: Any,
) -> tuple[Replanned, ...]:
    """Return one repair for each price of a change, from many changes and small gaps to few and large.

    The manager chooses; `details` are those of `replan`.
    """
    return tuple(
        replan(roster, shift_plan, employees, wishes, settings, change_price=price, **details)
        for price in change_prices
    )


def _changes(
    problem: RosterProblem, old: Assignment, new: Assignment, gone: set[tuple[str, dt.date]]
) -> pd.DataFrame:
    """Return the cells whose duty differs, by date and person; other breaks alone are no change."""
    rows = []
    for cell in sorted({*old, *new}, key=lambda cell: (cell[1], cell[0])):
        was, now = old.get(cell), new.get(cell)
        if (was and was[0]) == (now and now[0]) and (was is None) == (now is None):
            continue
        name, date = problem.employees[cell[0]].employee, problem.date(cell[1])
        rows.append(
            {
                "employee": name,
                "date": date,
                "before": _words(problem, cell, was),
                "after": _words(problem, cell, now),
                "because": "absent" if (name, date) in gone else "moved",
            }
        )
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def _words(problem: RosterProblem, cell: Cell, duty: tuple[int, int] | None) -> str:
    """Return a duty in short, empty for a day off."""
    if duty is None:
        return ""
    option = problem.options[cell[1]][duty[0]]
    return (
        f"{option.template.name} {option.clock_start // 60:02d}:{option.clock_start % 60:02d} {option.stream}"
    )
