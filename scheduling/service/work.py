"""Work on one reply as a few exponential phases, and a finite source of such replies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scheduling.compiled import njit
from scheduling.day import Floats
from scheduling.service.desk import lognormal_cdf

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


def rest_and_own_cdf(times_s: Floats, mean_s: float, cv: float) -> Floats:
    """Return the distribution function of the rest of a reply seen at any time plus a whole one."""
    step = times_s[1]
    busy = 1.0 - lognormal_cdf(times_s, mean_s, cv)
    rest = 0.5 * (busy[1:] + busy[:-1]) * step / mean_s
    own = np.diff(lognormal_cdf(times_s, mean_s, cv))
    both = np.concatenate([[0.0, 0.0], np.cumsum(np.convolve(rest, own))])[: len(times_s)]
    return np.asarray(np.minimum(1.0, both))


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
        done = 0.0  # 1 - up * sum(back), without the cancellation
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
            done += back[i] * rate[i] * (1.0 - go_on[i])
        share = up * sum_plain / done
        largest = 0.0
        for i in range(phases):
            law[level, i] = plain[i] + share * back[i]
            largest = max(largest, law[level, i])
        if largest > 1e200:
            law[: level + 1] /= largest
    return law / law.sum()
