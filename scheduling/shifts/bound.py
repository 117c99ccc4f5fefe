"""A lower bound on the cost of any plan that meets the day, by relaxation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from ortools.sat.python import cp_model

from scheduling.day import Floats, Ints
from scheduling.service.agent import agent_law
from scheduling.service.value import value_tables
from scheduling.service.worth import TOTAL, window_shares
from scheduling.shifts.task import DayTask
from scheduling.solver import SolverSettings, solve

POINTS = 10  # head counts at which an interval's loss is known
CENTS = 100
SCALE = 20  # parts of a unit of loss


def cost_bound(task: DayTask, plenty: Ints, *, work: float = 1.0) -> float:
    """Return a lower bound on the cost of the day's shifts. [money]

    Parameters
    ----------
    task
        What the shifts must meet.
    plenty
        More agents per interval than anybody needs.
    work
        Of the branch and bound. [deterministic seconds]

    Notes
    -----
    Two relaxations together. Work: one agent answers at most max over k of T(k) F(k) questions in time per
    second, whatever the number k of open sessions; after the end of a duty or at a break at most a full set
    of sessions more. Each interval's best case: what too few agents in it cost the day if there are plenty
    in all others, so that it inherits no backlog and its own is worked off at once. Being short in several
    intervals costs at least the sum of that, for backlog grows on backlog. The losses enter by their lower
    convex envelopes; whole numbers of people are kept as far as a limited branch and bound gets. The limit
    on unanswered sessions and the floor are left out, which only lowers the bound.
    """
    low = task.must.astype(np.int64)
    points = np.round(low[:, None] + (plenty - low)[:, None] * np.linspace(0, 1, POINTS)).astype(np.int64)
    tables = value_tables(task.model, plenty, candidates=points)
    loss = tables.base_surplus - tables.surplus
    budget = max(tables.base_surplus, 0.0)
    return _relaxed(task, points, np.maximum(loss, 0.0), budget, float(tables.base[TOTAL]), work)


def _replies_in_time(task: DayTask) -> Floats:
    """Return the most replies in time, in the window, of one person on each instance, and of the fixed."""
    service = task.served_day.service
    law = agent_law(
        service,
        task.day.rule.threshold_s,
        most_open=service.reception_cap,
        handle_factor=float(task.day.handle_factor.min()),
    )
    rate = float(np.max(law.throughput * np.maximum(law.on_time, law.first_on_time)))
    held = service.reception_cap * service.rounds
    window_s = 60.0 * task.day.interval_min * window_shares(task.day)
    on, stops = (np.vstack([part, extra]) for part, extra in zip(task.presence, task.already, strict=True))
    return np.asarray(rate * (on @ window_s) + held * (stops @ (window_s > 0)))


def _replies_needed(task: DayTask, total: float) -> float:
    """Return the replies in time that the target needs at the least; 0 where the unit does not say."""
    rule, rounds = task.day.rule, task.served_day.service.rounds
    if rule.metric == "mean_seconds" or rule.unit == "buyer_day" or "bot_auto" in rule.counts_as_reply:
        return 0.0
    each = rounds if rule.unit == "session" and rule.pass_if == "every_reply" else 1.0
    return task.target * total * each * (1.0 - min(1.0, task.max_unanswered))


def _relaxed(task: DayTask, points: Ints, loss: Floats, budget: float, total: float, work: float) -> float:
    """Bound the cost over people per instance and losses per interval."""
    model = cp_model.CpModel()
    on, fixed = task.presence[0], task.already[0]
    most = int(points.max()) * 2 + 10
    people = [model.new_int_var(0, most, f"people_{k}") for k in range(len(task.cost))]
    losses = []
    for i in range(len(points)):
        agents = sum(people[k] for k in np.flatnonzero(on[:, i])) + int(fixed[i])
        lines = _envelope(points[i], loss[i])
        lost = model.new_int_var(0, max(1, round(SCALE * float(loss[i].max()))), f"loss_{i}")
        losses.append(lost)
        for slope, level in lines:  # rounded so that the lines lie no higher
            model.add(lost + round(SCALE * slope) * agents >= int(SCALE * level - 0.5 * most))
        if task.must[i]:
            model.add(agents >= 1)
    model.add(sum(losses) <= int(SCALE * budget) + len(points))
    replies = _replies_in_time(task)
    needed = _replies_needed(task, total) - float(replies[len(people) :].sum())
    model.add(sum(int(np.ceil(r)) * c for r, c in zip(replies, people, strict=False)) >= int(needed))
    for members, limit in task.groups:
        model.add(sum(people[int(k)] for k in members) <= limit)
    model.minimize(sum(int(CENTS * c) * x for c, x in zip(task.cost, people, strict=True)))
    answer = solve(model, SolverSettings(deterministic_limit=work))
    return max(0.0, answer.bound / CENTS) if answer.status != "INFEASIBLE" else 0.0


def _envelope(agents: Ints, loss: Floats) -> list[tuple[float, float]]:
    """Return the lower convex envelope of falling losses as lines level - slope * agents."""
    corners: list[tuple[float, float]] = []
    for x, y in sorted({int(x): float(y) for x, y in zip(agents, loss, strict=True)}.items()):
        while len(corners) > 1 and _above(corners[-2], corners[-1], (x, y)):
            corners.pop()
        corners.append((x, y))
    lines = []
    for (x1, y1), (x2, y2) in pairwise(corners):
        if y2 < y1:
            slope = (y1 - y2) / (x2 - x1)
            lines.append((slope, y1 + slope * x1))
    return lines


def _above(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or above the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])
