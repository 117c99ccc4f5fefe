"""Values of states taken back through one segment: the exact transpose of `chain.forward` (compiled)."""

from __future__ import annotations

import numpy as np

from scheduling.compiled import compiled, njit
from scheduling.service.chain import (
    DESK_FIRST,
    DESK_LATER,
    FAILED,
    FIRSTS,
    GONE,
    LATERS,
    ON_FIRST,
    ON_LATER,
    OPEN,
    QUEUED,
    at_desk,
)
from scheduling.service.rates import (
    ARRIVALS,
    BIRTH,
    CAP,
    DEATH,
    EXTRA,
    FAILS,
    GONE_RATE,
    JOINED,
    LATER,
    MID,
    OLD,
    REPLIES,
    ROUNDS,
    SPREAD,
    TIMELY,
    TIMELY_FIRST,
    fill_moves,
    fill_tagged,
    joined_tables,
    jump_mean,
    read_tables,
    smooth_tables,
)
from scheduling.service.tridiagonal import GAMMA, factorise, solve_back


@njit(cache=True)
def backward(  # type: ignore[no-untyped-def]
    values, tagged, lo, hi, seconds, steps, agents, law, shop, factors, weights, scratch
):
    """Take the values of states lo…hi at a segment's end back to its start, in place.

    `values` has one row for each quantity and a last one for sessions without a late reply, which are
    worth something to quantity 0 only; `weights` is each quantity's worth of each thing counted.
    """
    fine = smooth_tables(law, agents, int(shop[CAP]), shop[SPREAD], shop[ROUNDS] - 1.0)
    _backward(
        values, tagged, lo, hi, seconds, steps, agents, law, fine, np.zeros_like(fine), shop, factors,
        weights, scratch,
    )  # fmt: skip


@compiled
def _backward(  # type: ignore[no-untyped-def]
    values, tagged, lo, hi, seconds, steps, agents, law, fine, mixed, shop, factors, weights, scratch
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
        tables = fine
        if row[JOINED] > 0.0:
            joined_tables(fine, row, mixed)
            tables = mixed
        read_tables(lo, hi, agents, row, tables, shop, scratch)
        fill_moves(lo, hi, agents, row, tables, law, shop, scratch)
        if tagged:
            fill_tagged(lo, hi, agents, row, tables, shop, scratch)
            factorise(lo, hi, part, scratch, True)
            value = 0.5 * dt * weights[0, FAILED]
            for x in range(lo, hi + 1):
                tag[x] += value * fails[x]
            solve_back(lo, hi, scratch, tag)
            for x in range(lo, hi + 1):
                mid[x] = tag[x]  # after one solve: what p's second stage feeds
            solve_back(lo, hi, scratch, tag)
        factorise(lo, hi, part, scratch, False)
        for q in range(quantities):
            v = values[q]
            fed = tagged and q == 0
            for x in range(lo, hi + 1):
                worth[x] = 0.5 * dt * _worth(x, weights[q], full, row, shop, scratch)
                v[x] += worth[x]
            if fed:
                for x in range(lo, hi):
                    v[x] += part * timely_first[x] * mid[x + 1]
            solve_back(lo, hi, scratch, v)
            if fed:
                for x in range(lo, hi):
                    v[x] += part * timely_first[x] * tag[x + 1]
            solve_back(lo, hi, scratch, v)
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
        desk_first, desk_later = at_desk(x, full, share, row, shop, rate, jump_mean(shop))
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
