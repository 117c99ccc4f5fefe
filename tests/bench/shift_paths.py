"""One person's best days by dynamic programming, exact in all of a person's rules.

A state after a day is a run of days off (counted up to the least allowed) or a run of work and its last
shift; beside it stand minutes, weekends and, where they may bind, counts of some shifts. Values are filled
from the last day backwards, so that a best path is read off forwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd

import numba
import numpy as np
import numpy.typing as npt
from shift_instance import Instance

Floats = npt.NDArray[np.float64]
Row = npt.NDArray[np.int64]  # shift number of each day, OFF for a day off

OFF = -1
FINES, FINE = 8, 40.0  # rounds of making a shift dearer that is worked too often in a part of the span
BARRED = 1e9  # cost of a cell that must not be
MOST_VALUES = 20_000_000  # table entries of one person's whole span; longer spans are planned in windows


@dataclass(frozen=True, kw_only=True)
class Rules:
    """One person's rules in numbers."""

    most: tuple[int, ...]  # of each shift
    most_units: int
    least_units: int
    most_run: int
    least_run: int
    least_off: int
    most_weekends: int


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """An instance in arrays: people, days and shifts are counted from 0, minutes in `unit`s.

    ``cost`` is what the requests of each person, day and shift cost if it is worked, against a constant of
    ``base``; cells that are barred cost `BARRED`.
    """

    days: int
    shifts: int
    units: Row
    may_follow: npt.NDArray[np.bool_]
    rules: tuple[Rules, ...]
    cost: Floats
    base: float
    need: Row
    under: Row
    over: Row
    names: tuple[str, ...]
    shift_names: tuple[str, ...]


