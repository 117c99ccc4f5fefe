"""Rows of some people over some days as one model of work stretches, everything else standing.

One Boolean a (person, first day, length) of a work stretch describes least run, most run and least rest
without a gap; weekends are counted on stretches; successions are joined over all shifts that bar the same
ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model
from shift_paths import BARRED, Numbers, Row

from scheduling.solver import Answer, SolverSettings, solve


class Neighbourhood:
    """The model in which `people` may change their days from `first` up to `last`; the others stand."""

    def __init__(
        self,
        data: Numbers,
        rows: Sequence[Row],
        people: Sequence[int],
        first: int,
        last: int,
        *,
        likely: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self.data, self.rows, self.people, self.first, self.last = data, rows, list(people), first, last
        self.cells = data.cost < BARRED / 2
        if likely is not None:
            self.cells &= likely[:, :, :-1]
            for person in self.people:
                days = np.flatnonzero(rows[person] >= 0)
                self.cells[person, days, rows[person][days]] = True
        self.model = cp_model.CpModel()
        self.work: dict[tuple[int, int, int], cp_model.IntVar] = {}
        self.known: dict[int, int] = {}  # variable -> value in the standing rows
        self.terms: list[object] = []
        for person in self.people:
            self._post_person(person)
        self._post_cover()
        self.model.minimize(sum(self.terms))

    def improved(
        self, *, seconds: float, work: float, seed: int, below: int | None = None
    ) -> tuple[Answer, dict[int, Row] | None]:
        """Return the answer and the changed rows; `below` asks for a change of at most that much."""
        if below is not None:
            self.model.add(sum(self.terms) <= below)
        answer = solve(
            self.model,
            SolverSettings(deterministic_limit=work, seed=seed, seconds_limit=seconds),
            hint=None if below is not None else self.known,
        )
        if not answer.found:
            return answer, None
        found = {}
        for person in self.people:
            row = np.array(self.rows[person])
            row[self.first : self.last] = -1
            for d in range(self.first, self.last):
                for s in range(self.data.shifts):
                    variable = self.work.get((person, d, s))
                    if variable is not None and answer.is_true(variable):
                        row[d] = s
            found[person] = row
        return answer, found

    @property
    def standing(self) -> int:
        """Cost of the standing rows in this model's terms."""
        return self._standing

    def _bool(self, value: bool) -> cp_model.IntVar:
        variable = self.model.new_bool_var("")
        self.known[variable.index] = int(value)
        return variable

    def _post_person(self, person: int) -> None:
        data, model, rules, row = self.data, self.model, self.data.rules[person], self.rows[person]
        days = range(self.first, self.last)
        for d in days:
            for s in range(data.shifts):
                if self.cells[person, d, s]:
                    self.work[person, d, s] = self._bool(row[d] == s)
                    price = int(data.cost[person, d, s])
                    if price:
                        self.terms.append(price * self.work[person, d, s])
        stretches = self._stretches(person)
        covering: dict[int, list[cp_model.IntVar]] = {d: [] for d in days}
        occupied: dict[int, list[cp_model.IntVar]] = {d: [] for d in range(data.days)}
        weekends: dict[int, list[cp_model.IntVar]] = {}
        for (begin, length), variable in stretches.items():
            for d in range(begin, begin + length):
                if d in covering:
                    covering[d].append(variable)
            for d in range(begin, min(begin + length + rules.least_off, data.days)):
                occupied[d].append(variable)
            for week in {d // 7 for d in range(begin, begin + length) if d % 7 >= 5}:
                weekends.setdefault(week, []).append(variable)
        for d in days:
            mine = [self.work[person, d, s] for s in range(data.shifts) if (person, d, s) in self.work]
            if mine or covering[d]:
                model.add(sum(mine) == sum(covering[d]))
        seen: set[tuple[int, ...]] = set()
        for found in occupied.values():
            key = tuple(v.index for v in found)
            if len(found) > 1 and key not in seen:
                seen.add(key)
                model.add_at_most_one(found)
        outside = np.concatenate([row[: self.first], row[self.last :]])
        outside = outside[outside >= 0]
        self._post_edges(person)
        self._post_weekends(person, weekends)
        self._post_successions(person)
        self._post_counts(person, outside)

    def _stretches(self, person: int) -> dict[tuple[int, int], cp_model.IntVar]:
        """Return the stretches that touch the window and agree with the days around it."""
        data, rules, row = self.data, self.data.rules[person], self.rows[person]
        stands = row >= 0
        found = {}
        for begin in range(max(0, self.first - rules.most_run), self.last):
            for length in range(1, rules.most_run + 1):
                end = begin + length
                if end > data.days or end <= self.first:
                    continue
                if length < rules.least_run and begin > 0 and end < data.days:
                    continue
                if not self._agrees(person, begin, end, stands):
                    continue
                is_mine = bool(stands[begin:end].all())
                is_mine &= (begin == 0 or not stands[begin - 1]) and (end == data.days or not stands[end])
                found[begin, length] = self._bool(is_mine)
        return found

    def _agrees(self, person: int, begin: int, end: int, stands: Row) -> bool:
        """Whether a stretch fits the standing days before and behind the window, and the days barred."""
        rules = self.data.rules[person]
        for d in range(begin, end):
            inside = self.first <= d < self.last
            if not inside and not stands[d]:
                return False
            if inside and not self.cells[person, d].any():
                return False
        for d in range(max(0, begin - rules.least_off), begin):
            if not self.first <= d < self.last and stands[d]:
                return False
        for d in range(end, min(self.data.days, end + rules.least_off)):
            if not self.first <= d < self.last and stands[d]:
                return False
        return True

    def _post_edges(self, person: int) -> None:
        """Continue a run of work that would be too short if it ended at the window's edge."""
        least, stands = self.data.rules[person].least_run, self.rows[person] >= 0
        for edge, beyond in ((self.first, stands[: self.first][::-1]), (self.last - 1, stands[self.last :])):
            length = len(beyond) if beyond.all() else int(np.argmin(beyond))
            if 0 < length < min(least, len(beyond)):
                mine = [
                    self.work[person, edge, s]
                    for s in range(self.data.shifts)
                    if (person, edge, s) in self.work
                ]
                self.model.add_exactly_one(mine)

    def _post_weekends(self, person: int, weekends: dict[int, list[cp_model.IntVar]]) -> None:
        row, most = self.rows[person], self.data.rules[person].most_weekends
        standing = {
            d // 7
            for d in range(self.data.days)
            if d % 7 >= 5 and row[d] >= 0 and not self.first <= d < self.last
        }
        fixed, mine = len(standing), set(weekends) - standing
        terms = [variable for week in sorted(mine) for variable in weekends[week]]
        if len(mine) + fixed > most:
            self.model.add(sum(terms) <= most - fixed)

    def _post_successions(self, person: int) -> None:
        data, row = self.data, self.rows[person]
        barred = [frozenset(np.flatnonzero(~data.may_follow[s]).tolist()) for s in range(data.shifts)]
        for later in set(barred) - {frozenset()}:
            earlier = [s for s in range(data.shifts) if barred[s] >= later]
            for d in range(self.first - 1, self.last):
                if d < 0 or d + 1 >= data.days:
                    continue
                today = self._present(person, d, earlier, row)
                tomorrow = self._present(person, d + 1, sorted(later), row)
                if today is not None and tomorrow is not None:
                    self.model.add(today + tomorrow <= 1)

    def _present(self, person: int, day: int, shifts: Sequence[int], row: Row) -> object | None:
        """Return the sum of some shifts on a day, None where it is surely 0."""
        if not self.first <= day < self.last:
            return 1 if row[day] in shifts else None
        found = [self.work[person, day, s] for s in shifts if (person, day, s) in self.work]
        return sum(found) if found else None

    def _post_counts(self, person: int, outside: Row) -> None:
        data, rules, model = self.data, self.data.rules[person], self.model
        days = range(self.first, self.last)
        counts = np.bincount(outside, minlength=data.shifts)
        mine = {
            s: [self.work[person, d, s] for d in days if (person, d, s) in self.work]
            for s in range(data.shifts)
        }
        for s, found in mine.items():
            left = rules.most[s] - int(counts[s])
            if len(found) > left:
                model.add(sum(found) <= left)
        units = int(data.units[outside].sum())
        if not any(mine.values()):
            return
        total = sum(int(data.units[s]) * sum(found) for s, found in mine.items() if found)
        model.add_linear_constraint(total, rules.least_units - units, rules.most_units - units)
        shortest, longest = int(data.units.min()), int(data.units.max())
        if shortest != longest:
            number = sum(sum(found) for found in mine.values() if found)
            least = -(-max(0, rules.least_units - units) // longest)
            model.add_linear_constraint(number, least, (rules.most_units - units) // shortest)

    def _post_cover(self) -> None:
        data = self.data
        count = np.zeros(data.need.shape, dtype=np.int64)
        inside = set(self.people)
        for p, row in enumerate(self.rows):
            if p not in inside:
                worked = np.flatnonzero(row >= 0)
                count[worked, row[worked]] += 1
        standing = 0
        for d in range(self.first, self.last):
            for s in range(data.shifts):
                mine = [self.work[p, d, s] for p in self.people if (p, d, s) in self.work]
                now = sum(self.known[v.index] for v in mine)
                need = int(data.need[d, s] - count[d, s])
                under = self._amount(max(0, need), max(0, need - now), int(data.under[d, s]))
                over = self._amount(max(0, len(mine) - need), max(0, now - need), int(data.over[d, s]))
                if mine:
                    self.model.add(sum(mine) + under - over == need)
                standing += int(data.under[d, s]) * max(0, need - now)
                standing += int(data.over[d, s]) * max(0, now - need)
                if not mine:
                    self.terms.append(
                        int(data.under[d, s]) * max(0, need) + int(data.over[d, s]) * max(0, -need)
                    )
        for (p, d, s), variable in self.work.items():
            standing += int(data.cost[p, d, s]) * self.known[variable.index]
        self._standing = standing

    def _amount(self, most: int, value: int, price: int) -> cp_model.IntVar:
        variable = self.model.new_int_var(0, most, "")
        self.known[variable.index] = value
        if price:
            self.terms.append(price * variable)
        return variable
