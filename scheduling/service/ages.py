"""Mean numbers of sessions by round and closing stage: after a rise they are young and cannot leave yet."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import poisson

from forecast.replies.service_parameters import ServiceParameters
from scheduling.compiled import compiled
from scheduling.day import Floats
from scheduling.service.agent import AgentLaw
from scheduling.service.rates import (
    ACTIVE,
    ACTIVE_JOINED,
    ACTIVE_OTHERS,
    AWAY,
    CLOSE,
    EXITS,
    JOINED,
    LATENCY,
    LATER,
    LEVEL,
    ROUNDS,
    THINK,
    THROUGHPUT,
    YOUNG,
    table_at,
)

STAGES = 6  # of the closing time
LONGEST_STEP_S = 10.0
LATENCY_TRIES = 12
DESK_SQUARE = 0.6  # squared coefficient of variation of a wait at the desk
ALIKE = 0.03  # joiners are like the others from here on


def rounds_left(rounds: float, variance: float | None = None) -> tuple[Floats, Floats]:
    """Return, by round, the chance of another one and the mean number of further ones.

    Parameters
    ----------
    rounds
        Mean rounds of a session; the first is followed by a Conway-Maxwell-Poisson number of others.
    variance
        Of that number, about. Default: that of the Poisson law.

    Examples
    --------
    >>> stay, more = rounds_left(3.0)
    >>> round(float(stay[0]), 4), round(float(more[0]), 4)
    (0.8647, 2.0)
    """
    mean = rounds - 1.0
    if mean <= 0:
        return np.zeros(1), np.zeros(1)
    depth = int(poisson.ppf(1 - 1e-6, mean)) + 2
    numbers = np.arange(depth + 1)
    power = 1.0 if variance is None else max(1.0, mean / variance)

    def law(log_rate: float) -> Floats:
        logs = numbers * log_rate - power * gammaln(numbers + 1.0)
        weights = np.exp(logs - logs.max())
        return np.asarray(weights / weights.sum())

    middle = power * np.log(mean)
    log_rate = brentq(lambda r: float(law(r) @ numbers) - mean, middle - 3.0 * power, middle + 3.0 * power)
    tail = np.append(np.cumsum(law(log_rate)[::-1])[::-1], 0.0)  # P(N >= 0), P(N >= 1), …
    depth = int(np.argmax(tail < 1e-6))
    stay = tail[1 : depth + 1] / tail[:depth]
    stay[-1] = 0.0
    more = np.zeros(depth)
    for r in range(depth - 2, -1, -1):
        more[r] = stay[r] * (1.0 + more[r + 1])
    return stay, more


def steadier_rounds(service: ServiceParameters, law: AgentLaw, cap: int) -> float:
    """Return the variance of further rounds with which exponential stages last as unevenly as sessions do.

    A stage of `age_step` lasts exponentially long; thinking does so, waiting at a busy desk varies less.
    """
    m, think_s = service.rounds, service.think_s
    knee = min(int(np.argmax(law.throughput >= 0.95 * law.throughput[-1])), cap)
    desk_s = float(law.latency_s[knee])
    square = (think_s**2 + DESK_SQUARE * desk_s**2) / (think_s + desk_s) ** 2
    return max(0.05 * (m - 1.0), (m - 1.0) - (1.0 - square) * m)


def busy_clock(service: ServiceParameters) -> tuple[float, float]:
    """Return how much faster, and steadier, a busy shop's number of sessions moves than a memoryless one.

    In heavy traffic the sessions present are the work present over what one of them has left, which is
    (a + 1) / 2 replies, a = E[N^2] / E[N] = m + (m - 1) / m of its rounds N: those at a desk have whole
    replies to come, since replies are typed one after another. Against a memoryless session of m replies all
    moves faster by 2 m / (a + 1), and the variance by (a + c^2) / (a + 1) of that, c the variation of a
    reply. Event simulations of one and more desks show half of that last effect.

    Returns
    -------
    tuple[float, float]
        What births and deaths are raised by, and what is taken from both, as shares of the arrivals.
    """
    m = service.rounds
    rounds_square = m + (m - 1.0) / m
    faster = 2.0 * m / (rounds_square + 1.0)
    return faster - 1.0, 0.5 * faster * (1.0 - service.reply_cv**2) / (rounds_square + 1.0)


@compiled
def age_step(ages, stay, seconds, accepted, latency, shop):  # type: ignore[no-untyped-def]
    """Move the mean numbers of sessions by round (then by closing stage) on by `seconds`.

    `stay[r]` is the chance that a session in round r has another one.
    """
    rounds = len(stay)
    first = 1.0 / max(latency, 1.0)
    later = 1.0 / max(latency + shop[THINK], 1.0)
    close = STAGES / max(shop[CLOSE], 0.01)
    parts = max(1.0, math.ceil(seconds / LONGEST_STEP_S))
    dt = seconds / parts
    for _ in range(int(parts)):
        ages[0] = (ages[0] + dt * accepted) / (1.0 + dt * first)
        flow = ages[0] * first
        closing = flow * (1.0 - stay[0])
        carried = flow * stay[0]
        for r in range(1, rounds):
            ages[r] = (ages[r] + dt * carried) / (1.0 + dt * later)
            flow = ages[r] * later
            closing += flow * (1.0 - stay[r])
            carried = flow * stay[r]
        for c in range(STAGES):
            ages[rounds + c] = (ages[rounds + c] + dt * closing) / (1.0 + dt * close)
            closing = ages[rounds + c] * close


@compiled
def _answered_less_asked(latency, new, old, spread, agents, law, shop):  # type: ignore[no-untyped-def]
    """Return sessions at the desks by Little's law less those that ages put there."""
    desk = new + old * latency / (latency + shop[THINK])
    settled = desk / agents * (1.0 + shop[AWAY] / latency)
    return spread * agents * table_at(law[THROUGHPUT], settled) * latency - desk


