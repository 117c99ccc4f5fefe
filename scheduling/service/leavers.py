"""What happens to open sessions when some agents stop: they finish theirs on overtime, or hand them over."""

from __future__ import annotations

import math

import numpy as np

from scheduling.compiled import njit
from scheduling.service.chain import FAILED, LATERS, ON_LATER, OPEN
from scheduling.service.rates import CAP, ON_TIME, ROUNDS, table_at

# what `leave` holds
SHARE, HANDOVER, CLOSING, AHEAD_ROUNDS, ACTIVE_SHARE, LEFT_S, FOR_GOOD, NEW = range(8)
LEAVE_SIZE = 8


@njit(cache=True)
def departure(x, agents, leave, law, shop):  # type: ignore[no-untyped-def]
    """Return where state x goes, and the later replies the leavers owe and give in time.

    Finish: the leavers keep their share of the sessions and answer what lies ahead of each on overtime,
    with ever fewer open. Handover: sessions stay in the shop but for those that were only closing. Where
    nobody comes any more (for good), only new sessions, without a reply yet, stay and go unanswered; the
    others have had theirs, and end with one late round.
    """
    cap = int(shop[CAP])
    open_now = min(x, agents * cap)
    taken = open_now * leave[SHARE]
    if leave[FOR_GOOD] > 0.0:
        return x - taken * (1.0 - leave[NEW]), taken * max(0.0, 1.0 - leave[NEW] - leave[CLOSING]), 0.0
    if leave[HANDOVER] > 0.0:
        return x - taken * leave[CLOSING], 0.0, 0.0
    owed = taken * leave[AHEAD_ROUNDS]
    if owed <= 0.0:
        return x - taken, 0.0, 0.0
    k = min(open_now / max(agents, 1), float(cap)) * leave[ACTIVE_SHARE]
    timely = 0.0
    for part in range(4):
        timely += 0.25 * table_at(law[ON_TIME], max(1.0, k * (part + 0.5) / 4.0))
    return x - taken, owed, owed * timely


@njit(cache=True)
def departure_tagged(x, agents, leave, owed, timely, shop):  # type: ignore[no-untyped-def]
    """Return what part of the sessions without a late reply stays, and what part fails as people leave."""
    if leave[FOR_GOOD] > 0.0:  # those that are closing are none of these
        stays = x - owed - leave[SHARE] * leave[CLOSING] * min(x, agents * int(shop[CAP]))
        fails = owed / max(owed + stays, 1e-12)
        return 1.0 - fails, fails
    if leave[HANDOVER] > 0.0:
        return 1.0, 0.0
    part = leave[SHARE] * min(x, agents * int(shop[CAP])) / max(x, 1)
    if owed <= 0.0:
        return 1.0 - part, 0.0
    late = 1.0 - timely / owed
    return 1.0 - part, part * -math.expm1(-0.5 * (shop[ROUNDS] - 1.0) * late)


@njit(cache=True)
def depart(p, u, lo, hi, agents, leave, law, shop, counts):  # type: ignore[no-untyped-def]
    """Let a share of the agents stop: move the distribution in place; return its band."""
    moved = np.zeros(hi + 2)
    kept = np.zeros(hi + 2)
    low = hi
    high = 0
    for x in range(lo, hi + 1):
        place, owed, timely = departure(x, agents, leave, law, shop)
        at = int(place)
        part = place - at
        moved[at] += p[x] * (1.0 - part)
        moved[at + 1] += p[x] * part
        low = min(low, at)
        high = max(high, at + 1)
        stay, fail = departure_tagged(x, agents, leave, owed, timely, shop)
        kept[at] += u[x] * stay * (1.0 - part)
        kept[at + 1] += u[x] * stay * part
        counts[FAILED] += u[x] * fail
        counts[LATERS] += p[x] * owed
        counts[ON_LATER] += p[x] * timely
        counts[OPEN] += p[x] * min(x, agents * int(shop[CAP])) * leave[SHARE] * leave[LEFT_S]
    high = min(high, hi)
    p[lo : hi + 1] = 0.0
    u[lo : hi + 1] = 0.0
    p[low : high + 1] = moved[low : high + 1]
    u[low : high + 1] = kept[low : high + 1]
    return low, high


@njit(cache=True)
def depart_back(values, after, lo, hi, agents, leave, law, shop, weights):  # type: ignore[no-untyped-def]
    """Fill `values` (states lo…hi before some agents stop) from `after` (states once they have).

    The last row of both belongs to sessions without a late reply; they are worth something to row 0 only.
    """
    rows = values.shape[0] - 1
    for x in range(lo, hi + 1):
        place, owed, timely = departure(x, agents, leave, law, shop)
        at = int(place)
        part = place - at
        for q in range(rows):
            values[q, x] = (
                after[q, at] * (1.0 - part)
                + after[q, at + 1] * part
                + weights[q, LATERS] * owed
                + weights[q, ON_LATER] * timely
            )
        stay, fail = departure_tagged(x, agents, leave, owed, timely, shop)
        tag = after[rows, at] * (1.0 - part) + after[rows, at + 1] * part
        values[rows, x] = stay * tag + weights[0, FAILED] * fail
