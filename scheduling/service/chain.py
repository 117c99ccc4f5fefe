"""The compiled chain of sessions in the shop: one segment forward, and the same segment backward.

Vectors live in buffers indexed by the state x; only the band ``lo..hi`` that carries mass is touched. Time
is discretised by the L-stable two-stage scheme p' = (I - γhA)^-2 (I + (1 - 2γ)hA) p, γ = 1 - 1/√2, exact to
second order; rewards by the trapezoidal rule. The pass backward is its exact transpose.
"""

from __future__ import annotations

import math

from scheduling.compiled import compiled, njit
from scheduling.service.ages import age_factors, age_step
from scheduling.service.rates import (
    ACTIVE,
    ARRIVALS,
    AWAY,
    BIRTH,
    CAP,
    DEATH,
    EXITS,
    EXTRA,
    FAILS,
    FINE,
    GONE_RATE,
    LATENCY,
    LATER,
    LOST,
    MID,
    OLD,
    PATIENCE,
    PIVOT,
    REPLIES,
    ROUNDS,
    S_REPLIES,
    SPREAD,
    THROUGHPUT,
    TIMELY,
    TIMELY_FIRST,
    UPPER,
    YOUNG,
    fill_rates,
    fill_tagged,
    jump_mean,
    releases_ahead,
    smooth_tables,
    table_at,
)

# what is counted in a segment: first questions on time, later ones on time, first and later questions,
# sessions lost to impatience, session-seconds open, question-seconds at the desk (times the share of first
# ones, and of later ones), session-seconds in the queue, sessions that fail by a later reply
ON_FIRST, ON_LATER, FIRSTS, LATERS, GONE, OPEN, DESK_FIRST, DESK_LATER, QUEUED, FAILED = range(10)
COUNTS = 10

GAMMA = 1.0 - math.sqrt(0.5)
TAIL = 1e-9  # mass at which the band ends


@compiled
def _factorise(lo, hi, step, scratch, extra):  # type: ignore[no-untyped-def]
    """Factorise I - step A, A the generator of the band less `extra` killing where asked."""
    birth, death, kill = scratch[BIRTH], scratch[DEATH], scratch[EXTRA]
    upper, pivot = scratch[UPPER], scratch[PIVOT]
    for x in range(lo, hi + 1):
        middle = 1.0 + step * (birth[x] + death[x])
        if extra:
            middle += step * kill[x]
        if x > lo:
            middle -= step * birth[x - 1] * upper[x - 1]
        pivot[x] = 1.0 / middle
        if x < hi:
            upper[x] = step * death[x + 1] * pivot[x]


@compiled
def _solve(lo, hi, step, scratch, v):  # type: ignore[no-untyped-def]
    """Solve (I - step A) v' = v in place, with A factorised (A's entry [x, x-1] is birth[x-1])."""
    birth, upper, pivot = scratch[BIRTH], scratch[UPPER], scratch[PIVOT]
    v[lo] *= pivot[lo]
    for x in range(lo + 1, hi + 1):
        v[x] = (v[x] + step * birth[x - 1] * v[x - 1]) * pivot[x]
    for x in range(hi - 1, lo - 1, -1):
        v[x] += upper[x] * v[x + 1]


@compiled
def _solve_back(lo, hi, step, scratch, v):  # type: ignore[no-untyped-def]
    """Solve the transposed system in place, with the same factors: (LU)' = U' L'."""
    birth, upper, pivot = scratch[BIRTH], scratch[UPPER], scratch[PIVOT]
    for x in range(lo + 1, hi + 1):
        v[x] += upper[x - 1] * v[x - 1]
    v[hi] *= pivot[hi]
    for x in range(hi - 1, lo - 1, -1):
        v[x] = (v[x] + step * birth[x] * v[x + 1]) * pivot[x]


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
    up = 3.0 * dt * max(0.0, arrivals - high) + 4.0 * math.sqrt(dt * (arrivals + high)) + 4.0
    down = 3.0 * dt * max(0.0, low - arrivals) + 4.0 * math.sqrt(dt * (arrivals + low)) + 4.0
    return max(0, lo - int(down)), min(size - 1, hi + int(up))


