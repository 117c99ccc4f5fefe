"""Repair: free a few cells of a roster, solve those exactly, keep what is better, again and again.

Neighbourhoods are whole rows of a few people, or a window of days for many. Half of the windows are
centred on what costs most. Each kind grows while its models are solved to the end and shrinks while they
are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from scheduling.roster.problem import Cell
from scheduling.roster.score import CoverCost
from scheduling.roster.search import Search
from scheduling.roster.variables import Assignment, frozen_cover
from scheduling.solver import SolverSettings, completed_hint, solve

logger = logging.getLogger(__name__)

STEP_LIMIT = 0.5  # deterministic seconds for one neighbourhood
EASY = 0.15  # below this a neighbourhood was too small
OVERHEAD = 0.03  # counted for building a model, so that a budget is used up in any case
WINDOWS = (2, 3, 5, 7, 14)  # days
LEAST_CELLS = 14


@dataclass(kw_only=True)
class Kind:
    """A kind of neighbourhood and how many cells it currently frees."""

    name: str
    days: int | None  # None: every day
    cells: float
    tries: int = 0
    gains: int = 0

    def learn(self, *, proven: bool, work: float) -> None:
        """Grow after an easy model, shrink after one that was not solved to the end."""
        if not proven:
            self.cells = max(LEAST_CELLS, self.cells * 0.8)
        elif work < EASY:
            self.cells *= 1.15


@dataclass(kw_only=True)
class Repair:
    """A roster under repair; `assignment` is the best so far, `cost` what it costs [units]."""

    search: Search
    assignment: Assignment
    rng: np.random.Generator
    seed: int = 0
    work: float = 0.0
    kinds: list[Kind] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with small neighbourhoods."""
        self.cost = self.search.cost(self.assignment)
        days = self.search.problem.days
        widths = sorted({min(width, days) for width in WINDOWS})
        self.kinds = [Kind(name="people", days=None, cells=60.0)]
        self.kinds += [Kind(name=f"{width} days", days=width, cells=60.0) for width in widths]

    def run(self, budget: float, on_better: Callable[[Assignment, int], None]) -> None:
        """Repair until `budget` deterministic seconds of work are spent; Ctrl-C is passed on."""
        end = self.work + budget
        while self.work < end:
            before = self.cost
            interrupted = self.step()
            if self.cost < before:
                on_better(self.assignment, self.cost)
            if interrupted:
                raise KeyboardInterrupt

    def step(self) -> bool:
        """Repair one neighbourhood; return whether the search was interrupted."""
        kind = self.kinds[int(self.rng.integers(len(self.kinds)))]
        free = self._neighbourhood(kind)
        search = self.search
        model = search.partial_model(self.assignment, free)
        limits = SolverSettings(deterministic_limit=STEP_LIMIT, seed=self.seed)
        completed = completed_hint(model.solver_model, model.known(self.assignment), limits)
        if completed is None:
            self.work += OVERHEAD
            return False
        hint, old = completed
        answer = solve(model.solver_model, limits, hint=hint)
        self.work += OVERHEAD + old.work + answer.work
        kind.tries += 1
        kind.learn(proven=answer.status == "OPTIMAL", work=answer.work)
        if answer.objective is None or old.objective is None or answer.objective > old.objective:
            return answer.interrupted
        self.assignment = model.assignment(answer)
        if answer.objective < old.objective:
            kind.gains += 1
            self.cost = search.cost(self.assignment)
        return answer.interrupted

    def _neighbourhood(self, kind: Kind) -> list[Cell]:
        problem = self.search.problem
        width = problem.days if kind.days is None else kind.days
        people_wanted = max(2, round(kind.cells / width))
        first, stream = self._where(width)
        days = range(first, min(first + width, problem.days))
        able = [
            p
            for p in range(len(problem.employees))
            if any(
                stream is None or problem.options[d][n].stream == stream
                for d in days
                for n in self.search.choices[p, d]
            )
        ]
        people = self.rng.permutation(len(able))[:people_wanted]
        return sorted((able[i], d) for i in people.tolist() for d in days)

    def _where(self, width: int) -> tuple[int, str | None]:
        """Return the first day of a window and the stream it is for: random, or where most is lost."""
        problem = self.search.problem
        if self.rng.random() < 0.5:
            return int(self.rng.integers(problem.days - width + 1)), None
        lost = CoverCost(problem, self.search.prices).rows(frozen_cover(problem, self.assignment))
        per_day = 24 * 60 // problem.interval_min
        pad = -problem.intervals % per_day
        table = np.pad(lost.reshape(len(problem.streams), -1), ((0, 0), (0, pad)))
        by_day = table.reshape(len(problem.streams), -1, per_day).sum(axis=2)[:, : problem.days]
        if by_day.sum() == 0:
            return int(self.rng.integers(problem.days - width + 1)), None
        flat = int(self.rng.choice(by_day.size, p=by_day.ravel() / by_day.sum()))
        stream, day = divmod(flat, problem.days)
        return min(max(0, day - width // 2), problem.days - width), problem.streams[stream]
