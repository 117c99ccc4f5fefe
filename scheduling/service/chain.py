"""The compiled chain of sessions in the shop: one segment forward (`backward` takes its values back).

Vectors live in buffers indexed by the state x; only the band ``lo..hi`` that carries mass is touched. Time
is discretised as `tridiagonal` has it, rewards by the trapezoidal rule.
"""

from __future__ import annotations

import math

import numpy as np

from scheduling.compiled import compiled, njit
from scheduling.service.ages import age_factors, age_step, alike, group_sizes, merge, settled_latency
from scheduling.service.rates import (
    ACTIVE,
    ACTIVE_JOINED,
    ACTIVE_OTHERS,
    ARRIVALS,
    AWAY,
    BALANCE,
    BIRTH,
    CAP,
    DEATH,
    EXITS,
    EXTRA,
    FAILS,
    FASTER,
    FINE,
    GONE_RATE,
    JOINED,
    LATENCY,
    LATER,
    LOST,
    MID,
    OLD,
    PATIENCE,
    REPLIES,
    ROUNDS,
    S_REPLIES,
    SPREAD,
    THROUGHPUT,
    TIMELY,
    TIMELY_FIRST,
    YOUNG,
    balance,
    fill_moves,
    fill_tagged,
    joined_tables,
    jump_mean,
    read_tables,
    releases_ahead,
    smooth_tables,
    table_at,
)
from scheduling.service.tridiagonal import GAMMA, factorise, solve

# what is counted in a segment: first questions on time, later ones on time, first and later questions,
# sessions lost to impatience, session-seconds open, question-seconds at the desk (times the share of first
# ones, and of later ones), session-seconds in the queue, sessions that fail by a later reply
ON_FIRST, ON_LATER, FIRSTS, LATERS, GONE, OPEN, DESK_FIRST, DESK_LATER, QUEUED, FAILED = range(10)
COUNTS = 10

TAIL = 1e-7  # mass at which the band ends


@compiled
def _means(p, lo, hi, full, scratch):  # type: ignore[no-untyped-def]
    """Return mean sessions with a slot, chance of a full shop, mean replies per second.

    The scheme may leave a little negative mass after a jump; what is fed back stays possible all the same.
    """
    replies = scratch[REPLIES]
    mass = mean = busy = rate = 0.0
    for x in range(lo, hi + 1):
        mass += p[x]
        mean += p[x] * min(x, full)
        rate += p[x] * replies[x]
        if x >= full:
            busy += p[x]
    mass = max(mass, 1e-12)
    return min(max(mean / mass, 0.0), float(full)), min(max(busy / mass, 0.0), 1.0), max(rate / mass, 0.0)


@compiled
def _reply_rates(lo, hi, agents, cap, active, fine, scratch):  # type: ignore[no-untyped-def]
    """Fill replies per second alone."""
    replies = scratch[REPLIES]
    points = fine.shape[1] - 1
    for x in range(lo, hi + 1):
        if agents > 0:
            place = min(min(x / agents, float(cap)) * active * FINE, points - 1e-9)
            g = int(place)
            replies[x] = agents * (
                fine[S_REPLIES, g] + (place - g) * (fine[S_REPLIES, g + 1] - fine[S_REPLIES, g])
            )
        else:
            replies[x] = 0.0


@compiled
def _band(lo, hi, size, agents, arrivals, dt, row, law, shop):  # type: ignore[no-untyped-def]
    """Return the band the mass can reach in a step: drift at its ends and four standard deviations."""
    cap = int(shop[CAP])
    per_agent = row[EXITS] / shop[ROUNDS]
    people = max(agents, 1)
    high = agents * per_agent * table_at(law[THROUGHPUT], min(hi / people, float(cap)) * row[ACTIVE])
    low = agents * per_agent * table_at(law[THROUGHPUT], min(lo / people, float(cap)) * row[ACTIVE])
    if shop[PATIENCE] > 0.0:
        low += max(0, lo - agents * cap) / shop[PATIENCE]
    # the implicit step smears a strong drift: three of it hold all but 1e-4 of what moves
    faster = 1.0 + shop[FASTER]
    up = (
        3.0 * faster * dt * max(0.0, arrivals - high) + 2.0 * math.sqrt(faster * dt * (arrivals + high)) + 4.0
    )
    down = (
        3.0 * faster * dt * max(0.0, low - arrivals) + 2.0 * math.sqrt(faster * dt * (arrivals + low)) + 4.0
    )
    return max(0, lo - int(down)), min(size - 1, hi + int(up))


