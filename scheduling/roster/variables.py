"""The solver's variables of a roster, and the one place where constraints and prices are added.

Some cells (person x day) are free; the others are frozen as they stand. A whole roster is made with every
cell free, a repair with a few.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from scheduling.config import Limit
from scheduling.roster.breaks import dealt_out
from scheduling.roster.objective import TERMS, units
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.rules import Rule
from scheduling.solver import Answer

Choices = Mapping[Cell, tuple[int, ...]]  # options that may be worked in each cell
Assignment = dict[Cell, tuple[int, int]]  # option and way to take its breaks; a day off has no entry


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a constraint stands in the model: a rule, and whom and when it concerns."""

    rule: Rule
    employee: str = ""
    date: dt.date | None = None

    @property
    def name(self) -> str:
        """The rule's name."""
        return type(self.rule).__name__


class RosterModel:
    """A roster problem in the solver's words.

    ``works`` holds, for each cell of a person with a free cell, option numbers with their literals; in a
    frozen cell the literal is 1. ``standing`` are the quarters of agents that frozen cells have
    present in each cover row, ``present`` all of them, as an expression, in rows that a free cell can touch.
    """

    def __init__(
        self,
        problem: RosterProblem,
        choices: Choices,
        *,
        frozen: Assignment | None = None,
        free: Iterable[Cell] | None = None,
        guarded: bool = False,
    ) -> None:
        self.problem = problem
        self.free: tuple[Cell, ...] = tuple(sorted(choices if free is None else free))
        self.free_cells = frozenset(self.free)
        self.free_people = frozenset(p for p, _ in self.free)
        self.frozen: Assignment = {
            cell: duty for cell, duty in (frozen or {}).items() if cell not in self.free_cells
        }
        self.solver_model = cp_model.CpModel()
        self.guards: dict[Reason, cp_model.IntVar] | None = {} if guarded else None
        self._prices: dict[str, list[tuple[Any, int]]] = {term: [] for term in TERMS}
        self._constants: dict[str, int] = dict.fromkeys(TERMS, 0)
        self.works: dict[Cell, list[tuple[int, Any]]] = self._new_works(choices)
        self.standing = frozen_cover(problem, self.frozen)
        self._pauses: dict[tuple[int, int, int], list[Any]] = {}
        self.present: dict[int, Any] = self._new_present()

    def _new_works(self, choices: Choices) -> dict[Cell, list[tuple[int, Any]]]:
        works: dict[Cell, list[tuple[int, Any]]] = {}
        for p in sorted(self.free_people):
            for d in range(self.problem.days):
                if (p, d) in self.free_cells:
                    works[p, d] = [
                        (number, self.solver_model.new_bool_var(f"works_{p}_{d}_{number}"))
                        for number in choices.get((p, d), ())
                    ]
                else:
                    duty = self.frozen.get((p, d))
                    works[p, d] = [] if duty is None else [(duty[0], 1)]
        return works

    def _new_present(self) -> dict[int, Any]:
        """Count people by duty and speed, let breaks be taken by count, and add up who is present."""
        problem = self.problem
        seats: dict[tuple[int, int, int], list[Any]] = {}
        for p, d in self.free:
            for number, literal in self.works[p, d]:
                seats.setdefault((d, number, problem.speed[p]), []).append(literal)
        terms: dict[int, list[tuple[Any, int]]] = {}
        for key, literals in sorted(seats.items(), key=lambda item: item[0]):
            d, number, speed = key
            option = problem.options[d][number]
            count = self.new_int(0, len(literals), f"count_{d}_{number}_{speed}")
            self.add(sum(literals) == count)
            pauses = self._new_pauses(key, len(option.pauses), count, len(literals))
            for row in option.covered.tolist():
                terms.setdefault(row, []).append((count, speed))
            for pause, lost in zip(pauses, option.lost, strict=True):
                for row in lost.tolist():
                    terms[row].append((pause, -speed))
        return {
            row: weighted([v for v, _ in found], [k for _, k in found]) + int(self.standing[row])
            for row, found in sorted(terms.items())
        }

    def _new_pauses(self, key: tuple[int, int, int], ways: int, count: Any, most: int) -> list[Any]:
        """Return how many people of a duty take each way of its breaks."""
        if ways == 1:
            self._pauses[key] = [count]
            return [count]
        d, number, speed = key
        found = [self.new_int(0, most, f"pause_{d}_{number}_{speed}_{w}") for w in range(ways)]
        self.add(sum(found) == count)
        self._pauses[key] = found
        return found

    def new_int(self, least: int, most: int, name: str) -> cp_model.IntVar:
        """Return a new integer variable."""
        return self.solver_model.new_int_var(least, most, name)

    def add(self, constraint: Any) -> None:
        """Add what ties variables together; nobody is to blame for it."""
        if constraint is not True:
            self.solver_model.add(constraint)

    def keep(self, constraint: Any, reason: Reason) -> None:
        """Add a hard rule's constraint; with guards, as one that can be named and lifted."""
        if constraint is True:
            return
        if self.guards is None:
            self.solver_model.add(constraint)
            return
        if reason not in self.guards:
            self.guards[reason] = self.solver_model.new_bool_var(f"guard_{len(self.guards)}")
        added = (
            self.solver_model.add_bool_or([]) if constraint is False else self.solver_model.add(constraint)
        )
        added.only_enforce_if(self.guards[reason])

    def at_most(
        self,
        expression: Any,
        most: int,
        reason: Reason,
        *,
        limit: Limit,
        price: float,
        largest: int,
        term: str = "labour",
    ) -> None:
        """Hold an expression below `most`: firmly, or at a price per unit of excess (at most `largest`)."""
        if isinstance(expression, int) and expression <= most:
            return
        if limit.mode == "hard":
            self.keep(expression <= most, reason)
            return
        excess = self.new_int(0, max(0, largest), f"excess_{reason.name}_{len(self._prices[term])}")
        self.add(expression - excess <= most)
        self.price(term, excess, units(price))

    def price(self, term: str, expression: Any, amount: int) -> None:
        """Add `amount` units of the model for each unit of an expression to a term of the objective."""
        if isinstance(expression, int):
            self._constants[term] += amount * expression
        elif amount:
            self._prices[term].append((expression, amount))

    def minimise(self) -> None:
        """State the objective: the sum of all terms."""
        found = [pair for pairs in self._prices.values() for pair in pairs]
        constant = sum(self._constants.values())
        self.solver_model.minimize(weighted([v for v, _ in found], [k for _, k in found]) + constant)

    def works_on(self, person: int, day: int) -> Any:
        """Return 1 or 0, or the expression for it: whether the person works on that day of the span."""
        return sum(literal for _, literal in self.works.get((person, day), ()))

    def paid_minutes(self, person: int, days: Iterable[int]) -> Any:
        """Return paid minutes over those days that lie in the span."""
        return sum(
            self.problem.options[d][number].paid_min * literal
            for d in days
            for number, literal in self.works.get((person, d), ())
        )

    def known(self, assignment: Assignment) -> dict[int, int]:
        """Return the values of all literals and break counts that an assignment fixes."""
        values: dict[int, int] = {}
        taken: dict[tuple[int, int, int], list[int]] = {}
        for cell in self.free:
            duty = assignment.get(cell)
            for number, literal in self.works[cell]:
                is_it = duty is not None and duty[0] == number
                values[literal.index] = int(is_it)
                if is_it and duty is not None:
                    taken.setdefault((cell[1], number, self.problem.speed[cell[0]]), []).append(duty[1])
        for key, variables in self._pauses.items():
            for way, variable in enumerate(variables):
                chosen = taken.get(key, [])
                values[variable.index] = len(chosen) if len(variables) == 1 else chosen.count(way)
        return values

    def assignment(self, answer: Answer) -> Assignment:
        """Return the whole assignment of an answer, frozen cells included, breaks dealt out."""
        found: Assignment = dict(self.frozen)
        people: dict[tuple[int, int, int], list[int]] = {}
        for p, d in self.free:
            for number, literal in self.works[p, d]:
                if answer.is_true(literal):
                    people.setdefault((d, number, self.problem.speed[p]), []).append(p)
        for (d, number, speed), members in people.items():
            pauses = self._pauses[d, number, speed]
            ways = [len(members)] if len(pauses) == 1 else [answer.value(pause) for pause in pauses]
            found |= {(p, d): (number, way) for p, way in dealt_out(members, ways).items()}
        return found


def weighted(variables: list[Any], weights: list[int]) -> Any:
    """Return the weighted sum of variables as an expression."""
    return cp_model.LinearExpr.weighted_sum(variables, weights)


def frozen_cover(problem: RosterProblem, assignment: Assignment) -> np.ndarray:
    """Return the quarters of agents that an assignment has present in each cover row."""
    present = np.zeros(len(problem.need), dtype=np.int64)
    for (p, d), (number, way) in assignment.items():
        option = problem.options[d][number]
        present[option.covered] += problem.speed[p]
        present[option.lost[way]] -= problem.speed[p]
    return present
