"""The chance of meeting a target: what the model expects of a plan in each future that was drawn."""

from __future__ import annotations

import numpy as np

from scheduling.day import Floats, Ints
from scheduling.shifts.task import DayTask

LOW = 0.10  # quantile over draws that a plan states as its low


def draw_sums(task: DayTask, counts: Ints, draws: Floats) -> Floats:
    """Return the expected units in time (or their seconds) and all units, one row a draw.

    Parameters
    ----------
    task
        The day, at level 1.
    counts
        People per instance.
    draws
        Sessions that reach people (draws x intervals).
    """
    on, stops = task.staffing(counts)
    pressure = 1.0 / (1.0 - task.absence_rate)
    rows = []
    for sessions in draws:
        evaluation = task.model.evaluate(
            on, stops, sessions=np.asarray(sessions, dtype=np.float64) * pressure
        )
        rows.append((float(evaluation.on_time.sum()), float(evaluation.total.sum())))
    return np.array(rows).reshape(-1, 2)


def shares_of(sums: Floats, before: tuple[float, float] = (0.0, 0.0)) -> Floats:
    """Return the share of each draw from sums over days (days x draws x 2), with units from before."""
    total: Floats = sums.sum(axis=0) + np.array(before)
    return np.asarray(total[:, 0] / np.maximum(total[:, 1], 1e-12))


def spread_out(totals: Floats, count: int) -> Ints:
    """Return the numbers of at most `count` draws that stand for all, evenly spaced in order of totals."""
    if len(totals) <= count:
        return np.arange(len(totals))
    order = np.argsort(totals, kind="stable")
    return np.asarray(order[((np.arange(count) + 0.5) * len(totals) / count).astype(int)])