@njit(cache=True)
def forward(  # type: ignore[no-untyped-def]
    p, u, tagged, lo, hi, ages, joined, active, staying, stay, seconds, steps, agents, after, leavers,
    arrivals, law, shop, last, factors, bands, counts, scratch,
):  # fmt: skip
    """Move the distribution `p` (and `u`, sessions without a late reply) through one segment.

    Parameters
    ----------
    lo, hi
        Band of `p`; the new band is returned.
    ages, active, stay
        Mean sessions by age (changed in place) of those who were there and of the joiners, their active
        share so far, chance of another round.
    joined
        Agents who came last and do not yet have as many sessions as the others; the new number is returned.
    staying, agents, after, leavers
        Agents who were there before and stay, take sessions now, in the next segment, stop at its start.
    last
        No segment follows.
    factors, bands
        Filled with each step's circumstances for the pass backward.
    counts
        What happens is added.
    """
    fine = smooth_tables(law, agents, int(shop[CAP]), shop[SPREAD], shop[ROUNDS] - 1.0)
    return _forward(
        p, u, tagged, lo, hi, ages, joined, active, staying, stay, seconds, steps, agents, after, leavers,
        arrivals, law, fine, np.zeros_like(fine), shop, last, factors, bands, counts, scratch,
    )  # fmt: skip


@compiled
def _forward(  # type: ignore[no-untyped-def]
    p, u, tagged, lo, hi, ages, joined, active, staying, stay, seconds, steps, agents, after, leavers,
    arrivals, law, fine, mixed, shop, last, factors, bands, counts, scratch,
):  # fmt: skip
    """Move through a segment by the tables of its head count."""
    cap = int(shop[CAP])
    full = agents * cap
    dt = seconds / steps
    if agents == 0:
        ages[:] = 0.0
        joined = 0
    elif staying < agents:
        merge(ages)
        joined = agents - staying if staying > 0 else 0
        group = 1 if joined else 0
        for x in range(lo, hi + 1):  # joiners take the head of the queue at once
            ages[group, 0] += p[x] * (min(x, full) - min(x, staying * cap))
    _reply_rates(lo, hi, agents, cap, active, fine, scratch)
    open_now, busy, rate = _means(p, lo, hi, full, scratch)
    expected = agents * table_at(law[THROUGHPUT], open_now / max(agents, 1) * active)
    latencies = (law[LATENCY, 1], law[LATENCY, 1])
    for step in range(steps):
        row = factors[step]
        row[ARRIVALS] = arrivals
        others, new = group_sizes(ages, 1.0)
        scale = open_now / max(others + new, 1e-9)
        if agents > 0:
            if step:
                expected = (agents - joined) * table_at(
                    law[THROUGHPUT], scale * others / (agents - joined) * factors[step - 1, ACTIVE_OTHERS]
                )
                if joined:
                    expected += joined * table_at(
                        law[THROUGHPUT], scale * new / joined * factors[step - 1, ACTIVE_JOINED]
                    )
            spread = min(rate / max(expected, 1e-12), 2.0)
            if open_now > 1e-9 and rate > 1e-12:
                latency = settled_latency(ages[0], scale, spread, latencies[0], agents - joined, law, shop)
                latencies = (latency, latencies[1])
                if joined:
                    latency = settled_latency(ages[1], scale, spread, latencies[1], joined, law, shop)
                    latencies = (latencies[0], latency)
            age_factors(ages, stay, latencies, joined, agents, scale, shop, row)
        else:
            row[EXITS] = 1.0
            row[LATER] = (shop[ROUNDS] - 1.0) / shop[ROUNDS]
            row[ACTIVE] = 1.0
            row[YOUNG] = 0.5
            row[JOINED] = 0.0
        tables = fine
        if row[JOINED] > 0.0:
            joined_tables(fine, row, mixed)
            tables = mixed
        per_agent = row[EXITS] / shop[ROUNDS]
        exit_rate = agents * table_at(law[THROUGHPUT], cap * row[ACTIVE]) * per_agent
        after_rate = after * law[THROUGHPUT, cap] * per_agent
        to_boundary = 1e9 if last else seconds - (step + 0.5) * dt
        releases_ahead(agents, after, leavers, exit_rate, after_rate, to_boundary, shop, row)
        if agents > 0:
            given_up = table_at(law[LOST], min(open_now / agents + 1.0, float(cap)))
            accepted = arrivals * (1.0 - busy) * (1.0 - given_up) + exit_rate * busy
            to_joiners = 0.0
            if joined:
                share = joined / agents
                missing = (share * others - (1.0 - share) * new) / dt
                to_joiners = min(max(share * accepted + missing, 0.0), accepted)
                age_step(ages[1], stay, dt, to_joiners, latencies[1], shop)
            age_step(ages[0], stay, dt, accepted - to_joiners, latencies[0], shop)
        lo, hi = _band(lo, hi, len(p), agents, arrivals, dt, row, law, shop)
        read_tables(lo, hi, agents, row, tables, shop, scratch)
        row[BALANCE] = balance(p, lo, hi, agents, arrivals, shop, scratch)
        fill_moves(lo, hi, agents, row, tables, law, shop, scratch)
        bands[step, 0] = lo
        bands[step, 1] = hi
        _step(p, u, tagged, lo, hi, dt, agents, row, tables, shop, scratch, counts)
        while hi > lo and abs(p[hi]) < TAIL:  # what the band leaves out goes to its ends
            p[hi - 1] += p[hi]
            u[hi - 1] += u[hi]
            p[hi] = u[hi] = 0.0
            hi -= 1
        while lo < hi and abs(p[lo]) < TAIL:
            p[lo + 1] += p[lo]
            u[lo + 1] += u[lo]
            p[lo] = u[lo] = 0.0
            lo += 1
        open_now, busy, rate = _means(p, lo, hi, full, scratch)
        if joined and row[JOINED] > 0.0 and alike(ages, joined, agents, row):
            merge(ages)
            joined = 0
    return lo, hi, joined


