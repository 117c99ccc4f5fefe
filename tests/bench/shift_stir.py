"""Ruin and recreate: a few people's rows taken out and put back one by one, each the best that is left.

One row takes milliseconds by dynamic programming, so this brings a first roster down in seconds; worse
rosters are accepted as annealing does. Neighbourhoods of the constraint solver take over once it stalls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from shift_paths import Floats, Numbers, Paths, Row

MOST_PEOPLE = 4
MOST_WHOLE = 500_000  # table entries of a row that is put back whole
WINDOWS = (14, 28, 42)  # days put back at once where the span is too long
HEAT = 0.15  # of the price of a missing person: a rise accepted in about one case of three at first
COLD = 0.3
BLOCK = 200  # tries between two looks at what has been gained
STALL = 0.002  # of the cost: a block that gains less counts as stalled
STALLED = 3  # such blocks in a row end the stirring


class Stir:
    """Rows and their cover, changed a few people at a time."""

    def __init__(self, data: Numbers, paths: Paths, rows: Sequence[Row], *, seed: int) -> None:
        self.data, self.paths = data, paths
        self.rows = [row.copy() for row in rows]
        self.rng = np.random.default_rng(seed)
        self.count = np.zeros(data.need.shape, dtype=np.int64)
        for row in self.rows:
            self._seat(self.count, row, 1)
        self.is_long = [paths.entries(p, data.days) > MOST_WHOLE for p in range(len(self.rows))]
        self.total = self._cost(self.count, range(len(self.rows)), self.rows) + data.base

    def run(self, *, until: float, told: Callable[[int, list[Row]], None]) -> None:
        """Stir until the time is up or little is gained; `told` hears of the best roster after each block."""
        heat = HEAT * float(self.data.under.mean())
        began, best, best_rows, stalled = time.monotonic(), self.total, list(self.rows), 0
        while stalled < STALLED and time.monotonic() < until:
            before = best
            for _ in range(BLOCK):
                now = time.monotonic()
                if now > until:
                    break
                cooled = (until - now) / max(until - began, 1e-9)
                self.step(max(COLD, heat * cooled**2))
                if self.total < best - 0.5:
                    best, best_rows = self.total, list(self.rows)
            if best < before:
                told(round(best), best_rows)
            stalled = stalled + 1 if best > before * (1 - STALL) else 0
        self.rows = best_rows

    def step(self, heat: float) -> None:
        """Take a few people out and put them back; keep the outcome unless it is too much dearer."""
        size = int(self.rng.integers(1, min(MOST_PEOPLE, len(self.rows)) + 1))
        people = [int(p) for p in self.rng.choice(len(self.rows), size, replace=False)]
        first, last = self._window(people)
        count = self.count.copy()
        for p in people:
            self._seat(count, self.rows[p], -1)
        fresh = {}
        for p in people:
            kept = np.concatenate([np.arange(first), np.arange(last, self.data.days)])
            outside = kept[self.rows[p][kept] >= 0]
            count[outside, self.rows[p][outside]] += 1
        for p in people:
            row = self._best(p, count, first, last)
            worked = first + np.flatnonzero(row[first:last] >= 0)
            count[worked, row[worked]] += 1
            fresh[p] = row
        change = self._cost(count, people, [fresh[p] for p in people]) - self._cost(
            self.count, people, [self.rows[p] for p in people]
        )
        if change <= -heat * np.log(self.rng.random() + 1e-12):
            self.count, self.total = count, self.total + change
            for p, row in fresh.items():
                self.rows[p] = row

    def _window(self, people: Sequence[int]) -> tuple[int, int]:
        """Return the days put back: all, or some weeks where a person's whole span is too long."""
        if not any(self.is_long[p] for p in people):
            return 0, self.data.days
        width = min(self.data.days, int(self.rng.choice(WINDOWS)))
        first = int(self.rng.integers(0, self.data.days - width + 1))
        return first, first + width

    def _best(self, person: int, count: Row, first: int, last: int) -> Row:
        data = self.data
        cost = data.cost[person] + np.where(count < data.need, -data.under, data.over)
        if last - first == data.days:
            found = self.paths.best(person, cost)
        else:
            found = self.paths.best(person, cost, row=self.rows[person], first=first, last=last)
        row = self.rows[person]
        if found is not None:
            row = row.copy()
            row[first:last] = found[1]
        return row

    def _seat(self, count: Row, row: Row, by: int) -> None:
        worked = np.flatnonzero(row >= 0)
        count[worked, row[worked]] += by

    def _cost(self, count: Row, people: Sequence[int], rows: Sequence[Row]) -> float:
        data: Numbers = self.data
        missing: Floats = np.maximum(0, data.need - count) * data.under
        surplus: Floats = np.maximum(0, count - data.need) * data.over
        total = float(missing.sum() + surplus.sum())
        for p, row in zip(people, rows, strict=True):
            worked = np.flatnonzero(row >= 0)
            total += float(data.cost[p, worked, row[worked]].sum())
        return total
