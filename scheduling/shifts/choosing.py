"""Which of each day's plans to take, so that the days together meet their target at least cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from scheduling.shifts.settle import Choice
from scheduling.solver import SolverSettings, solve

CENTS = 100
PARTS = 20  # of a unit
WORK = 1.0  # of the search [deterministic seconds]


def choose_together(
    days: Sequence[Sequence[Choice]],
    *,
    target: float,
    is_seconds: bool,
    max_unanswered: float,
    margin: float,
    before: tuple[float, float] = (0.0, 0.0),
) -> list[Choice] | None:
    """Return one plan a day, or None where no choice meets the target together.

    Parameters
    ----------
    days
        Each day's plans, judged by the simulator.
    target, is_seconds
        Share wanted of all days together; mean seconds under such a rule.
    max_unanswered
        Largest share of the days' sessions that are never answered.
    margin
        By how much the estimates together must be ahead of the target.
    before
        Units in time and all units of the period so far.
    """
    if any(not choices for choices in days):
        return None
    scale = target if is_seconds else 1.0
    past = (target * before[1] - before[0]) if is_seconds else (before[0] - target * before[1])
    model = cp_model.CpModel()
    taken = [[model.new_bool_var(f"{d}_{k}") for k in range(len(choices))] for d, choices in enumerate(days)]
    cost, ahead, spare = [], [], []
    for literals, choices in zip(taken, days, strict=True):
        model.add_exactly_one(literals)
        for literal, choice in zip(literals, choices, strict=True):
            trial, surplus = choice.trial, _surplus(choice, target, is_seconds)
            short = margin * scale * float(trial.denominator.mean())
            few = max_unanswered * trial.arrived.mean() - trial.unanswered.mean()
            cost.append(round(CENTS * choice.cost) * literal)
            ahead.append(int(np.floor(PARTS * (surplus - short))) * literal)
            spare.append(int(np.floor(PARTS * few)) * literal)
    model.add(sum(ahead) >= int(np.ceil(-PARTS * past)))
    model.add(sum(spare) >= 0)
    model.minimize(sum(cost))
    answer = solve(model, SolverSettings(deterministic_limit=WORK))
    if not answer.found:
        return None
    return [
        choices[next(k for k, literal in enumerate(literals) if answer.is_true(literal))]
        for literals, choices in zip(taken, days, strict=True)
    ]


def _surplus(choice: Choice, target: float, is_seconds: bool) -> float:
    """Return the units above the target that the simulator expects (seconds below it)."""
    return choice.ahead * float(choice.trial.denominator.mean()) * (target if is_seconds else 1.0)
