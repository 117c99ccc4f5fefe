"""The search for a good roster: one quick lawful one, annealing, then the solver; and a bound."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecast.randomness import generator
from scheduling.roster.anneal import COLD, HOT, Interrupted, annealed
from scheduling.roster.objective import SCALE
from scheduling.roster.personal import MOST_ROUNDS, BestResponses
from scheduling.roster.repair import Repair
from scheduling.roster.search import Search
from scheduling.roster.variables import Assignment
from scheduling.solver import Progress, SolverSettings, Status, completed_hint, linear_bound, solve

logger = logging.getLogger(__name__)

Effort = Literal["quick", "normal", "thorough"]

SMALL = 1500  # possible duties up to which one model of everything is solved, usually to the end
FIRST_LIMIT = 20.0  # deterministic seconds for a first roster where the quick way finds none
QUENCH = (2.0, 0.2)  # temperatures of the last, short annealing [money]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much of each part of the search an effort buys.

    Changes tried in annealing (for each cell, and at most), deterministic seconds of repair and of one model
    of everything, and the number of possible duties up to which a bound is computed.
    """

    moves_a_cell: int
    most_moves: int
    repair: float
    whole: float
    bound_size: int


EFFORTS: dict[Effort, Budget] = {
    "quick": Budget(moves_a_cell=800, most_moves=2_000_000, repair=0.5, whole=1.0, bound_size=10_000),
    "normal": Budget(moves_a_cell=6_000, most_moves=15_000_000, repair=4.0, whole=8.0, bound_size=40_000),
    "thorough": Budget(
        moves_a_cell=40_000, most_moves=100_000_000, repair=30.0, whole=60.0, bound_size=200_000
    ),
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search came to: the best assignment, and a bound on its cost [units of the model]."""

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
    bound. Ctrl-C keeps the best roster so far.

    Parameters
    ----------
    search
        The problem.
    seed, effort
        Luck, and how long.
    start_from
        A roster to start from; default: nobody works.
    heat
        First and last temperature of annealing [money]: low ones stay near `start_from`.
    progress
        Called with each better roster, in money.
    """
    rng = generator(seed, "roster")
    best = _Best(search, progress)
    try:
        failed = _first(search, start_from or {}, best, rng, seed)
        if failed is not None:
            return failed
        return _improved(search, best, EFFORTS[effort], rng, seed, heat)
    except KeyboardInterrupt as stop:
        if isinstance(stop, Interrupted):
            best.offer(stop.assignment)
        if best.cost == sys.maxsize:  # not even a first roster
            raise
        note = "interrupted: this is the best roster until then, and no bound was computed"
        return Found(status="FEASIBLE", assignment=best.assignment, bound=0.0, notes=(note,))


def _improved(
    search: Search,
    best: _Best,
    budget: Budget,
    rng: np.random.Generator,
    seed: int,
    heat: tuple[float, float],
) -> Found:
    """Return what annealing and the solver make of a first roster."""
    moves = min(budget.moves_a_cell * len(search.choices), budget.most_moves)
    for (hot, cold), share in ((heat, 1), (QUENCH, 4)):
        best.offer(annealed(search, best.assignment, rng=rng, moves=moves // share, hot=hot, cold=cold))
    if sum(map(len, search.choices.values())) <= SMALL:
        return _proven(search, best, budget, seed)
    repair = Repair(search=search, assignment=best.assignment, rng=rng, seed=seed)
    repair.run(budget.repair, best.offer)
    bound, notes = _bound(search, budget)
    status: Status = "OPTIMAL" if best.cost - bound < 1 else "FEASIBLE"
    return Found(status=status, assignment=best.assignment, bound=bound, notes=notes)


def _first(
    search: Search, start_from: Assignment, best: _Best, rng: np.random.Generator, seed: int
) -> Found | None:
    """Offer a lawful roster after one round of best responses and after all; return that there is none."""
    responses = BestResponses(search.problem, search.choices, prices=search.prices, cells=search.cells)
    found: Assignment | None = start_from
    for rounds in (1, MOST_ROUNDS - 1):
        found = None if found is None else responses.improved(found, rng=rng, rounds=rounds)
        if found is not None:
            best.offer(found)
    if found is not None:
        return None
    model = search.whole_model(priced=False)
    answer = solve(model.solver_model, SolverSettings(deterministic_limit=FIRST_LIMIT, seed=seed))
    if answer.found:
        best.offer(model.assignment(answer))
        return None
    return Found(status=answer.status, assignment=None, bound=0.0)


def _proven(search: Search, best: _Best, budget: Budget, seed: int) -> Found:
    """Return what one model of the whole roster makes of a good start."""
    model = search.whole_model()
    limits = SolverSettings(deterministic_limit=budget.whole, seed=seed)
    completed = completed_hint(model.solver_model, model.known(best.assignment), limits)
    hint = None if completed is None else completed[0]
    answer = solve(model.solver_model, limits, hint=hint, progress=best.report)
    if answer.found:
        best.offer(model.assignment(answer))
    status: Status = "OPTIMAL" if answer.status == "OPTIMAL" else "FEASIBLE"
    return Found(status=status, assignment=best.assignment, bound=max(0.0, answer.bound))


def _bound(search: Search, budget: Budget) -> tuple[float, tuple[str, ...]]:
    """Return a bound on the cost, and what is to be said of it."""
    size = sum(map(len, search.choices.values()))
    if size > budget.bound_size:
        most = EFFORTS["thorough"].bound_size
        return 0.0, (f"no bound computed: {size} possible duties; effort thorough bounds up to {most}",)
    bound = linear_bound(search.whole_model().solver_model)
    return (0.0, ()) if bound is None else (math.ceil(bound - 1e-6), ())


class _Best:
    """The best roster so far; passes on each better one."""

    assignment: Assignment
    cost: int

    def __init__(self, search: Search, progress: Callable[[Progress], None] | None) -> None:
        self._search, self._progress, self._begun = search, progress, time.perf_counter()
        self.assignment, self.cost = {}, sys.maxsize

    def offer(self, assignment: Assignment, cost: int | None = None) -> None:
        """Keep a roster if it is the best so far."""
        cost = self._search.cost(assignment) if cost is None else cost
        if cost < self.cost:
            self.assignment, self.cost = assignment, cost
            logger.info("roster of cost %.1f", cost / SCALE)
            self._pass_on(cost / SCALE, 0.0)

    def report(self, found: Progress) -> None:
        """Pass on what the solver found, in money."""
        if found.objective < self.cost:
            self._pass_on(found.objective / SCALE, found.bound / SCALE)

    def _pass_on(self, objective: float, bound: float) -> None:
        if self._progress is not None:
            seconds = time.perf_counter() - self._begun
            self._progress(Progress(seconds=seconds, objective=objective, bound=bound))
