"""The solver's door: limits, hints, bounds, and what it refuses."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable

import pytest
from ortools.sat.python import cp_model

from scheduling.solver import Progress, SolverSettings, completed_hint, solve

QUICK = SolverSettings(deterministic_limit=0.3)


def cover_model(size: int, rows: int) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Return a seeded random covering problem."""
    rng = random.Random(1)
    model = cp_model.CpModel()
    chosen = [model.new_bool_var(f"x{i}") for i in range(size)]
    for _ in range(rows):
        model.add(sum(chosen[i] for i in rng.sample(range(size), 8)) >= 2)
    model.minimize(sum(rng.randint(5, 20) * x for x in chosen))
    return model, chosen


def test_a_small_model_is_proven() -> None:
    model = cp_model.CpModel()
    x = model.new_int_var(0, 9, "x")
    model.minimize(3 * x + 2)
    model.add(x >= 4)
    answer = solve(model, QUICK)
    assert (answer.status, answer.objective, answer.bound, answer.gap) == ("OPTIMAL", 14, 14, 0)
    assert answer.value(2 * x - 1) == 7


def test_a_negated_literal_has_the_opposite_value() -> None:
    model = cp_model.CpModel()
    x = model.new_bool_var("x")
    model.add(x == 1)
    answer = solve(model, QUICK)
    assert answer.is_true(x)
    assert not answer.is_true(~x)


def test_no_solution_is_an_answer_without_objective() -> None:
    model = cp_model.CpModel()
    x = model.new_bool_var("x")
    model.add(x + 1 <= 0)
    answer = solve(model, QUICK)
    assert (answer.status, answer.found, answer.gap) == ("INFEASIBLE", False, None)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_seed_gives_the_same_values(workers: int) -> None:
    settings = SolverSettings(deterministic_limit=0.2, workers=workers, seed=3)
    first, second = (solve(cover_model(120, 90)[0], settings) for _ in range(2))
    assert first.status == "FEASIBLE"
    assert first.values == second.values


def test_a_longer_limit_does_more_work() -> None:
    short, long = (
        solve(cover_model(150, 120)[0], SolverSettings(deterministic_limit=limit)) for limit in (0.05, 0.4)
    )
    assert short.work < 0.2 < long.work
    assert long.bound >= short.bound


def test_a_gap_limit_stops_before_the_proof() -> None:
    model, _ = cover_model(120, 90)
    settings = SolverSettings(deterministic_limit=20, relative_gap=0.25)
    answer = solve(model, settings)
    assert answer.gap is not None
    assert answer.gap <= 0.25
    assert answer.work < 20


def test_a_hint_must_be_complete() -> None:
    model, chosen = cover_model(30, 5)
    with pytest.raises(ValueError, match="29 variables have no value"):
        solve(model, QUICK, hint={chosen[0].index: 1})


def test_a_completed_hint_keeps_what_was_known_and_fills_the_rest() -> None:
    model, chosen = cover_model(60, 30)
    completed = completed_hint(model, {chosen[i].index: i % 2 for i in range(40)}, QUICK)
    assert completed is not None
    hint, answer = completed
    assert len(hint) == 60
    assert [hint[chosen[i].index] for i in range(40)] == [i % 2 for i in range(40)]
    resumed = solve(model, QUICK.with_limit(0.01), hint=hint)
    assert resumed.objective is not None
    assert answer.objective is not None
    assert resumed.objective <= answer.objective


def test_an_unlawful_hint_cannot_be_completed() -> None:
    model = cp_model.CpModel()
    x, y = model.new_bool_var("x"), model.new_bool_var("y")
    model.add_bool_or(x, y)
    model.add_bool_or(~x, ~y)
    assert completed_hint(model, {x.index: 1, y.index: 1}, QUICK) is None


def test_better_solutions_are_reported_as_they_come() -> None:
    seen: list[Progress] = []
    answer = solve(cover_model(150, 120)[0], QUICK, progress=seen.append)
    objectives = [report.objective for report in seen]
    assert objectives == sorted(objectives, reverse=True)
    assert objectives[-1] == answer.objective


def test_interrupting_keeps_the_best_found() -> None:
    settings = SolverSettings(deterministic_limit=60)
    main = threading.main_thread().ident
    assert main is not None
    sent = threading.Event()

    def interrupt(_: Progress) -> None:
        if not sent.is_set():
            sent.set()
            signal.pthread_kill(main, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where run in the background
    try:
        answer = solve(cover_model(400, 500)[0], settings, progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert answer.interrupted
    assert answer.found
    assert answer.work < 60


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SolverSettings(deterministic_limit=0), "deterministic_limit must be above 0, got 0"),
        (lambda: SolverSettings(deterministic_limit=1, workers=0), "workers must be at least 1, got 0"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
