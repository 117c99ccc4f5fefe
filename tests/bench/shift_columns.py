"""Bounds and rosters from whole personal rosters: column generation, diving, branch and price.

The master programme chooses one row a person (in parts) and pays for missing and surplus people; its duals
price the days of each person, and exact pricing by dynamic programming gives a valid bound each round,
whatever the master has come to. Where parts remain, the search branches first on how many people are
missing over groups of cells (this does not touch pricing, and is what lifts the bound where the need for
the last missing person is split over many days), then on a person's days.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import optimize, sparse
from shift_master import Master, MasterLostError, Node, Prices, row_cost
from shift_paths import BARRED, Floats, Numbers, Paths, Row
from shift_reduced import Guide, make_guide

SMOOTHING = 0.6  # weight of the best duals so far in those that are priced
WHOLE = 1e-5  # parts closer to a whole number than this are whole
BOUNDS_FIRST = 12  # parts bounded before rosters are made: the other process makes them from the start
MOST_LOST = 20  # linear programmes given up before the search is
LAST_CELLS = 1000  # days x shifts x people that are left to the constraint solver at the end of a dive
ROSTER_SHARE = 0.35  # of the time goes to rosters, the rest to bounds
HOPELESS = 1.005  # a dive whose value exceeds this multiple of the best roster is left
MIXED_SECONDS = 15.0  # for choosing whole rows among those generated
MIXED_COLUMNS = 3000
DIVE_ROUNDS = 8  # of pricing between two choices of a dive


class BranchAndPrice:
    """Lower bounds and rosters by column generation; `report`, `offer` and `guided` hear of it."""

    def __init__(
        self,
        data: Numbers,
        paths: Paths,
        *,
        until: float,
        upper: Callable[[], float],
        offer: Callable[[list[Row], list[int]], None],
        report: Callable[[float], None],
        guided: Callable[[Guide], None],
        seed: int,
    ) -> None:
        self.data, self.paths, self.until = data, paths, until
        self.upper, self.offer, self.report, self.guided = upper, offer, report, guided
        self.rng = np.random.default_rng(seed)
        self.master = Master(data)
        self.people = range(len(data.rules))
        self.nodes = 0
        self.best = 0.0  # bound so far, rounded up: a roster of that value is optimal
        self.asked: Prices | None = None  # those that gave the last node's bound
        self.guide: Guide | None = None
        self._mixed_at = 0
        self._began, self._roster_seconds = time.monotonic(), 0.0

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.until

    def run(self, start: list[Row]) -> float:
        """Return the bound once the tree is empty or the time is up."""
        for p, row in enumerate(start):
            self.master.add(p, row)
        queue: list[tuple[float, int, Node]] = [(0.0, 0, Node(bound=0.0))]
        number = lost = 0
        while queue and not self.is_late:
            lowest = queue[0][0]
            if number:
                self.report(min(lowest, self.upper()))
            if np.ceil(lowest - 1e-6) >= self.upper():
                return self.upper()
            self.best = max(self.best, float(np.ceil(lowest - 1e-6)))
            node = heapq.heappop(queue)[2]
            try:
                self.master.confine(node)
                bound = max(node.bound, self._generated(node, told=number == 0))
                children = self._children(node, bound) if np.ceil(bound - 1e-6) < self.upper() else []
            except MasterLostError:
                self.master = self.master.rebuilt()
                heapq.heappush(queue, (node.bound, -number, node))
                number, lost = number + 1, lost + 1
                if lost > MOST_LOST:
                    return min(lowest, self.upper())
                continue
            self.nodes += 1
            if bound < self.upper() and (not queue or bound <= queue[0][0]):
                self._make_guide(bound)
            if self.is_late:
                return min(lowest, self.upper()) if number else bound
            for child in children:
                number += 1
                heapq.heappush(queue, (child.bound, -number, child))
            number += 1
            if self.nodes == 1:
                self.best = float(np.ceil(bound - 1e-6))
            try:
                self._make_rosters(node, bound)
            except MasterLostError:
                self.master = self.master.rebuilt()
        return self.upper() if not queue else min(queue[0][0], self.upper())

    def _make_rosters(self, node: Node, bound: float) -> None:
        """Dive, or choose whole rows, every now and then."""
        began = time.monotonic()
        if self.nodes < BOUNDS_FIRST or self._roster_seconds > ROSTER_SHARE * (began - self._began):
            return
        if len(self.master.columns) > 1.3 * self._mixed_at:
            self._choose_whole_rows(bound)
        else:
            self._dive(node)
        self._roster_seconds += time.monotonic() - began

    def make_rosters(self, start: list[Row], *, root_until: float, between: Callable[[], None]) -> None:
        """Dive again and again, calling `between` them; bound the first programme only."""
        for p, row in enumerate(start):
            self.master.add(p, row)
        until, self.until = self.until, root_until
        root, number = Node(bound=0.0), 0
        bound = self._generated(root, told=True)
        self.best = float(np.ceil(bound - 1e-6))
        self._make_guide(bound)
        self.until = until
        while not self.is_late:
            try:
                if number == 0:
                    root = self._counted(root)
                    self._make_guide(self._generated(root, told=False))
                self._dive(root)
                number += 1
            except MasterLostError:
                self.master = self.master.rebuilt()
            between()

    def _generated(self, node: Node, *, told: bool) -> float:
        """Generate columns until bound and master meet; return the bound."""
        best, at, smoothing = -np.inf, None, SMOOTHING
        while not self.is_late:
            value, prices = self.master.solve()
            if value - best < 1e-4 or np.ceil(best - 1e-6) >= self.upper():
                break
            asked = prices if at is None else at.towards(prices, smoothing)
            total, is_new = self.data.base + self.master.slack_worth(asked), False
            for p in self.people:
                found = self._priced(p, asked.cover, node)
                if found is None:
                    return float("inf")
                total += found[0]
                if self._reduced(p, found[1], prices) < -1e-7:
                    is_new |= self.master.add(p, found[1])
                if self.is_late:
                    return best
            if total > best:
                best, at = total, asked
                self.asked = asked
                if told:
                    self.report(best)
            elif not is_new and smoothing == 0.0:
                break  # neither a better bound nor a new column: the figures' own precision
            smoothing = SMOOTHING if is_new else max(0.0, smoothing - 0.3)
        return best

    def _make_guide(self, bound: float) -> None:
        """Keep what the last node's prices say, where they gave a better bound than those before."""
        if self.asked is None or not np.isfinite(bound) or (self.guide and bound <= self.guide.bound + 0.5):
            return
        grouped = np.tensordot(self.asked.group, np.array(self.master.groups, dtype=float), axes=1)
        self.guide = make_guide(self.paths, self.asked.cover, grouped, bound)
        self.guided(self.guide)

    def _priced(self, person: int, cover: Floats, node: Node) -> tuple[float, Row] | None:
        """Return a person's best row at these prices."""
        cost, rest = self.data.cost[person] - cover, None
        for p, d, s in node.barred:
            if p == person and s >= 0:
                cost[d, s] = BARRED
            elif p == person:
                rest = np.zeros(self.data.days) if rest is None else rest
                rest[d] = BARRED
        return self.paths.best(person, cost, rest_cost=rest)

    def _reduced(self, person: int, row: Row, prices: Prices) -> float:
        days = np.flatnonzero(row >= 0)
        return float(
            row_cost(self.data, person, row) - prices.cover[days, row[days]].sum() - prices.person[person]
        )

    def _children(self, node: Node, bound: float) -> list[Node]:
        """Return the parts a node falls into; none where its solution is whole."""
        self.master.solve()
        present = self._present()
        missing = np.maximum(0.0, self.data.need - present.sum(axis=0))
        for g, group in enumerate(self.master.groups):
            count = float(missing[group].sum())
            if abs(count - round(count)) > 1e-3:
                return [
                    Node(
                        bound=bound,
                        groups=(*node.groups, (g, 0.0, float(np.floor(count)))),
                        barred=node.barred,
                    ),
                    Node(
                        bound=bound,
                        groups=(*node.groups, (g, float(np.ceil(count)), float("inf"))),
                        barred=node.barred,
                    ),
                ]
        at_work = present.sum(axis=2)
        if np.abs(at_work - at_work.round()).max() > WHOLE:
            p, d = np.unravel_index(np.argmin(np.abs(at_work - 0.5)), at_work.shape)
            works, off = {(int(p), int(d), -1)}, {(int(p), int(d), s) for s in range(self.data.shifts)}
            sides = [works, off]
        elif np.abs(present - present.round()).max() > WHOLE:
            p, d, s = np.unravel_index(np.argmin(np.abs(present - 0.5)), present.shape)
            others = {(int(p), int(d), t) for t in range(-1, self.data.shifts) if t != s}
            sides = [{(int(p), int(d), int(s))}, others]
        else:
            whole = present.round().astype(np.int64)
            self.offer([np.where(w.any(axis=1), w.argmax(axis=1), -1).astype(np.int64) for w in whole], [])
            return []
        return [Node(bound=bound, groups=node.groups, barred=node.barred | frozenset(side)) for side in sides]

    def _present(self) -> Floats:
        """Return the part of each person on each day and shift in the last solution."""
        present = np.zeros((len(self.data.rules), self.data.days, self.data.shifts))
        for part, (p, row) in zip(self.master.weights(), self.master.columns, strict=True):
            if part > WHOLE:
                days = np.flatnonzero(row >= 0)
                present[p, days, row[days]] += part
        return present

    def _missing(self) -> Floats:
        """Return the people missing on each day and shift in the last solution."""
        return np.maximum(0.0, self.data.need - self._present().sum(axis=0))

    def _counted(self, node: Node) -> Node:
        """Take on a node with a whole number of missing people in all, and return it."""
        self.master.confine(node)
        self.master.solve()
        missing = float(np.ceil(self._missing().sum() - 1e-3))
        node = replace(node, groups=(*node.groups, (0, missing, missing)))
        self.master.confine(node)
        return node

    def _dive(self, node: Node) -> None:
        """Fix one person's row after another, generating columns for the others; offer what comes out.

        As many people are missing in all as the programme says, rounded up: without that bound a dive
        gives up one person after another.
        """
        node = self._counted(node)
        fixed: dict[int, int] = {}
        last = max(3, LAST_CELLS // self.data.need.size)
        guess: dict[int, int] = {}
        while len(fixed) < len(self.people) - last and not self.is_late:
            free = [p for p in self.people if p not in fixed]
            for _ in range(DIVE_ROUNDS):
                _, prices = self.master.solve()
                fresh = 0
                for p in free:
                    found = self._priced(p, prices.cover, node)
                    if found is not None and self._reduced(p, found[1], prices) < -1e-6:
                        fresh += self.master.add(p, found[1])
                if not fresh or self.is_late:
                    break
            upper = self.upper()  # may add columns, so it is asked before the programme is solved
            value, _ = self.master.solve()
            if value > HOPELESS * upper:
                break
            parts = self.master.weights()
            order = sorted(
                (
                    (part, i)
                    for i, part in enumerate(parts)
                    if part > 1e-6 and self.master.columns[i][0] in free
                ),
                reverse=True,
            )
            if not order:
                break
            size = max(1, len(free) // 6)
            sure = [i for part, i in order if part > 0.85][:size]
            near = [i for part, i in order if part > order[0][0] - 0.05]
            if not sure:  # the larger the team, the more of them at once
                sure = [int(i) for i in self.rng.permutation(near)[: max(1, min(size, len(free) // 8))]]
            for i in sure:
                if self.master.columns[i][0] in fixed:
                    continue
                fixed.setdefault(self.master.columns[i][0], i)
                self.master.variables[i].SetLb(1.0)
            guess = {self.master.columns[i][0]: i for _, i in reversed(order)}
        for i in fixed.values():
            self.master.variables[i].SetLb(0.0)
        chosen = {**guess, **fixed}
        if len(chosen) == len(self.people) and len(fixed) >= len(self.people) - last:
            rows = [self.master.columns[chosen[p]][1] for p in self.people]
            self.offer(rows, [p for p in self.people if p not in fixed])

    def _choose_whole_rows(self, bound: float) -> None:
        """Choose whole rows among those whose reduced cost the best roster leaves room for."""
        data, master = self.data, self.master
        self._mixed_at = len(master.columns)
        master.confine(Node(bound=0.0))
        _, prices = master.solve()
        reduced = np.array([self._reduced(p, row, prices) for p, row in master.columns])
        room = max(2.0, self.upper() - bound)
        keep = np.argsort(reduced, kind="stable")[:MIXED_COLUMNS]
        keep = np.array([i for i in keep if reduced[i] <= room or reduced[i] < 1e-6])
        cells = data.need.size
        entries: list[tuple[int, int]] = []
        for j, i in enumerate(keep):
            p, row = master.columns[i]
            days = np.flatnonzero(row >= 0)
            entries += [(p, j), *((len(data.rules) + int(d) * data.shifts + int(row[d]), j) for d in days)]
        lines, places = np.array(entries).T
        rows_of = sparse.csr_array(
            (np.ones(len(lines)), (lines, places)), shape=(len(data.rules) + cells, len(keep))
        )
        slack = sparse.vstack([sparse.csr_array((len(data.rules), cells)), sparse.eye_array(cells)])
        matrix = sparse.hstack([rows_of, slack, -slack]).tocsr()
        ends = np.concatenate([np.ones(len(data.rules)), data.need.ravel()])
        cost = np.concatenate(
            [[row_cost(data, *master.columns[i]) for i in keep], data.under.ravel(), data.over.ravel()]
        )
        left = self.until - time.monotonic()
        found = optimize.milp(
            cost,
            constraints=optimize.LinearConstraint(matrix, ends, ends),
            integrality=np.concatenate([np.ones(len(keep)), np.zeros(2 * cells)]),
            bounds=optimize.Bounds(0.0, np.concatenate([np.ones(len(keep)), np.full(2 * cells, np.inf)])),
            options={"time_limit": max(0.5, min(MIXED_SECONDS, left / 4))},
        )
        if found.x is not None:
            chosen = {
                master.columns[i][0]: master.columns[i][1]
                for i, x in zip(keep, found.x, strict=False)
                if x > 0.5
            }
            self.offer([chosen[p] for p in self.people], [])
