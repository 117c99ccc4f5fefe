"""First rosters of an instance, and repair that makes them better neighbourhood by neighbourhood.

Repair takes whole rows of a few people, or some days of many, and lets the constraint solver do them anew;
the sizes grow while their models close quickly.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from shift_paths import MOST_VALUES, Floats, Numbers, Paths, Row
from shift_reduced import Guide
from shift_stretches import Neighbourhood

QUICK_VALUES = 1_500_000  # table entries of a span that is planned whole at once; longer ones in windows
WINDOW = 28  # days planned at once where the span is too long
LENGTHS = (7, 10, 14, 21, 28, 42)  # days of a repair window; whole rows are tried as well
PERSON_DAYS = 170  # people x days of a first neighbourhood
QUICK, SLOW = 0.8, 1.6  # CPU seconds: models that close faster grow, slower ones shrink
LIMIT = 4.0  # deterministic seconds for one neighbourhood
GUIDED = 0.6  # of the neighbourhoods are chosen by prices, where there are any
DEAR = 0.5  # of the neighbourhoods, where there are prices, take every row that costs too much
DEAR_PEOPLE = 18.0  # of such a neighbourhood at first; more as long as the solver closes them
DEAR_QUICK, DEAR_LIMIT = 4.0, 10.0  # CPU and deterministic seconds
ROOMS = (0.0, 0.1, 0.3, 1.0)  # of the gap: what a likely cell's reduced cost may be


def total_cost(data: Numbers, rows: Sequence[Row]) -> int:
    """Return the objective of a roster."""
    count = np.zeros(data.need.shape, dtype=np.int64)
    total = data.base
    for p, row in enumerate(rows):
        days = np.flatnonzero(row >= 0)
        count[days, row[days]] += 1
        total += data.cost[p, days, row[days]].sum()
    missing, surplus = np.maximum(0, data.need - count), np.maximum(0, count - data.need)
    return round(total + (missing * data.under).sum() + (surplus * data.over).sum())


def first_rows(data: Numbers, paths: Paths, rng: np.random.Generator, *, passes: int) -> list[Row]:
    """Return a lawful roster: person by person, each row the best against the need still open.

    Raises
    ------
    ValueError
        If somebody has no lawful row at all.
    """
    count = np.zeros(data.need.shape, dtype=np.int64)
    rows: list[Row | None] = [None] * len(data.rules)
    for _ in range(passes):
        for p in rng.permutation(len(rows)):
            old = rows[p]
            if old is not None:
                worked = np.flatnonzero(old >= 0)
                count[worked, old[worked]] -= 1
            cost = data.cost[p] + np.where(count < data.need, -data.under, data.over)
            row = (
                best_row(data, paths, int(p), cost)
                if old is None
                else better_row(data, paths, int(p), cost, old, rng)
            )
            worked = np.flatnonzero(row >= 0)
            count[worked, row[worked]] += 1
            rows[p] = row
    return [row for row in rows if row is not None]


def best_row(data: Numbers, paths: Paths, person: int, cost: np.ndarray) -> Row:
    """Return a person's best days, planned window after window where the span is long."""
    entries = paths.entries(person, data.days)
    for width in (WINDOW, WINDOW // 2, 2 * WINDOW) if entries > QUICK_VALUES else ():
        row = _in_windows(data, paths, person, cost, width)
        if row is not None:
            return row
    if entries > MOST_VALUES:
        raise ValueError(f"{data.names[person]}: no row found window by window")
    found = paths.best(person, cost)
    if found is None:
        raise ValueError(f"{data.names[person]}: no row keeps the rules")
    return found[1]


def _in_windows(data: Numbers, paths: Paths, person: int, cost: np.ndarray, width: int) -> Row | None:
    """Return a row made of windows whose minutes and weekends keep to their share of the span."""
    rules, row = data.rules[person], np.full(data.days, -1, dtype=np.int64)
    one = int(data.units.max())
    for first in range(0, data.days, width):
        last = min(first + width, data.days)
        used = int(data.units[row[row >= 0]].sum())
        rested = len({d // 7 for d in np.flatnonzero(row >= 0) if d % 7 >= 5})
        share = last / data.days
        most = int(rules.most_units * share) + (one if last < data.days else 0)
        least = int(rules.least_units * share) - (one if last < data.days else 0)
        weekends = int(rules.most_weekends * share) + (last < data.days)
        if last == data.days:
            most, least, weekends = rules.most_units, rules.least_units, rules.most_weekends
        found = None
        for less in (least, least - 5 * one, 0) if last < data.days else (least,):
            found = paths.best(
                person,
                cost,
                row=row,
                first=first,
                last=last,
                units=(max(0, less - used), min(most, rules.most_units) - used),
                weekends=min(weekends, rules.most_weekends) - rested,
            )
            if found is not None:
                break
        if found is None:
            return _last_windows(data, paths, person, cost, row, last) if last == data.days else None
        row[first:last] = found[1]
    return row


def _last_windows(
    data: Numbers, paths: Paths, person: int, cost: np.ndarray, row: Row, last: int
) -> Row | None:
    """Return the row with ever more of its end planned anew, until its limits can be kept."""
    for weeks in (6, 8, 10, 12):
        first = max(0, last - 7 * weeks)
        trial = row.copy()
        trial[first:] = -1
        found = paths.best(person, cost, row=trial, first=first, last=last)
        if found is not None:
            trial[first:] = found[1]
            return trial
    return None


def better_row(
    data: Numbers, paths: Paths, person: int, cost: np.ndarray, row: Row, rng: np.random.Generator
) -> Row:
    """Return the best row, or the row with one window planned anew where the span is long."""
    if paths.entries(person, data.days) <= QUICK_VALUES:
        return best_row(data, paths, person, cost)
    first = 7 * int(rng.integers(0, (data.days - WINDOW) // 7 + 1))
    found = paths.best(person, cost, row=row, first=first, last=first + WINDOW)
    if found is not None:
        row = row.copy()
        row[first : first + WINDOW] = found[1]
    return row


class Repair:
    """Rosters made better neighbourhood by neighbourhood."""

    def __init__(self, data: Numbers, rows: list[Row], *, seed: int) -> None:
        self.data, self.rows = data, rows
        self.total = total_cost(data, rows)
        self.rng = np.random.default_rng(seed)
        self.patience = 1.0
        lengths = [length for length in LENGTHS if length < data.days]
        self.lengths = [*lengths, data.days] if data.days <= 2 * LENGTHS[-1] else lengths
        kinds = [(length, is_guided) for length in self.lengths for is_guided in (False, True)]
        self.size = {kind: float(np.clip(PERSON_DAYS / kind[0], 2, len(rows))) for kind in kinds}
        self.gain = dict.fromkeys(kinds, 1.0)
        self.dear_people = DEAR_PEOPLE
        self.guide: Guide | None = None

    def step(self, *, until: float) -> int:
        """Do one neighbourhood anew; return by how much the roster got better."""
        if self.guide is not None and self.data.days in self.lengths and self.rng.random() < DEAR:
            return self._dear_rows(self.guide, until)
        is_guided = self.guide is not None and self.rng.random() < GUIDED
        kind = self._pick(is_guided)
        length = kind[0]
        people, likely = None, None
        first = int(self.rng.integers(0, self.data.days - length + 1)) if length < self.data.days else 0
        if is_guided and self.guide is not None:
            people, first, likely = self._guided(self.guide, kind)
        elif length < self.data.days and self.rng.random() < 0.5:
            first = self._short_day(length)
        if people is None:
            people = self._people(kind, None)
        began = time.process_time()
        model = Neighbourhood(self.data, self.rows, people, first, first + length, likely=likely)
        is_sideways = self.rng.random() < 0.25
        answer, found = model.improved(
            seconds=max(0.1, until - time.monotonic()),
            work=self.patience * (SLOW if is_sideways else LIMIT),
            seed=int(self.rng.integers(1 << 30)),
            below=model.standing if is_sideways else None,
        )
        took = max(time.process_time() - began, 1e-3)
        gained = 0
        if found is not None and answer.objective is not None:
            gained = model.standing - round(answer.objective)
            for p, row in found.items():
                self.rows[p] = row
            self.total -= gained
        if is_sideways:
            return gained
        if answer.status == "OPTIMAL" and took < QUICK * self.patience:
            self.size[kind] = min(self.size[kind] * 1.08, float(len(self.rows)))
        elif answer.status not in ("OPTIMAL", "INFEASIBLE") or took > SLOW * self.patience:
            self.size[kind] = max(2.0, self.size[kind] * 0.92)
        self.gain[kind] = 0.9 * self.gain[kind] + 0.1 * gained / took
        return gained

    def _dear_rows(self, guide: Guide, until: float) -> int:
        """Do the rows anew that cost too much at the guide's prices, with others, in likely cells alone.

        Near the bound a few people carry all that is left, and cells without reduced cost are few: so many
        more people can be done at once than without prices.
        """
        gaps = guide.of_people(self.rows)
        order = self.rng.permutation(len(self.rows))
        order = order[np.argsort(gaps[order] <= 0.5, kind="stable")]
        size = min(len(order), round(self.dear_people))
        dear = int(min((gaps > 0.5).sum(), size * 2 // 3))
        people = [*order[:dear], *self.rng.permutation(order[dear:])[: size - dear]]
        began = time.process_time()
        model = Neighbourhood(
            self.data, self.rows, [int(p) for p in people], 0, self.data.days, likely=guide.likely(0.5)
        )
        answer, found = model.improved(
            seconds=max(0.1, until - time.monotonic()), work=DEAR_LIMIT, seed=int(self.rng.integers(1 << 30))
        )
        gained = 0
        if found is not None and answer.objective is not None:
            gained = model.standing - round(answer.objective)
            for p, row in found.items():
                self.rows[p] = row
            self.total -= gained
        if answer.status != "OPTIMAL":
            self.dear_people = max(2.0, self.dear_people * 0.85)
        elif time.process_time() - began < DEAR_QUICK:
            self.dear_people = min(self.dear_people * 1.15, float(len(self.rows)))
        return gained

    def _people(self, kind: tuple[int, bool], weight: Floats | None) -> list[int]:
        """Return as many people as the kind of neighbourhood takes at present."""
        count = int(min(len(self.rows), round(self.size[kind])))
        chance = None if weight is None else weight / weight.sum()
        return [int(p) for p in self.rng.choice(len(self.rows), count, replace=False, p=chance)]

    def _guided(self, guide: Guide, kind: tuple[int, bool]) -> tuple[list[int], int, npt.NDArray[np.bool_]]:
        """Return people, first day and likely cells of a neighbourhood where the roster is too dear."""
        length = kind[0]
        dear = guide.of_days(self.data, self.count())
        first = 0
        if length < self.data.days:
            day = int(self.rng.choice(self.data.days, p=(dear + 1e-3) / (dear + 1e-3).sum()))
            first = int(np.clip(day - self.rng.integers(0, length), 0, self.data.days - length))
        gaps = guide.of_people(self.rows)
        room = 0.5 + max(0.0, self.total - guide.bound) * float(self.rng.choice(ROOMS))
        people = self._people(kind, gaps + max(1.0, float(gaps.mean())))
        return people, first, guide.likely(room)

    def count(self) -> Row:
        """Return how many people work each day and shift."""
        count = np.zeros(self.data.need.shape, dtype=np.int64)
        for row in self.rows:
            days = np.flatnonzero(row >= 0)
            count[days, row[days]] += 1
        return count

    def redo(self, people: list[int], *, until: float) -> None:
        """Do the whole rows of some people anew."""
        model = Neighbourhood(self.data, self.rows, people, 0, self.data.days)
        answer, found = model.improved(
            seconds=max(0.1, min(2 * LIMIT, until - time.monotonic())), work=2 * LIMIT, seed=0
        )
        if found is not None and answer.objective is not None:
            for p, row in found.items():
                self.rows[p] = row
            self.total -= model.standing - round(answer.objective)

    def _pick(self, is_guided: bool) -> tuple[int, bool]:
        """Return a kind of window, more often one that has paid of late."""
        kinds = [(length, is_guided) for length in self.lengths]
        worth = np.array([self.gain[kind] for kind in kinds])
        chance = 0.5 / len(worth) + 0.5 * (worth + 1e-3) / (worth + 1e-3).sum()
        return kinds[int(self.rng.choice(len(worth), p=chance / chance.sum()))]

    def _short_day(self, length: int) -> int:
        """Return the first day of a window around a day on which people are missing."""
        missing = np.maximum(0, self.data.need - self.count()).sum(axis=1).astype(float)
        if not missing.any():
            return int(self.rng.integers(0, self.data.days - length + 1))
        day = int(self.rng.choice(self.data.days, p=missing / missing.sum()))
        return int(np.clip(day - length // 2, 0, self.data.days - length))
