"""The master programme: each person a row, in parts; missing and surplus people have a price."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from ortools.linear_solver import pywraplp
from shift_paths import Floats, Numbers, Row

PENALTY = 2000.0  # of each person by which a group's bounds are overstepped; keeps every programme feasible


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
