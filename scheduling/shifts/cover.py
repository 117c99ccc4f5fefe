"""First plans: the cheapest shifts over a given requirement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from scheduling.day import Floats, Ints
from scheduling.solver import SolverSettings, solve

Group = tuple[Ints, int]  # instances that share a limit on people, and the limit

CENTS = 100
SHORT_PRICE = 50  # times the dearest instance: an agent-interval short is never the cheap way out


def cover_plan(
    required: Ints,
    on: Ints,
    cost: Floats,
    groups: Sequence[Group] = (),
    *,
    limit: float = 2.0,
    seed: int = 0,
) -> Ints:
    """Return how many people work each instance so that the requirement is covered at least cost.

    Parameters
    ----------
    required
        Agents per interval.
    on
        Instances x intervals: 1 where the instance is on duty.
    cost
        Cost of one person on each instance. [money]
    groups
        Limits on people over sets of instances.
    limit
        Work of the search. [deterministic seconds]
    seed
        Seed of the search.

    Notes
    -----
    Where limits or the templates leave an interval short, the shortage is as small as can be: each missing
    agent-interval costs more than any saving.
    """
    model, counts = _cover_model(required, on, cost, groups)
    answer = solve(model, SolverSettings(deterministic_limit=limit, seed=seed, workers=1, relative_gap=0.005))
    return np.array([answer.value(count) for count in counts], dtype=np.int64)


def _cover_model(
    required: Ints, on: Ints, cost: Floats, groups: Sequence[Group]
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    model = cp_model.CpModel()
    most = int(required.max(initial=1)) * 2 + 10
    counts = [model.new_int_var(0, most, f"people_{k}") for k in range(len(on))]
    prices = [max(1, round(CENTS * c)) for c in cost]
    terms = [p * c for p, c in zip(prices, counts, strict=True)]
    for i in np.flatnonzero(required > 0):
        people = [counts[k] for k in np.flatnonzero(on[:, i])]
        short = model.new_int_var(0, int(required[i]), f"short_{i}")
        model.add(sum(people) + short >= int(required[i]))
        terms.append(SHORT_PRICE * max(prices) * short)
    for members, limit in groups:
        model.add(sum(counts[int(k)] for k in members) <= limit)
    model.minimize(sum(terms))
    return model, counts
