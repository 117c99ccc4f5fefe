"""Make a roster: named people on the duties of a shift plan, under the rules, at the least cost."""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from forecast.randomness import generator
from scheduling.config import Settings
from scheduling.roster.anneal import COLD, HOT, annealed
from scheduling.roster.conflicts import Conflict, explain_infeasible
from scheduling.roster.objective import (
    SCALE,
    Prices,
)
from scheduling.roster.people import Employee, Wish
from scheduling.roster.personal import BestResponses
from scheduling.roster.problem import build_problem
from scheduling.roster.repair import Repair
from scheduling.roster.search import Search, prepare
from scheduling.roster.tables import fairness_table, roster_table, short_table
from scheduling.roster.variables import Assignment
from scheduling.roster.wishes import RefusedWish, refused_wishes
from scheduling.solver import Progress, SolverSettings, Status, completed_hint, linear_bound, solve

logger = logging.getLogger(__name__)

Effort = Literal["quick", "normal", "thorough"]
SMALL = 1500  # possible duties up to which one model of everything is solved, usually to the end
FIRST_LIMIT = 20.0  # deterministic seconds for a first roster where the quick way finds none
QUENCH = (2.0, 0.2)  # temperatures of the last, short annealing [money]
STAGES = (
    ("law", ("labour",)),
    ("cover", ("short", "below_plan", "paid_time")),
    ("changes", ("changes",)),
    ("fairness", ("fairness",)),
    ("wishes", ("wishes",)),
    ("cost", ("cost",)),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of each part of the search an effort buys.

    Changes tried in annealing (for each cell, and at most), deterministic seconds of repair and of one model
    of everything, and the number of possible duties up to which a bound is computed.
    """

    moves_a_cell: int
    most_moves: int
    repair: float
    whole: float
    bound_size: int


EFFORTS: dict[Effort, Plan] = {
    "quick": Plan(moves_a_cell=800, most_moves=2_000_000, repair=0.5, whole=1.0, bound_size=10_000),
    "normal": Plan(moves_a_cell=6_000, most_moves=15_000_000, repair=4.0, whole=8.0, bound_size=40_000),
    "thorough": Plan(
        moves_a_cell=40_000, most_moves=100_000_000, repair=30.0, whole=60.0, bound_size=200_000
    ),
}


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
        What the roster costs by name: breaches of soft labour rules, agent-hours short, paid time,
        unfairness, refused wishes, the counted share of wages. [money]
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
    shift_plan: pd.DataFrame | None,
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    settings: Settings,
    *,
    start: dt.date,
    days: int,
    requirement: pd.DataFrame | None = None,
    last_roster: pd.DataFrame | None = None,
    seed: int = 0,
    effort: Effort = "normal",
    prices: Prices | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RosterResult:
    """Return who works when.

    Parameters
    ----------
    shift_plan
        `SHIFT_PLAN` table: how many people on each template and day; None where there is only a
        requirement. Other starts that the templates allow may be used as well.
    employees, wishes
        The people, and what they want.
    settings
        Templates, labour rules, limits of pools.
    start, days
        The span.
    requirement
        `stream, start, agents_net`: agents needed in each interval. With a plan, people missing from the plan
        where the requirement still holds cost little. Without it the plan is the requirement.
    last_roster
        `ROSTER` table of the time before: rest, runs of days, hours of a begun week and counts of late,
        weekend and peak duties are carried on from it.
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
    problem = build_problem(
        shift_plan,
        employees,
        wishes,
        settings,
        start=start,
        days=days,
        requirement=requirement,
        last_roster=last_roster,
    )
    search = prepare(problem, prices=prices)
    found = run_search(search, seed=seed, effort=effort, progress=progress)
    return result_of(search, found, seconds=time.perf_counter() - begun)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search came to: the best assignment, and a bound on its cost [units]."""

    status: Status
    assignment: Assignment | None
    bound: float
    notes: tuple[str, ...] = ()


def run_search(
    search: Search,
    *,
    seed: int,
    effort: Effort,
    start_from: Assignment | None = None,
    heat: tuple[float, float] = (HOT, COLD),
    progress: Callable[[Progress], None] | None = None,
) -> Found:
    """Search a problem: best responses of each person, annealing, then the solver.

    Small problems end in one model of everything, usually proven; larger ones in repair of parts and a linear
    bound. `heat` are the first and last temperatures of annealing [money]: low ones stay near `start_from`.
    """
    plan = EFFORTS[effort]
    rng = generator(seed, "roster")
    first = _first(search, start_from or {}, rng, seed)
    if isinstance(first, Found):
        return first
    report = _Reports(progress)
    report.better(search.cost(first))
    moves = min(plan.moves_a_cell * len(search.choices), plan.most_moves)
    best = annealed(search, first, rng=rng, moves=moves, hot=heat[0], cold=heat[1])
    best = annealed(search, best, rng=rng, moves=moves // 4, hot=QUENCH[0], cold=QUENCH[1])
    report.better(search.cost(best))
    if sum(map(len, search.choices.values())) <= SMALL:
        return _proven(search, best, plan, seed, progress)
    repair = Repair(search=search, assignment=best, rng=rng, seed=seed)
    repair.run(plan.repair, report.better)
    best = repair.assignment
    bound, notes = _bound(search, plan)
    status: Status = "OPTIMAL" if search.cost(best) - bound < 1 else "FEASIBLE"
    return Found(status=status, assignment=best, bound=bound, notes=notes)


def _first(search: Search, start_from: Assignment, rng: np.random.Generator, seed: int) -> Assignment | Found:
    """Return a lawful roster, or that there is none."""
    responses = BestResponses(search.problem, search.choices, prices=search.prices, cells=search.cells)
    first = responses.improved(start_from, rng=rng)
    if first is not None:
        return first
    model = search.whole_model(priced=False)
    answer = solve(model.solver_model, SolverSettings(deterministic_limit=FIRST_LIMIT, seed=seed))
    if answer.found:
        return model.assignment(answer)
    return Found(status=answer.status, assignment=None, bound=0.0)


def _proven(
    search: Search,
    best: Assignment,
    plan: Plan,
    seed: int,
    progress: Callable[[Progress], None] | None,
) -> Found:
    """Return what one model of the whole roster makes of a good start: small problems are proven so."""
    model = search.whole_model()
    limits = SolverSettings(deterministic_limit=plan.whole, seed=seed)
    completed = completed_hint(model.solver_model, model.known(best), limits)
    hint = None if completed is None else completed[0]
    answer = solve(model.solver_model, limits, hint=hint, progress=_in_money(progress))
    if not answer.found:
        return Found(status="FEASIBLE", assignment=best, bound=max(0.0, answer.bound))
    found = min(best, model.assignment(answer), key=search.cost)
    return Found(status=answer.status, assignment=found, bound=answer.bound)


def _bound(search: Search, plan: Plan) -> tuple[float, tuple[str, ...]]:
    """Return a bound on the cost, and what is to be said of it."""
    size = sum(map(len, search.choices.values()))
    if size > plan.bound_size:
        return 0.0, (
            f"no bound computed: {size} possible duties; effort thorough bounds up to "
            f"{EFFORTS['thorough'].bound_size}",
        )
    bound = linear_bound(search.whole_model().solver_model)
    return (0.0, ()) if bound is None else (math.ceil(bound - 1e-6), ())


class _Reports:
    """Passes on what each part of the search came to."""

    def __init__(self, progress: Callable[[Progress], None] | None) -> None:
        self._progress, self._begun = progress, time.perf_counter()

    def better(self, cost: int) -> None:
        """Report a better roster."""
        logger.info("roster of cost %.0f", cost / SCALE)
        if self._progress is not None:
            seconds = time.perf_counter() - self._begun
            self._progress(Progress(seconds=seconds, objective=cost / SCALE, bound=0.0))


def _in_money(progress: Callable[[Progress], None] | None) -> Callable[[Progress], None] | None:
    if progress is None:
        return None
    return lambda report: progress(
        replace(report, objective=report.objective / SCALE, bound=report.bound / SCALE)
    )


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
        notes=found.notes,
    )
