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
from dataclasses import dataclass, field, replace

import numpy as np
from ortools.linear_solver import pywraplp
from scipy import optimize, sparse
from shift_paths import BARRED, Floats, Numbers, Paths, Row
from shift_reduced import Guide, make_guide

SMOOTHING = 0.6  # weight of the best duals so far in those that are priced
PENALTY = 2000.0  # of each person by which a group's bounds are overstepped; keeps every programme feasible
WHOLE = 1e-5  # parts closer to a whole number than this are whole
BOUNDS_FIRST = 12  # parts bounded before rosters are made: the other process makes them from the start
MOST_LOST = 20  # linear programmes given up before the search is
LAST_CELLS = 1000  # days x shifts x people that are left to the constraint solver at the end of a dive
ROSTER_SHARE = 0.35  # of the time goes to rosters, the rest to bounds
HOPELESS = 1.005  # a dive whose value exceeds this multiple of the best roster is left
MIXED_SECONDS = 15.0  # for choosing whole rows among those generated
MIXED_COLUMNS = 3000
DIVE_ROUNDS = 8  # of pricing between two choices of a dive


class MasterLostError(Exception):
    """The linear programme could not be solved; what was found before still holds."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A part of the search: bounds on groups of missing people, cells that are barred.

    ``barred`` holds (person, day, shift); shift OFF bars the day off.
    """

    bound: float
    groups: tuple[tuple[int, float, float], ...] = ()
    barred: frozenset[tuple[int, int, int]] = frozenset()


@dataclass
class Prices:
    """Duals: of each day and shift, of each group, of each person."""

    cover: Floats
    group: Floats
    person: Floats = field(default_factory=lambda: np.zeros(0))

    def towards(self, other: Prices, weight: float) -> Prices:
        """Return a mixture with `weight` of these and the rest of the other."""
        return Prices(
            cover=weight * self.cover + (1 - weight) * other.cover,
            group=weight * self.group + (1 - weight) * other.group,
        )


class Master:
    """The linear master programme over personal rosters."""

    def __init__(self, data: Numbers) -> None:
        self.data = data
        self.groups = _groups(data)
        self.bounds: list[tuple[float, float]] = []
        solver = self.solver = pywraplp.Solver.CreateSolver("GLOP")
        objective = self.objective = solver.Objective()
        objective.SetMinimization()
        self.cover = [[solver.Constraint(float(n), float(n)) for n in line] for line in data.need]
        self.one = [solver.Constraint(1.0, 1.0) for _ in data.rules]
        self.rows = [solver.Constraint(0.0, solver.infinity()) for _ in self.groups]
        self.columns: list[tuple[int, Row]] = []
        self.variables: list[pywraplp.Variable] = []
        self._known: set[tuple[int, bytes]] = set()
        for d in range(data.days):
            for s in range(data.shifts):
                under = solver.NumVar(0.0, float(data.need[d, s]), "")
                over = solver.NumVar(0.0, float(len(data.rules)), "")
                for slack, sign, price in ((under, 1.0, data.under[d, s]), (over, -1.0, data.over[d, s])):
                    self.cover[d][s].SetCoefficient(slack, sign)
                    objective.SetCoefficient(slack, float(price))
                for row, group in zip(self.rows, self.groups, strict=True):
                    if group[d, s]:
                        row.SetCoefficient(under, 1.0)
        for row in self.rows:
            for sign in (1.0, -1.0):
                slack = solver.NumVar(0.0, solver.infinity(), "")
                row.SetCoefficient(slack, sign)
                objective.SetCoefficient(slack, PENALTY)
        self.confine(Node(bound=0.0))

    def confine(self, node: Node) -> None:
        """Take on the restrictions of a node."""
        self.bounds = [(0.0, float("inf"))] * len(self.groups)
        for g, low, high in node.groups:
            before = self.bounds[g]
            self.bounds[g] = max(before[0], low), min(before[1], high)
        for row, (low, high) in zip(self.rows, self.bounds, strict=True):
            row.SetBounds(low, high if np.isfinite(high) else self.solver.infinity())
        self.barred = node.barred
        by_person: dict[int, list[tuple[int, int]]] = {}
        for p, d, s in node.barred:
            by_person.setdefault(p, []).append((d, s))
        for variable, (p, row) in zip(self.variables, self.columns, strict=True):
            is_barred = any(row[d] == s for d, s in by_person.get(p, ()))
            variable.SetBounds(0.0, 0.0 if is_barred else self.solver.infinity())

    def rebuilt(self) -> Master:
        """Return the same programme without the basis that has gone bad."""
        fresh = Master(self.data)
        for person, row in self.columns:
            fresh.add(person, row)
        return fresh

    def add(self, person: int, row: Row) -> bool:
        """Add a personal roster; return whether it is new."""
        key = (person, row.tobytes())
        if key in self._known:
            return False
        self._known.add(key)
        variable = self.solver.NumVar(0.0, self.solver.infinity(), "")
        self.objective.SetCoefficient(variable, row_cost(self.data, person, row))
        self.one[person].SetCoefficient(variable, 1.0)
        for d in np.flatnonzero(row >= 0):
            self.cover[d][row[d]].SetCoefficient(variable, 1.0)
        if any((person, d, int(s)) in self.barred for d, s in enumerate(row)):
            variable.SetUb(0.0)
        self.columns.append((person, row.copy()))
        self.variables.append(variable)
        return True

    def solve(self) -> tuple[float, Prices]:
        """Return the value and the duals."""
        if (status := self.solver.Solve()) != pywraplp.Solver.OPTIMAL:
            raise MasterLostError(f"the master programme ended with status {status}")
        return self.objective.Value() + self.data.base, Prices(
            cover=np.array([[c.dual_value() for c in line] for line in self.cover]),
            group=np.clip(np.array([c.dual_value() for c in self.rows]), -PENALTY, PENALTY),
            person=np.array([c.dual_value() for c in self.one]),
        )

    def slack_worth(self, prices: Prices) -> float:
        """Return what the cover and the groups add to the bound at these prices."""
        data = self.data
        grouped = np.tensordot(prices.group, np.array(self.groups, dtype=float), axes=1)
        under = np.minimum(0.0, data.under - prices.cover - grouped) * data.need
        over = np.minimum(0.0, data.over + prices.cover) * len(data.rules)
        lows, highs = (np.array(ends) for ends in zip(*self.bounds, strict=True))
        with np.errstate(invalid="ignore"):
            at = np.where(prices.group >= 0, lows, highs)
        worth = np.where(prices.group == 0, 0.0, prices.group * np.where(prices.group == 0, 0.0, at))
        return float((prices.cover * data.need).sum() + under.sum() + over.sum() + worth.sum())

    def weights(self) -> Floats:
        """Return the part of each column in the last solution."""
        return np.array([variable.solution_value() for variable in self.variables])


def _groups(data: Numbers) -> list[np.ndarray]:
    """Return the groups of cells whose missing people are counted: all, each shift's, each day's."""
    shape = data.need.shape
    found = [np.ones(shape, dtype=bool)]
    if data.shifts > 1:
        found += [np.arange(data.shifts)[None, :].repeat(data.days, 0) == s for s in range(data.shifts)]
    found += [np.arange(data.days)[:, None].repeat(data.shifts, 1) == d for d in range(data.days)]
    return found


def row_cost(data: Numbers, person: int, row: Row) -> float:
    """Return what a row's requests cost, without the constant."""
    days = np.flatnonzero(row >= 0)
    return float(data.cost[person, days, row[days]].sum())


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
