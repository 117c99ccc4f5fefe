"""What a roster costs: named terms in one currency, and how they enter the solver's model.

A unit of money is `SCALE` units of the model, so that every price below is a whole number. The prices keep
the stages apart: a person short for one interval weighs more than any one wish, a unit of unfairness or the
wages of a duty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scheduling.roster.duties import QUARTERS, Option
from scheduling.roster.pay import day_premium
from scheduling.roster.people import Wish
from scheduling.roster.problem import FULL_WEEK_HOURS, Cell, RosterProblem
from scheduling.roster.rules import LeastHours, MaxHoursPerDay

if TYPE_CHECKING:
    from scheduling.roster.variables import RosterModel

SCALE = 600
TERMS = (
    "labour",
    "short",
    "below_plan",
    "paid_time",
    "premium",
    "changes",
    "fairness",
    "wishes",
    "cost",
)
COUNTERS = ("hours", "late", "weekend", "peak")
LEVEL_STEPS = 10  # levels of fairness are in tenths of a duty
FULL_DUTY_MIN = 480  # paid minutes that weigh as much as one late duty
PEAK_HOURS_A_DUTY = 4.0  # peak hours that weigh as much as one late duty
WEIGHTS = 20  # fairness weights are in twentieths of the largest contract


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices in the shop's currency.

    Attributes
    ----------
    short, deep_short, deepest_short
        An agent-hour below the requirement: within its last tenth (at least one agent), within its last
        quarter (at least two), and deeper.
    below_plan
        An agent-hour below the shift plan where the requirement is met.
    paid_hour
        A paid hour, whoever works it: what keeps people off duties that nobody needs. About a wage.
    premium_hour
        An hour's wage that the law adds: a statutory holiday adds two an hour, a rest day one, overtime
        half of one. Far enough below `short` that triple pay leaves nobody's chats unanswered.
    fairness
        A duty by which somebody lies more than half a duty off the fair level; double beyond one and
        a half, four times beyond three.
    wish
        A refused wish of weight 1.
    cost
        Share of the wages, pay by law included, that counts, so that the cheaper of two equals is chosen.
    change
        A cell that differs from the published roster; 0 where nothing is published.
    """

    short: float = 100.0
    deep_short: float = 200.0
    deepest_short: float = 400.0
    below_plan: float = 40.0
    paid_hour: float = 25.0
    premium_hour: float = 12.5
    fairness: float = 4.0
    wish: float = 2.0
    cost: float = 0.02
    change: float = 0.0


def _alike(cell: Cell, number: int | None) -> float:  # noqa: ARG001  (every change counts once)
    return 1.0


@dataclass(frozen=True, kw_only=True)
class Published:
    """Duties already announced: their option in each cell, None on a day off.

    ``factor`` multiplies the price of a change by what the cell changes to.
    """

    option: Mapping[Cell, int | None] = field(default_factory=dict)
    factor: Callable[[Cell, int | None], float] = _alike


def units(money: float) -> int:
    """Return an amount of money in the model's units."""
    return round(SCALE * money)


