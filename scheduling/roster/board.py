"""A roster problem as flat arrays, for compiled search."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scheduling.breaks import Pause
from scheduling.roster.board_law import UNLIMITED, LawBoard, law_board, person_cost
from scheduling.roster.duties import Ints, Option
from scheduling.roster.objective import (
    COUNTERS,
    LEVEL_STEPS,
    WEIGHTS,
    carried_value,
    counter_value,
    fair_pieces,
)
from scheduling.roster.problem import RosterProblem
from scheduling.roster.score import CoverCost
from scheduling.roster.search import Search
from scheduling.roster.variables import Assignment, frozen_cover

Flags = npt.NDArray[np.bool_]


class CoverBoard(NamedTuple):
    """Where options are present, and what cover costs.

    ``row_first`` to ``row_last`` are the cover rows of an option. ``lost_rows`` from ``lost_first[w]`` to
    ``lost_first[w + 1]`` are those that way ``w`` of taking its breaks costs. ``table[row, present]`` is the
    cost of cover.
    """

    row_first: Ints
    row_last: Ints
    way_first: Ints
    lost_first: Ints
    lost_rows: Ints
    table: Ints


class FairBoard(NamedTuple):
    """What options add to the counters, and each person's group and weight (-1: none)."""

    counter: Ints
    group: Ints
    weight: Ints
    dead: Ints
    fair_price: Ints


class Board(NamedTuple):
    """What does not change during a search.

    Options of all days stand in one row, their ways to take breaks in another. ``open_options`` lists the
    lawful options of each cell from ``open_first`` on. Options of one template, start, stream and
    meetings are of one ``kind``; ``of_kind`` finds it on each day (-1: not there). Crowds are the limited
    templates and pools, one after the other. Parts are tuples of their own because numba compiles small ones
    much faster.
    """

    first_option: Ints
    speed: Ints
    lawful: Flags
    price: Ints
    off_price: Ints
    must_work: Flags
    open_first: Ints
    open_count: Ints
    open_options: Ints
    kind: Ints
    of_kind: Ints
    template: Ints
    pool: Ints
    most_crowd: Ints
    cover: CoverBoard
    law: LawBoard
    fair: FairBoard


class Moving(NamedTuple):
    """What changes: each cell's option and way (-1: off), who is present, and all counts that follow."""

    duty: Ints
    way: Ints
    present: Ints
    crowd: Ints
    tally: Ints
    labour: Ints
    level: Ints


def board_of(search: Search) -> Board:
    """Return a problem's board."""
    problem = search.problem
    people, flat = range(len(problem.employees)), [o for day in problem.options for o in day]
    first = np.concatenate([[0], np.cumsum([len(day) for day in problem.options])]).astype(np.int64)
    shape = (len(problem.employees), len(flat))
    lawful, price = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
    off_price = np.zeros((len(people), problem.days), dtype=np.int64)
    open_first, open_count = np.zeros_like(off_price), np.zeros_like(off_price)
    listed: list[int] = []
    for (p, d), numbers in search.choices.items():
        off_price[p, d] = search.cells.total((p, d), None)
        open_first[p, d], open_count[p, d] = len(listed), len(numbers)
        for number in numbers:
            lawful[p, first[d] + number] = True
            price[p, first[d] + number] = search.cells.total((p, d), number)
            listed.append(int(first[d]) + number)
    template, pool, most_crowd = _crowds(problem)
    kind, of_kind = _kinds(problem)
    return Board(
        first_option=first,
        speed=np.array(problem.speed),
        lawful=lawful,
        price=price,
        off_price=off_price,
        must_work=np.array([[(p, d) in problem.bound for d in range(problem.days)] for p in people]),
        open_first=open_first,
        open_count=open_count,
        open_options=np.array(listed or [0], dtype=np.int64),
        kind=kind,
        of_kind=of_kind,
        template=np.array([template[o.template.name] for o in flat]),
        pool=pool,
        most_crowd=most_crowd,
        cover=_cover_board(search, flat),
        law=law_board(search, flat),
        fair=_fair_board(search, flat),
    )


