"""Classical queues: Erlang B, C and A, square-root staffing, time-varying offered load.

They are the model's exact special cases and the industry's yardsticks; a shop is planned with `shop`.
Times are in one unit throughout (the tests use minutes and seconds); rates are per that unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, expm1, inf, sin, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.stats import gamma, norm

from scheduling.day import Floats

PANELS, POINTS = 400, 12  # of the quadrature over waits
SMALLEST_LOG = 50.0  # waits whose density has fallen by exp(-50) are left out


def blocking_probability(servers: int, offered_load: float) -> float:
    """Return the probability that all servers are taken in a loss system (Erlang B, by recursion).

    Parameters
    ----------
    servers
        Servers; 0 blocks everybody.
    offered_load
        Arrival rate times mean service time. [erlang]

    Examples
    --------
    >>> round(blocking_probability(5, 4.0), 6)
    0.199067
    """
    if servers < 0 or offered_load < 0:
        raise ValueError(f"servers and offered_load must be 0 or more, got {servers} and {offered_load:g}")
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered_load * blocked / (n + offered_load * blocked)
    return blocked


def load_for_blocking(servers: int, blocking: float) -> float:
    """Return the offered load at which a loss system blocks that share [erlang].

    Examples
    --------
    >>> round(load_for_blocking(15, 0.01), 3)
    8.108
    """
    if not 0 < blocking < 1 or servers < 1:
        raise ValueError(f"blocking must be between 0 and 1 for at least one server, got {blocking:g}")
    high = servers / (1 - blocking) + 1.0
    return float(
        brentq(lambda a: blocking_probability(servers, a) - blocking, 1e-12, high, xtol=1e-13, rtol=1e-14)
    )


def delay_probability(agents: int, offered_load: float) -> float:
    r"""Return the probability that a consultation has to wait (Erlang C).

    Parameters
    ----------
    agents
        Agents, each serving one consultation at a time. [agents]
    offered_load
        Arrival rate times mean service time. [erlang]

    Returns
    -------
    float
        In [0, 1]; 1 when ``agents <= offered_load``: such a queue grows for as long as the interval lasts.

    Notes
    -----
    Assumes Poisson arrivals, exponential service times, one queue, endless patience, steady state [1]_.

    References
    ----------
    .. [1] N. Gans, G. Koole and A. Mandelbaum, "Telephone call centers: tutorial, review, and research
       prospects", Manufacturing & Service Operations Management 5(2), 2003, doi:10.1287/msom.5.2.79.16071.

    Examples
    --------
    A hundred consultations of three minutes in half an hour offer ten erlangs:

    >>> round(delay_probability(agents=14, offered_load=10.0), 4)
    0.1741
    """
    if agents < 1:
        raise ValueError(f"agents must be at least 1, got {agents}")
    if agents <= offered_load:
        return 1.0
    blocked = blocking_probability(agents, offered_load)
    used = offered_load / agents
    return blocked / (1 - used * (1 - blocked))


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Steady waits of a queue with or without patience.

    Attributes
    ----------
    p_wait
        An arrival does not start at once.
    served_within, abandoned_within
        An arrival starts, or gives up, within the threshold.
    virtual_within
        An arrival with endless patience would start within the threshold.
    p_abandon
        An arrival gives up before it starts.
    mean_wait, mean_wait_served, mean_virtual_wait
        Of all arrivals (givers-up until they give up), of those served, of one with endless patience.
    occupancy
        Share of servers busy.
    """

    p_wait: float
    served_within: float
    abandoned_within: float
    virtual_within: float
    p_abandon: float
    mean_wait: float
    mean_wait_served: float
    mean_virtual_wait: float
    occupancy: float


def erlang_c(rate: float, mean: float, agents: int, threshold: float) -> Waiting:
    """Return the waits of a queue without abandonment (M/M/n); infinite means when it has no steady state."""
    load = rate * mean
    p_wait = delay_probability(agents, load)
    spare = agents / mean - rate
    within = 1.0 - p_wait * exp(-spare * threshold) if spare > 0 else 0.0
    wait = p_wait / spare if spare > 0 else inf
    return Waiting(
        p_wait=p_wait,
        served_within=within,
        abandoned_within=0.0,
        virtual_within=within,
        p_abandon=0.0,
        mean_wait=wait,
        mean_wait_served=wait,
        mean_virtual_wait=wait,
        occupancy=min(1.0, load / agents),
    )