@compiled
def settled_latency(ages, scale, spread, latency, agents, law, shop):  # type: ignore[no-untyped-def]
    """Return the latency at which the desks answer as often as sessions of these ages ask [s].

    With first questions all at the desk and later ones for L of every L + think seconds, D(L) sessions are
    there. A settled law with so many at the desk has D (1 + away / L) sessions and some throughput R; the
    latency sought has R L = D (Little's law).

    Parameters
    ----------
    ages, scale
        Sessions by age of these agents; what to multiply them with.
    spread
        Throughput of all states over that of the mean number of sessions.
    latency
        Where to begin.
    """
    shortest = law[LATENCY, 1]
    new = scale * ages[0]
    old = -new
    total = 0.0
    for r in range(len(ages) - STAGES):
        old += scale * ages[r]
    for r in range(len(ages)):
        total += scale * ages[r]
    if total < 1e-9:
        return shortest
    low, high = latency, latency
    below = above = _answered_less_asked(latency, new, old, spread, agents, law, shop)
    while below > 0.0 and low > 0.5 * shortest:
        high, above = low, below
        low *= 0.8
        below = _answered_less_asked(low, new, old, spread, agents, law, shop)
    while above < 0.0 and high < 1e7:
        low, below = high, above
        high *= 1.25
        above = _answered_less_asked(high, new, old, spread, agents, law, shop)
    if below >= 0.0 or above <= 0.0:
        return max(shortest, low)
    kept = 0
    middle = low
    for _ in range(LATENCY_TRIES):  # false position, halving a side that stays (Illinois)
        middle = (low * above - high * below) / (above - below)
        value = _answered_less_asked(middle, new, old, spread, agents, law, shop)
        if value > 0.0:
            high, above = middle, value
            if kept == 1:
                below *= 0.5
            kept = 1
        else:
            low, below = middle, value
            if kept == -1:
                above *= 0.5
            kept = -1
        if abs(value) < 1e-7 * total:
            break
    return max(shortest, middle)


@compiled
def group_sizes(ages, scale):  # type: ignore[no-untyped-def]
    """Return the sessions of those who were there and of the joiners."""
    others = joined = 0.0
    for r in range(ages.shape[1]):
        others += scale * ages[0, r]
        joined += scale * ages[1, r]
    return others, joined


@compiled
def merge(ages):  # type: ignore[no-untyped-def]
    """Let the joiners be like the others."""
    for r in range(ages.shape[1]):
        ages[0, r] += ages[1, r]
        ages[1, r] = 0.0


@compiled
def alike(ages, joined, agents, factors):  # type: ignore[no-untyped-def]
    """Return whether the joiners have as many sessions as the others, and as active ones."""
    others, new = group_sizes(ages, 1.0)
    share = joined / agents
    if abs(share * others - (1.0 - share) * new) > ALIKE * share * (others + new):
        return False
    return abs(factors[ACTIVE_JOINED] - factors[ACTIVE_OTHERS]) < ALIKE * factors[ACTIVE]


@compiled
def age_factors(ages, stay, latencies, joined, agents, scale, shop, factors):  # type: ignore[no-untyped-def]
    """Set how exits, later replies and active sessions differ from those of settled sessions."""
    rounds = len(stay)
    m = shop[ROUNDS]
    factors[EXITS] = 1.0
    factors[LATER] = (m - 1.0) / m
    factors[ACTIVE] = 1.0
    factors[YOUNG] = (latencies[0] + shop[THINK]) * (m - 1.0) / m / (latencies[0] + shop[AWAY])
    factors[JOINED] = 0.0
    first = later = leaving = young = settled = total = 0.0
    for group in range(2):
        latency = latencies[group]
        old = 0.0
        for r in range(1, rounds):
            old += ages[group, r]
        here = ages[group, 0] + old
        for c in range(STAGES):
            here += ages[group, rounds + c]
        new_replies = ages[group, 0] / max(latency, 1.0)
        old_replies = old / max(latency + shop[THINK], 1.0)
        first += new_replies
        later += old_replies
        leaving += ages[group, rounds + STAGES - 1] * STAGES / max(shop[CLOSE], 0.01)
        young += old
        total += here
        equal = (new_replies + old_replies) * (latency + shop[AWAY])
        settled += equal
        factors[ACTIVE_OTHERS + group] = equal / here if here > 1e-9 else 1.0
        if group == 0:
            factors[LEVEL] = scale * here / max(agents - joined, 1)
    if total < 1e-9 or first + later < 1e-12:
        return
    factors[EXITS] = leaving * m / (first + later)
    factors[LATER] = later / (first + later)
    factors[ACTIVE] = settled / total
    factors[YOUNG] = young / total
    factors[JOINED] = joined / agents
