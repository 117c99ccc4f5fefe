"""Make a roster: named people on the duties of a shift plan, under the rules, at the least cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from scheduling.roster.case import RosterCase
from scheduling.roster.conflicts import Conflict, explain_infeasible
from scheduling.roster.improve import QUENCH, Effort, Found, run_search
from scheduling.roster.objective import SCALE, Prices
from scheduling.roster.people import Employee
from scheduling.roster.placing import has_floating, place_meetings, unheld_notes
from scheduling.roster.problem import build_problem
from scheduling.roster.search import Search, prepare
from scheduling.roster.standing import as_own, standing_assignment
from scheduling.roster.tables import fairness_table, few_hours_notes, roster_table, short_table
from scheduling.roster.tallies import unknown_days
from scheduling.roster.wishes import RefusedWish, refused_wishes
from scheduling.solver import Progress, Status

STAGES = (
    ("law", ("labour",)),
    ("cover", ("short", "below_plan", "paid_time", "premium")),
    ("changes", ("changes",)),
    ("fairness", ("fairness",)),
    ("wishes", ("wishes",)),
    ("cost", ("cost",)),
)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What one group of terms came to, in the order in which they outrank one another. [money]"""

    name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class RosterResult:
    """A roster, or why there is none.

    Attributes
    ----------
    status
        ``OPTIMAL`` (proven), ``FEASIBLE``, ``INFEASIBLE`` or ``UNKNOWN``.
    roster
        `ROSTER` table, one row a duty; None without one.
    objective, bound
        Sum of `terms`, and what no roster can fall below. [money]
    gap
        ``(objective - bound) / objective``.
    seconds
        Wall time.
    terms
        What the roster costs by name: breaches of soft labour rules, agent-hours short, paid time, pay
        by law above the wage, unfairness, refused wishes, the counted share of wages. [money]
    stages
        The terms by rank.
    short
        `stream, start, required, on_duty, short`: one row for each interval with fewer agents of average
        speed on duty than required.
    refused_wishes
        With the reason.
    fairness
        `employee, duties, hours, late, weekend, peak`, one row a person; peak in hours.
    conflicts
        Rules that cannot hold together, where there is no roster.
    notes
        What else a reader should know.
    """

    status: Status
    roster: pd.DataFrame | None
    objective: float | None
    bound: float | None
    gap: float | None
    seconds: float
    terms: dict[str, float] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    short: pd.DataFrame = field(default_factory=pd.DataFrame)
    refused_wishes: tuple[RefusedWish, ...] = ()
    fairness: pd.DataFrame = field(default_factory=pd.DataFrame)
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()


def make_roster(
    case: RosterCase,
    *,
    seed: int = 0,
    effort: Effort = "normal",
    prices: Prices | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RosterResult:
    """Return who works when.

    Parameters
    ----------
    case
        People, rules, span and need.
    seed
        Same inputs and seed, same roster.
    effort
        How long to search.
    prices
        What soft things cost; default: `Prices`.
    progress
        Called with each better roster found; objective and bound in money.

    Returns
    -------
    RosterResult
        Fewer people than needed is no conflict: it is priced and reported interval by interval.

    Raises
    ------
    DataError, ConfigError
        If plan or requirement do not fit the span and the settings.
    """
    begun = time.perf_counter()
    problem = build_problem(case)
    search = prepare(problem, prices=prices)
    found = run_search(search, seed=seed, effort=effort, progress=progress)
    if found.assignment is not None and has_floating(problem):
        search, found = with_meetings_placed(
            search,
            found,
            lambda people, roster: prepare(
                build_problem(replace(case, employees=people), published=roster), prices=search.prices
            ),
            seed=seed,
        )
    if (unknown := unknown_days(search.problem)) is not None:
        note = (
            f"duties from {unknown[0]} to {unknown[1]} are in no last roster: their hours of the month or "
            "quarter count as none"
        )
        found = replace(found, notes=(*found.notes, note))
    return result_of(search, found, seconds=time.perf_counter() - begun)


def with_meetings_placed(
    search: Search,
    found: Found,
    posed: Callable[[Sequence[Employee], pd.DataFrame], Search],
    *,
    seed: int,
) -> tuple[Search, Found]:
    """Return the problem with every meeting at a time, and a roster of it.

    The bound of the roster without them holds: a meeting only takes people away.

    Parameters
    ----------
    search, found
        The problem and a roster of it.
    posed
        Returns the problem of the same people with their meetings placed; it must know a roster's duties.
    seed
        As in `make_roster`.
    """
    assert found.assignment is not None
    roster = roster_table(search.problem, found.assignment)
    people = place_meetings(search, found.assignment)
    if people == search.problem.employees:
        new = tuple(note for note in unheld_notes(search.problem) if note not in found.notes)
        return search, replace(found, notes=(*found.notes, *new))
    again = posed(people, roster)
    standing = standing_assignment(again.problem, roster).items()
    held = {cell: as_own(again.problem, cell, duty) for cell, duty in standing}
    better = run_search(again, seed=seed, effort="quick", start_from=held, heat=QUENCH)
    kept = held if better.assignment is None else min(better.assignment, held, key=again.cost)
    new = tuple(note for note in (*better.notes, *unheld_notes(again.problem)) if note not in found.notes)
    return again, Found(status="FEASIBLE", assignment=kept, bound=found.bound, notes=(*found.notes, *new))


def result_of(search: Search, found: Found, *, seconds: float) -> RosterResult:
    """Return what was found in the words of the tables."""
    if found.assignment is None:
        conflicts = explain_infeasible(search.problem) if found.status == "INFEASIBLE" else ()
        return RosterResult(
            status=found.status,
            roster=None,
            objective=None,
            bound=None,
            gap=None,
            seconds=seconds,
            conflicts=conflicts,
            notes=found.notes,
        )
    terms = search.terms(found.assignment)
    objective = sum(terms.values())
    bound = min(max(found.bound, 0.0), objective)
    return RosterResult(
        status=found.status,
        roster=roster_table(search.problem, found.assignment),
        objective=objective / SCALE,
        bound=bound / SCALE,
        gap=0.0 if objective == 0 else (objective - bound) / objective,
        seconds=seconds,
        terms={name: value / SCALE for name, value in terms.items()},
        stages=tuple(
            Stage(name=name, value=sum(terms[term] for term in members) / SCALE) for name, members in STAGES
        ),
        short=short_table(search.problem, found.assignment),
        refused_wishes=refused_wishes(search, found.assignment),
        fairness=fairness_table(search.problem, found.assignment),
        notes=(*found.notes, *few_hours_notes(search.problem, search.choices, found.assignment)),
    )
