"""Which of each day's plans to take, so that the days together meet their target at least cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import optimize

from scheduling.day import Floats
from scheduling.shifts.settle import Choice


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
    flat = [(d, choice) for d, choices in enumerate(days) for choice in choices]
    if any(not choices for choices in days):
        return None
    surplus = np.array([_surplus(choice, target, is_seconds) for _, choice in flat])
    units = np.array([choice.trial.denominator.mean() for _, choice in flat])
    spare = np.array(
        [max_unanswered * choice.trial.arrived.mean() - choice.trial.unanswered.mean() for _, choice in flat]
    )
    scale = target if is_seconds else 1.0
    past = (target * before[1] - before[0]) if is_seconds else (before[0] - target * before[1])
    one_each = np.array([[float(d == day) for d, _ in flat] for day in range(len(days))])
    found = optimize.milp(
        _costs(flat),
        constraints=[
            optimize.LinearConstraint(one_each, 1, 1),
            optimize.LinearConstraint((surplus - margin * scale * units)[None, :], -past),
            optimize.LinearConstraint(spare[None, :], 0.0),
        ],
        integrality=np.ones(len(flat), dtype=np.int64),
        bounds=optimize.Bounds(0, 1),
    )
    if found.x is None:
        return None
    return [choice for (_, choice), taken in zip(flat, found.x, strict=True) if taken > 0.5]


def _surplus(choice: Choice, target: float, is_seconds: bool) -> float:
    """Return the units above the target that the simulator expects (seconds below it)."""
    return choice.ahead * float(choice.trial.denominator.mean()) * (target if is_seconds else 1.0)


def _costs(flat: Sequence[tuple[int, Choice]]) -> Floats:
    """Return costs, with a hair's breadth less for plans further ahead."""
    cost = np.array([choice.cost for _, choice in flat])
    ahead = np.array([choice.ahead for _, choice in flat])
    return np.asarray(cost - 1e-5 * cost.max(initial=1.0) * np.clip(ahead, -1, 1))
