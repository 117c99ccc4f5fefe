"""A roster problem as flat arrays, for compiled search."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from scheduling.roster.objective import (
    COUNTERS,
    LEVEL_STEPS,
    WEIGHTS,
    carried_value,
    counter_value,
    fair_pieces,
    least_minutes,
    units,
)
from scheduling.roster.problem import Ints, Option, RosterProblem
from scheduling.roster.rules import (
    LeastHours,
    Limited,
    MaxConsecutiveDays,
    MaxHoursPerWeek,
    MinRest,
    RestDaysPerWeek,
    limit_of,
    rest_days_rule,
)
from scheduling.roster.score import CoverCost
from scheduling.roster.search import Search
from scheduling.roster.tallies import binding, tallies
from scheduling.roster.variables import Assignment, frozen_cover

Flags = npt.NDArray[np.bool_]

LONG_AGO = -(10**9)
UNLIMITED = 10**9
HARD = -1  # price of a limit that may not be broken


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


class LawBoard(NamedTuple):
    """Times of options and the limits of each person's days; prices below 0 make a limit hard.

    Tallies: ``tally_of[k, day]`` is the period, ``tally_min[k, option]`` what counts, ``tally_left[k, person,
    period]`` what is left and ``tally_price[k, person]`` what a minute beyond costs.
    """

    start: Ints
    end: Ints
    paid: Ints
    week: Ints
    run: Ints
    last_end: Ints
    rest: int
    rest_price: int
    most_run: int
    run_price: int
    most_days: Ints
    days_price: int
    most_paid: Ints
    own_paid: Ints
    paid_price: int
    tally_of: Ints
    tally_min: Ints
    tally_left: Ints
    tally_price: Ints
    least: Ints
    least_price: int


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
    lawful options of each cell from ``open_first`` on. Options of one template, start and stream are of one
    ``kind``; ``of_kind`` finds it on each day (-1: not there). Crowds are the limited templates and pools,
    one after the other. Parts are tuples of their own because numba compiles small ones much faster.
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
        must_work=np.array([[(p, d) in problem.fixed for d in range(problem.days)] for p in people]),
        open_first=open_first,
        open_count=open_count,
        open_options=np.array(listed or [0], dtype=np.int64),
        kind=kind,
        of_kind=of_kind,
        template=np.array([template[o.template.name] for o in flat]),
        pool=pool,
        most_crowd=most_crowd,
        cover=_cover_board(search, flat),
        law=_law_board(search, flat),
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


def _law_board(search: Search, flat: list[Option]) -> LawBoard:
    """Return the part of the board that labour rules need."""
    problem = search.problem
    people = range(len(problem.employees))
    rest, run = _limit(problem, MinRest), _limit(problem, MaxConsecutiveDays)
    free_days, paid = _limit(problem, RestDaysPerWeek), _limit(problem, MaxHoursPerWeek)
    tally_of, tally_min, tally_left, tally_price = _tally_boards(search, flat)
    return LawBoard(
        start=np.array([o.start for o in flat]),
        end=np.array([o.end for o in flat]),
        paid=np.array([o.paid_min for o in flat]),
        week=np.array([problem.week_of(d) for d in range(problem.days)]),
        run=np.array([_run(problem.carried[p].worked) for p in people]),
        last_end=np.array([LONG_AGO if c.last_end is None else c.last_end for c in problem.carried]),
        rest=round(60 * rest[0]) if rest else -UNLIMITED,
        rest_price=units(rest[1] / 60) if rest and rest[1] >= 0 else HARD,
        most_run=int(run[0]) if run else UNLIMITED,
        run_price=units(run[1]) if run and run[1] >= 0 else HARD,
        most_days=_days_left(problem),
        days_price=units(free_days[1]) if free_days and free_days[1] >= 0 else HARD,
        most_paid=_paid_left(problem, [round(60 * paid[0]) if paid else UNLIMITED for _ in people]),
        own_paid=_paid_left(problem, [_own_minutes(problem, p) for p in people]),
        tally_of=tally_of,
        tally_min=tally_min,
        tally_left=tally_left,
        tally_price=tally_price,
        paid_price=units(paid[1] / 60) if paid and paid[1] >= 0 else HARD,
        least=np.array(
            [[least_minutes(problem, p).get(w, 0) for w in range(len(problem.weeks))] for p in people]
        ),
        least_price=max((units(r.price / 60) for r in problem.rules if isinstance(r, LeastHours)), default=0),
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


@numba.njit(cache=True)  # pragma: no cover
def person_cost(law, p, duty):  # type: ignore[no-untyped-def]
    """Return what one person's days cost by the soft labour rules, or -1 where a hard one is broken."""
    cost = 0
    run, last_end = law.run[p], law.last_end[p]
    week_days, week_paid, at = 0, 0, 0
    days = len(duty)
    for d in range(days):
        o = duty[d]
        if o < 0:
            run = 0
        else:
            missing = last_end + law.rest - law.start[o]
            if missing > 0:
                if law.rest_price < 0:
                    return -1
                cost += law.rest_price * missing
            last_end = law.end[o]
            run += 1
            if run > law.most_run:
                if law.run_price < 0:
                    return -1
                cost += law.run_price
            week_days += 1
            week_paid += law.paid[o]
        if d + 1 == days or law.week[d + 1] != law.week[d]:
            over = week_days - law.most_days[p, at]
            if over > 0:
                if law.days_price < 0:
                    return -1
                cost += law.days_price * over
            if week_paid > law.own_paid[p, at]:
                return -1
            over = week_paid - law.most_paid[p, at]
            if over > 0:
                if law.paid_price < 0:
                    return -1
                cost += law.paid_price * over
            if week_paid < law.least[p, at]:
                cost += law.least_price * (law.least[p, at] - week_paid)
            week_days, week_paid, at = 0, 0, at + 1
    for k in range(len(law.tally_price)):
        counted = 0
        for d in range(days):
            if duty[d] >= 0:
                counted += law.tally_min[k, duty[d]]
            if d + 1 == days or law.tally_of[k, d + 1] != law.tally_of[k, d]:
                over = counted - law.tally_left[k, p, law.tally_of[k, d]]
                if over > 0:
                    if law.tally_price[k, p] < 0:
                        return -1
                    cost += law.tally_price[k, p] * over
                counted = 0
    return cost