def numbers(instance: Instance) -> Numbers:
    """Return an instance in arrays."""
    shifts = list(instance.minutes)
    names = list(instance.people)
    unit = gcd(*instance.minutes.values())
    place = {shift: s for s, shift in enumerate(shifts)}
    cost = np.zeros((len(names), instance.days, len(shifts)))
    for p, name in enumerate(names):
        person = instance.people[name]
        for s, shift in enumerate(shifts):
            if person.most[shift] == 0:
                cost[p, :, s] = BARRED
        for day in person.off:
            cost[p, day] = BARRED
    base = 0.0
    who = {name: p for p, name in enumerate(names)}
    for (name, day, shift), weight in instance.on.items():
        cost[who[name], day, place[shift]] -= weight
        base += weight
    for (name, day, shift), weight in instance.off.items():
        cost[who[name], day, place[shift]] += weight
    need, under, over = (np.zeros((instance.days, len(shifts)), dtype=np.int64) for _ in range(3))
    for (day, shift), figures in instance.cover.items():
        need[day, place[shift]], under[day, place[shift]], over[day, place[shift]] = figures
    return Numbers(
        days=instance.days,
        shifts=len(shifts),
        units=np.array([instance.minutes[shift] // unit for shift in shifts], dtype=np.int64),
        may_follow=np.array([[t not in instance.not_after[s] for t in shifts] for s in shifts]),
        rules=tuple(
            Rules(
                most=tuple(person.most[shift] for shift in shifts),
                most_units=person.most_min // unit,
                least_units=-(-person.least_min // unit),
                most_run=person.most_run,
                least_run=max(1, person.least_run),
                least_off=max(1, person.least_off),
                most_weekends=person.most_weekends,
            )
            for person in instance.people.values()
        ),
        cost=cost,
        base=base,
        need=need,
        under=under,
        over=over,
        names=tuple(names),
        shift_names=tuple(shifts),
    )


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _fill(  # type: ignore[no-untyped-def]
    table, cost, first, units, may_follow, most_run, least_run, least_off, following, rest_cost
):  # pragma: no cover
    """Fill values backwards: table[i] are those of states before day ``first + i``."""
    days, shifts = cost.shape
    weekends, counts, width = table.shape[2], table.shape[3], table.shape[4]
    for i in range(days - 1, -1, -1):
        day = first + i
        weekday = day % 7
        now, then = table[i], table[i + 1]
        now[:] = np.inf
        for state in range(table.shape[1]):
            is_work = state >= least_off
            run = (state - least_off) // shifts + 1 if is_work else state + 1
            last = (state - least_off) % shifts if is_work else -1
            if is_work and run > day:
                continue
            is_too_short = is_work and run < least_run and run != day
            can_rest = not is_too_short and rest_cost[i] < 1e8
            rest = 0 if is_work else min(state + 1, least_off - 1)
            if can_rest:
                for w in range(weekends):
                    for c in range(counts):
                        for u in range(width):
                            now[state, w, c, u] = then[rest, w, c, u] + rest_cost[i]
            if (is_work and run >= most_run) or (not is_work and run < least_off):
                continue
            counts_weekend = weekday == 5 or (weekday == 6 and not (is_work and day > 0))
            for s in range(shifts):
                price = cost[i, s]
                if price > 1e8 or (is_work and not may_follow[last, s]):
                    continue
                after = least_off + (run if is_work else 0) * shifts + s
                step = units[s]
                for w in range(weekends):
                    more = w + 1 if counts_weekend else w
                    if more >= weekends:
                        continue
                    for c in range(counts):
                        d = following[c, s]
                        if d < 0:
                            continue
                        for u in range(width - step):
                            value = price + then[after, more, d, u + step]
                            if value < now[state, w, c, u]:
                                now[state, w, c, u] = value


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _trace(  # type: ignore[no-untyped-def]
    table, cost, first, units, may_follow, most_run, least_run, least_off, following, start, rest_cost
):  # pragma: no cover
    """Return the shifts of a best path; OFF is -1."""
    days, shifts = cost.shape
    row = np.full(days, -1, dtype=np.int64)
    state, w, c, u = start, 0, 0, 0
    weekends, width = table.shape[2], table.shape[4]
    for i in range(days):
        day = first + i
        weekday = day % 7
        is_work = state >= least_off
        run = (state - least_off) // shifts + 1 if is_work else state + 1
        last = (state - least_off) % shifts if is_work else -1
        best = np.inf
        pick = -2
        target = table[i, state, w, c, u]
        rest = 0 if is_work else min(state + 1, least_off - 1)
        value = table[i + 1, rest, w, c, u] + rest_cost[i]
        if abs(value - target) < 1e-7 and not (is_work and run < least_run and run != day):
            best, pick = value, -1
        if pick == -2 and not ((is_work and run >= most_run) or (not is_work and run < least_off)):
            counts_weekend = weekday == 5 or (weekday == 6 and not (is_work and day > 0))
            more = w + 1 if counts_weekend else w
            for s in range(shifts):
                if cost[i, s] > 1e8 or more >= weekends or u + units[s] >= width:
                    continue
                if (is_work and not may_follow[last, s]) or following[c, s] < 0:
                    continue
                after = least_off + (run if is_work else 0) * shifts + s
                value = cost[i, s] + table[i + 1, after, more, following[c, s], u + units[s]]
                if value < best:
                    best, pick = value, s
        if pick == -1:
            state = rest
        else:
            counts_weekend = weekday == 5 or (weekday == 6 and not (is_work and day > 0))
            w = w + 1 if counts_weekend else w
            state = least_off + (run if is_work else 0) * shifts + pick
            c = following[c, pick]
            u += units[pick]
        row[i] = pick
    return row


@dataclass(frozen=True, kw_only=True)
class _Ends:
    """What lies around a window of one person's days: the state before it, what may follow, what is left."""

    start: int
    may_end: npt.NDArray[np.bool_]
    most_units: int
    least_units: int
    weekends: int
    most: tuple[int, ...]


class Paths:
    """Best rows of every person of an instance."""

    def __init__(self, data: Numbers) -> None:
        self.data = data
        self.tracked: list[tuple[int, ...]] = [() for _ in data.rules]
        # Shifts that a person may ever work; tables know no others, which makes them much smaller.
        self.mine = [np.flatnonzero((data.cost[p] < BARRED / 2).any(axis=0)) for p in range(len(data.rules))]

    def best(
        self,
        person: int,
        cost: Floats,
        *,
        row: Row | None = None,
        first: int = 0,
        last: int | None = None,
        rest_cost: Floats | None = None,
        units: tuple[int, int] | None = None,
        weekends: int | None = None,
    ) -> tuple[float, Row] | None:
        """Return the least cost and the days from `first` up to `last` of it; None if nothing is lawful.

        Outside the window `row` stands. `units` (least, most) and `weekends` are other limits on the window
        than what the person's own leave. Shift counts are watched only once they have been overstepped. Where
        watching them would take too large a table, and in a part of the span, shifts worked too often are
        made dearer instead: the row is lawful, the value still a bound from below.
        """
        last = self.data.days if last is None else last
        ends = self._ends(person, row, first, last)
        if units is not None:
            ends = replace(ends, least_units=units[0], most_units=units[1])
        if weekends is not None:
            ends = replace(ends, weekends=weekends)
        if min(ends.most_units, ends.weekends, *ends.most) < 0:
            return None
        mine = self.mine[person]
        window = np.ascontiguousarray(cost[first:last][:, mine])
        rest = np.zeros(last - first) if rest_cost is None else rest_cost[first:last]
        is_part, least, fines = len(window) < self.data.days, -np.inf, 0
        while True:
            tracked = tuple(s for s in self.tracked[person] if ends.most[s] < len(window))
            is_fined = is_part or self.entries(person, len(window)) > MOST_VALUES
            tracked = () if is_fined and fines < FINES else tracked
            if tracked and self.entries(person, len(window)) > 10 * MOST_VALUES:
                raise ValueError(f"{self.data.names[person]}: counts of shifts make the table too large")
            table, following = self.table(person, window, first, ends, tracked, rest)
            value = table[0, ends.start, 0, 0, 0]
            if not np.isfinite(value):
                return None
            rules = self.data.rules[person]
            found = _trace(
                table,
                window,
                first,
                self.data.units[mine],
                self.may_follow(person),
                rules.most_run,
                rules.least_run,
                rules.least_off,
                following,
                ends.start,
                rest,
            )
            found = np.where(found >= 0, mine[found], OFF) if len(mine) else found
            counts = np.bincount(found[found >= 0], minlength=self.data.shifts)
            over = tuple(s for s in range(self.data.shifts) if counts[s] > ends.most[s])
            least = float(value) if fines == 0 else least
            if not over:
                return least, found
            if is_fined and fines < FINES:
                window[:, np.searchsorted(mine, over)] += FINE
                fines += 1
                continue
            self.tracked[person] = tuple(sorted({*self.tracked[person], *over}))
            fines = 0 if fines < FINES else fines

    def ends(self, person: int) -> _Ends:
        """Return the ends of a person's whole span."""
        return self._ends(person, None, 0, self.data.days)

    def watched(self, person: int) -> tuple[int, ...]:
        """Return the shifts whose counts a table of the whole span watches."""
        if self.entries(person, self.data.days) > MOST_VALUES:
            return ()
        most = self.data.rules[person].most
        return tuple(s for s in self.tracked[person] if most[s] < self.data.days)

    def may_follow(self, person: int) -> npt.NDArray[np.bool_]:
        """Return which of the person's shifts may follow which."""
        mine = self.mine[person]
        return np.ascontiguousarray(self.data.may_follow[np.ix_(mine, mine)])

    def entries(self, person: int, days: int) -> int:
        """Return how many table entries a window of so many days takes."""
        rules = self.data.rules[person]
        states = rules.least_off + rules.most_run * len(self.mine[person])
        counts = np.prod([rules.most[s] + 1 for s in self.tracked[person] if rules.most[s] < days] or [1])
        width = min(rules.most_units, days * int(self.data.units.max())) + 1
        weekends = min(rules.most_weekends, days // 7 + 2) + 1
        return int((days + 1) * states * width * weekends * counts)

    def table(
        self,
        person: int,
        window: Floats,
        first: int,
        ends: _Ends,
        tracked: Sequence[int],
        rest: Floats,
    ) -> tuple[Floats, Row]:
        data, rules, mine = self.data, self.data.rules[person], self.mine[person]
        sizes = [ends.most[s] + 1 for s in tracked]
        following = _following(len(mine), [int(np.searchsorted(mine, s)) for s in tracked], sizes)
        states = rules.least_off + rules.most_run * len(mine)
        width = min(ends.most_units, len(window) * int(data.units.max())) + 1
        weekends = min(ends.weekends, len(window) // 7 + 2) + 1
        table = np.empty((len(window) + 1, states, weekends, len(following), width))
        table[-1] = np.inf
        table[-1][ends.may_end, :, :, max(0, ends.least_units) :] = 0.0
        _fill(
            table,
            window,
            first,
            data.units[mine],
            self.may_follow(person),
            rules.most_run,
            rules.least_run,
            rules.least_off,
            following,
            rest,
        )
        return table, following

    def _ends(self, person: int, row: Row | None, first: int, last: int) -> _Ends:
        data, rules, mine = self.data, self.data.rules[person], self.mine[person]
        states = rules.least_off + rules.most_run * len(mine)
        free = rules.least_off - 1
        outside = np.array([], dtype=np.int64)
        before = after = outside
        if row is not None:
            before, after = row[:first], row[last:]
            outside = np.concatenate([before, after])
        worked = outside[outside >= 0]
        weekends = {d // 7 for d in range(first) if d % 7 >= 5 and before[d] >= 0}
        weekends |= {(last + d) // 7 for d in range(len(after)) if (last + d) % 7 >= 5 and after[d] >= 0}
        counts = np.bincount(worked, minlength=data.shifts)
        units = int(data.units[worked].sum())
        start = free
        if first > 0:
            length = _run(before[::-1])
            if before[-1] >= 0:
                start = rules.least_off + (length - 1) * len(mine) + int(np.searchsorted(mine, before[-1]))
            else:
                start = free if length == first else min(length, rules.least_off) - 1
        return _Ends(
            start=start,
            may_end=self._may_end(rules, mine, after, last, states),
            most_units=rules.most_units - units,
            least_units=rules.least_units - units,
            weekends=rules.most_weekends - len(weekends),
            most=tuple(most - int(n) for most, n in zip(rules.most, counts, strict=True)),
        )

    def _may_end(self, rules: Rules, mine: Row, after: Row, last: int, states: int) -> npt.NDArray[np.bool_]:
        """Return the states after which the days behind the window may follow."""
        may = np.ones(states, dtype=np.bool_)
        if not len(after):
            return may
        length = _run(after)
        reaches_end = length == len(after)
        for state in range(states):
            is_work = state >= rules.least_off
            run = (state - rules.least_off) // len(mine) + 1 if is_work else state + 1
            if is_work and after[0] >= 0:
                shift = mine[(state - rules.least_off) % len(mine)]
                total = run + length
                may[state] = (
                    total <= rules.most_run
                    and bool(self.data.may_follow[shift, after[0]])
                    and (total >= rules.least_run or reaches_end or run == last)
                )
            elif is_work:
                is_rest_long = length >= rules.least_off or reaches_end
                may[state] = is_rest_long and (run >= rules.least_run or run == last)
            elif after[0] >= 0:
                may[state] = run >= rules.least_off and (length >= rules.least_run or reaches_end)
            else:
                may[state] = run + length >= rules.least_off or reaches_end
        return may


def _run(cells: Row) -> int:
    """Return how many of the first cells are alike, worked or not."""
    alike = (cells >= 0) == (cells[0] >= 0)
    return len(cells) if alike.all() else int(np.argmin(alike))


def _following(shifts: int, tracked: Sequence[int], sizes: Sequence[int]) -> Row:
    """Return the count index after each shift, OFF where a count would overstep."""
    total = int(np.prod(sizes)) if sizes else 1
    following = np.empty((max(total, 1), shifts), dtype=np.int64)
    for c in range(max(total, 1)):
        for s in range(shifts):
            if s not in tracked:
                following[c, s] = c
                continue
            place = list(tracked).index(s)
            stride = int(np.prod(sizes[:place])) if place else 1
            digit = c // stride % sizes[place]
            following[c, s] = c + stride if digit + 1 < sizes[place] else OFF
    return following