def erlang_a(rate: float, mean: float, agents: int, patience: float, threshold: float) -> Waiting:
    """Return the waits of a queue with exponential patience (M/M/n+M).

    Examples
    --------
    >>> round(erlang_a(rate=4.0, mean=3.0, agents=14, patience=1.0, threshold=0.333).p_abandon, 4)
    0.0743
    """
    load = rate * mean
    before = 1.0 / blocking_probability(agents - 1, load)  # mass with a free server / mass of n - 1 busy
    waits = queue_waits(rate=rate, release=agents / mean, patience=patience, threshold=threshold, free=before)
    busy = load * (1.0 - waits.p_abandon) / agents
    return Waiting(**{**waits.__dict__, "occupancy": busy})


def queue_waits(*, rate: float, release: float, patience: float, threshold: float, free: float) -> Waiting:
    r"""Return waits in a queue served at `release` whenever nobody can start at once.

    Parameters
    ----------
    rate, release
        Arrivals, and starts while a queue stands, per unit of time.
    patience
        Mean time before a waiting customer gives up.
    threshold
        For the shares within it.
    free
        Probability that an arrival starts at once, in units of the probability of the last state with room.

    Notes
    -----
    The wait offered to an arrival has density
    :math:`\lambda \pi \exp(\lambda (1 - e^{-\theta x}) / \theta - M x)` [1]_; π is the last state with room,
    M the release rate, θ the rate of giving up.

    References
    ----------
    .. [1] F. Baccelli and G. Hebuterne, "On queues with impatient customers", Performance '81;
       O. Garnett, A. Mandelbaum and M. Reiman, M&SOM 4(3), 2002, doi:10.1287/msom.4.3.208.7753.
    """
    give_up = 1.0 / patience

    def log_density(x: Floats) -> Floats:
        return np.asarray(-rate / give_up * np.expm1(-give_up * x) - release * x)

    peak = max(0.0, np.log(rate / release) / give_up)
    top = float(log_density(np.array(peak)))
    last = peak + 1.0 / release
    while float(log_density(np.array(last))) > top - SMALLEST_LOG:
        last *= 1.5
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    edges = np.unique(np.concatenate([np.linspace(0.0, last, PANELS + 1), [min(threshold, last)]]))
    half = 0.5 * np.diff(edges)[:, None]
    x = (half * nodes + 0.5 * (edges[1:] + edges[:-1])[:, None]).ravel()
    mass = rate * np.exp(log_density(x) - top) * (half * weights).ravel()
    free_mass = free * exp(-float(top))
    total = free_mass + mass.sum()
    stays = np.exp(-give_up * x)
    early = x <= threshold
    served = free_mass + float(mass @ stays)
    abandon = float(mass @ (1 - stays) / total)
    return Waiting(
        p_wait=float(mass.sum() / total),
        served_within=float((free_mass + mass[early] @ stays[early]) / total),
        abandoned_within=float(mass @ -np.expm1(-give_up * np.minimum(x, threshold)) / total),
        virtual_within=float((free_mass + mass[early].sum()) / total),
        p_abandon=abandon,
        mean_wait=abandon * patience,
        mean_wait_served=float(mass @ (stays * x) / served),
        mean_virtual_wait=float(mass @ x / total),
        occupancy=float("nan"),
    )


def required_agents(
    rate: float, mean: float, threshold: float, target: float, *, max_occupancy: float = 1.0
) -> int:
    """Return the least agents with which Erlang C serves the target share within the threshold.

    Examples
    --------
    >>> required_agents(rate=1000 / 60, mean=6.0, threshold=3.0, target=0.9)
    104
    """
    if not 0 < target < 1:
        raise ValueError(f"target must be between 0 and 1, got {target:g}")
    agents = int(rate * mean) + 1
    while (
        erlang_c(rate, mean, agents, threshold).served_within < target or rate * mean / agents > max_occupancy
    ):
        agents += 1
    return agents


