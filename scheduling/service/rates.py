"""How fast sessions come, end and get replies in every state of the shop (compiled).

State x counts sessions in the shop, open or queued. Constants of the shop travel in `shop` (see the
indices below), one agent's law in `law` (rows below, columns k = 0, 1, …), what changes from step to step
in `factors`.
"""

from __future__ import annotations

import math

import numpy as np

from scheduling.compiled import compiled, njit

# rows of `law`
THROUGHPUT, ON_TIME, LATE_MOVER, FIRST, LOST, LATENCY, SLOT_SQUARE = range(7)
LAW_ROWS = 7
# rows of the smoothed tables
S_REPLIES, S_TIMELY, S_TIMELY_FULL, S_FIRST, S_LOST, S_NONE_LATE, S_NONE_LATE_FULL, S_BUSY = range(8)
SMOOTHED = 8
# entries of `shop`
(
    ROUNDS,
    THINK,
    CLOSE,
    CAP,
    THRESHOLD,
    PATIENCE,
    SPREAD,
    WORK_SQUARE,
    AWAY,
    FROM_ASSIGNMENT,
    WORK,
    FASTER,
    STEADIER,
    OVERTAKEN,
    JUMP,
) = range(15)
NODES = 5  # equally likely lengths of the reply that follows a wait in the queue, from JUMP on
SHOP_SIZE = JUMP + NODES
# columns of one step's factors
EXITS, LATER, ACTIVE, YOUNG, ARRIVALS, JOINED, LEVEL, ACTIVE_OTHERS, ACTIVE_JOINED, BALANCE, AHEAD = range(11)
FACTORS = AHEAD + NODES
# rows of `scratch`
(
    BIRTH,
    DEATH,
    REPLIES,
    TIMELY,
    TIMELY_FIRST,
    GONE_RATE,
    BUSY,
    OVER,
    FAILS,
    MID,
    OLD,
    UPPER,
    LOWER,
    PIVOT,
    EXTRA,
) = range(15)
SCRATCH = 15

FINE = 8  # points of the smoothed tables per session of an agent
CROSSING = 8  # power of the desks' busyness and load by which sessions pile up where the slots end
SETTLING = 0.2  # queue, in slots, from which on it falls off halfway as in the long run


@njit(cache=True)
def smooth_tables(law, agents, cap, spread, further):  # type: ignore[no-untyped-def]
    """Return per-agent tables on a fine grid of mean open sessions, spread over agents.

    Fewest-open keeps agents within a session of each other but for a spread measured at
    0.86 n^-1/3 sqrt(1 - 1/n). A first question takes a seat at mean k + n^-0.8: with one agent it joins
    k others, with very many it takes the seat that has just become free.
    """
    most = law.shape[1] - 1
    points = most * FINE + 1
    fine = np.zeros((SMOOTHED, points))
    people = max(agents, 1)
    sd = spread * math.sqrt(1.0 - 1.0 / people) * people ** (-1.0 / 3.0)
    shift = people**-0.8
    none_late = np.zeros((2, most + 1))  # chance that no further reply is late, by entry of the law
    for low in range(most + 1):
        none_late[0, low] = math.exp(further * (law[ON_TIME, low] - 1.0))
        none_late[1, low] = math.exp(further * (law[LATE_MOVER, low] - 1.0))
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
            here = law[THROUGHPUT, low]
            there = law[THROUGHPUT, low + 1]
            fine[S_REPLIES, g] += weight * ((1.0 - part) * here + part * there)
            for row, source in ((S_TIMELY, ON_TIME), (S_TIMELY_FULL, LATE_MOVER)):
                value = (1.0 - part) * here * law[source, low] + part * there * law[source, low + 1]
                fine[row, g] += weight * value
            for row, chance in ((S_NONE_LATE, 0), (S_NONE_LATE_FULL, 1)):
                value = (1.0 - part) * here * none_late[chance, low]
                value += part * there * none_late[chance, low + 1]
                fine[row, g] += weight * value
        seat = min(max(k + shift, 1.0), float(most))
        low = min(int(seat), most - 1)
        part = seat - low
        fine[S_FIRST, g] = (1.0 - part) * law[FIRST, low] + part * law[FIRST, low + 1]
        fine[S_LOST, g] = (1.0 - part) * law[LOST, low] + part * law[LOST, low + 1]
    for g in range(1, points - 1):
        steeper = 0.5 * FINE * (fine[S_REPLIES, g + 1] - fine[S_REPLIES, g - 1])
        held = min(max(steeper * g / FINE / fine[S_REPLIES, g], 0.0), 1.0)
        fine[S_BUSY, g] = 1.0 - held
    fine[S_BUSY, points - 1] = fine[S_BUSY, points - 2]
    return fine


