"""Priors of the regression's coefficients as one penalty matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from forecast.models.calendar_columns import WALK
from forecast.models.columns import Design, Floats
from forecast.models.penalised import Solution

Flags = npt.NDArray[np.bool_]

USUAL_COLUMNS = 4.0  # columns' worth of trust in their usual ridge
SOFTEST, STIFFEST = 1 / 30, 30.0  # times the usual ridge


@dataclass(frozen=True, kw_only=True)
class Stiffness:
    """By what ridges are multiplied: those of days of the month, and of the days after promotions."""

    month_days: float = 1.0
    days_after: float = 1.0


AS_USUAL = Stiffness()


def prior_penalty(design: Design, design_effect: float, stiffness: Stiffness = AS_USUAL) -> Floats:
    """Return ridges on the diagonal and the walk's penalty on steps from week to week.

    The hours of a day share its luck, so that they tell less about whole days than as many independent hours:
    priors of what acts on whole days are stiffer by as much, and again by what the history has taught of its
    days of the month and the days after its promotions (`learnt_stiffness`).
    """
    factor = np.where(whole_day(design.names), design_effect, 1.0)
    factor *= np.where(_month_days(design.names), stiffness.month_days, 1.0)
    factor *= np.where(_days_after(design.names), stiffness.days_after, 1.0)
    penalty = np.diag(design.ridges * factor)
    weeks = sorted(
        (int(name.split(":")[1]), column)
        for column, name in enumerate(design.names)
        if name.startswith("walk:")
    )
    for (one, left), (two, right) in pairwise(weeks):
        step = WALK * design_effect / (two - one)
        penalty[left, left] += step
        penalty[right, right] += step
        penalty[left, right] -= step
        penalty[right, left] -= step
    return penalty


def learnt_stiffness(design: Design, solution: Solution) -> Stiffness:
    """Return by what those ridges should be multiplied that the history can tell, as a fit has it.

    Notes
    -----
    MacKay's fixed point of the evidence: ridge = γ / Σβ², γ the number of coefficients that the data decide,
    Σ (1 - P_jj [(I + P)⁻¹]_jj); both sums as if `USUAL_COLUMNS` more had the size of the usual ridge. Where
    days of the month are all alike, or the days after promotions like others, what the columns learn is luck,
    and the ridge grows from pass to pass.

    References
    ----------
    D. J. C. MacKay, "Bayesian interpolation", Neural Computation 4(3), 1992, doi:10.1162/neco.1992.4.3.415.
    """
    groups = _month_days(design.names), _days_after(design.names)
    own = np.flatnonzero(groups[0] | groups[1])
    if not len(own):
        return AS_USUAL
    decided, size = np.zeros(len(solution.beta)), design.ridges * solution.beta**2
    decided[own] = 1 - solution.penalty[own, own] * solution.inverse[own, own]
    month_days, days_after = (
        float(
            np.clip(
                (decided[group].sum() + USUAL_COLUMNS) / (size[group].sum() + USUAL_COLUMNS),
                SOFTEST,
                STIFFEST,
            )
        )
        for group in groups
    )
    return Stiffness(month_days=month_days, days_after=days_after)


def whole_day(names: Sequence[str]) -> Flags:
    """Return which columns act on whole days: days of the month, seasons, what follows a promotion."""
    season = np.array([name.startswith("season:") for name in names], dtype=bool)
    return np.asarray(season | _month_days(names) | _days_after(names))


def _month_days(names: Sequence[str]) -> Flags:
    return np.array([name.startswith("month_day:") for name in names], dtype=bool)


def _days_after(names: Sequence[str]) -> Flags:
    """Return the dip after a promotion and its after-sales wave, of all kinds."""
    return np.array(
        [
            name.startswith(("promotion:", "kind:")) and name.rsplit(":", 1)[1].startswith(("wave", "dip"))
            for name in names
        ],
        dtype=bool,
    )
