"""One desk and k buyers who come back by themselves, with lognormal work: the exact law of what askers see.

Looked at when a reply ends, the number at the desk is a Markov chain: during a reply of length S each buyer
who is away comes back with probability 1 - exp(-S / away). Within a reply begun with j at the desk, at age x,
an asker sees j plus a binomial number, and what is left of the reply depends on x. Times away are taken as
exponential; with lognormal work of cv 1.2 two-moment phases put F(k) up to 2 points too low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import comb as binomial
from scipy.special import ndtr

from scheduling.compiled import njit
from scheduling.day import Floats

GRID = 384  # bins from 0 to the horizon
PANELS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 9.0, 16.0, 40.0)  # ages, in mean replies
POINTS = 6  # Gauss points a panel
NEGLIGIBLE = 1e-40
LEAST_CV = 0.05  # work that varies less is taken to vary so much


def lognormal_cdf(times_s: Floats, mean_s: float, cv: float) -> Floats:
    """Return the distribution function of the work on one reply."""
    sigma = np.sqrt(np.log1p(max(cv, LEAST_CV) ** 2))
    with np.errstate(divide="ignore"):
        return np.asarray(ndtr((np.log(np.maximum(times_s, 0.0) / mean_s) + 0.5 * sigma**2) / sigma))


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A desk's replies on a grid of times and ages, ready for any number of buyers.

    Attributes
    ----------
    sums
        Row n: distribution function of n replies at the grid's edges (n = 0 is not used); where patience is
        given, all but the last are weighed by the chance to be still there.
    ages_s, weights_s
        Quadrature over the age of the reply being typed. [s]
    alive
        Chance that a reply is longer than each age.
    rest
        Age x bin: chance that a reply is that long and ends in the bin after that age (weighed likewise).
    ended
        Chance that a reply ends at each age, with the quadrature's weights.
    joined
        By number of buyers away at its begin: age x how many of them have come back.
    """

    mean_s: float
    away_s: float
    step_s: float
    sums: Floats
    ages_s: Floats
    weights_s: Floats
    alive: Floats
    rest: Floats
    ended: Floats
    joined: Floats


def prepare_desk(
    *, mean_s: float, cv: float, away_s: float, horizon_s: float, depth: int, patience_s: float = 0.0
) -> Desk:
    """Return the desk's tables for replies within `horizon_s` and up to `depth` replies to come."""
    step = horizon_s / GRID
    edges: Floats = np.linspace(0.0, horizon_s, GRID + 1)
    own = np.diff(lognormal_cdf(edges, mean_s, cv))
    stays = np.exp(-(edges[:-1] + 0.5 * step) / patience_s) if patience_s > 0 else np.ones(GRID)
    waiting = np.fft.rfft(own * stays, 2 * GRID)
    sums = np.zeros((depth + 1, GRID + 1))
    mass = own
    for replies in range(1, depth + 1):
        # the sum of n binned times lies n/2 steps after the sum of its bins
        reached = np.concatenate([[0.0], np.cumsum(mass)])
        sums[replies] = np.interp(edges / step - 0.5 * (replies - 1), np.arange(GRID + 1), reached, left=0.0)
        mass = np.fft.irfft(np.fft.rfft(mass, 2 * GRID) * waiting, 2 * GRID)[:GRID]
    nodes, gauss = np.polynomial.legendre.leggauss(POINTS)
    panels = mean_s * np.array(PANELS)
    half = 0.5 * np.diff(panels)[:, None]
    ages = (half * nodes + 0.5 * (panels[1:] + panels[:-1])[:, None]).ravel()
    ends = lognormal_cdf(ages[:, None] + edges, mean_s, cv)
    weights = (half * gauss).ravel()
    sigma = np.sqrt(np.log1p(max(cv, LEAST_CV) ** 2))
    z = (np.log(ages / mean_s) + 0.5 * sigma**2) / sigma
    ended = weights * np.exp(-0.5 * z * z) / ages
    back = -np.expm1(-ages / away_s)[:, None]
    joined = np.zeros((depth + 1, len(ages), depth + 1))
    for others in range(depth + 1):
        came = np.arange(others + 1)
        joined[others, :, : others + 1] = binomial(others, came) * back**came * (1 - back) ** (others - came)
    joined[joined < NEGLIGIBLE] = 0.0
    return Desk(
        mean_s=mean_s,
        away_s=away_s,
        step_s=step,
        sums=sums,
        ages_s=ages,
        weights_s=weights,
        alive=1.0 - lognormal_cdf(ages, mean_s, cv),
        rest=np.diff(ends, axis=1) * stays,
        ended=ended / ended.sum(),
        joined=joined,
    )


def starting_law(desk: Desk, buyers: int) -> tuple[Floats, float]:
    """Return the law of the number at the desk when a reply begins (1…buyers), and replies per second."""
    move = np.zeros((buyers, buyers))  # left behind by a reply: 0…buyers-1
    for begun in range(1, buyers + 1):
        move[begun - 1, begun - 1 :] = desk.ended @ desk.joined[buyers - begun][:, : buyers - begun + 1]
    after_idle = move[0]
    steps = np.vstack([after_idle[None, :], move[: buyers - 1]])  # an idle desk begins with one
    system = np.vstack([(steps.T - np.eye(buyers))[:-1], np.ones(buyers)])
    left = np.linalg.solve(system, np.eye(buyers)[-1])
    begun_law = np.zeros(buyers)
    begun_law[0] = left[0] + (left[1] if buyers > 1 else 0.0)
    begun_law[1 : buyers - 1] = left[2:]
    rate = 1.0 / (desk.mean_s + left[0] * desk.away_s / buyers)
    return begun_law, float(rate)


def seen_in_time(desk: Desk, buyers: int, *, horizon_s: float, asker_outside: bool) -> float:
    """Return the chance that a question is answered within `horizon_s` (at most the desk's).

    Parameters
    ----------
    buyers
        Buyers of this desk.
    asker_outside
        Whether the asker is somebody new, who comes at any time, or one of the buyers.
    """
    bins = min(GRID, round(horizon_s / desk.step_s))
    if buyers == 0:
        return float(desk.sums[1, bins])
    begun, rate = starting_law(desk, buyers)
    # chance of being in time by age and replies to come: the rest ends in a bin, the others fit behind it
    places = bins - np.arange(bins) - 0.5
    low = np.floor(places).astype(np.int64)
    fits = 0.5 * (desk.sums[: buyers + 1, low] + desk.sums[: buyers + 1, low + 1])
    in_time = desk.rest[:, :bins] @ fits.T
    good, total = _asked(
        begun * rate, desk.weights_s, desk.alive, desk.joined, in_time, desk.away_s, asker_outside
    )
    idle = max(0.0, 1.0 - rate * desk.mean_s) * (1.0 if asker_outside else buyers / desk.away_s)
    return float((good + idle * float(desk.sums[1, bins])) / (total + idle))


@njit(cache=True)
def _asked(begun, weights, alive, joined, in_time, away_s, outside):  # type: ignore[no-untyped-def]
    """Return questions per second while a reply is typed: those answered in time, and all."""
    buyers = len(begun)
    good = total = 0.0
    for first in range(1, buyers + 1):
        others = buyers - first
        for age in range(len(weights)):
            here = begun[first - 1] * weights[age]
            if here < NEGLIGIBLE:  # denormal numbers cost a hundred times the others
                continue
            for came in range(others + 1):
                asks = 1.0 if outside else (others - came) / away_s
                weight = here * joined[others, age, came] * asks
                good += weight * in_time[age, first + came]
                total += weight * alive[age]
    return good, total
