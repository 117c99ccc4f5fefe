"""Priors of the regression's coefficients as one penalty matrix."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import linalg

from forecast.models.calendar_columns import WALK
from forecast.models.columns import Design, Floats
from forecast.models.penalised import Solution

USUAL_DAYS = 4.0  # days of the month's worth of trust in their usual ridge
SOFTEST, STIFFEST = 1 / 30, 30.0  # times the usual ridge


def prior_penalty(design: Design, design_effect: float, month_days: float = 1.0) -> Floats:
    """Return ridges on the diagonal and the walk's penalty on steps from week to week.

    The hours of a day share its luck, so that they tell less about whole days than as many independent hours:
    priors of what acts on whole days are stiffer by as much. `month_days` is by what those of days of the
    month are stiffer again (`month_day_stiffness`).
    """
    whole_day = np.array([_acts_on_whole_days(name) for name in design.names])
    factor = np.where(whole_day, design_effect, 1.0) * np.where(_month_days(design), month_days, 1.0)
    penalty = np.diag(design.ridges * factor)
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


def month_day_stiffness(design: Design, solution: Solution) -> float:
    """Return by what the ridge of days of the month should be multiplied, as a fit has it.

    Notes
    -----
    MacKay's fixed point of the evidence: ridge = γ / Σβ², γ the number of coefficients that the data decide,
    Σ (1 - P_jj [(I + P)⁻¹]_jj); both sums as if `USUAL_DAYS` more had the size of the usual ridge. Where days
    of the month are all alike, what the columns learn is luck, and the ridge grows from pass to pass.

    References
    ----------
    D. J. C. MacKay, "Bayesian interpolation", Neural Computation 4(3), 1992, doi:10.1162/neco.1992.4.3.415.
    """
    own = np.flatnonzero(_month_days(design))
    if not len(own):
        return 1.0
    factor = linalg.cho_factor(solution.information + solution.penalty, check_finite=False)
    columns = linalg.cho_solve(factor, np.eye(len(solution.beta))[:, own], check_finite=False)
    decided = float((1 - solution.penalty[own, own] * columns[own, np.arange(len(own))]).sum())
    size = float((design.ridges[own] * solution.beta[own] ** 2).sum())
    return float(np.clip((decided + USUAL_DAYS) / (size + USUAL_DAYS), SOFTEST, STIFFEST))


def _month_days(design: Design) -> npt.NDArray[np.bool_]:
    return np.array([name.startswith("month_day:") for name in design.names], dtype=bool)


def _acts_on_whole_days(name: str) -> bool:
    group, what = name.split(":", 1)[0], name.rsplit(":", 1)[1]
    return group in ("month_day", "season") or (
        group in ("promotion", "kind") and what.startswith(("wave", "dip"))
    )
