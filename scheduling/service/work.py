"""Work on one reply as a few exponential phases, and how soon a desk of such replies is done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from scheduling.day import Floats

MOST_PHASES = 12  # a coefficient of variation below 0.29 is taken as 0.29


@dataclass(frozen=True, kw_only=True)
class WorkPhases:
    """A reply's work: starts in phase i with `start[i]`, leaves it at `rate[i]`, goes on with `go_on[i]`."""

    start: Floats
    rate: Floats  # [1/s]
    go_on: Floats

    @property
    def mean_s(self) -> float:
        """Mean work [s]."""
        reach, mean = 0.0, 0.0
        for begin, rate, go_on in zip(self.start, self.rate, self.go_on, strict=True):
            reach += begin
            mean += reach / rate
            reach *= go_on
        return float(mean)


def fit_phases(mean_s: float, cv: float) -> WorkPhases:
    """Return phases with the mean and the coefficient of variation of the work.

    Parameters
    ----------
    mean_s
        Mean work on one reply. [s]
    cv
        Coefficient of variation; below 1/sqrt(12) it is taken as that.

    Notes
    -----
    Two Coxian phases from cv² = 0.5 up, a mixture of Erlang(r-1) and Erlang(r) below [1]_.

    References
    ----------
    .. [1] H. C. Tijms, "Stochastic Models: An Algorithmic Approach", Wiley 1994, section 4.6 and appendix B.

    Examples
    --------
    >>> round(fit_phases(25.0, 0.8).mean_s, 6)
    25.0
    """
    if mean_s <= 0 or cv < 0:
        raise ValueError(f"work needs a mean above 0 and cv >= 0, got {mean_s:g} and {cv:g}")
    square = max(cv * cv, 1.0 / MOST_PHASES)
    if square >= 0.5:
        return WorkPhases(
            start=np.array([1.0, 0.0]),
            rate=np.array([2.0 / mean_s, 1.0 / (mean_s * square)]),
            go_on=np.array([0.5 / square, 0.0]),
        )
    phases = int(np.ceil(1.0 / square - 1e-12))
    short = (phases * square - np.sqrt(max(phases * (1 + square) - phases**2 * square, 0.0))) / (1 + square)
    start = np.zeros(phases)
    start[0], start[1] = 1.0 - short, short
    go_on = np.ones(phases)
    go_on[-1] = 0.0
    return WorkPhases(start=start, rate=np.full(phases, (phases - short) / mean_s), go_on=go_on)


@njit(cache=True)
def completion(  # type: ignore[no-untyped-def]
    start, rate, go_on, depth, horizon, give_up_rate
):  # pragma: no cover - compiled
    """Return P(all done in time) by replies left (row, 0..depth) and phase of the one being typed (column).

    The last reply in line is the asker's own; until its typing begins the asker gives up at `give_up_rate`.
    Uniformization of the absorbing chain, backward in the number of steps.
    """
    phases = len(rate)
    top = 0.0
    for i in range(phases):
        top = max(top, rate[i])
    top += give_up_rate
    load = top * horizon
    steps = int(load + 8.0 * np.sqrt(load) + 25.0)
    done = np.zeros((depth + 1, phases))
    done[0, :] = 1.0
    after = done.copy()
    total = np.zeros((depth + 1, phases))
    total[0, :] = 1.0
    log_weight = -load
    total[1:, :] += np.exp(log_weight) * done[1:, :]
    for step in range(1, steps + 1):
        for left in range(1, depth + 1):
            fresh = 1.0
            if left > 1:
                fresh = 0.0
                for i in range(phases):
                    fresh += start[i] * done[left - 1, i]
            lost = give_up_rate if left > 1 else 0.0
            for i in range(phases):
                out = rate[i] * (1.0 - go_on[i]) * fresh
                if go_on[i] > 0.0:
                    out += rate[i] * go_on[i] * done[left, i + 1]
                after[left, i] = (out + (top - rate[i] - lost) * done[left, i]) / top
        for left in range(1, depth + 1):
            for i in range(phases):
                done[left, i] = after[left, i]
        log_weight += np.log(load / step)
        weight = np.exp(log_weight)
        total[1:, :] += weight * done[1:, :]
    return total


@njit(cache=True)
def finite_source(start, rate, go_on, customers, away_rate):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Return the stationary law of one desk with `customers` sessions: row j at the desk, column phase.

    Row 0 holds its mass in column 0. Levels are solved upwards: the flow over every cut balances, so
    that level j+1 enters level j's equations only through the sum of level j itself.
    """
    phases = len(rate)
    law = np.zeros((customers + 1, phases))
    law[0, 0] = 1.0
    plain = np.empty(phases)
    back = np.empty(phases)
    for level in range(1, customers + 1):
        up = (customers - level) * away_rate
        into = (customers - level + 1) * away_rate
        sum_plain = 0.0
        sum_back = 0.0
        for i in range(phases):
            source = start[i] * law[0, 0] if level == 1 else law[level - 1, i]
            given = into * source
            again = start[i]
            if i > 0:
                given += plain[i - 1] * rate[i - 1] * go_on[i - 1]
                again += back[i - 1] * rate[i - 1] * go_on[i - 1]
            plain[i] = given / (rate[i] + up)
            back[i] = again / (rate[i] + up)
            sum_plain += plain[i]
            sum_back += back[i]
        share = up * sum_plain / (1.0 - up * sum_back)
        largest = 0.0
        for i in range(phases):
            law[level, i] = plain[i] + share * back[i]
            largest = max(largest, law[level, i])
        if largest > 1e200:
            law[: level + 1] /= largest
    return law / law.sum()
