"""The search of an instance: repair in one process, bounds and fresh rosters in another.

The other process is `shift_columns.BranchAndPrice`, or repair with another seed where a person's span is too
long for exact pricing.
"""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from shift_columns import BranchAndPrice
from shift_paths import MOST_VALUES, Numbers, Paths, Row
from shift_reduced import Guide
from shift_repair import QUICK_VALUES, Repair, better_row, first_rows, total_cost
from shift_stir import Stir

ROUNDS = 50  # of pricing that a bound takes, about
DIVED, PROVED = 0.3, 0.7  # of the time: those rounds may take so much where a process lives by prices
WORTH_A_SWEEP = 0.002  # of the cost: a sweep over all people that gains less is the last
PATIENT, MOST_PATIENT = 1.6, 8.0  # all three grow by this where nothing is gained for a while, up to that
POLISH = 8  # neighbourhoods without gain before a fresh roster is handed on
PATIENCE = 20  # neighbourhoods without gain before another roster is taken up
STIRRED, STIRRED_LONG = 0.08, 0.4  # of the time at most goes to ruin and recreate at first
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
            rows[p] = better_row(data, paths, int(p), cost, rows[p], rng)
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
