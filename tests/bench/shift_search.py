"""The search of an instance: repair in one process, bounds and fresh rosters in another.

Repair takes whole rows of a few people, or some days of many, and lets the constraint solver do them anew;
the sizes grow while their models close quickly. The other process is `shift_columns.BranchAndPrice`, or
repair with another seed where a person's span is too long for exact pricing.
"""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from shift_columns import BranchAndPrice
from shift_paths import MOST_VALUES, Floats, Numbers, Paths, Row
from shift_reduced import Guide
from shift_stir import Stir
from shift_stretches import Neighbourhood

QUICK_VALUES = 1_500_000  # table entries of a span that is planned whole at once; longer ones in windows
ROUNDS = 50  # of pricing that a bound takes, about
DIVED, PROVED = 0.3, 0.7  # of the time: those rounds may take so much where a process lives by prices
WINDOW = 28  # days planned at once where the span is too long
WORTH_A_SWEEP = 0.002  # of the cost: a sweep over all people that gains less is the last
LENGTHS = (7, 10, 14, 21, 28, 42)  # days of a repair window; whole rows are tried as well
PERSON_DAYS = 170  # people x days of a first neighbourhood
QUICK, SLOW = 0.8, 1.6  # CPU seconds: models that close faster grow, slower ones shrink
LIMIT = 4.0  # deterministic seconds for one neighbourhood
PATIENT, MOST_PATIENT = 1.6, 8.0  # all three grow by this where nothing is gained for a while, up to that
POLISH = 8  # neighbourhoods without gain before a fresh roster is handed on
PATIENCE = 20  # neighbourhoods without gain before another roster is taken up
GUIDED = 0.6  # of the neighbourhoods are chosen by prices, where there are any
STIRRED, STIRRED_LONG = 0.08, 0.4  # of the time at most goes to ruin and recreate at first
ROOMS = (0.0, 0.1, 0.3, 1.0)  # of the gap: what a likely cell's reduced cost may be
ROUGH = 0.6  # a fresh roster this much above the best is worth polishing
WORSE = 0.06  # a roster this much above the best is worth taking up


@dataclass(frozen=True, kw_only=True)
class News:
    """What a process tells: a better bound, a roster, or a guide to better ones."""

    sender: str
    bound: float | None = None
    total: int | None = None
    rows: list[Row] | None = None
    guide: Guide | None = None


@dataclass
class Outcome:
    """The best roster and bound, and when each was found [s]."""

    rows: list[Row] | None = None
    total: float = float("inf")
    bound: float = 0.0
    trail: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def is_proven(self) -> bool:
        """Whether no roster can be better; all costs are whole numbers."""
        return bool(np.ceil(self.bound - 1e-6) >= self.total)


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
                else _better(data, paths, int(p), cost, old, rng)
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


