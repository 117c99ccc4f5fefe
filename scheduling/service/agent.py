"""One agent with k open sessions: a desk that types one reply at a time for k buyers (a finite source)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from math import ceil

import numpy as np
from scipy.optimize import brentq

from forecast.replies.service_parameters import ServiceParameters
from scheduling.day import Floats
from scheduling.service.desk import lognormal_cdf, prepare_desk, seen_in_time, starting_law
from scheduling.service.work import finite_source, fit_phases, rest_and_own_cdf

JUMP_NODES = 5
KNEE_UTILISATION = 0.95  # below it people idle with full slots


@dataclass(frozen=True, kw_only=True)
class AgentLaw:
    """What one agent does with k = 0, 1, 2, … open sessions; every array is indexed by k.

    Attributes
    ----------
    away_s
        Mean time of a session away from the desk per round, thinking and closing together. [s]
    throughput
        Replies per second.
    latency_s
        Mean time from question to the end of its reply. [s]
    on_time
        Probability that a question of one of the k sessions is answered within the threshold.
    late_mover
        The same for a later question when the first question of each session jumps the desk because it
        has waited in the shop's queue.
    first_on_time, first_lost
        For a first question: answered within the threshold and before patience ends; given up at the desk.
    work_square, slot_square
        Squared coefficient of variation of the work of a session, and of the time it holds its slot.
    """

    away_s: float
    throughput: Floats
    latency_s: Floats
    on_time: Floats
    late_mover: Floats
    first_on_time: Floats
    first_lost: Floats
    work_square: float
    slot_square: Floats


def away_seconds(service: ServiceParameters) -> float:
    """Return the mean time of a session away from the desk per round [s]: ((m-1) z + a) / m.

    Examples
    --------
    >>> away_seconds(ServiceParameters(rounds=5.0, think_s=45.0, auto_close_s=120.0))
    60.0
    """
    thinking = (service.rounds - 1) * service.think_s
    return (thinking + service.auto_close_s) / service.rounds


@lru_cache(maxsize=256)
def agent_law(
    service: ServiceParameters, threshold_s: float, *, most_open: int, handle_factor: float = 1.0
) -> AgentLaw:
    r"""Return the law of one agent with up to `most_open` sessions.

    Parameters
    ----------
    service
        One agent's handling capacity.
    threshold_s
        Seconds within which a reply is on time.
    most_open
        Largest number of open sessions wanted. [sessions]
    handle_factor
        Factor on the work of a reply.

    Notes
    -----
    See `scheduling.service.desk`: with k sessions the desk is a finite source. A later question is asked by
    one of its k buyers; a first one comes at any time to the k - 1 others.

    Examples
    --------
    >>> law = agent_law(ServiceParameters(), 180.0, most_open=8)
    >>> bool(law.throughput[8] * 25.0 > 0.95)
    True
    """
    mean_s = service.reply_s * handle_factor
    away_s = max(away_seconds(service), 1e-3 * mean_s)  # nobody is back sooner than that
    count = most_open + 1
    make = partial(
        prepare_desk, mean_s=mean_s, cv=service.reply_cv, away_s=away_s, horizon_s=threshold_s, depth=count
    )
    desk = make()
    impatient = make(patience_s=service.patience_s) if service.patience_s > 0 else desk
    throughput, latency_s, on_time, late, first = (np.zeros(count) for _ in range(5))
    jump_s = mean_s * (1.0 + 0.5 * (1.0 + service.reply_cv**2))
    latency_s[0] = mean_s
    for k in range(1, count):
        throughput[k] = _steadier(starting_law(desk, k)[1], k, service, mean_s, away_s)
        latency_s[k] = k / throughput[k] - away_s
        slower = _later_latency(service.rounds, latency_s[k], jump_s) / latency_s[k]
        on_time[k] = seen_in_time(desk, k, horizon_s=threshold_s, asker_outside=False)
        late[k] = seen_in_time(desk, k, horizon_s=threshold_s / slower, asker_outside=False)
        first[k] = seen_in_time(impatient, k - 1, horizon_s=threshold_s, asker_outside=True)
    lost = _lost_at_desk(service, mean_s, away_s, count)
    for row in (on_time, late, first, lost):
        row[0] = row[min(1, most_open)]
    return AgentLaw(
        away_s=away_s,
        throughput=throughput,
        latency_s=latency_s,
        on_time=on_time,
        late_mover=np.minimum(late, on_time),
        first_on_time=first,
        first_lost=lost,
        work_square=(service.rounds - 1) / service.rounds**2 + service.reply_cv**2 / service.rounds,
        slot_square=_slot_square(service, latency_s),
    )


def _steadier(
    throughput: float, sessions: int, service: ServiceParameters, mean_s: float, away_s: float
) -> float:
    """Return replies per second where times away are thinking or closing, not one exponential law.

    With exponential work the law of times away plays no part. With steadier work, times away steadier than
    exponential let the desk idle less: by a share of what is missing to a machine without any luck, fitted to
    event simulations of a desk; `tests/bench/service_parts.py` prints what is left.
    """
    m = service.rounds
    second = ((m - 1.0) * 2.0 * service.think_s**2 + service.auto_close_s**2) / m
    away_square = max(0.0, second / away_s**2 - 1.0)
    work_square = service.reply_cv**2
    steady = (1.0 - away_square) / (1.0 + away_square) * (1.0 - work_square) / (1.0 + work_square)
    busy = throughput * mean_s
    missing = min(1.0, sessions / (1.0 + away_s / mean_s)) - busy
    return (busy + steady * (0.25 + 0.7 * busy**10) * missing) / mean_s


def _later_latency(rounds: float, latency_s: float, jump_s: float) -> float:
    """Return the mean latency of later questions when first ones jump the desk (Little's law)."""
    if rounds <= 1.05:
        return latency_s
    return (rounds * latency_s - min(jump_s, latency_s)) / (rounds - 1.0)


def _lost_at_desk(service: ServiceParameters, mean_s: float, away_s: float, count: int) -> Floats:
    """Return, by sessions an agent then has, the chance that a first question is given up at the desk."""
    lost = np.zeros(count)
    if service.patience_s <= 0:
        return lost
    work = fit_phases(mean_s, service.reply_cv)
    starts = completion_transform(work.start, work.rate, work.go_on, count, 1.0 / service.patience_s)
    for k in range(2, count):
        law = finite_source(work.start, work.rate, work.go_on, k - 1, 1.0 / away_s)
        lost[k] = 1.0 - float(np.sum(law * starts[:k]))
    return lost


def completion_transform(start: Floats, rate: Floats, go_on: Floats, depth: int, give_up: float) -> Floats:
    """Return P(own typing begins before patience ends) by replies ahead (row) and current phase."""
    phases = len(rate)
    rest = np.zeros(phases)
    for i in range(phases - 1, -1, -1):
        onward = go_on[i] * rest[i + 1] if i + 1 < phases else 0.0
        rest[i] = rate[i] / (rate[i] + give_up) * (1 - go_on[i] + onward)
    whole = float(start @ rest)
    table = np.ones((depth + 1, phases))
    for ahead in range(1, depth + 1):
        table[ahead] = rest * whole ** (ahead - 1)
    return table


def jump_seconds(service: ServiceParameters, law: AgentLaw, cap: int, handle_factor: float) -> Floats:
    """Return equally likely lengths of what follows a wait for a slot: rest of a reply, own one [s]."""
    mean_s = service.reply_s * handle_factor
    times = np.linspace(0.0, 12.0 * mean_s, 1201)
    busy = mean_s * law.throughput[max(cap - 1, 0)]
    chance = (1.0 - busy) * lognormal_cdf(times, mean_s, service.reply_cv)
    chance += busy * rest_and_own_cdf(times, mean_s, service.reply_cv)
    levels = (np.arange(JUMP_NODES) + 0.5) / JUMP_NODES
    return np.interp(levels, chance, times)


def _slot_square(service: ServiceParameters, latency_s: Floats) -> Floats:
    """Return the squared coefficient of variation of a session's time in its slot, by open sessions."""
    further = service.rounds - 1.0  # mean and variance of the rounds after the first
    cycle = latency_s + service.think_s
    mean = latency_s + further * cycle + service.auto_close_s
    variance = further * cycle**2 + further * service.think_s**2 + service.rounds * (0.5 * latency_s) ** 2
    return np.asarray(np.minimum(1.0, variance / np.maximum(mean, 1e-9) ** 2))


def scaled_to_throughput(service: ServiceParameters) -> ServiceParameters:
    """Return the parameters with ``reply_s`` scaled to ``sessions_per_hour``, where that is given.

    A fully loaded agent at `reception_cap` (exponential work) finishes T(K) / rounds sessions a second.

    Raises
    ------
    ValueError
        If think times and auto-close alone allow fewer sessions an hour.

    Examples
    --------
    >>> scaled = scaled_to_throughput(ServiceParameters(sessions_per_hour=20.0))
    >>> scaled.sessions_per_hour is None, round(scaled.reply_s, 1)
    (True, 36.0)
    """
    wanted = service.sessions_per_hour
    if wanted is None:
        return service
    away_s = away_seconds(service)
    limit = 3600.0 * service.reception_cap / (service.rounds * away_s) if away_s > 0 else np.inf
    if wanted >= limit:
        raise ValueError(
            f"sessions_per_hour must be below {limit:.1f}, got {wanted:g}: with {service.reception_cap} "
            "sessions open at once think times and auto-close allow no more"
        )

    def excess(log_reply_s: float) -> float:
        rate = exponential_throughput(float(np.exp(log_reply_s)), away_s, service.reception_cap)
        return 3600.0 * rate / service.rounds - wanted

    most = float(np.log(3600.0 / (wanted * service.rounds)))  # an agent who never idles
    least = most - 1.0
    while excess(least) < 0:
        least -= 2.0
    reply_s = float(np.exp(brentq(excess, least, most + 1e-9, xtol=1e-12)))
    return replace(service, reply_s=reply_s, sessions_per_hour=None)


def exponential_throughput(reply_s: float, away_s: float, sessions: int) -> float:
    """Return T(k) of the machine-repair queue [replies/s]."""
    one = np.ones(1)
    law = finite_source(one, one / reply_s, np.zeros(1), sessions, 1.0 / max(away_s, 1e-3 * reply_s))
    return float((1 - law[0, 0]) / reply_s)


@dataclass(frozen=True, kw_only=True)
class CapAdvice:
    """A reception cap with its reason.

    Attributes
    ----------
    cap
        Recommended sessions open at once per agent.
    knee
        Smallest number with which an agent is busy 95 % of the time.
    most_on_time
        Largest number at which a full agent is still on time at the target; 0 if none is.
    industry
        Service time x peak replies per minute / questions per consumer, as the platforms' guides have it.
    reason
        Why, in one sentence.
    """

    cap: int
    knee: int
    most_on_time: int
    industry: float
    reason: str


def recommended_cap(service: ServiceParameters, threshold_s: float, target: float) -> CapAdvice:
    """Return the reception cap that keeps people busy and a full agent on time.

    Parameters
    ----------
    service
        One agent's handling capacity; its own cap plays no part.
    threshold_s, target
        A reply is on time within this many seconds; wanted share.

    Examples
    --------
    >>> advice = recommended_cap(ServiceParameters(), 180.0, 0.9)
    >>> advice.knee <= advice.cap, round(advice.industry, 1)
    (True, 3.4)
    """
    if not 0 < target < 1:
        raise ValueError(f"target must be between 0 and 1, got {target:g}")
    industry = 1.0 + away_seconds(service) / service.reply_s
    depth = max(8, ceil(2 * industry + threshold_s / service.reply_s))
    while True:
        law = agent_law(service, threshold_s, most_open=depth)
        if service.reply_s * law.throughput[-1] >= KNEE_UTILISATION and law.on_time[-1] < target:
            break
        if depth > 400:
            break
        depth *= 2
    knee = int(np.argmax(service.reply_s * law.throughput >= KNEE_UTILISATION - 1e-12))
    meets = np.flatnonzero(law.on_time[1:] >= target)
    most = int(meets[-1]) + 1 if len(meets) else 0
    if knee <= most:
        reason = (
            f"up to {most} a full agent is on time at {target:.0%}; from {knee} on the agent is never idle"
        )
        return CapAdvice(cap=most, knee=knee, most_on_time=most, industry=industry, reason=reason)
    reason = (
        f"an agent is kept busy by {knee} or more, a full agent is on time with {most} at most, "
        f"so take {knee} and have enough people on duty that few are full"
    )
    return CapAdvice(cap=knee, knee=knee, most_on_time=most, industry=industry, reason=reason)
