"""Ranking of moves by value tables: take some duties away, and try every way to put up to four back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scheduling.compiled import njit
from scheduling.day import Floats, Ints

MOST_BACK = 4  # duties put back in one move
SURPLUS, SPARE, FLOOR, SERVED = range(4)  # quantities that gains are kept of
QUANTITIES = 4
NOTHING = -1  # no duty in a place of a move


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """What the best moves are compared by: cost plus prices on what is missed.

    Attributes
    ----------
    now
        Surplus, spare unanswered sessions, spare of the floor, rounds on time of the plan at hand.
    below, above
        Price of a unit below zero and worth of a unit above it, per quantity. [money]
    ample
        Units above zero beyond which more is worth nothing.
    """

    now: Floats
    below: Floats
    above: Floats
    ample: Floats


@dataclass(frozen=True, kw_only=True)
class Moves:
    """The best moves found, best first: which removal, what to put back, and what they promise."""

    removal: Ints
    back: Ints  # moves x MOST_BACK places in the shortlist, NOTHING where fewer are put back
    score: Floats


def rank_moves(
    gains: Floats,
    on: Ints,
    cost: Floats,
    removals: Ints,
    removal_cost: Floats,
    members: Ints,
    room: Ints,
    ranking: Ranking,
    *,
    most_cost: float,
    keep: int,
) -> Moves:
    """Return the best moves among all removals and all multisets of the shortlist put back.

    Parameters
    ----------
    gains
        Quantity x interval x (2 reach + 1): change of each day's sum if only that interval's head count
        changes by -reach … reach steps.
    on, cost
        Shortlist x interval (0 or 1) and cost of one step of each entry. [money]
    removals, removal_cost
        Removal x interval: head counts taken away, in steps; and the cost saved.
    members, room
        Shortlist x limit (0 or 1) and removal x limit: steps that may still be put back.
    ranking
        How the day's sums are priced.
    most_cost
        Moves that cost more than this are left out. [money]
    keep
        How many moves to return; at most one of each outcome per removal.
    """
    steps = np.moveaxis(gains[:, :, 1:] - gains[:, :, :-1], 0, 2)  # what is read together lies together
    flat = [np.flatnonzero(row) for row in on]
    length = np.array([len(row) for row in flat], dtype=np.int64)
    touched = np.zeros((len(on), max(1, int(length.max(initial=1)))), dtype=np.int64)
    for row, places in zip(touched, flat, strict=True):
        row[: len(places)] = places
    removal = np.zeros(keep, dtype=np.int64)
    back = np.full((keep, MOST_BACK), NOTHING, dtype=np.int64)
    score = np.full(keep, np.inf)
    _enumerate(
        np.ascontiguousarray(steps), touched, length, cost, removals, removal_cost, members, room,
        ranking.now, ranking.below, ranking.above, ranking.ample, most_cost, removal, back, score,
    )  # fmt: skip
    found = np.isfinite(score)
    return Moves(removal=removal[found], back=back[found], score=score[found])


@njit(cache=True, nogil=True)
def _change(steps, places, length, delta, sign, sums):  # type: ignore[no-untyped-def]
    """Add one entry to (or take it from) the head counts and the day's sums."""
    last = steps.shape[1] - 1
    reach = steps.shape[1] // 2
    for p in range(length):
        i = places[p]
        if sign > 0:
            column = min(max(delta[i] + reach, 0), last)
            delta[i] += 1
        else:
            delta[i] -= 1
            column = min(max(delta[i] + reach, 0), last)
        for q in range(QUANTITIES):
            sums[q] += sign * steps[i, column, q]


@njit(cache=True, nogil=True)
def _priced(sums, now, below, above, ample):  # type: ignore[no-untyped-def]
    """Return what is missed, less what is above, in money."""
    total = 0.0
    for q in range(QUANTITIES):
        value = now[q] + sums[q]
        if value < 0.0:
            total -= below[q] * value
        else:
            total -= above[q] * min(value, ample[q])
    return total


@njit(cache=True, nogil=True)
def _keep(value, removal_index, picks, depth, removal, back, score):  # type: ignore[no-untyped-def]
    """Insert a move into the kept ones, which stay sorted."""
    place = len(score) - 1
    if value >= score[place]:
        return
    for other in range(len(score)):  # the same outcome of the same removal once
        if abs(score[other] - value) < 1e-9 and removal[other] == removal_index:
            return
    while place > 0 and score[place - 1] > value:
        score[place] = score[place - 1]
        removal[place] = removal[place - 1]
        back[place, :] = back[place - 1, :]
        place -= 1
    score[place] = value
    removal[place] = removal_index
    for level in range(back.shape[1]):
        back[place, level] = picks[level] if level < depth else NOTHING


@njit(cache=True, nogil=True)
def _enumerate(  # type: ignore[no-untyped-def]
    steps, touched, length, cost, removals, removal_cost, members, room, now, below, above, ample,
    most_cost, removal, back, score,
):  # fmt: skip
    """Walk through all multisets of entries, in depth-first order, for each removal."""
    entries = len(cost)
    limits = members.shape[1]
    sums = np.zeros(QUANTITIES)
    delta = np.zeros(steps.shape[0], dtype=np.int64)
    picks = np.zeros(MOST_BACK, dtype=np.int64)
    last = steps.shape[1] - 1
    reach = steps.shape[1] // 2
    for r in range(len(removals)):
        sums[:] = 0.0
        delta[:] = 0
        for i in range(len(delta)):
            for _ in range(removals[r, i]):
                delta[i] -= 1
                column = min(max(delta[i] + reach, 0), last)
                for q in range(QUANTITIES):
                    sums[q] -= steps[i, column, q]
        spent = -removal_cost[r]
        left = room[r].copy()
        _keep(spent + _priced(sums, now, below, above, ample), r, picks, 0, removal, back, score)
        depth = 0
        entry = 0
        while True:
            # put `entry` in place `depth` if there is one left to try, else step back
            if depth < MOST_BACK and entry < entries:
                fits = spent + cost[entry] <= most_cost + 1e-9
                for g in range(limits):
                    if members[entry, g] > left[g]:
                        fits = False
                if not fits:
                    entry += 1
                    continue
                _change(steps, touched[entry], length[entry], delta, 1, sums)
                spent += cost[entry]
                for g in range(limits):
                    left[g] -= members[entry, g]
                picks[depth] = entry
                depth += 1
                _keep(spent + _priced(sums, now, below, above, ample), r, picks, depth, removal, back, score)
                continue
            if depth == 0:
                break
            depth -= 1
            entry = picks[depth]
            _change(steps, touched[entry], length[entry], delta, -1, sums)
            spent -= cost[entry]
            for g in range(limits):
                left[g] += members[entry, g]
            entry += 1
