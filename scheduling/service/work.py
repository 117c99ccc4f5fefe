"""Work on one reply as a few exponential phases, and how soon a desk of such replies is done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.special import ndtr

from scheduling.day import Floats

LEAST_CV = 1.0 / np.sqrt(12.0)
GRID = 512  # bins from 0 to the threshold
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


def effective_cv(mean_s: float, cv: float, away_s: float) -> float:
    """Return the coefficient of variation with which phases act like the lognormal in a finite source.

    What counts there is how many buyers come back during one reply, E exp(-S / away); a lognormal's long
    tail adds to its variance but hardly to that. Two moments alone understate the throughput by up to 1 %.
    """
    if cv <= LEAST_CV:
        return cv
    nodes, weights = np.polynomial.hermite_e.hermegauss(48)
    sigma = np.sqrt(np.log1p(cv * cv))
    work = mean_s * np.exp(sigma * nodes - 0.5 * sigma**2)
    wanted = float(weights @ np.exp(-work / away_s)) / float(weights.sum())

    def excess(trial: float) -> float:
        return _transform(fit_phases(mean_s, trial), 1.0 / away_s) - wanted

    if excess(LEAST_CV) >= 0 or excess(cv) <= 0:
        return cv
    return float(brentq(excess, LEAST_CV, cv, xtol=1e-6))


def _transform(work: WorkPhases, rate: float) -> float:
    """Return E exp(-rate S) of the phases."""
    after = 0.0
    at = np.empty(len(work.rate))
    for i in range(len(work.rate) - 1, -1, -1):
        at[i] = work.rate[i] / (work.rate[i] + rate) * (1 - work.go_on[i] + work.go_on[i] * after)
        after = at[i]
    return float(work.start @ at)


def completion(
    work: WorkPhases, mean_s: float, cv: float, depth: int, horizon_s: float, patience_s: float = 0.0
) -> Floats:
    """Return P(own reply ends in time) by replies ahead (row, 0..depth) and phase of the one being typed.

    The rest of the reply in progress follows its phase, every later one is lognormal; sums are convolved on
    a grid. With patience the asker must also still be there when the own typing begins. Row 0: idle desk.
    """
    step = horizon_s / GRID
    edges: Floats = np.linspace(0.0, horizon_s, GRID + 1)
    whole = np.diff(lognormal_cdf(edges, mean_s, cv))
    rest = np.diff(_rest_cdf(work, edges, mean_s, cv), axis=0)  # bin x phase
    stays = np.exp(-(edges[:-1] + 0.5 * step) / patience_s) if patience_s > 0 else np.ones(GRID)
    phases = len(work.rate)
    table = np.empty((depth + 1, phases))
    table[0] = whole.sum()
    ahead_of_me = np.fft.rfft(rest, 2 * GRID, axis=0)
    own = np.fft.rfft(whole, 2 * GRID)
    for ahead in range(1, depth + 1):
        wait = np.fft.irfft(ahead_of_me, 2 * GRID, axis=0)[:GRID]
        # a sum of r binned times lies r/2 steps after the sum of its bins
        late = np.exp(-0.5 * step * (ahead - 1) / patience_s) if patience_s > 0 else 1.0
        total = np.fft.irfft(
            np.fft.rfft(wait * stays[:, None], 2 * GRID, axis=0) * own[:, None], 2 * GRID, axis=0
        )[:GRID]
        table[ahead] = late * _mass_before(total, GRID - 0.5 * (ahead + 1))
        ahead_of_me = np.fft.rfft(wait, 2 * GRID, axis=0) * own[:, None]
    return table


def _mass_before(mass: Floats, place: float) -> Floats:
    """Return the mass of bins centred at 0, 1, 2, … up to `place`, the last one in part."""
    if place <= -0.5:
        return np.zeros(mass.shape[1])
    sums = np.vstack([np.zeros(mass.shape[1]), np.cumsum(mass, axis=0)])
    at = min(place + 0.5, float(len(mass)))
    low = min(int(at), len(mass) - 1)
    return np.asarray(sums[low] + (at - low) * (sums[low + 1] - sums[low]))


def lognormal_cdf(times_s: Floats, mean_s: float, cv: float) -> Floats:
    """Return the distribution function of the work on one reply."""
    if cv < 1e-3:
        return np.asarray(times_s >= mean_s, dtype=np.float64)
    sigma = np.sqrt(np.log1p(cv * cv))
    with np.errstate(divide="ignore"):
        return np.asarray(ndtr((np.log(times_s / mean_s) + 0.5 * sigma**2) / sigma))


def rest_and_own_cdf(times_s: Floats, mean_s: float, cv: float) -> Floats:
    """Return the distribution function of the rest of a reply seen at any time plus a whole one."""
    step = times_s[1]
    busy = 1.0 - lognormal_cdf(times_s, mean_s, cv)
    rest = 0.5 * (busy[1:] + busy[:-1]) * step / mean_s
    own = np.diff(lognormal_cdf(times_s, mean_s, cv))
    both = np.concatenate([[0.0, 0.0], np.cumsum(np.convolve(rest, own))])[: len(times_s)]
    return np.asarray(np.minimum(1.0, both))


def _rest_cdf(work: WorkPhases, times_s: Floats, mean_s: float, cv: float) -> Floats:
    """Return the distribution function of what is left of a reply, by time (row) and present phase.

    Two Coxian phases say little about what is left: there it is the lognormal's own, seen at any time.
    """
    phases = len(work.rate)
    if cv * cv >= 0.5:
        busy = 1.0 - lognormal_cdf(times_s, mean_s, cv)
        area = np.concatenate([[0.0], np.cumsum(0.5 * (busy[1:] + busy[:-1]))]) * times_s[1]
        return np.repeat(np.minimum(1.0, area / mean_s)[:, None], phases, axis=1)
    generator = np.zeros((phases, phases))
    for i in range(phases):
        generator[i, i] = -work.rate[i]
        if i + 1 < phases:
            generator[i, i + 1] = work.rate[i] * work.go_on[i]
    one_step = expm(generator * (times_s[1] - times_s[0]))
    busy = np.ones(phases)
    out = np.zeros((len(times_s), phases))
    for t in range(1, len(times_s)):
        busy = one_step @ busy
        out[t] = 1.0 - busy
    return out


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