@compiled
def joined_tables(fine, row, mixed):  # type: ignore[no-untyped-def]
    """Fill `mixed`, the smoothed tables where joiners have fewer sessions open than the others.

    The others have `row[LEVEL]` each until the joiners, who take every new session, have as many; a first
    question comes to a joiner till then.
    """
    points = fine.shape[1]
    share = row[JOINED]
    rest = 1.0 - share
    for g in range(points):
        k = g / FINE / row[ACTIVE]
        others = min(row[LEVEL], k / rest)
        joiners = (k - rest * others) / share
        seat = 1.0
        if joiners >= others:
            joiners = others = k
            seat = share
        place = min(others * row[ACTIVE_OTHERS] * FINE, points - 1.0 - 1e-9)
        low = int(place)
        part = place - low
        place = min(joiners * row[ACTIVE_JOINED] * FINE, points - 1.0 - 1e-9)
        new = int(place)
        bit = place - new
        for r in range(fine.shape[0]):
            weight = seat if r in (S_FIRST, S_LOST) else share
            mixed[r, g] = (1.0 - weight) * ((1.0 - part) * fine[r, low] + part * fine[r, low + 1])
            mixed[r, g] += weight * ((1.0 - bit) * fine[r, new] + bit * fine[r, new + 1])


@compiled
def table_at(table, k):  # type: ignore[no-untyped-def]
    """Read a table of k between its entries."""
    top = len(table) - 1
    place = min(max(k, 0.0), float(top))
    low = min(int(place), top - 1)
    return table[low] + (place - low) * (table[low + 1] - table[low])


@compiled
def release_variances(law, shop):  # type: ignore[no-untyped-def]
    """Return how much slot releases of a full shop vary, relative to Poisson: in the long run, at once.

    In the long run releases are as regular as sessions: as their work where the desk limits the flow, as
    their time in the slot where thinking and closing do. Within a threshold short of a session's life the
    releases of many slots still count nearly like Poisson ones.
    """
    cap = int(shop[CAP])
    steeper = 0.5 * (law[THROUGHPUT, cap + 1] - law[THROUGHPUT, cap - 1])
    held = min(1.0, steeper * cap / law[THROUGHPUT, cap])
    long_run = held * law[SLOT_SQUARE, cap] + (1.0 - held) * shop[WORK_SQUARE]
    life = shop[ROUNDS] * (law[LATENCY, cap] + shop[AWAY])
    return long_run, 1.0 - (1.0 - long_run) * min(1.0, 0.5 * shop[THRESHOLD] / life)


@compiled
def jump_mean(shop):  # type: ignore[no-untyped-def]
    """Return the mean of what follows a wait in the queue [s]."""
    total = 0.0
    for node in range(NODES):
        total += shop[JUMP + node]
    return total / NODES


@compiled
def read_tables(lo, hi, agents, factors, fine, shop, scratch):  # type: ignore[no-untyped-def]
    """Fill, for every state of the band with a free slot, replies, timely ones, losses [1/s] and busyness.

    Busyness belongs to the edge from x to x + 1.
    """
    full = agents * int(shop[CAP])
    replies, timely, timely_first = scratch[REPLIES], scratch[TIMELY], scratch[TIMELY_FIRST]
    busy, gone = scratch[BUSY], scratch[GONE_RATE]
    arrivals = factors[ARRIVALS]
    impatient = shop[PATIENCE] > 0.0
    points = fine.shape[1] - 1
    scale = factors[ACTIVE] * FINE / max(agents, 1)
    for x in range(lo, min(hi, full - 1) + 1):
        place = min(x * scale, points - 1e-9)
        g = int(place)
        part = place - g
        replies[x] = agents * (fine[S_REPLIES, g] + part * (fine[S_REPLIES, g + 1] - fine[S_REPLIES, g]))
        timely[x] = agents * (fine[S_TIMELY, g] + part * (fine[S_TIMELY, g + 1] - fine[S_TIMELY, g]))
        timely_first[x] = arrivals * (fine[S_FIRST, g] + part * (fine[S_FIRST, g + 1] - fine[S_FIRST, g]))
        busy[x] = fine[S_BUSY, int(min((x + 0.5) * scale, points - 1e-9))]
        gone[x] = 0.0
        if impatient:
            gone[x] = arrivals * (fine[S_LOST, g] + part * (fine[S_LOST, g + 1] - fine[S_LOST, g]))