def _better(
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
        self.guide: Guide | None = None

    def step(self, *, until: float) -> int:
        """Do one neighbourhood anew; return by how much the roster got better."""
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


@dataclass
class Desk:
    """One process's place: what it knows, whom it tells."""

    name: str
    data: Numbers
    inbox: Any
    outbox: Any
    until: float
    seed: int
    best: float = float("inf")
    rows: list[Row] = field(default_factory=list)
    others: list[tuple[int, list[Row]]] = field(default_factory=list)
    guide: Guide | None = None

    def hear(self) -> bool:
        """Take in what other processes found; return whether one has a better roster."""
        before = self.best
        while True:
            try:
                news = self.inbox.get_nowait()
            except queue.Empty:
                return self.best < before
            if news.guide is not None:
                self.guide = news.guide
            elif news.total < self.best:
                self.best, self.rows = news.total, news.rows
            elif news.total <= self.best * (1 + WORSE):
                self.others.append((news.total, news.rows))

    def tell(self, total: int, rows: list[Row]) -> None:
        """Hand a roster on."""
        rows = [row.copy() for row in rows]
        if total < self.best:
            self.best, self.rows = total, rows
        self.outbox.put(News(sender=self.name, total=total, rows=rows))

    def tell_bound(self, bound: float) -> None:
        """Hand a bound on."""
        self.outbox.put(News(sender=self.name, bound=bound))

    def tell_guide(self, guide: Guide) -> None:
        """Take a guide, and hand it on."""
        if self.guide is None or guide.bound > self.guide.bound:
            self.guide = guide
            self.outbox.put(News(sender=self.name, guide=guide))

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.until - 0.4

    def improve(self, work: Repair, *, patience: int, least: float = 0.0) -> None:
        """Repair until nothing has been gained for a while, or a roster as good as `least` is found."""
        idle = 0
        while idle < patience and work.total > least and not self.is_late:
            work.guide = self.guide
            if work.step(until=self.until - 0.3) > 0:
                idle, work.patience = 0, 1.0
            else:
                idle += 1
            if work.total < self.best:
                self.tell(work.total, work.rows)
            self.hear()
            if idle > patience // 2 and self.best < work.total:
                work.rows, work.total, idle = [row.copy() for row in self.rows], int(self.best), 0
        if idle >= patience:
            work.patience = min(work.patience * PATIENT, MOST_PATIENT)


def stir(desk: Desk, share: float) -> None:
    """Bring a first roster down by ruin and recreate, for a share of the time."""
    now = time.monotonic()
    work = Stir(desk.data, Paths(desk.data), desk.rows, seed=desk.seed)
    work.run(until=now + share * (desk.until - 0.4 - now), told=desk.tell)
    desk.hear()


def respond(desk: Desk) -> None:
    """Plan one person's window after another anew against all the others, while that pays."""
    data, paths, rng = desk.data, Paths(desk.data), np.random.default_rng(desk.seed)
    rows = [row.copy() for row in desk.rows]
    count = np.zeros(data.need.shape, dtype=np.int64)
    for row in rows:
        worked = np.flatnonzero(row >= 0)
        count[worked, row[worked]] += 1
    total, before = desk.best, float("inf")
    while total < before * (1 - WORTH_A_SWEEP) and not desk.is_late:
        before = total
        for p in rng.permutation(len(rows)):
            worked = np.flatnonzero(rows[p] >= 0)
            count[worked, rows[p][worked]] -= 1
            cost = data.cost[p] + np.where(count < data.need, -data.under, data.over)
            rows[p] = _better(data, paths, int(p), cost, rows[p], rng)
            worked = np.flatnonzero(rows[p] >= 0)
            count[worked, rows[p][worked]] += 1
            if desk.is_late:
                break
        total = total_cost(data, rows)
        if total < desk.best:
            desk.tell(total, rows)


def _repair(desk: Desk) -> None:
    """Repair until the time is up; take up another roster when stuck."""
    respond(desk)
    stir(desk, STIRRED_LONG)
    work = Repair(desk.data, [row.copy() for row in desk.rows], seed=desk.seed)
    while not desk.is_late:
        desk.improve(work, patience=PATIENCE)
        rows, total = desk.rows, int(desk.best)
        if work.total == desk.best and desk.others:
            desk.others.sort(key=lambda one: one[0])
            total, rows = desk.others.pop(0)
        work.rows, work.total = [row.copy() for row in rows], total


def _branch_and_price(desk: Desk) -> BranchAndPrice:
    """Return a search by columns whose rosters are polished and told."""

    def upper() -> float:
        if desk.hear():
            for p, row in enumerate(desk.rows):
                search.master.add(p, row)
        return desk.best

    def offer(fresh: list[Row], people: list[int]) -> None:
        work = Repair(
            desk.data, [row.copy() for row in fresh], seed=desk.seed + int(search.rng.integers(1 << 20))
        )
        if people:
            work.redo(people, until=desk.until - 0.3)
        if work.total <= desk.best * (1 + ROUGH):
            desk.improve(work, patience=POLISH, least=search.best)
        desk.tell(work.total, work.rows)
        for p, row in enumerate(work.rows):
            search.master.add(p, row)

    search = BranchAndPrice(
        desk.data,
        Paths(desk.data),
        until=desk.until - 0.4,
        upper=upper,
        offer=offer,
        report=desk.tell_bound,
        guided=desk.tell_guide,
        seed=desk.seed,
    )
    return search


def _prove(desk: Desk) -> None:
    """Bound from below by branch and price until proven or the time is up."""
    search = _branch_and_price(desk)
    bound = search.run(desk.rows)
    desk.tell_bound(bound)


def _dive(desk: Desk) -> None:
    """Make fresh rosters by diving, and repair the best between dives."""
    stir(desk, STIRRED)
    search = _branch_and_price(desk)
    work = Repair(desk.data, [row.copy() for row in desk.rows], seed=desk.seed)

    def between() -> None:
        desk.hear()
        work.rows, work.total = [row.copy() for row in desk.rows], int(desk.best)
        desk.improve(work, patience=PATIENCE, least=search.best)

    now = time.monotonic()
    search.make_rosters(desk.rows, root_until=now + 0.3 * (desk.until - now), between=between)


def _pricing_seconds(data: Numbers, paths: Paths) -> float:
    """Return about how long pricing every person once takes; infinite where a table is too large."""
    entries = [paths.entries(p, data.days) for p in range(len(data.rules))]
    if max(entries) > MOST_VALUES:
        return float("inf")
    smallest = int(np.argmin(entries))
    began = time.process_time()
    paths.best(smallest, data.cost[smallest])
    return (time.process_time() - began) * sum(entries) / entries[smallest]


def search(
    data: Numbers, *, seconds: float, seed: int, told: Callable[[float, Outcome], None] = lambda *_: None
) -> Outcome:
    """Return the best roster and bound found within the time by two processes.

    Parameters
    ----------
    data
        The instance.
    seconds
        Wall time from now. [s]
    seed
        Seed of both processes.
    told
        Called with the seconds gone and the outcome so far, at each change.
    """
    began = time.monotonic()
    until = began + seconds
    paths = Paths(data)
    is_quick = max(paths.entries(p, data.days) for p in range(len(data.rules))) <= QUICK_VALUES
    rows = first_rows(data, paths, np.random.default_rng(seed), passes=2 if is_quick else 1)
    outcome = Outcome(rows=rows, total=total_cost(data, rows))
    told(time.monotonic() - began, outcome)
    context = multiprocessing.get_context("fork")
    outbox = context.Queue()
    share = ROUNDS * _pricing_seconds(data, paths) / seconds
    tasks = {
        "first": _dive if share < DIVED else _repair,
        "second": _prove if share < PROVED else _repair,
    }
    desks = [
        Desk(
            name=name,
            data=data,
            inbox=context.Queue(),
            outbox=outbox,
            until=until,
            seed=seed + i,
            best=outcome.total,
            rows=rows,
        )
        for i, name in enumerate(tasks)
    ]
    workers = [
        context.Process(target=task, args=(desk,), daemon=True)
        for task, desk in zip(tasks.values(), desks, strict=True)
    ]
    for worker in workers:
        worker.start()
    while time.monotonic() < until and any(worker.is_alive() for worker in workers):
        try:
            news = outbox.get(timeout=0.1)
        except queue.Empty:
            continue
        if news.bound is not None and news.bound > outcome.bound + 1e-3:
            outcome.bound = min(news.bound, outcome.total)
            told(time.monotonic() - began, outcome)
        if news.rows is not None or news.guide is not None:
            for desk in desks:
                if desk.name != news.sender:
                    desk.inbox.put(news)
        if news.rows is not None and news.total < outcome.total:
            outcome.rows, outcome.total = news.rows, news.total
            told(time.monotonic() - began, outcome)
        if outcome.is_proven:
            break
    for worker in workers:
        worker.terminate()
        worker.join()
    for box in (outbox, *(desk.inbox for desk in desks)):
        box.cancel_join_thread()
    return outcome
