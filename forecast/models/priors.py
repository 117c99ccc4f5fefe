"""Priors of the regression's coefficients as one penalty matrix."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from forecast.models.calendar_columns import WALK
from forecast.models.columns import Design, Floats


def prior_penalty(design: Design, design_effect: float) -> Floats:
    """Return ridges on the diagonal and the walk's penalty on steps from week to week.

    The hours of a day share its luck, so that they tell less about whole days than as many independent hours:
    priors of what acts on whole days are stiffer by as much.
    """
    whole_day = np.array([_acts_on_whole_days(name) for name in design.names])
    penalty = np.diag(design.ridges * np.where(whole_day, design_effect, 1.0))
    weeks = sorted(
        (int(name.split(":")[1]), column)
        for column, name in enumerate(design.names)
        if name.startswith("walk:")
    )
    for (one, left), (two, right) in pairwise(weeks):
        stiffness = WALK * design_effect / (two - one)
        penalty[left, left] += stiffness
        penalty[right, right] += stiffness
        penalty[left, right] -= stiffness
        penalty[right, left] -= stiffness
    return penalty


def _acts_on_whole_days(name: str) -> bool:
    group, what = name.split(":", 1)[0], name.rsplit(":", 1)[1]
    return group in ("month_day", "season") or (
        group in ("promotion", "kind") and what.startswith(("wave", "dip"))
    )
