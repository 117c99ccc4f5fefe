"""Simulated annealing on a roster: a great many small lawful changes, each priced exactly.

A change puts one person on another duty or off, moves a duty to another day, or lets two people swap some
days. Hard rules are never broken and every term of the objective is part of a change's price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scheduling.compiled import njit
from scheduling.roster.board import Board, Moving, board_of, moving_of
from scheduling.roster.board_law import person_cost
from scheduling.roster.objective import SCALE
from scheduling.roster.score import fair_level
from scheduling.roster.search import Search
from scheduling.roster.variables import Assignment

HOT, COLD = 30.0, 5.0  # first and last temperature [money]
CHUNKS = 50  # between them the levels of fairness are set anew
SWAP_DAYS = 7


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of annealing; `assignment` is the best roster until then."""

    def __init__(self, assignment: Assignment) -> None:
        super().__init__()
        self.assignment = assignment


class Chances(NamedTuple):
    """How often each kind of change is tried; the rest are swaps."""

    change: float = 0.35
    shift: float = 0.25
    retype: float = 0.15


def annealed(
    search: Search,
    assignment: Assignment,
    *,
    rng: np.random.Generator,
    moves: int,
    hot: float = HOT,
    cold: float = COLD,
) -> Assignment:
    """Return the roster that annealing ends at, or the one given where that is cheaper.

    Parameters
    ----------
    search, assignment
        The problem and a lawful roster to start from.
    rng
        Luck.
    moves
        Changes to try.
    hot, cold
        First and last temperature. [money]

    Raises
    ------
    Interrupted
        On Ctrl-C.
    """
    if not any(search.choices.values()):
        return assignment
    board = board_of(search)
    moving = moving_of(search, board, assignment)
    ratio = cold / hot
    found = dict(assignment)
    try:
        for chunk in range(CHUNKS):
            _set_levels(search, found, moving)
            temperatures = (SCALE * hot * ratio ** ((chunk + step) / CHUNKS) for step in (0, 1))
            _anneal(board, moving, Chances(), rng, moves // CHUNKS, *temperatures)
            found = _assignment(board, moving)
    except KeyboardInterrupt:
        raise Interrupted(min(found, assignment, key=search.cost)) from None
    return min(found, assignment, key=search.cost)


def _set_levels(search: Search, now: Assignment, moving: Moving) -> None:
    """Set each fair level to what suits the roster as it stands."""
    for place, group in enumerate(search.groups):
        moving.level[place] = fair_level(search.problem, group, now, search.prices)[0]


def _assignment(board: Board, moving: Moving) -> Assignment:
    return {
        (int(p), int(d)): (
            int(moving.duty[p, d] - board.first_option[d]),
            int(moving.way[p, d] - board.cover.way_first[moving.duty[p, d]]),
        )
        for p, d in zip(*np.nonzero(moving.duty >= 0), strict=True)
    }


@njit(cache=True)  # pragma: no cover
def _put(cover, present, o, way, step):  # type: ignore[no-untyped-def]
    """Add `step` quarters of an agent to a duty; return the change of cover cost and the way of breaks.

    With `way` below 0 the way that suits the cover best is taken.
    """
    change = 0
    for r in range(cover.row_first[o], cover.row_last[o]):
        change += cover.table[r, present[r] + step] - cover.table[r, present[r]]
    first, last = (cover.way_first[o], cover.way_first[o + 1]) if way < 0 else (way, way + 1)
    best, best_saved = -1, 0
    for w in range(first, last):
        saved = 0
        for i in range(cover.lost_first[w], cover.lost_first[w + 1]):
            r = cover.lost_rows[i]
            saved += cover.table[r, present[r] + step] - cover.table[r, present[r]]
        if best < 0 or saved > best_saved:
            best, best_saved = w, saved
    for r in range(cover.row_first[o], cover.row_last[o]):
        present[r] += step
    for i in range(cover.lost_first[best], cover.lost_first[best + 1]):
        present[cover.lost_rows[i]] -= step
    return change - best_saved, best


@njit(cache=True)  # pragma: no cover
def _unfair(fair, tally, level, p):  # type: ignore[no-untyped-def]
    """Return the price of one person's distances from the fair levels."""
    cost = 0
    for c in range(fair.group.shape[1]):
        g = fair.group[p, c]
        if g < 0:
            continue
        off = abs(tally[p, c] - fair.weight[p, c] * level[g])
        for piece in range(len(fair.dead)):
            if off > fair.dead[piece]:
                cost += fair.fair_price[piece] * (off - fair.dead[piece])
    return cost


@njit(cache=True)  # pragma: no cover
def _write(changes, row, place, day, duty, way):  # type: ignore[no-untyped-def]
    """Write one row of a change (cell by cell: a tuple at once takes numba two seconds to compile)."""
    changes[row, 0], changes[row, 1] = place, day
    changes[row, 2], changes[row, 3] = duty, way


@njit(cache=True)  # pragma: no cover
def _propose(board, moving, chances, rng, people, changes):  # type: ignore[no-untyped-def]
    """Write a random change into `changes` (place of the person, day, duty, way); return its rows."""
    persons, days = moving.duty.shape
    p, d = rng.integers(0, persons), rng.integers(0, days)
    people[0], people[1] = p, -1
    kind = rng.random()
    open_first, open_last = board.open_first[p, d], board.open_first[p, d] + board.open_count[p, d]
    if kind < chances.change:
        new = -1
        if board.open_count[p, d] > 0 and (moving.duty[p, d] < 0 or rng.random() < 0.8):
            new = board.open_options[rng.integers(open_first, open_last)]
        if new < 0 and moving.duty[p, d] < 0:
            return 0
        _write(changes, 0, 0, d, new, -1)
        return 1
    if kind < chances.change + chances.shift:
        other = rng.integers(0, days)
        if moving.duty[p, d] < 0 or moving.duty[p, other] >= 0 or board.open_count[p, other] == 0:
            return 0
        first = board.open_first[p, other]
        new = board.open_options[rng.integers(first, first + board.open_count[p, other])]
        _write(changes, 0, 0, d, -1, -1)
        _write(changes, 1, 0, other, new, -1)
        return 2
    if kind < chances.change + chances.shift + chances.retype:
        if board.open_count[p, d] == 0:
            return 0
        wanted = board.kind[board.open_options[rng.integers(open_first, open_last)]]
        rows = 0
        for day in range(d, min(d + 1 + rng.integers(0, SWAP_DAYS), days)):
            new = board.of_kind[day, wanted]
            if moving.duty[p, day] >= 0 and new >= 0 and new != moving.duty[p, day]:
                _write(changes, rows, 0, day, new, -1)
                rows += 1
        return rows
    q = rng.integers(0, persons)
    if q == p:
        return 0
    people[1] = q
    rows = 0
    for day in range(d, min(d + 1 + rng.integers(0, SWAP_DAYS), days)):
        mine, theirs = moving.duty[p, day], moving.duty[q, day]
        if mine == theirs:
            continue
        _write(changes, rows, 0, day, theirs, moving.way[q, day])
        _write(changes, rows + 1, 1, day, mine, moving.way[p, day])
        rows += 2
    return rows


@njit(cache=True)  # pragma: no cover
def _count(board, moving, p, d, o, sign):  # type: ignore[no-untyped-def]
    """Count a duty (-1: none) in or out of its crowds and the person's counters."""
    if o < 0:
        return
    moving.crowd[d, board.template[o]] += sign
    moving.crowd[d, board.pool[p]] += sign
    for c in range(board.fair.group.shape[1]):
        moving.tally[p, c] += sign * board.fair.counter[o, c]


@njit(cache=True)  # pragma: no cover
def _turn(board, moving, people, changes, rows, before):  # type: ignore[no-untyped-def]
    """Change the duties and what is counted; return the change of the cells' own prices."""
    change = 0
    for i in range(rows):
        p, d, new = people[changes[i, 0]], changes[i, 1], changes[i, 2]
        old = moving.duty[p, d]
        before[i, 0], before[i, 1] = old, moving.way[p, d]
        moving.duty[p, d] = new
        change += board.price[p, new] if new >= 0 else board.off_price[p, d]
        change -= board.price[p, old] if old >= 0 else board.off_price[p, d]
        _count(board, moving, p, d, old, -1)
        _count(board, moving, p, d, new, 1)
    return change


@njit(cache=True)  # pragma: no cover
def _fits(board, moving, people, changes, rows):  # type: ignore[no-untyped-def]
    """Return whether each changed duty is open to its person and no crowd is too large."""
    for i in range(rows):
        p, d, new = people[changes[i, 0]], changes[i, 1], changes[i, 2]
        if new < 0:
            if board.must_work[p, d]:
                return False
            continue
        template, pool = board.template[new], board.pool[p]
        if not board.lawful[p, new] or moving.crowd[d, template] > board.most_crowd[template]:
            return False
        if moving.crowd[d, pool] > board.most_crowd[pool]:
            return False
    return True


@njit(cache=True)  # pragma: no cover
def _cover(board, moving, people, changes, rows, before):  # type: ignore[no-untyped-def]
    """Move the people in the cover; return the change of its cost."""
    change = 0
    for i in range(rows):
        if before[i, 0] >= 0:
            p = people[changes[i, 0]]
            change += _put(board.cover, moving.present, before[i, 0], before[i, 1], -board.speed[p])[0]
    for i in range(rows):
        p, d, new = people[changes[i, 0]], changes[i, 1], changes[i, 2]
        moving.way[p, d] = -1
        if new >= 0:
            more, way = _put(board.cover, moving.present, new, changes[i, 3], board.speed[p])
            change += more
            moving.way[p, d] = way
    return change


@njit(cache=True)  # pragma: no cover
def _undo(board, moving, people, changes, rows, before, was_covered):  # type: ignore[no-untyped-def]
    """Take a change back."""
    for i in range(rows - 1, -1, -1):
        p, d, new, old = people[changes[i, 0]], changes[i, 1], changes[i, 2], before[i, 0]
        if was_covered and new >= 0:
            _put(board.cover, moving.present, new, moving.way[p, d], -board.speed[p])
        if was_covered and old >= 0:
            _put(board.cover, moving.present, old, before[i, 1], board.speed[p])
        moving.duty[p, d], moving.way[p, d] = old, before[i, 1]
        _count(board, moving, p, d, new, -1)
        _count(board, moving, p, d, old, 1)


@njit(cache=True)  # pragma: no cover
def _anneal(board, moving, chances, rng, moves, hot, cold):  # type: ignore[no-untyped-def]
    """Try changes at falling temperature; return how many were taken."""
    people = np.zeros(2, dtype=np.int64)
    labour = np.zeros(2, dtype=np.int64)
    changes = np.zeros((2 * SWAP_DAYS + 2, 4), dtype=np.int64)
    before = np.zeros((2 * SWAP_DAYS + 2, 2), dtype=np.int64)
    taken = 0
    for move in range(moves):
        rows = _propose(board, moving, chances, rng, people, changes)
        if rows == 0:
            continue
        change = 0
        for place in range(2):
            if people[place] >= 0:
                change -= moving.labour[people[place]] + _unfair(
                    board.fair, moving.tally, moving.level, people[place]
                )
        change += _turn(board, moving, people, changes, rows, before)
        is_lawful = _fits(board, moving, people, changes, rows)
        for place in range(2):
            if is_lawful and people[place] >= 0:
                labour[place] = person_cost(board.law, people[place], moving.duty[people[place]])
                is_lawful = labour[place] >= 0
                change += labour[place] + _unfair(board.fair, moving.tally, moving.level, people[place])
        is_taken = False
        if is_lawful:
            change += _cover(board, moving, people, changes, rows, before)
            heat = hot * (cold / hot) ** (move / moves)
            is_taken = change <= 0 or rng.random() < np.exp(-change / heat)
        if not is_taken:
            _undo(board, moving, people, changes, rows, before, is_lawful)
            continue
        taken += 1
        for place in range(2):
            if people[place] >= 0:
                moving.labour[people[place]] = labour[place]
    return taken