@compiled
def balance(p, lo, hi, agents, arrivals, shop, scratch):  # type: ignore[no-untyped-def]
    """Return what the ends of a faster clock are scaled by, so that it moves the mean no faster."""
    replies, busy = scratch[REPLIES], scratch[BUSY]
    last = agents * int(shop[CAP]) - 1
    begins = ends = 0.0
    for x in range(lo, min(hi, last - 1) + 1):
        begins += p[x] * busy[x]
    for x in range(lo + 1, min(hi, last) + 1):
        ends += p[x] * busy[x - 1] * replies[x]
    ends /= shop[ROUNDS]
    return min(max(arrivals * begins / ends, 0.0), 10.0) if ends > 1e-12 else 1.0


@compiled
def fill_moves(lo, hi, agents, factors, fine, law, shop, scratch):  # type: ignore[no-untyped-def]
    """Fill births and deaths [1/s] of every state of the band, by its tables, and all of the full states."""
    full = agents * int(shop[CAP])
    top = min(hi, full - 1)
    birth, death, replies = scratch[BIRTH], scratch[DEATH], scratch[REPLIES]
    busy, gone = scratch[BUSY], scratch[GONE_RATE]
    arrivals = factors[ARRIVALS]
    ending = factors[EXITS] / shop[ROUNDS]
    each = 1.0 / shop[ROUNDS]
    clock = shop[FASTER] * factors[BALANCE] * each
    for x in range(lo, top + 1):
        less = busy[x] * shop[STEADIER] * min(arrivals, replies[x] * each)
        birth[x] = arrivals + busy[x] * shop[FASTER] * arrivals - less - gone[x]
    for x in range(lo + 1, top + 1):
        less = busy[x - 1] * shop[STEADIER] * min(arrivals, replies[x - 1] * each)
        death[x] = replies[x] * ending + busy[x - 1] * clock * replies[x] - less
    if lo <= full - 1 <= hi:  # a queued session is more work than a slot's: at busy desks states hold more
        x = full - 1
        less = busy[x] * shop[STEADIER] * min(arrivals, replies[x] * each)
        held = (busy[x] * min(1.0, arrivals / max(replies[x] * ending, 1e-12))) ** CROSSING
        birth[x] = arrivals + held * shop[FASTER] * arrivals - less - gone[x]
    if hi >= full:
        _fill_queue(max(lo, full), hi, agents, factors, fine, law, shop, scratch)
    birth[hi] = death[lo] = 0.0  # nothing leaves the band


@compiled
def overtaking(queued, release, shop):  # type: ignore[no-untyped-def]
    """Return how far first questions from the queue overtake later ones: the more, the longer they waited."""
    return min(1.0, (queued + 0.5) / max(release, 1e-12) / shop[OVERTAKEN])


