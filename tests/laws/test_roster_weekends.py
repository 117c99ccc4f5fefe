"""Weekends of a month: model, score, compiled books, first roster and audit agree."""

from __future__ import annotations

import numpy as np
import pytest
from builders_roster import (
    EARLY,
    HALF,
    PRE,
    build_people,
    build_requirement,
    build_roster,
    build_settings,
    day,
    wish,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast.randomness import generator
from scheduling.config import Limit, Pay
from scheduling.roster.anneal import annealed
from scheduling.roster.audit import audit
from scheduling.roster.board import board_of, moving_of
from scheduling.roster.case import RosterCase
from scheduling.roster.objective import SCALE
from scheduling.roster.personal import BestResponses
from scheduling.roster.problem import build_problem
from scheduling.roster.search import Search, prepare
from scheduling.roster.tables import roster_table
from scheduling.roster.variables import Assignment
from scheduling.solver import SolverSettings, solve

laws = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def busy_weekends(seed: int, mode: str) -> Search:
    """Return a problem of eleven days with up to three weekends, some of them worked or begun before."""
    rng = np.random.default_rng(seed)
    people, start = build_people(2), int(rng.integers(4, 14))  # a month ends on day 14
    worked = [(p.employee, start - d, HALF) for p in people for d in range(1, 22) if rng.random() < 0.3]
    fixed = [wish("A", int(rng.integers(start, start + 11)), "fixed", "半班")] if rng.random() < 0.5 else []
    limit = Limit(value=float(rng.integers(0, 3)), mode=mode, price=float(rng.integers(5, 400)))  # type: ignore[arg-type]
    case = RosterCase(
        employees=people,
        wishes=fixed,
        settings=build_settings(
            templates=(EARLY, HALF),
            streams=(PRE,),
            max_weekends_per_month=limit,
            max_consecutive_days=Limit(value=6, mode="off"),
            **dict.fromkeys(("holiday_pay", "rest_day_pay", "overtime_pay"), Pay(rate=2.0, mode="off")),
        ),
        start=day(start),
        days=11,
        requirement=build_requirement(1, days=30, hours=(8, 24)),
        last_roster=build_roster(worked) if worked else None,
    )
    return prepare(build_problem(case))


def breaches(search: Search, assignment: Assignment) -> list:
    """Return what the audit says of an assignment."""
    problem = search.problem
    return audit(
        roster_table(problem, assignment),
        problem.employees,
        problem.wishes,
        problem.settings,
        start=problem.start,
        days=problem.days,
        last_roster=problem.last_roster,
    )


@laws
@given(seed=st.integers(0, 10**6))
def test_soft_weekends_cost_the_same_in_model_score_board_and_audit(seed: int) -> None:
    search = busy_weekends(seed, "soft")
    model = search.whole_model()
    answer = solve(model.solver_model, SolverSettings(deterministic_limit=20))
    assert answer.objective is not None
    for found in (model.assignment(answer), annealed(search, {}, rng=generator(seed, "law"), moves=3000)):
        labour = search.terms(found)["labour"]
        books = moving_of(search, board_of(search), found).labour
        paid = sum(v.amount * v.price for v in breaches(search, found))
        assert books.sum() == labour
        assert paid == pytest.approx(labour / SCALE)
    assert search.cost(model.assignment(answer)) == round(answer.objective)


@laws
@given(seed=st.integers(0, 10**6))
def test_hard_weekends_are_kept_by_the_first_roster_and_by_annealing(seed: int) -> None:
    search = busy_weekends(seed, "hard")
    responses = BestResponses(search.problem, search.choices, prices=search.prices, cells=search.cells)
    first = responses.improved({}, rng=generator(seed, "law"))
    model = search.whole_model()
    answer = solve(model.solver_model, SolverSettings(deterministic_limit=20))
    assert (first is None) == (not answer.found)
    if first is not None:
        for found in (first, annealed(search, first, rng=generator(seed, "law"), moves=3000)):
            assert breaches(search, found) == []
        assert breaches(search, model.assignment(answer)) == []