def halfin_whitt_delay(beta: float) -> float:
    """Return the limiting delay probability with n = R + beta √R agents (Halfin and Whitt 1981)."""
    density = float(norm.pdf(beta))
    return density / (density + beta * float(norm.cdf(beta)))


def halfin_whitt_beta(delay: float) -> float:
    """Return the spare capacity beta that gives that delay probability.

    Examples
    --------
    >>> round(halfin_whitt_beta(0.2), 4)
    1.0615
    """
    if not 0 < delay < 1:
        raise ValueError(f"delay must be between 0 and 1, got {delay:g}")
    return float(brentq(lambda beta: halfin_whitt_delay(beta) - delay, 1e-9, 40.0, xtol=1e-13))


def square_root_agents(offered_load: float, delay: float) -> int:
    """Return R + beta √R agents, rounded up, for a delay probability (square-root staffing).

    References
    ----------
    .. [1] S. Borst, A. Mandelbaum and M. Reiman, "Dimensioning large call centers", Operations Research
       52(1), 2004, doi:10.1287/opre.1030.0081.
    """
    return int(np.ceil(offered_load + halfin_whitt_beta(delay) * sqrt(offered_load)))


def garnett_delay(beta: float, theta_over_mu: float) -> float:
    """Return the limiting delay probability with patience (Garnett, Mandelbaum and Reiman 2002)."""
    ratio = sqrt(theta_over_mu)

    def hazard(x: float) -> float:
        return float(norm.pdf(x) / norm.sf(x))

    return 1.0 / (1.0 + ratio * hazard(beta / ratio) / hazard(-beta))


def periodic_load(mean_rate: float, swing: float, frequency: float, mean: float, at: float) -> float:
    """Return the offered load of the rate a + b sin(c t) with exponential service (M(t)/M/∞)."""
    mu = 1.0 / mean
    part = mu * sin(frequency * at) - frequency * cos(frequency * at)
    return mean_rate * mean + swing * part / (mu**2 + frequency**2)


def load_from_empty(rates: Floats, interval: float, mean: float) -> Floats:
    """Return the offered load at each interval's end, starting empty, rates constant within intervals."""
    load = 0.0
    out: list[float] = []
    for rate in rates:
        load += (float(rate) * mean - load) * -expm1(-interval / mean)
        out.append(load)
    return np.array(out)


def mean_wait_fifo(rate: float, mean: float, cv: float) -> float:
    """Return the mean wait of one server in order of arrival (Pollaczek and Khinchine)."""
    used = rate * mean
    return inf if used >= 1 else used * mean * (1 + cv**2) / (2 * (1 - used))


def mean_time_shared(rate: float, mean: float) -> float:
    """Return the mean time in the system of one server shared equally, whatever the law of work."""
    used = rate * mean
    return inf if used >= 1 else mean / (1 - used)


def mixed_over_level(share: Callable[[float], float], cv: float) -> float:
    """Return a share per arrival when the day's level is gamma with mean 1 and that variation.

    Parameters
    ----------
    share
        The share at a given level (1: as forecast).
    cv
        Coefficient of variation of the level.
    """
    shape = 1.0 / cv**2
    low = float(gamma.ppf(1e-10, shape, scale=1 / shape))
    high = float(gamma.ppf(1 - 1e-10, shape, scale=1 / shape))
    nodes, weights = np.polynomial.legendre.leggauss(80)
    level = 0.5 * (high - low) * nodes + 0.5 * (high + low)
    mass = weights * gamma.pdf(level, shape, scale=1 / shape) * level
    return float(mass @ np.array([share(x) for x in level]) / mass.sum())


def day_count_sd(mean: float, cv: float) -> float:
    """Return the standard deviation of a day's count, Poisson around a level of that variation."""
    return sqrt(mean + (mean * cv) ** 2)
