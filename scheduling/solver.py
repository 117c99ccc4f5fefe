"""The one door to the constraint solver: settings in, an answer with status, bound and gap out.

Shifts and rosters both go through it. Searches end on deterministic limits, not on seconds, so the same
model and seed give the same answer on every run.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from ortools.sat.python import cp_model
from scipy import optimize, sparse

logger = logging.getLogger(__name__)

Status = Literal["OPTIMAL", "FEASIBLE", "INFEASIBLE", "UNKNOWN"]
Hint = Mapping[int, int]  # index of a variable -> value

NO_LIMIT = 1 << 60  # ends of domains beyond this stand for none

STATUS: dict[Any, Status] = {
    cp_model.OPTIMAL: "OPTIMAL",
    cp_model.FEASIBLE: "FEASIBLE",
    cp_model.INFEASIBLE: "INFEASIBLE",
    cp_model.UNKNOWN: "UNKNOWN",
}


@dataclass(frozen=True, kw_only=True)
class SolverSettings:
    """How long and how to search.

    Attributes
    ----------
    deterministic_limit
        Work after which the search stops. [deterministic seconds, about as long as seconds of one core]
    seed
        Seed of the search.
    workers
        Threads. More than one take turns in fixed batches, so that the answer does not depend on timing.
    relative_gap
        Stop once ``(objective - bound) / objective`` is at most this.
    seconds_limit
        Wall time after which the search stops as well. [s] None, the default, keeps answers reproducible.
    log
        Pass the solver's own log to this module's logger.
    """

    deterministic_limit: float
    seed: int = 0
    workers: int = 1
    relative_gap: float = 0.0
    seconds_limit: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        """Raise `ValueError` for limits that cannot be meant."""
        if self.deterministic_limit <= 0:
            raise ValueError(f"deterministic_limit must be above 0, got {self.deterministic_limit:g}")
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, got {self.workers}")

    def with_limit(self, deterministic_limit: float) -> SolverSettings:
        """Return these settings with another limit."""
        return replace(self, deterministic_limit=max(deterministic_limit, 1e-3))


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A better answer was found. Objective and bound are in the model's own units."""

    seconds: float
    objective: float
    bound: float


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a search found.

    ``objective`` is None where there is no solution (and 0 for a model without objective); ``bound`` is the
    proven limit of the objective. ``work`` counts deterministic seconds. ``interrupted`` says that Ctrl-C
    ended the search: what was found until then is kept.
    """

    status: Status
    objective: float | None
    bound: float
    seconds: float
    work: float
    interrupted: bool
    core: tuple[int, ...] = ()
    values: Sequence[int] = field(default=(), repr=False)

    @property
    def found(self) -> bool:
        """Whether there is a solution to read values from."""
        return self.objective is not None

    @property
    def gap(self) -> float | None:
        """Distance of objective and bound relative to the objective; None without a solution."""
        if self.objective is None:
            return None
        distance = abs(self.objective - self.bound)
        return 0.0 if distance < 1e-6 else distance / max(abs(self.objective), 1e-9)

    def value(self, expression: Any) -> int:
        """Return the value of a variable, a negated literal or a linear expression."""
        if isinstance(expression, int):
            return expression
        if isinstance(expression, cp_model.IntVar):
            index = expression.index
            return self.values[index] if index >= 0 else 1 - self.values[-index - 1]
        flat = cp_model.FlatIntExpr(expression)
        terms = zip(flat.vars, flat.coeffs, strict=True)
        return int(flat.offset + sum(c * self.value(v) for v, c in terms))

    def is_true(self, literal: Any) -> bool:
        """Return whether a Boolean holds."""
        return bool(self.value(literal))

    def hint(self) -> dict[int, int]:
        """Return every variable's value, to start a later search of the same model from."""
        return dict(enumerate(self.values))


