"""Mean numbers of sessions by round and closing stage: after a rise they are young and cannot leave yet."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import poisson

from scheduling.compiled import compiled
from scheduling.day import Floats
from scheduling.service.rates import ACTIVE, AWAY, CLOSE, EXITS, LATER, ROUNDS, THINK, YOUNG

STAGES = 6  # of the closing time
LONGEST_STEP_S = 10.0


def rounds_left(rounds: float) -> tuple[Floats, Floats]:
    """Return, by round, the chance of another one and the mean number of further ones (1 + Poisson law).

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
    tail = poisson.sf(np.arange(-1, depth), mean)  # P(N >= 1), P(N >= 2), …
    stay = tail[1:] / tail[:-1]
    more = np.zeros(depth)
    for r in range(depth - 2, -1, -1):
        more[r] = stay[r] * (1.0 + more[r + 1])
    stay = np.append(stay[: depth - 1], 0.0)
    return stay, more


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
def age_factors(ages, stay, latency, shop, factors):  # type: ignore[no-untyped-def]
    """Set how exits, later replies and active sessions differ from those of settled sessions."""
    rounds = len(stay)
    m = shop[ROUNDS]
    settled_active = (latency + shop[THINK] * (m - 1.0) / m) / (latency + shop[AWAY])
    factors[EXITS] = 1.0
    factors[LATER] = (m - 1.0) / m
    factors[ACTIVE] = 1.0
    factors[YOUNG] = (latency + shop[THINK]) * (m - 1.0) / m / (latency + shop[AWAY])
    active = 0.0
    for r in range(rounds):
        active += ages[r]
    total = active
    for c in range(STAGES):
        total += ages[rounds + c]
    if total < 1e-9 or active < 1e-12:
        return
    first = ages[0] / max(latency, 1.0)
    later = (active - ages[0]) / max(latency + shop[THINK], 1.0)
    leaving = ages[rounds + STAGES - 1] * STAGES / max(shop[CLOSE], 0.01)
    replies = max(first + later, 1e-12)
    factors[EXITS] = leaving * m / replies
    factors[LATER] = later / replies
    factors[ACTIVE] = active / total / settled_active
    factors[YOUNG] = (active - ages[0]) / total