def _cover_board(search: Search, flat: list[Option]) -> CoverBoard:
    """Return the part of the board that cover needs."""
    lost = [rows for option in flat for rows in option.lost]
    return CoverBoard(
        row_first=np.array([o.covered[0] if len(o.covered) else 0 for o in flat]),
        row_last=np.array([o.covered[-1] + 1 if len(o.covered) else 0 for o in flat]),
        way_first=np.concatenate([[0], np.cumsum([len(o.lost) for o in flat])]).astype(np.int64),
        lost_first=np.concatenate([[0], np.cumsum([len(rows) for rows in lost])]).astype(np.int64),
        lost_rows=np.concatenate([*lost, np.zeros(0, dtype=np.int64)]).astype(np.int64),
        table=_table(search, int(sum(search.problem.speed))),
    )


def _fair_board(search: Search, flat: list[Option]) -> FairBoard:
    """Return the part of the board that fairness needs."""
    group, weight = _fair(search)
    return FairBoard(
        counter=np.array(
            [[round(LEVEL_STEPS * WEIGHTS * counter_value(c, o)) for c in COUNTERS] for o in flat]
        ),
        group=group,
        weight=weight,
        dead=np.array([round(dead * LEVEL_STEPS * WEIGHTS) for dead, _ in fair_pieces(search.prices)]),
        fair_price=np.array([price for _, price in fair_pieces(search.prices)]),
    )


def moving_of(search: Search, board: Board, assignment: Assignment) -> Moving:
    """Return the state that an assignment is."""
    problem = search.problem
    shape = (len(problem.employees), problem.days)
    duty, way = np.full(shape, -1, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
    crowd = np.zeros((problem.days, len(board.most_crowd)), dtype=np.int64)
    tally = np.array(
        [
            [round(LEVEL_STEPS * WEIGHTS * carried_value(c, problem, p)) for c in COUNTERS]
            for p in range(len(problem.employees))
        ]
    )
    for (p, d), (number, pause) in assignment.items():
        o = int(board.first_option[d]) + number
        duty[p, d], way[p, d] = o, int(board.cover.way_first[o]) + pause
        crowd[d, board.template[o]] += 1
        crowd[d, board.pool[p]] += 1
        tally[p] += board.fair.counter[o]
    return Moving(
        duty=duty,
        way=way,
        present=frozen_cover(problem, assignment),
        crowd=crowd,
        tally=tally,
        labour=np.array([person_cost(board.law, p, duty[p]) for p in range(len(problem.employees))]),
        level=np.zeros(max(1, len(search.groups)), dtype=np.int64),
    )


def _table(search: Search, most: int) -> Ints:
    """Return the cost of cover for every number of quarters present in every row."""
    cover = CoverCost(search.problem, search.prices)
    rows = len(search.problem.need)
    return np.stack([cover.rows(np.full(rows, present)) for present in range(most + 1)], axis=1)


def _kinds(problem: RosterProblem) -> tuple[Ints, Ints]:
    """Return the kind of each option, and the option of each kind on each day."""
    names: dict[tuple[str, str, int, Pause], int] = {}
    flat = [option for day in problem.options for option in day]
    kind = [names.setdefault((o.stream, o.template.name, o.clock_start, o.away), len(names)) for o in flat]
    of_kind = np.full((problem.days, len(names)), -1, dtype=np.int64)
    for place, option in enumerate(flat):
        of_kind[option.day, kind[place]] = place
    return np.array(kind), of_kind


def _crowds(problem: RosterProblem) -> tuple[dict[str, int], Ints, Ints]:
    """Return the crowd of each template, of each person's pool, and what each may hold."""
    templates = problem.settings.templates
    pools = sorted({person.pool for person in problem.employees})
    limits = [t.max_people for t in templates] + [problem.settings.max_people(pool) for pool in pools]
    most = np.array([UNLIMITED if limit is None else limit for limit in limits], dtype=np.int64)
    of_pool = np.array([len(templates) + pools.index(person.pool) for person in problem.employees])
    return {t.name: place for place, t in enumerate(templates)}, of_pool, most


def _fair(search: Search) -> tuple[Ints, Ints]:
    """Return each person's group and weight for each counter; -1 where nothing is shared."""
    shape = (len(search.problem.employees), len(COUNTERS))
    group, weight = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for place, one in enumerate(search.groups):
        column = COUNTERS.index(one.counter)
        for p, w in zip(one.people, one.weights, strict=True):
            group[p, column], weight[p, column] = place, w
    return group, weight
