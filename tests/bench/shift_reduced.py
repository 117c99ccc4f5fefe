"""What each cell of a roster costs at least: the best row of a person through one day and shift.

With the prices of a master programme this tells which cells no better roster can use (they are barred
without loss), and which ones the near-optimal rosters are made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
from shift_paths import OFF, Floats, Numbers, Paths, Row


@dataclass(frozen=True, kw_only=True)
class Guide:
    """Prices and what they say: where a roster is dearer than the bound, and which cells could help.

    At the prices that gave a bound, a roster's distance from it is the sum of its rows' reduced costs and of
    what its cells of cover cost too much; ``reduced`` holds each cell's least reduced cost.
    """

    bound: float
    priced: Floats  # people x days x shifts: requests less the price of a person at work
    least: Floats  # of each person's rows, priced
    reduced: Floats  # people x days x (shifts + 1)
    cover: Floats
    under: Floats  # price of a missing person less the dual of the groups it counts in

    def of_people(self, rows: Sequence[Row]) -> Floats:
        """Return each row's reduced cost."""
        found = np.zeros(len(rows))
        for p, row in enumerate(rows):
            days = np.flatnonzero(row >= 0)
            found[p] = self.priced[p, days, row[days]].sum() - self.least[p]
        return np.maximum(0.0, found)

    def of_days(self, data: Numbers, count: Row) -> Floats:
        """Return by how much the cover of each day is dearer than its prices."""
        missing, surplus = np.maximum(0, data.need - count), np.maximum(0, count - data.need)
        found = self.under * missing + data.over * surplus - self.cover * (data.need - count)
        return np.maximum(0.0, found).sum(axis=1)

    def likely(self, room: float) -> npt.NDArray[np.bool_]:
        """Return the cells through which a row of at most that reduced cost passes."""
        return self.reduced <= room


def make_guide(paths: Paths, cover: Floats, grouped: Floats, bound: float) -> Guide:
    """Return the guide at the prices of cover and of groups of missing people that gave `bound`."""
    data = paths.data
    priced = data.cost - cover
    through = np.array([least_through(paths, p, priced[p]) for p in range(len(data.rules))])
    least = through.min(axis=(1, 2))
    return Guide(
        bound=bound,
        priced=priced,
        least=least,
        reduced=through - least[:, None, None],
        cover=cover,
        under=data.under - grouped,
    )


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _through(  # type: ignore[no-untyped-def]
    table, cost, units, may_follow, most_run, least_run, least_off, following, start, rest_cost
):  # pragma: no cover
    """Return the least cost through each day and shift (last column: day off); `table` as `_fill` left it."""
    days, shifts = cost.shape
    states, weekends, counts, width = table.shape[1:]
    cells = np.full((days, shifts + 1), np.inf)
    now = np.full((states, weekends, counts, width), np.inf)
    then = np.full((states, weekends, counts, width), np.inf)
    now[start, 0, 0, 0] = 0.0
    for day in range(days):
        weekday = day % 7
        then[:] = np.inf
        for state in range(states):
            is_work = state >= least_off
            run = (state - least_off) // shifts + 1 if is_work else state + 1
            last = (state - least_off) % shifts if is_work else -1
            if is_work and run > day:
                continue
            is_too_short = is_work and run < least_run and run != day
            rest = 0 if is_work else min(state + 1, least_off - 1)
            may_rest = not is_too_short and rest_cost[day] < 1e8
            may_work = not ((is_work and run >= most_run) or (not is_work and run < least_off))
            counts_weekend = weekday == 5 or (weekday == 6 and not (is_work and day > 0))
            for w in range(weekends):
                more = w + 1 if counts_weekend else w
                for c in range(counts):
                    for u in range(width):
                        here = now[state, w, c, u]
                        if here == np.inf:
                            continue
                        if may_rest:
                            value = here + rest_cost[day]
                            if value < then[rest, w, c, u]:
                                then[rest, w, c, u] = value
                            value += table[day + 1, rest, w, c, u]
                            if value < cells[day, shifts]:
                                cells[day, shifts] = value
                        if not may_work or more >= weekends:
                            continue
                        for s in range(shifts):
                            if cost[day, s] > 1e8 or (is_work and not may_follow[last, s]):
                                continue
                            d = following[c, s]
                            if d < 0 or u + units[s] >= width:
                                continue
                            after = least_off + (run if is_work else 0) * shifts + s
                            value = here + cost[day, s]
                            if value < then[after, more, d, u + units[s]]:
                                then[after, more, d, u + units[s]] = value
                            value += table[day + 1, after, more, d, u + units[s]]
                            if value < cells[day, s]:
                                cells[day, s] = value
        now, then = then, now
    return cells


def least_through(paths: Paths, person: int, cost: Floats) -> Floats:
    """Return a bound from below of each row through a day and shift; the last column stands for days off.

    Parameters
    ----------
    paths
        Rows of every person.
    person
        Whose rows.
    cost
        Cost of each day and shift, requests and prices together.

    Returns
    -------
    numpy.ndarray
        ``days x (shifts + 1)``; infinite where no row can pass. Counts of shifts are watched as far as
        `paths` watches them, so the figures may be too low, never too high.
    """
    data, rules, mine = paths.data, paths.data.rules[person], paths.mine[person]
    window = np.ascontiguousarray(cost[:, mine])
    rest = np.zeros(data.days)
    ends = paths.ends(person)
    tracked = paths.watched(person)
    table, following = paths.table(person, window, 0, ends, tracked, rest)
    cells = _through(
        table,
        window,
        data.units[mine],
        paths.may_follow(person),
        rules.most_run,
        rules.least_run,
        rules.least_off,
        following,
        ends.start,
        rest,
    )
    found = np.full((data.days, data.shifts + 1), np.inf)
    found[:, mine] = cells[:, :-1]
    found[:, OFF] = cells[:, -1]
    return found