@compiled
def _step(p, u, tagged, lo, hi, dt, agents, row, fine, shop, scratch, counts):  # type: ignore[no-untyped-def]
    """Move both vectors one step on and count what happens in it."""
    full = agents * int(shop[CAP])
    birth, death, kill, fails = scratch[BIRTH], scratch[DEATH], scratch[EXTRA], scratch[FAILS]
    timely_first, mid, old = scratch[TIMELY_FIRST], scratch[MID], scratch[OLD]
    rest = (1.0 - 2.0 * GAMMA) * dt
    part = GAMMA * dt
    failed = 0.0
    if tagged:
        fill_tagged(lo, hi, agents, row, fine, shop, scratch)
        for x in range(lo, hi + 1):
            change = -(birth[x] + death[x] + kill[x]) * u[x]
            if x > lo:
                change += birth[x - 1] * u[x - 1] + timely_first[x - 1] * p[x - 1]
            if x < hi:
                change += death[x + 1] * u[x + 1]
            mid[x] = u[x] + rest * change
            failed += u[x] * fails[x]
        for x in range(lo, hi + 1):
            u[x] = mid[x]
    for x in range(lo, hi + 1):
        change = -(birth[x] + death[x]) * p[x]
        if x > lo:
            change += birth[x - 1] * p[x - 1]
        if x < hi:
            change += death[x + 1] * p[x + 1]
        mid[x] = p[x] + rest * change
        old[x] = p[x]
    factorise(lo, hi, part, scratch, False)
    solve(lo, hi, scratch, mid)
    if tagged:
        for x in range(lo + 1, hi + 1):
            u[x] += part * timely_first[x - 1] * mid[x - 1]
    for x in range(lo, hi + 1):
        p[x] = mid[x]
    solve(lo, hi, scratch, p)
    if tagged:
        factorise(lo, hi, part, scratch, True)
        solve(lo, hi, scratch, u)
        for x in range(lo + 1, hi + 1):
            u[x] += part * timely_first[x - 1] * p[x - 1]
        solve(lo, hi, scratch, u)
        for x in range(lo, hi + 1):
            failed += u[x] * fails[x]
        counts[FAILED] += 0.5 * dt * failed
    _count(p, old, lo, hi, dt, full, row, shop, scratch, counts)


@compiled
def _count(p, old, lo, hi, dt, full, row, shop, scratch, counts):  # type: ignore[no-untyped-def]
    """Add what happens in a step, at the mean of its two distributions."""
    timely_first, timely = scratch[TIMELY_FIRST], scratch[TIMELY]
    replies, gone = scratch[REPLIES], scratch[GONE_RATE]
    first = later = mass = rate = lost = held = present = desk_first = desk_later = 0.0
    jump = jump_mean(shop)
    share = row[LATER]
    for x in range(lo, hi + 1):
        here = 0.5 * (p[x] + old[x])
        mass += here
        first += here * timely_first[x]
        later += here * timely[x]
        rate += here * replies[x]
        lost += here * gone[x]
        held += here * min(x, full)
        present += here * x
        one, other = at_desk(x, full, share, row, shop, replies[x], jump)
        desk_first += here * one
        desk_later += here * other
    counts[ON_FIRST] += dt * first
    counts[ON_LATER] += dt * later * share
    counts[FIRSTS] += dt * mass * row[ARRIVALS]
    counts[LATERS] += dt * rate * share
    counts[GONE] += dt * lost
    counts[OPEN] += dt * held
    counts[DESK_FIRST] += dt * desk_first
    counts[DESK_LATER] += dt * desk_later
    counts[QUEUED] += dt * (present - held)


@compiled
def at_desk(x, full, share, row, shop, rate, jump):  # type: ignore[no-untyped-def]
    """Return first and later questions waiting at the desks, by Little's law.

    In a full shop first questions come from the queue, and their wait there counts at the desk: the longest
    wait goes first.
    """
    desk = max(0.0, min(x, full) * row[ACTIVE] - rate * shop[AWAY])
    first = desk * (1.0 - share)
    if x >= full and rate > 0.0:
        release = max(rate / shop[ROUNDS] * row[EXITS], 1e-12)
        waited = (x - full + 1.0) / release
        first = min(first, rate * (1.0 - share) * max(jump, desk / rate - waited))
    return first, desk - first
