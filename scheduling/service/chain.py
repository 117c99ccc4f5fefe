"""The compiled chain of sessions in the shop: one interval forward, and the same interval backward.

State x counts sessions in the shop, open or queued. Vectors live in buffers indexed by x; only the band
``lo..hi`` that carries mass is touched. Constants of the shop travel in `shop` (see the indices below),
what one agent does in `law` (rows below, columns k = 0, 1, …).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# rows of `law`
THROUGHPUT, ON_TIME, LATE_MOVER, FIRST, LOST, LATENCY, SLOT_SQUARE = range(7)
LAW_ROWS = 7
# entries of `shop`
ROUNDS, THINK, CLOSE, CAP, THRESHOLD, PATIENCE, SPREAD, WORK_SQUARE, AWAY, JUMP = range(10)
SHOP_SIZE = 10 + 4  # JUMP has one entry a node
# columns of one step's factors
EXITS, LATER, ACTIVE, ARRIVALS, YOUNG, AHEAD = range(6)
NODES = 5  # equally likely lengths of the reply that follows a wait in the queue
FACTORS = AHEAD + NODES
# what is counted in an interval
ON_FIRST, ON_LATER, FIRSTS, LATERS, GONE, OPEN, FAILED = range(7)
COUNTS = 7
SCRATCH = 11  # vectors of the size of the state space

FINE = 8  # points of the smoothed tables per session of an agent
STAGES = 6  # of the closing time in the ages of sessions
GAMMA = 1.0 - math.sqrt(0.5)  # of the L-stable two-stage scheme
TAIL = 1e-10


@njit(cache=True)
def smooth_tables(law, agents, cap, spread):  # type: ignore[no-untyped-def]
    """Return per-agent tables on a fine grid of mean open sessions, spread over agents.

    Rows: throughput, throughput x on time, the same for later movers, first on time, first lost, and by how
    much exits vary less than exponential ones. Where the desk keeps up the sessions come and go as in an
    open system with endless servers (Poisson, whatever the times); the more it limits the flow, the more
    the exits are as regular as a session's work is.
    """
    most = law.shape[1] - 1
    points = most * FINE + 1
    fine = np.zeros((6, points))
    people = max(agents, 1)
    sd = spread * people**-0.28 * math.sqrt(1.0 - 1.0 / people)
    shift = people**-0.8
    for g in range(points):
        k = g / FINE
        reach = min(math.sqrt(2.0) * sd * k / (k + 0.4), k)
        if k <= cap:
            reach = min(reach, cap - k)
        for at in range(3):
            weight = 0.5 if at == 1 else 0.25
            place = min(max(k + (at - 1) * reach, 0.0), float(most))
            low = min(int(place), most - 1)
            part = place - low
            for row in range(3):
                here = law[THROUGHPUT, low]
                there = law[THROUGHPUT, low + 1]
                if row == 1:
                    here *= law[ON_TIME, low]
                    there *= law[ON_TIME, low + 1]
                elif row == 2:
                    here *= law[LATE_MOVER, low]
                    there *= law[LATE_MOVER, low + 1]
                fine[row, g] += weight * ((1.0 - part) * here + part * there)
        seat = min(max(k + shift, 1.0), float(most))
        low = min(int(seat), most - 1)
        part = seat - low
        fine[3, g] = (1.0 - part) * law[FIRST, low] + part * law[FIRST, low + 1]
        fine[4, g] = (1.0 - part) * law[LOST, low] + part * law[LOST, low + 1]
    for g in range(points):
        fine[5, g] = 1.0 - _elasticity(fine[0], g)
    return fine


@njit(cache=True)
def _elasticity(throughput, g):  # type: ignore[no-untyped-def]
    """Return by how many per cent the throughput rises with one per cent more open sessions, in [0, 1]."""
    reach = FINE // 2
    low = max(0, g - reach)
    high = min(len(throughput) - 1, g + reach)
    if g == 0:
        return 1.0
    slope = (throughput[high] - throughput[low]) / (high - low)
    return min(1.0, max(0.0, slope * g / max(throughput[g], 1e-12)))


@njit(cache=True)
def _normal_cdf(z):  # type: ignore[no-untyped-def]
    """Return the standard normal distribution function."""
    return 0.5 * math.erfc(-z * 0.7071067811865476)


@njit(cache=True)
def coefficients(  # type: ignore[no-untyped-def]
    lo, hi, agents, factors, fine, law, shop, birth, death, on_first, on_later, later, gone
):
    """Fill rates of the chain and of what is counted, for every state of the band."""
    cap = int(shop[CAP])
    rounds = shop[ROUNDS]
    arrivals = factors[ARRIVALS]
    points = fine.shape[1] - 1
    full = agents * cap
    give_up = 1.0 / shop[PATIENCE] if shop[PATIENCE] > 0.0 else 0.0
    full_on_time = law[FIRST, cap] / max(law[FIRST, 1], 1e-12)  # older questions go first
    full_lost = law[LOST, cap]
    regular = 0.0
    held = min(1.0, (law[THROUGHPUT, cap + 1] - law[THROUGHPUT, cap - 1]) / 2.0 * cap / law[THROUGHPUT, cap])
    variance = held * law[SLOT_SQUARE, cap] + (1.0 - held) * shop[WORK_SQUARE]
    # within a threshold short of a session's life the releases of many slots still count like Poisson ones
    life = rounds * (law[LATENCY, cap] + shop[AWAY])
    counted = 1.0 - (1.0 - variance) * min(1.0, 0.5 * shop[THRESHOLD] / life)
    for x in range(lo, hi + 1):
        gone[x] = 0.0
        if agents > 0:
            place = min(min(x / agents, float(cap)) * factors[ACTIVE] * FINE, float(points))
            g = min(int(place), points - 1)
            part = place - g
            rate = agents * ((1.0 - part) * fine[0, g] + part * fine[0, g + 1])
            row = 1 if x <= full else 2
            timely = agents * ((1.0 - part) * fine[row, g] + part * fine[row, g + 1])
            death[x] = rate / rounds * factors[EXITS]
            later[x] = rate * factors[LATER]
            on_later[x] = timely * factors[LATER]
        else:
            death[x] = 0.0
            later[x] = 0.0
            on_later[x] = 0.0
        birth[x] = arrivals
        if x < full:
            on_first[x] = arrivals * ((1.0 - part) * fine[3, g] + part * fine[3, g + 1])
            if give_up > 0.0:
                lost = arrivals * ((1.0 - part) * fine[4, g] + part * fine[4, g + 1])
                gone[x] = lost
                birth[x] -= lost
            less = 0.5 * regular * ((1.0 - part) * fine[5, g] + part * fine[5, g + 1]) * death[x]
            less = min(less, birth[x])
            birth[x] -= less
            death[x] -= less
            continue
        queued = x - full
        probability = 0.0
        for node in range(NODES):
            ahead = factors[AHEAD + node]
            if ahead <= 0.0:
                continue
            z = (ahead - queued - 0.55) / math.sqrt(counted * ahead + 0.05)
            if z > 5.0:
                probability += 1.0 / NODES
            elif z > -5.0:
                probability += 1.0 / NODES * _normal_cdf(z)
        if give_up > 0.0:
            release = max(death[x], 1e-12)
            wait = (queued + 1.0) / (release + 0.5 * give_up * queued)
            probability *= math.exp(-give_up * min(wait, 0.5 * shop[THRESHOLD]))
            gone[x] = queued * give_up + (full_lost * death[x])
            death[x] += queued * give_up
        on_first[x] = arrivals * probability * full_on_time
        if agents > 0 and variance < 1.0:
            less = min(0.5 * (1.0 - variance) * death[x], birth[x])
            birth[x] -= less
            death[x] -= less
    birth[hi] = 0.0
    if lo > 0:
        death[lo] = 0.0


@njit(cache=True)
def tagged_rates(lo, hi, full, young, later, on_later, further, over, fails):  # type: ignore[no-untyped-def]
    """Fill the rates at which a session without a late reply ends its rounds (`over`) or gets one (`fails`).

    A session has Poisson(M) further rounds. Ending memorylessly after M of them on average would make the
    chance of none late 1 / (1 + M l); a rate of (exp(M l) - 1) / M instead of l makes it exp(-M l).
    """
    for x in range(lo, hi + 1):
        sessions = young * min(x, full) + max(0, x - full)
        over[x] = 0.0
        fails[x] = 0.0
        if sessions > 0.0 and later[x] > 0.0 and further > 0.0:
            pace = later[x] / sessions
            late = min(1.0, max(0.0, 1.0 - on_later[x] / later[x]))
            over[x] = pace / further
            fails[x] = pace * min(math.expm1(further * late) / further, 50.0)


@njit(cache=True)
def _solve_tagged(lo, hi, step, birth, death, extra, rhs, out, work):  # type: ignore[no-untyped-def]
    """Solve (I - step (A - extra)) out = rhs."""
    pivot = 1.0 + step * (birth[lo] + death[lo] + extra[lo])
    out[lo] = rhs[lo] / pivot
    for x in range(lo + 1, hi + 1):
        work[x] = -step * death[x] / pivot
        below = -step * birth[x - 1]
        pivot = 1.0 + step * (birth[x] + death[x] + extra[x]) - below * work[x]
        out[x] = (rhs[x] - below * out[x - 1]) / pivot
    for x in range(hi - 1, lo - 1, -1):
        out[x] -= work[x + 1] * out[x + 1]


@njit(cache=True)
def _solve_tagged_back(lo, hi, step, birth, death, extra, rhs, out, work):  # type: ignore[no-untyped-def]
    """Solve the transposed system."""
    pivot = 1.0 + step * (birth[lo] + death[lo] + extra[lo])
    out[lo] = rhs[lo] / pivot
    for x in range(lo + 1, hi + 1):
        work[x] = -step * birth[x - 1] / pivot
        below = -step * death[x]
        pivot = 1.0 + step * (birth[x] + death[x] + extra[x]) - below * work[x]
        out[x] = (rhs[x] - below * out[x - 1]) / pivot
    for x in range(hi - 1, lo - 1, -1):
        out[x] -= work[x + 1] * out[x + 1]


@njit(cache=True)
def _solve(lo, hi, step, birth, death, rhs, out, work):  # type: ignore[no-untyped-def]
    """Solve (I - step A) out = rhs, A the forward generator of the band."""
    pivot = 1.0 + step * (birth[lo] + death[lo])
    out[lo] = rhs[lo] / pivot
    for x in range(lo + 1, hi + 1):
        work[x] = -step * death[x] / pivot
        below = -step * birth[x - 1]
        pivot = 1.0 + step * (birth[x] + death[x]) - below * work[x]
        out[x] = (rhs[x] - below * out[x - 1]) / pivot
    for x in range(hi - 1, lo - 1, -1):
        out[x] -= work[x + 1] * out[x + 1]


@njit(cache=True)
def _solve_back(lo, hi, step, birth, death, rhs, out, work):  # type: ignore[no-untyped-def]
    """Solve the transposed system."""
    pivot = 1.0 + step * (birth[lo] + death[lo])
    out[lo] = rhs[lo] / pivot
    for x in range(lo + 1, hi + 1):
        work[x] = -step * birth[x - 1] / pivot
        below = -step * death[x]
        pivot = 1.0 + step * (birth[x] + death[x]) - below * work[x]
        out[x] = (rhs[x] - below * out[x - 1]) / pivot
    for x in range(hi - 1, lo - 1, -1):
        out[x] -= work[x + 1] * out[x + 1]


@njit(cache=True)
def age_step(ages, stay, seconds, accepted, latency, shop):  # type: ignore[no-untyped-def]
    """Move the mean numbers of sessions by round (then by closing stage) on by `seconds`.

    `stay[r]` is the chance that a session in round r has another one.
    """
    rounds = len(stay)
    first = 1.0 / max(latency, 1.0)
    later = 1.0 / max(latency + shop[THINK], 1.0)
    close = STAGES / max(shop[CLOSE], 1.0)
    parts = max(1, int(math.ceil(seconds / 10.0)))
    dt = seconds / parts
    for _ in range(parts):
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


@njit(cache=True)
def age_factors(ages, stay, latency, shop, factors):  # type: ignore[no-untyped-def]
    """Set how exits, later replies and active sessions differ from those of settled sessions."""
    rounds = len(stay)
    m = shop[ROUNDS]
    settled_active = (latency + shop[THINK] * (m - 1.0) / m) / (latency + shop[AWAY])
    active = 0.0
    for r in range(rounds):
        active += ages[r]
    total = active
    for c in range(STAGES):
        total += ages[rounds + c]
    factors[EXITS] = 1.0
    factors[LATER] = (m - 1.0) / m
    factors[ACTIVE] = 1.0
    factors[YOUNG] = shop[THINK] * (m - 1.0) / m / (latency + shop[AWAY])
    if total < 1e-9 or active < 1e-12:
        return
    first = ages[0] / max(latency, 1.0)
    later = (active - ages[0]) / max(latency + shop[THINK], 1.0)
    leaving = ages[rounds + STAGES - 1] * STAGES / max(shop[CLOSE], 1.0)
    replies = max(first + later, 1e-12)
    factors[EXITS] = leaving * m / replies
    factors[LATER] = later / replies
    factors[ACTIVE] = active / total / settled_active
    factors[YOUNG] = (active - ages[0]) / total


@njit(cache=True)
def releases_ahead(agents, after, leavers, exit_rate, after_rate, to_boundary, shop, factors):  # type: ignore[no-untyped-def]
    """Set the slot releases a queued question can count on, for each length of the reply that follows.

    At the next interval's start the joiners bring empty slots.
    """
    joiners = max(0, after - max(0, agents - leavers))
    for node in range(NODES):
        left = shop[THRESHOLD] - shop[JUMP + node]
        ahead = 0.0
        if left > 0.0:
            now = min(left, to_boundary)
            ahead = exit_rate * now
            if left > to_boundary:
                ahead += joiners * shop[CAP] + after_rate * (left - to_boundary)
        factors[AHEAD + node] = ahead


@njit(cache=True)
def _means(p, lo, hi, agents, cap, active, fine):  # type: ignore[no-untyped-def]
    """Return mean sessions holding a slot, the chance that all slots are taken, mean replies per second."""
    full = agents * cap
    points = fine.shape[1] - 1
    mass = mean = busy = replies = 0.0
    for x in range(lo, hi + 1):
        mass += p[x]
        mean += p[x] * min(x, full)
        if x >= full:
            busy += p[x]
        if agents > 0:
            place = min(min(x / agents, float(cap)) * active * FINE, float(points))
            g = min(int(place), points - 1)
            replies += p[x] * agents * (fine[0, g] + (place - g) * (fine[0, g + 1] - fine[0, g]))
    mass = max(mass, 1e-12)
    return mean / mass, busy / mass, replies / mass


@njit(cache=True)
def _at(table, k):  # type: ignore[no-untyped-def]
    """Read a table of k between its entries."""
    top = len(table) - 1
    place = min(max(k, 0.0), float(top))
    low = min(int(place), top - 1)
    return table[low] + (place - low) * (table[low + 1] - table[low])


@njit(cache=True)
def forward(  # type: ignore[no-untyped-def]
    p, u, tagged, lo, hi, ages, active, staying, stay, seconds, steps, agents, after, leavers, arrivals, law, shop, last, factors, bands,
    counts, scratch,
):  # fmt: skip
    """Move the distribution through one interval; return the new band.

    `factors` and `bands` keep each step's circumstances for the pass backward; `counts` adds up what
    happened. `last`: no interval follows.
    """
    cap = int(shop[CAP])
    full = agents * cap
    fine = smooth_tables(law, agents, cap, shop[SPREAD])
    dt = seconds / steps
    size = len(p)
    birth, death, on_first, on_later, later, gone, mid, work, over, fails, extra = scratch
    shortest = law[LATENCY, 1]
    latency = shortest
    for x in range(lo, hi + 1):  # joiners take the head of the queue at once
        ages[0] += p[x] * (min(x, full) - min(x, staying * cap)) if staying < agents else 0.0
    for step in range(steps):
        row = factors[step]
        open_now, busy, replies = _means(p, lo, hi, agents, cap, active, fine)
        if agents > 0:
            latency = shortest
            if replies > 1e-12:
                latency = max(shortest, open_now * active / replies - shop[AWAY])
            age_factors(ages, stay, latency, shop, row)
            active = row[ACTIVE]
        else:
            ages[:] = 0.0
            row[EXITS] = 1.0
            row[LATER] = (shop[ROUNDS] - 1.0) / shop[ROUNDS]
            row[ACTIVE] = 1.0
            row[YOUNG] = 0.5
        row[ARRIVALS] = arrivals
        exit_rate = agents * _at(law[THROUGHPUT], cap * row[ACTIVE]) / shop[ROUNDS] * row[EXITS]
        after_rate = after * law[THROUGHPUT, cap] / shop[ROUNDS] * row[EXITS]
        to_boundary = 1e9 if last else seconds - (step + 0.5) * dt
        releases_ahead(agents, after, leavers, exit_rate, after_rate, to_boundary, shop, row)
        if agents > 0:
            accepted = arrivals * (1.0 - busy) + exit_rate * busy
            age_step(ages, stay, dt, accepted, latency, shop)
        grow = arrivals * dt
        hi = min(size - 1, hi + int(grow + 6.0 * math.sqrt(grow) + 8.0))
        fall = agents * law[THROUGHPUT, law.shape[1] - 1] / shop[ROUNDS] * row[EXITS] * dt
        if shop[PATIENCE] > 0.0:
            fall += max(0, hi - full) * min(1.0, dt / shop[PATIENCE])
        lo = max(0, lo - int(fall + 6.0 * math.sqrt(fall) + 8.0))
        coefficients(lo, hi, agents, row, fine, law, shop, birth, death, on_first, on_later, later, gone)
        bands[step, 0] = lo
        bands[step, 1] = hi
        _count(p, lo, hi, 0.5 * dt, full, arrivals, on_first, on_later, later, gone, counts)
        rest = (1.0 - 2.0 * GAMMA) * dt
        if tagged:
            tagged_rates(lo, hi, full, row[YOUNG], later, on_later, shop[ROUNDS] - 1.0, over, fails)
            failed = 0.0
            for x in range(lo, hi + 1):
                extra[x] = over[x] + fails[x]
                failed += u[x] * fails[x]
            for x in range(hi, lo - 1, -1):
                value = -(birth[x] + death[x] + extra[x]) * u[x]
                if x > lo:
                    value += birth[x - 1] * u[x - 1] + on_first[x - 1] * p[x - 1]
                if x < hi:
                    value += death[x + 1] * u[x + 1]
                work[x] = u[x] + rest * value
            for x in range(lo, hi + 1):
                u[x] = work[x]
        for x in range(lo, hi + 1):
            value = -(birth[x] + death[x]) * p[x]
            if x > lo:
                value += birth[x - 1] * p[x - 1]
            if x < hi:
                value += death[x + 1] * p[x + 1]
            mid[x] = p[x] + rest * value
        for _ in range(2):
            _solve(lo, hi, GAMMA * dt, birth, death, mid, p, work)
            for x in range(lo, hi + 1):
                mid[x] = p[x]
            if tagged:
                for x in range(hi, lo, -1):
                    u[x] += GAMMA * dt * on_first[x - 1] * p[x - 1]
                _solve_tagged(lo, hi, GAMMA * dt, birth, death, extra, u, u, work)
        if tagged:
            for x in range(lo, hi + 1):
                failed += u[x] * fails[x]
            counts[FAILED] += 0.5 * dt * failed
        _count(p, lo, hi, 0.5 * dt, full, arrivals, on_first, on_later, later, gone, counts)
        while hi > lo and abs(p[hi]) < TAIL:
            p[hi] = 0.0
            u[hi] = 0.0
            hi -= 1
        while lo < hi and abs(p[lo]) < TAIL:
            p[lo] = 0.0
            u[lo] = 0.0
            lo += 1
    return lo, hi


@njit(cache=True)
def _count(p, lo, hi, seconds, full, arrivals, on_first, on_later, later, gone, counts):  # type: ignore[no-untyped-def]
    """Add what happens in `seconds` at the present distribution."""
    a = b = c = d = e = f = 0.0
    for x in range(lo, hi + 1):
        mass = p[x]
        a += mass * on_first[x]
        b += mass * on_later[x]
        c += mass
        d += mass * later[x]
        e += mass * gone[x]
        f += mass * min(x, full)
    counts[ON_FIRST] += seconds * a
    counts[ON_LATER] += seconds * b
    counts[FIRSTS] += seconds * c * arrivals
    counts[LATERS] += seconds * d
    counts[GONE] += seconds * e
    counts[OPEN] += seconds * f


@njit(cache=True)
def backward(  # type: ignore[no-untyped-def]
    values, tag, tagged, lo, hi, seconds, steps, agents, law, shop, factors, weights, scratch
):
    """Take the values of states at an interval's end back to its start.

    `values` has one row for each quantity, `weights` that quantity's worth of each thing counted.
    """
    cap = int(shop[CAP])
    full = agents * cap
    fine = smooth_tables(law, agents, cap, shop[SPREAD])
    dt = seconds / steps
    birth, death, on_first, on_later, later, gone, mid, work, over, fails, extra = scratch
    rest = (1.0 - 2.0 * GAMMA) * dt
    for step in range(steps - 1, -1, -1):
        row = factors[step]
        coefficients(lo, hi, agents, row, fine, law, shop, birth, death, on_first, on_later, later, gone)
        worth_failed = weights[0, FAILED]
        if tagged:
            tagged_rates(lo, hi, full, row[YOUNG], later, on_later, shop[ROUNDS] - 1.0, over, fails)
            for x in range(lo, hi + 1):
                extra[x] = over[x] + fails[x]
                tag[x] += 0.5 * dt * worth_failed * fails[x]
        for q in range(values.shape[0]):
            v = values[q]
            w = weights[q]
            with_tag = tagged and q == 0
            for x in range(lo, hi + 1):
                v[x] += 0.5 * dt * _worth(x, w, full, row[ARRIVALS], on_first, on_later, later, gone)
            for _ in range(2):
                if with_tag:
                    _solve_tagged_back(lo, hi, GAMMA * dt, birth, death, extra, tag, tag, work)
                    for x in range(lo, hi):
                        v[x] += GAMMA * dt * on_first[x] * tag[x + 1]
                _solve_back(lo, hi, GAMMA * dt, birth, death, v, v, work)
            for x in range(lo, hi + 1):
                change = -(birth[x] + death[x]) * v[x]
                if x < hi:
                    change += birth[x] * v[x + 1]
                    if with_tag:
                        change += on_first[x] * tag[x + 1]
                if x > lo:
                    change += death[x] * v[x - 1]
                mid[x] = v[x] + rest * change
            for x in range(lo, hi + 1):
                v[x] = mid[x] + 0.5 * dt * _worth(x, w, full, row[ARRIVALS], on_first, on_later, later, gone)
        if tagged:
            for x in range(lo, hi + 1):
                change = -(birth[x] + death[x] + extra[x]) * tag[x]
                if x < hi:
                    change += birth[x] * tag[x + 1]
                if x > lo:
                    change += death[x] * tag[x - 1]
                mid[x] = tag[x] + rest * change + 0.5 * dt * worth_failed * fails[x]
            for x in range(lo, hi + 1):
                tag[x] = mid[x]


@njit(cache=True)
def _worth(x, weight, full, arrivals, on_first, on_later, later, gone):  # type: ignore[no-untyped-def]
    """Return the worth per second of being in state x."""
    return (
        weight[ON_FIRST] * on_first[x]
        + weight[ON_LATER] * on_later[x]
        + weight[FIRSTS] * arrivals
        + weight[LATERS] * later[x]
        + weight[GONE] * gone[x]
        + weight[OPEN] * min(x, full)
    )


@njit(cache=True)
def departure(x, agents, share, handover, closing, ahead, active, law, shop):  # type: ignore[no-untyped-def]
    """Return where state x goes when `share` of the agents stop, and the replies they owe and give in time.

    Finish: the leavers keep their sessions and answer `ahead` later questions of each on overtime.
    Handover: sessions stay in the shop but for those that were only closing.
    """
    cap = int(shop[CAP])
    open_now = min(x, agents * cap)
    taken = open_now * share
    if handover:
        return x - taken * closing, 0.0, 0.0
    owed = taken * ahead
    if owed <= 0.0:
        return x - taken, 0.0, 0.0
    k = min(open_now / max(agents, 1), float(cap)) * active
    timely = 0.0
    for part in range(4):
        timely += 0.25 * _at(law[ON_TIME], max(1.0, k * (part + 0.5) / 4.0))
    return x - taken, owed, owed * timely


@njit(cache=True)
def departure_tagged(x, agents, share, handover, owed, timely, ahead, shop):  # type: ignore[no-untyped-def]
    """Return what part of the sessions without a late reply stays, and what part fails on overtime."""
    if handover:
        return 1.0, 0.0
    part = share * min(x, agents * int(shop[CAP])) / max(x, 1)
    if owed <= 0.0:
        return 1.0 - part, 0.0
    late = 1.0 - timely / owed
    return 1.0 - part, part * -math.expm1(-0.5 * (shop[ROUNDS] - 1.0) * late)


@njit(cache=True)
def depart(p, u, lo, hi, agents, share, handover, closing, ahead, active, law, shop, counts):  # type: ignore[no-untyped-def]
    """Let a share of the agents stop: move the distribution in place; return its band."""
    moved = np.zeros(hi + 2)
    kept = np.zeros(hi + 2)
    low = hi
    high = 0
    for x in range(lo, hi + 1):
        place, owed, timely = departure(x, agents, share, handover, closing, ahead, active, law, shop)
        at = int(place)
        part = place - at
        moved[at] += p[x] * (1.0 - part)
        moved[at + 1] += p[x] * part
        low = min(low, at)
        high = max(high, at + 1)
        stay, fail = departure_tagged(x, agents, share, handover, owed, timely, ahead, shop)
        kept[at] += u[x] * stay * (1.0 - part)
        kept[at + 1] += u[x] * stay * part
        counts[FAILED] += u[x] * fail
        counts[LATERS] += p[x] * owed
        counts[ON_LATER] += p[x] * timely
    high = min(high, hi)
    for x in range(lo, hi + 1):
        p[x] = 0.0
        u[x] = 0.0
    for x in range(low, high + 1):
        p[x] = moved[x]
        u[x] = kept[x]
    return low, high


@njit(cache=True)
def depart_back(
    values, tag, after, tag_after, lo, hi, agents, share, handover, closing, ahead, active, law, shop, weights
):  # type: ignore[no-untyped-def]
    """Fill `values` (states before some agents stop) from `after` (states once they have)."""
    top = after.shape[1] - 1
    for x in range(lo, hi + 1):
        place, owed, timely = departure(x, agents, share, handover, closing, ahead, active, law, shop)
        at = min(int(place), top - 1)
        part = place - at
        for q in range(values.shape[0]):
            values[q, x] = (
                after[q, at] * (1.0 - part)
                + after[q, at + 1] * part
                + weights[q, LATERS] * owed
                + weights[q, ON_LATER] * timely
            )
        stay, fail = departure_tagged(x, agents, share, handover, owed, timely, ahead, shop)
        tag[x] = stay * (tag_after[at] * (1.0 - part) + tag_after[at + 1] * part) + weights[0, FAILED] * fail