@compiled
def _fill_queue(lo, hi, agents, factors, fine, law, shop, scratch):  # type: ignore[no-untyped-def]
    """Fill the states in which every slot is taken."""
    cap = int(shop[CAP])
    full = agents * cap
    birth, death, gone = scratch[BIRTH], scratch[DEATH], scratch[GONE_RATE]
    replies, timely, timely_first = scratch[REPLIES], scratch[TIMELY], scratch[TIMELY_FIRST]
    arrivals = factors[ARRIVALS]
    place = min(cap * factors[ACTIVE] * FINE, fine.shape[1] - 1 - 1e-9)
    g = int(place)
    part = place - g
    rate = agents * ((1.0 - part) * fine[S_REPLIES, g] + part * fine[S_REPLIES, g + 1])
    in_time = agents * ((1.0 - part) * fine[S_TIMELY, g] + part * fine[S_TIMELY, g + 1])
    overtaken = agents * ((1.0 - part) * fine[S_TIMELY_FULL, g] + part * fine[S_TIMELY_FULL, g + 1])
    release = rate / shop[ROUNDS] * factors[EXITS]
    long_run, counted = release_variances(law, shop)
    # birth and death less by the same amount: the drift stays, and a long queue falls off as a diffusion's
    # does; over a short one releases are still Poisson
    settling = SETTLING * full + 1e-9
    drift = release - arrivals
    power = 2.0 * drift / max(arrivals + long_run * release, 1e-12)
    if power > 1e-6:
        less = min(release + drift / math.expm1(-power), arrivals, release)
    else:
        less = min(0.5 * (1.0 - long_run) * release, arrivals)
    give_up = 1.0 / shop[PATIENCE] if shop[PATIENCE] > 0.0 else 0.0
    older_first = law[ON_TIME, cap] / max(law[ON_TIME, 1], 1e-12)
    # who comes from the queue jumps the desk: only the rest of the reply being typed lies ahead
    lost_at_desk = -math.expm1(-give_up * (jump_mean(shop) - shop[WORK]))
    soon = 0.0
    for node in range(NODES):
        soon += 1.0 / NODES if shop[JUMP + node] <= shop[THRESHOLD] else 0.0
    for x in range(lo, hi + 1):
        queued = x - full
        replies[x] = rate
        timely[x] = in_time + overtaking(queued, release, shop) * (overtaken - in_time)
        death[x] = release + queued * give_up
        if queued:
            death[x] -= less * (queued - 1.0) / (queued - 1.0 + settling)
        birth[x] = arrivals - less * queued / (queued + settling)
        gone[x] = queued * give_up + lost_at_desk * release
        chance = 0.0
        for node in range(NODES):
            ahead = factors[AHEAD + node]
            if ahead > 0.0:
                z = (ahead - queued - 0.55) / math.sqrt(counted * ahead + 0.05)
                if z > 5.0:
                    chance += 1.0 / NODES
                elif z > -5.0:
                    chance += 0.5 / NODES * math.erfc(-z * 0.7071067811865476)
        if give_up > 0.0:
            wait = (queued + 1.0) / (max(release, 1e-12) + 0.5 * give_up * queued)
            chance *= (1.0 - lost_at_desk) * math.exp(-give_up * min(wait, 0.5 * shop[THRESHOLD]))
            if shop[FROM_ASSIGNMENT] > 0.0:
                chance = math.exp(-give_up * wait)
        elif shop[FROM_ASSIGNMENT] > 0.0:
            chance = 1.0
        timely_first[x] = arrivals * chance * (soon if shop[FROM_ASSIGNMENT] > 0.0 else older_first)


@compiled
def fill_tagged(lo, hi, agents, factors, fine, shop, scratch):  # type: ignore[no-untyped-def]
    """Fill the rates at which a session without a late reply ends its rounds, or gets a late one.

    A session has Poisson(M) further rounds, all with the same agent: the chance of none late is the mean of
    exp(-M l) over agents, l the late share there. Ending memorylessly after M rounds on average, it gets a
    late one at (1 / chance - 1) / M a round.
    """
    cap = int(shop[CAP])
    full = agents * cap
    further = shop[ROUNDS] - 1.0
    over, fails, extra = scratch[OVER], scratch[FAILS], scratch[EXTRA]
    replies = scratch[REPLIES]
    points = fine.shape[1] - 1
    for x in range(lo, hi + 1):
        sessions = factors[YOUNG] * min(x, full) + max(0, x - full)
        over[x] = 0.0
        fails[x] = 0.0
        if sessions > 0.0 and replies[x] > 0.0 and further > 0.0:
            pace = replies[x] * factors[LATER] / sessions
            place = min(min(x / agents, float(cap)) * factors[ACTIVE] * FINE, points - 1e-9)
            g = int(place)
            bit = place - g
            none = fine[S_NONE_LATE, g] + bit * (fine[S_NONE_LATE, g + 1] - fine[S_NONE_LATE, g])
            if x >= full:
                behind = fine[S_NONE_LATE_FULL, g] + bit * (
                    fine[S_NONE_LATE_FULL, g + 1] - fine[S_NONE_LATE_FULL, g]
                )
                release = replies[x] / shop[ROUNDS] * factors[EXITS]
                none += overtaking(x - full, release, shop) * (behind - none)
            none *= agents / replies[x]
            over[x] = pace / further
            fails[x] = pace * min(max(0.0, 1.0 / max(none, 1e-9) - 1.0) / further, 50.0)
        extra[x] = over[x] + fails[x]


@compiled
def releases_ahead(agents, after, leavers, exit_rate, after_rate, to_boundary, shop, factors):  # type: ignore[no-untyped-def]
    """Set the slot releases a queued question can count on, for each length of the reply that follows.

    At the next interval's start the joiners bring empty slots.
    """
    joiners = max(0, after - max(0, agents - leavers))
    for node in range(NODES):
        left = shop[THRESHOLD] - shop[JUMP + node]
        ahead = 0.0
        if left > 0.0:
            ahead = exit_rate * min(left, to_boundary)
            if left > to_boundary:
                ahead += joiners * shop[CAP] + after_rate * (left - to_boundary)
        factors[AHEAD + node] = ahead