def _tally_boards(search: Search, flat: list[Option]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return which period each day lies in, what options count, what is left, and prices: a row a tally."""
    problem = search.problem
    found = binding(problem, tallies(problem, search.prices))
    people = len(problem.employees)
    most_periods = max((len(tally.periods) for tally in found), default=0)
    of = np.zeros((len(found), problem.days), dtype=np.int64)
    minutes = np.zeros((len(found), len(flat)), dtype=np.int64)
    left = np.full((len(found), people, most_periods), UNLIMITED, dtype=np.int64)
    price = np.zeros((len(found), people), dtype=np.int64)
    for k, tally in enumerate(found):
        minutes[k] = [counted for day in tally.counts for counted in day]
        for place, days in enumerate(tally.periods):
            of[k, [d for d in days if 0 <= d < problem.days]] = place
        for p, amount in enumerate(tally.prices):
            if amount is not None:
                left[k, p, : len(tally.periods)] = tally.left(p)
                price[k, p] = HARD if tally.is_hard else units(amount)
    return of, minutes, left, price


def _table(search: Search, most: int) -> Ints:
    """Return the cost of cover for every number of quarters present in every row."""
    cover = CoverCost(search.problem, search.prices)
    rows = len(search.problem.need)
    return np.stack([cover.rows(np.full(rows, present)) for present in range(most + 1)], axis=1)


def _kinds(problem: RosterProblem) -> tuple[Ints, Ints]:
    """Return the kind of each option, and the option of each kind on each day."""
    names: dict[tuple[str, str, int], int] = {}
    flat = [option for day in problem.options for option in day]
    kind = [names.setdefault((o.stream, o.template.name, o.clock_start), len(names)) for o in flat]
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


def _limit(problem: RosterProblem, kind: type[Limited]) -> tuple[float, float] | None:
    """Return a labour rule's number and price (-1: hard), or None where it does not hold."""
    limit = limit_of(problem.rules, kind)
    if limit is None:
        return None
    return limit.value, HARD if limit.mode == "hard" else limit.price


def _run(worked: frozenset[int]) -> int:
    run = 0
    while -1 - run in worked:
        run += 1
    return run


def _days_left(problem: RosterProblem) -> Ints:
    """Return the days that each person may still work in each week."""
    rule = rest_days_rule(problem.rules)
    most = [UNLIMITED if rule is None else 7 - rule.least(problem.date(days[0])) for days in problem.weeks]
    return np.array(
        [
            [
                max(0, m - sum(d in carried.worked for d in days))
                for m, days in zip(most, problem.weeks, strict=True)
            ]
            for carried in problem.carried
        ]
    )


def _paid_left(problem: RosterProblem, most: list[int]) -> Ints:
    """Return the minutes that each person may still be paid in each week."""
    return np.array(
        [
            [max(0, m - sum(carried.paid_min.get(d, 0) for d in days)) for days in problem.weeks]
            for carried, m in zip(problem.carried, most, strict=True)
        ]
    )


def _own_minutes(problem: RosterProblem, person: int) -> int:
    hours = problem.employees[person].max_hours_per_week
    return UNLIMITED if hours is None else round(60 * hours)