def solve(
    model: cp_model.CpModel,
    settings: SolverSettings,
    *,
    hint: Hint | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Answer:
    """Search a model within its limits.

    Parameters
    ----------
    model
        Variables, constraints and objective; its stored hint is replaced.
    settings
        Limits, seed, threads.
    hint
        A value for *every* variable (`Answer.hint`, `completed_hint`): solvers often lose partial hints.
    progress
        Called for each better solution, from the solver's thread.

    Returns
    -------
    Answer
        Ctrl-C ends the search gracefully and leaves the best solution so far.

    Raises
    ------
    ValueError
        If the hint leaves variables out, or the model itself is not valid.
    """
    hint = {} if hint is None else hint
    if hint and (missing := len(model.proto.variables) - len(hint)):
        raise ValueError(f"a hint must be complete; {missing} variables have no value")
    _store_hint(model, hint)
    return _run(model, _solver(settings), progress)


def completed_hint(
    model: cp_model.CpModel, known: Hint, settings: SolverSettings
) -> tuple[dict[int, int], Answer] | None:
    """Return a complete hint that keeps the `known` values, and the answer it came from.

    The variables left out are set as the objective likes them. None if nothing lawful keeps the values.
    """
    _store_hint(model, known)
    solver = _solver(settings)
    solver.parameters.fix_variables_to_their_hinted_value = True
    answer = _run(model, solver, None)
    _store_hint(model, {})
    return (answer.hint(), answer) if answer.found else None


def linear_bound(model: cp_model.CpModel) -> float | None:
    """Return a bound on the objective from the model with its integers relaxed, by linear programming.

    For large cover models this is far quicker than the search's own bound, and often as good. None where the
    relaxation has no optimum. Every constraint of the model must be linear and without conditions.

    Raises
    ------
    ValueError
        If a constraint is not linear.
    """
    proto = model.proto
    columns: list[int] = []
    weights: list[int] = []
    ends, low, high = [0], [], []
    for constraint in proto.constraints:
        if not constraint.has_linear() or len(constraint.enforcement_literal):
            raise ValueError("the relaxation takes linear constraints without conditions only")
        linear = constraint.linear
        columns += list(linear.vars)
        weights += list(linear.coeffs)
        ends.append(len(columns))
        domain = list(linear.domain)
        low.append(_finite(domain[0]))
        high.append(_finite(domain[-1]))
    price = np.zeros(len(proto.variables))
    for index, coefficient in zip(list(proto.objective.vars), list(proto.objective.coeffs), strict=True):
        price[index] += coefficient
    shape = (len(low), len(price))
    matrix = sparse.csr_array((np.array(weights, dtype=float), columns, ends), shape=shape)
    bounds = optimize.Bounds(*np.array([_ends(variable) for variable in proto.variables], dtype=float).T)
    found = optimize.milp(price, constraints=optimize.LinearConstraint(matrix, low, high), bounds=bounds)
    if found.fun is None:
        return None
    return float(found.fun) + proto.objective.offset


def _ends(variable: Any) -> tuple[int, int]:
    domain = list(variable.domain)
    return domain[0], domain[-1]


def _finite(value: int) -> float:
    """Return an end of a domain, infinite where it stands for no limit."""
    return float(value) if abs(value) < NO_LIMIT else math.copysign(math.inf, value)


def _store_hint(model: cp_model.CpModel, hint: Hint) -> None:
    """Replace a model's stored hint."""
    model.clear_hints()  # type: ignore[no-untyped-call]
    for index, value in hint.items():
        model.proto.solution_hint.vars.append(index)
        model.proto.solution_hint.values.append(value)


def _solver(settings: SolverSettings) -> cp_model.CpSolver:
    """Return a solver with these settings.

    The full linear relaxation (``linearization_level`` 2) is what closes cover models; see
    ``roster/README.md`` for the measurement.
    """
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.max_deterministic_time = settings.deterministic_limit
    parameters.random_seed = settings.seed
    parameters.num_workers = settings.workers
    parameters.interleave_search = settings.workers > 1
    parameters.linearization_level = 2
    parameters.relative_gap_limit = settings.relative_gap
    parameters.catch_sigint_signal = False
    if settings.seconds_limit is not None:
        parameters.max_time_in_seconds = settings.seconds_limit
    if settings.log:
        parameters.log_search_progress = True
        parameters.log_to_stdout = False
        solver.log_callback = logger.info
    return solver


class _Reporter(cp_model.CpSolverSolutionCallback):
    """Hands each better solution's figures on."""

    def __init__(self, progress: Callable[[Progress], None]) -> None:
        super().__init__()
        self._progress = progress

    def on_solution_callback(self) -> None:
        """Report the solution just found."""
        self._progress(
            Progress(seconds=self.wall_time, objective=self.objective_value, bound=self.best_objective_bound)
        )


def _run(
    model: cp_model.CpModel, solver: cp_model.CpSolver, progress: Callable[[Progress], None] | None
) -> Answer:
    """Solve in a thread of its own, so that this one hears Ctrl-C."""
    outcome: list[Any] = []
    done = threading.Event()

    def work() -> None:
        try:
            outcome.append(solver.solve(model, None if progress is None else _Reporter(progress)))
        except BaseException as error:
            outcome.append(error)
        finally:
            done.set()

    begun = time.perf_counter()
    threading.Thread(target=work, name="solver").start()
    interrupted = _wait(done, solver)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    if outcome[0] == cp_model.MODEL_INVALID:
        raise ValueError(f"the solver rejects the model: {model.validate()}")
    return _answer(solver, STATUS[outcome[0]], time.perf_counter() - begun, interrupted)


def _wait(done: threading.Event, solver: cp_model.CpSolver) -> bool:
    """Wait for the search to end, or end it; return whether it was interrupted."""
    try:
        done.wait()
    except KeyboardInterrupt:
        logger.warning("interrupted: keeping the best answer found so far")
        solver.stop_search()
        while not done.wait(0.05):
            solver.stop_search()  # the first call is lost where the search had not begun
        return True
    return False


def _answer(solver: cp_model.CpSolver, status: Status, seconds: float, interrupted: bool) -> Answer:
    response = solver.response_proto
    found = status in ("OPTIMAL", "FEASIBLE")
    return Answer(
        status=status,
        objective=response.objective_value if found else None,
        bound=response.best_objective_bound,
        seconds=seconds,
        work=response.deterministic_time,
        interrupted=interrupted,
        core=tuple(response.sufficient_assumptions_for_infeasibility),
        values=tuple(response.solution) if found else (),
    )