def cover_slopes(problem: RosterProblem, prices: Prices) -> tuple[tuple[str, int, np.ndarray], ...]:
    """Return the pieces by which cover may fall short, the shallow ones first.

    Each is its term, its price [units per quarter of an agent and interval] and how much of it there is.
    """
    per_hour = problem.interval_min / 60 / QUARTERS
    last_tenth = np.minimum(problem.need, np.maximum(QUARTERS, -(-problem.need // 10)))
    last_quarter = np.minimum(problem.need, np.maximum(2 * QUARTERS, -(-problem.need // 4)))
    return (
        ("below_plan", units(prices.below_plan * per_hour), problem.plan - problem.need),
        ("short", units(prices.short * per_hour), last_tenth),
        ("short", units(prices.deep_short * per_hour), last_quarter - last_tenth),
        ("short", units(prices.deepest_short * per_hour), problem.need - last_quarter),
    )


def asks(wish: Wish, option: Option) -> bool:
    """Return whether a duty is of the template that a wish names."""
    return wish.template in ("", option.template.name)


class CellPrices:
    """What each duty costs on its own: wages, wishes, long days, changes to what was published."""

    def __init__(self, problem: RosterProblem, prices: Prices, published: Published) -> None:
        self._problem, self._prices, self._published = problem, prices, published
        self._wishes: dict[Cell, list[Wish]] = {}
        for wish in problem.soft_wishes:
            cell = problem.position[wish.employee], (wish.date - problem.start).days
            self._wishes.setdefault(cell, []).append(wish)
        rules = [rule for rule in problem.rules if isinstance(rule, MaxHoursPerDay)]
        self._day_limit = rules[0].limit if rules and rules[0].limit.mode == "soft" else None

    def of(self, cell: Cell, number: int | None) -> dict[str, int]:
        """Return the terms of working option `number` in a cell, or of a day off (None)."""
        found: dict[str, int] = {}
        option = None if number is None else self._problem.options[cell[1]][number]
        for wish in self._wishes.get(cell, ()):
            if is_refused(wish, option):
                found["wishes"] = found.get("wishes", 0) + units(self._prices.wish * wish.weight)
        if cell in self._published.option and self._published.option[cell] != number:
            found["changes"] = units(self._prices.change * self._published.factor(cell, number))
        if option is None:
            return found
        person = self._problem.employees[cell[0]]
        rate = option.template.cost_per_hour if person.cost_per_hour is None else person.cost_per_hour
        found["paid_time"] = units(self._prices.paid_hour * option.paid_min / 60)
        found["cost"] = units(self._prices.cost * rate * option.paid_min / 60)
        labour = self._problem.settings.labour
        if person.pool in labour.premium_pools:
            date = self._problem.date(cell[1])
            _, minutes, extra = day_premium(labour, self._problem.pay_days, date, option.paid_min)
            hour = self._prices.premium_hour + self._prices.cost * wage_of(self._problem, cell[0])
            if minutes:
                found["premium"] = units(hour * extra * minutes / 60)
        limit = self._day_limit
        if limit is not None and (excess := option.paid_min - 60 * limit.value) > 0:
            found["labour"] = units(limit.price * excess / 60)
        return found

    def total(self, cell: Cell, number: int | None) -> int:
        """Return the sum of `of`."""
        return sum(self.of(cell, number).values())


def is_refused(wish: Wish, option: Option | None) -> bool:
    """Return whether a cell's duty (None: a day off) goes against a wish."""
    works_it = option is not None and asks(wish, option)
    return not works_it if wish.kind == "prefer" else works_it


def wage_of(problem: RosterProblem, person: int) -> float:
    """Return a person's wage an hour; without one of their own, the dearest of their pool's templates."""
    own = problem.employees[person]
    if own.cost_per_hour is not None:
        return own.cost_per_hour
    open_to = [t for t in problem.settings.templates if own.pool in t.pools]
    return max((t.cost_per_hour for t in open_to), default=0.0)


def counter_value(counter: str, option: Option) -> float:
    """Return what a duty adds to a fairness counter [duties]."""
    if counter == "hours":
        return option.paid_min / FULL_DUTY_MIN
    if counter == "late":
        return float(option.is_late)
    if counter == "weekend":
        return float(option.is_weekend)
    return option.peak_hours / PEAK_HOURS_A_DUTY


def carried_value(counter: str, problem: RosterProblem, person: int) -> float:
    """Return what a person brings along on a fairness counter [duties]."""
    carried = problem.carried[person]
    if counter == "hours":
        return sum(carried.paid_min.values()) / FULL_DUTY_MIN
    if counter == "late":
        return float(carried.late)
    if counter == "weekend":
        return float(carried.weekend)
    return carried.peak_hours / PEAK_HOURS_A_DUTY


@dataclass(frozen=True, kw_only=True)
class FairGroup:
    """People of one pool among whom one counter is shared out.

    ``weights`` are in twentieths: contracted hours times the share of days on which the person can work.
    """

    counter: str
    people: tuple[int, ...]
    weights: tuple[int, ...]

    @property
    def name(self) -> str:
        """A name for variables."""
        return f"{self.counter}_{self.people[0]}"


def fair_groups(problem: RosterProblem, choices: Mapping[Cell, tuple[int, ...]]) -> tuple[FairGroup, ...]:
    """Return who shares which counter: those of a pool who could work such a duty at all."""
    able: dict[tuple[str, str], list[int]] = {}
    days_open = [0] * len(problem.employees)
    for (p, _), numbers in choices.items():
        days_open[p] += bool(numbers)
    for counter in COUNTERS:
        for p, person in enumerate(problem.employees):
            if any(
                counter_value(counter, problem.options[d][number]) > 0
                for d in range(problem.days)
                for number in choices.get((p, d), ())
            ):
                able.setdefault((counter, person.pool), []).append(p)
    groups = []
    for (counter, _), people in able.items():
        hours = [_contract_hours(problem, p) * days_open[p] for p in people]
        weights = tuple(max(1, round(WEIGHTS * h / max(max(hours), 1e-9))) for h in hours)
        if len(people) > 1:
            groups.append(FairGroup(counter=counter, people=tuple(people), weights=weights))
    return tuple(groups)


def _contract_hours(problem: RosterProblem, person: int) -> float:
    own = problem.employees[person]
    labour = problem.settings.labour.week_limit
    legal = labour.value if labour.mode != "off" else FULL_WEEK_HOURS
    weeks = ((problem.start - problem.span_start).days + problem.days) / 7
    of_span = None if own.max_hours_per_span is None else own.max_hours_per_span / weeks
    return min(hours for hours in (own.max_hours_per_week, of_span, legal) if hours is not None)


def fair_pieces(prices: Prices) -> tuple[tuple[float, int], ...]:
    """Return from how many duties off the level on which price per step of deviation is added.

    A step is 1 / (`LEVEL_STEPS` x `WEIGHTS`) of a duty.
    """
    price = round(units(prices.fairness) / (LEVEL_STEPS * WEIGHTS))
    return (0.5, price), (1.5, price), (3.0, 2 * price)


def price_cells(model: RosterModel, cells: CellPrices) -> None:
    """Add wages, wishes, long days and changes: what each cell costs on its own."""
    for cell in model.free:
        for term, amount in cells.of(cell, None).items():
            model.price(term, 1, amount)
        nothing = cells.of(cell, None)
        for number, literal in model.works[cell]:
            something = cells.of(cell, number)
            for term in {**nothing, **something}:
                model.price(term, literal, something.get(term, 0) - nothing.get(term, 0))


def price_cover(model: RosterModel, prices: Prices) -> None:
    """Add what it costs to have fewer people present than needed or planned."""
    problem = model.problem
    slopes = cover_slopes(problem, prices)
    for row in np.flatnonzero(problem.plan > model.standing).tolist():
        if row not in model.present:  # nobody free can be there: missing in any case
            missing_there = int(problem.plan[row] - model.standing[row])
            for term, price, lengths in slopes:
                part = min(missing_there, int(lengths[row]))
                missing_there -= part
                model.price(term, part, price)
    for row, present in model.present.items():
        missing = []
        for piece, (term, price, lengths) in enumerate(slopes):
            if length := int(lengths[row]):
                slack = model.new_int(0, length, f"missing_{row}_{piece}")
                missing.append(slack)
                model.price(term, slack, price)
        model.add(present + sum(missing) >= int(problem.plan[row]))


def price_fairness(
    model: RosterModel, groups: tuple[FairGroup, ...], prices: Prices, levels: Mapping[str, int] | None
) -> None:
    """Add what it costs that people lie far from their group's fair level.

    The level is the solver's to choose, or given in `levels` where only some of a group are planned.
    """
    for group in groups:
        free = [(p, w) for p, w in zip(group.people, group.weights, strict=True) if p in model.free_people]
        if not free:
            continue
        level = (
            model.new_int(0, highest_level(model.problem, group), f"level_{group.name}")
            if levels is None
            else levels[group.name]
        )
        for p, weight in free:
            _price_deviation(model, group, p, weight, level, prices)


def highest_level(problem: RosterProblem, group: FairGroup) -> int:
    """Return a level above which nobody's fair share can lie [tenths of a duty]."""
    carried = max(carried_value(group.counter, problem, p) for p in group.people)
    longest = max((counter_value(group.counter, o) for day in problem.options for o in day), default=0.0)
    return round(LEVEL_STEPS * WEIGHTS * (carried + problem.days * longest))


def _price_deviation(
    model: RosterModel, group: FairGroup, person: int, weight: int, level: Any, prices: Prices
) -> None:
    step = LEVEL_STEPS * WEIGHTS
    problem = model.problem
    count = round(step * carried_value(group.counter, problem, person)) + sum(
        round(step * counter_value(group.counter, problem.options[d][number])) * literal
        for d in range(problem.days)
        for number, literal in model.works.get((person, d), ())
    )
    most = weight * highest_level(problem, group) + step
    for dead, price in fair_pieces(prices):
        off = model.new_int(0, most, f"off_{group.name}_{person}_{dead}")
        model.add(off >= count - weight * level - round(dead * step))
        model.add(off >= weight * level - count - round(dead * step))
        model.price("fairness", off, price)


def price_least_hours(model: RosterModel, rule: LeastHours) -> None:
    """Add what contracted hours cost that are not worked."""
    for p in sorted(model.free_people):
        for week, least in least_minutes(model.problem, p).items():
            below = model.new_int(0, least, f"below_{p}_{week}")
            model.add(below >= least - model.paid_minutes(p, model.problem.weeks[week]))
            model.price("labour", below, units(rule.price / 60))


def least_minutes(problem: RosterProblem, person: int) -> dict[int, int]:
    """Return contracted least minutes of each week, for the days of the span on which the person is there."""
    hours = problem.employees[person].min_hours_per_week
    if not hours:
        return {}
    found = {}
    for week, days in enumerate(problem.weeks):
        there = sum(
            0 <= d < problem.days
            and (person, d) not in problem.leave
            and problem.employees[person].is_employed(problem.date(d))
            for d in days
        )
        found[week] = int(60 * hours * there / 7)
    return found