@njit(cache=True)
def forward(  # type: ignore[no-untyped-def]
    p, u, tagged, lo, hi, ages, active, staying, stay, seconds, steps, agents, after, leavers, arrivals,
    law, shop, last, factors, bands, counts, scratch,
):  # fmt: skip
    """Move the distribution `p` (and `u`, sessions without a late reply) through one segment.

    Parameters
    ----------
    lo, hi
        Band of `p`; the new band is returned.
    ages, active, stay
        Mean sessions by age (changed in place), their active share so far, chance of another round.
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
        p, u, tagged, lo, hi, ages, active, staying, stay, seconds, steps, agents, after, leavers, arrivals,
        law, fine, shop, last, factors, bands, counts, scratch,
    )  # fmt: skip


@compiled
def _forward(  # type: ignore[no-untyped-def]
    p, u, tagged, lo, hi, ages, active, staying, stay, seconds, steps, agents, after, leavers, arrivals,
    law, fine, shop, last, factors, bands, counts, scratch,
):  # fmt: skip
    """Move through a segment by the tables of its head count."""
    cap = int(shop[CAP])
    full = agents * cap
    dt = seconds / steps
    shortest = law[LATENCY, 1]
    latency = shortest
    if staying < agents:
        for x in range(lo, hi + 1):  # joiners take the head of the queue at once
            ages[0] += p[x] * (min(x, full) - min(x, staying * cap))
    _reply_rates(lo, hi, agents, cap, active, fine, scratch)
    open_now, busy, rate = _means(p, lo, hi, full, scratch)
    for step in range(steps):
        row = factors[step]
        row[ARRIVALS] = arrivals
        if agents > 0:
            if rate > 1e-12:
                latency = max(shortest, open_now * active / rate - shop[AWAY])
            age_factors(ages, stay, latency, shop, row)
            active = row[ACTIVE]
        else:
            for r in range(len(ages)):
                ages[r] = 0.0
            row[EXITS] = 1.0
            row[LATER] = (shop[ROUNDS] - 1.0) / shop[ROUNDS]
            row[ACTIVE] = 1.0
            row[YOUNG] = 0.5
        per_agent = row[EXITS] / shop[ROUNDS]
        exit_rate = agents * table_at(law[THROUGHPUT], cap * row[ACTIVE]) * per_agent
        after_rate = after * law[THROUGHPUT, cap] * per_agent
        to_boundary = 1e9 if last else seconds - (step + 0.5) * dt
        releases_ahead(agents, after, leavers, exit_rate, after_rate, to_boundary, shop, row)
        if agents > 0:
            given_up = table_at(law[LOST], min(open_now / agents + 1.0, float(cap)))
            accepted = arrivals * (1.0 - busy) * (1.0 - given_up) + exit_rate * busy
            age_step(ages, stay, dt, accepted, latency, shop)
        lo, hi = _band(lo, hi, len(p), agents, arrivals, dt, row, law, shop)
        fill_rates(lo, hi, agents, row, fine, law, shop, scratch)
        bands[step, 0] = lo
        bands[step, 1] = hi
        _step(p, u, tagged, lo, hi, dt, agents, row, fine, shop, scratch, counts)
        while hi > lo and abs(p[hi]) < TAIL:
            p[hi] = 0.0
            u[hi] = 0.0
            hi -= 1
        while lo < hi and abs(p[lo]) < TAIL:
            p[lo] = 0.0
            u[lo] = 0.0
            lo += 1
        open_now, busy, rate = _means(p, lo, hi, full, scratch)
    return lo, hi


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
    _factorise(lo, hi, part, scratch, False)
    _solve(lo, hi, part, scratch, mid)
    if tagged:
        for x in range(lo + 1, hi + 1):
            u[x] += part * timely_first[x - 1] * mid[x - 1]
    for x in range(lo, hi + 1):
        p[x] = mid[x]
    _solve(lo, hi, part, scratch, p)
    if tagged:
        _factorise(lo, hi, part, scratch, True)
        _solve(lo, hi, part, scratch, u)
        for x in range(lo + 1, hi + 1):
            u[x] += part * timely_first[x - 1] * p[x - 1]
        _solve(lo, hi, part, scratch, u)
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
        one, other = _at_desk(x, full, share, row, shop, replies[x], jump)
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
def _at_desk(x, full, share, row, shop, rate, jump):  # type: ignore[no-untyped-def]
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


@njit(cache=True)
def backward(  # type: ignore[no-untyped-def]
    values, tagged, lo, hi, seconds, steps, agents, law, shop, factors, weights, scratch
):
    """Take the values of states lo…hi at a segment's end back to its start, in place.

    `values` has one row for each quantity and a last one for sessions without a late reply, which are
    worth something to quantity 0 only; `weights` is each quantity's worth of each thing counted.
    """
    fine = smooth_tables(law, agents, int(shop[CAP]), shop[SPREAD], shop[ROUNDS] - 1.0)
    _backward(values, tagged, lo, hi, seconds, steps, agents, law, fine, shop, factors, weights, scratch)


@compiled
def _backward(  # type: ignore[no-untyped-def]
    values, tagged, lo, hi, seconds, steps, agents, law, fine, shop, factors, weights, scratch
):
    """Take the values back by the tables of the segment's head count."""
    full = agents * int(shop[CAP])
    dt = seconds / steps
    part = GAMMA * dt
    rest = (1.0 - 2.0 * GAMMA) * dt
    birth, death, kill, fails = scratch[BIRTH], scratch[DEATH], scratch[EXTRA], scratch[FAILS]
    timely_first, mid, worth = scratch[TIMELY_FIRST], scratch[MID], scratch[OLD]
    quantities = values.shape[0] - 1
    tag = values[quantities]
    for step in range(steps - 1, -1, -1):
        row = factors[step]
        fill_rates(lo, hi, agents, row, fine, law, shop, scratch)
        if tagged:
            fill_tagged(lo, hi, agents, row, fine, shop, scratch)
            _factorise(lo, hi, part, scratch, True)
            value = 0.5 * dt * weights[0, FAILED]
            for x in range(lo, hi + 1):
                tag[x] += value * fails[x]
            _solve_back(lo, hi, part, scratch, tag)
            for x in range(lo, hi + 1):
                mid[x] = tag[x]  # after one solve: what p's second stage feeds
            _solve_back(lo, hi, part, scratch, tag)
        _factorise(lo, hi, part, scratch, False)
        for q in range(quantities):
            v = values[q]
            fed = tagged and q == 0
            for x in range(lo, hi + 1):
                worth[x] = 0.5 * dt * _worth(x, weights[q], full, row, shop, scratch)
                v[x] += worth[x]
            if fed:
                for x in range(lo, hi):
                    v[x] += part * timely_first[x] * mid[x + 1]
            _solve_back(lo, hi, part, scratch, v)
            if fed:
                for x in range(lo, hi):
                    v[x] += part * timely_first[x] * tag[x + 1]
            _solve_back(lo, hi, part, scratch, v)
            before = v[lo]
            for x in range(lo, hi + 1):
                change = -(birth[x] + death[x]) * v[x]
                if x < hi:
                    change += birth[x] * v[x + 1]
                    if fed:
                        change += timely_first[x] * tag[x + 1]
                if x > lo:
                    change += death[x] * before
                before = v[x]
                v[x] += rest * change + worth[x]
        if tagged:
            before = tag[lo]
            for x in range(lo, hi + 1):
                change = -(birth[x] + death[x] + kill[x]) * tag[x]
                if x < hi:
                    change += birth[x] * tag[x + 1]
                if x > lo:
                    change += death[x] * before
                before = tag[x]
                tag[x] += rest * change + value * fails[x]


@compiled
def _worth(x, weight, full, row, shop, scratch):  # type: ignore[no-untyped-def]
    """Return the worth per second of being in state x."""
    share = row[LATER]
    rate = scratch[REPLIES, x]
    held = min(x, full)
    desk_first = desk_later = 0.0
    if weight[DESK_FIRST] != 0.0:
        desk_first, desk_later = _at_desk(x, full, share, row, shop, rate, jump_mean(shop))
    return (
        weight[ON_FIRST] * scratch[TIMELY_FIRST, x]
        + weight[ON_LATER] * scratch[TIMELY, x] * share
        + weight[FIRSTS] * row[ARRIVALS]
        + weight[LATERS] * rate * share
        + weight[GONE] * scratch[GONE_RATE, x]
        + weight[OPEN] * held
        + weight[DESK_FIRST] * desk_first
        + weight[DESK_LATER] * desk_later
        + weight[QUEUED] * (x - held)
    )
