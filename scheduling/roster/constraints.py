"""The rules of a roster in the solver's words: one ``post_<rule>`` for each class in `rules`.

`forbids` says which single duties the hard rules rule out; such duties get no variable at all, except where
a conflict is to be explained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from scheduling.config import Limit
from scheduling.roster.objective import Prices, price_least_hours, units
from scheduling.roster.pay import day_premium
from scheduling.roster.people import Employee
from scheduling.roster.problem import Cell, Option, RosterProblem
from scheduling.roster.rules import (
    AllowedTemplate,
    ContractHours,
    Employed,
    FixedDuty,
    HolidayPay,
    LeastHours,
    MaxConsecutiveDays,
    MaxHoursPerDay,
    MaxHoursPerMonth,
    MaxHoursPerQuarter,
    MaxHoursPerWeek,
    MaxPeople,
    MinRest,
    OneDutyADay,
    OnLeave,
    OvertimePay,
    Premium,
    Qualified,
    RestDayPay,
    RestDaysPerWeek,
    Rule,
)
from scheduling.roster.tallies import Tally, binding, pay_tallies, tallies_of
from scheduling.roster.variables import Reason, RosterModel


def can_serve(problem: RosterProblem, person: Employee, stream: str) -> bool:
    """Return whether a person can serve a stream."""
    return person.can_serve(problem.settings.demand.stream(stream))


def forbids(rule: Rule, problem: RosterProblem, cell: Cell, option: Option) -> bool:
    """Return whether a hard rule rules out one duty whatever the rest of the roster is."""
    person, date = problem.employees[cell[0]], problem.date(cell[1])
    match rule:
        case Qualified():
            return not can_serve(problem, person, option.stream)
        case AllowedTemplate():
            named = person.templates
            return person.pool not in option.template.pools or (
                bool(named) and option.template.name not in named
            )
        case Employed():
            return not person.is_employed(date)
        case OnLeave():
            return cell in problem.leave
        case FixedDuty():
            return problem.fixed.get(cell, "") not in ("", option.template.name)
        case MaxHoursPerDay(limit=limit):
            return limit.mode == "hard" and option.paid_min > 60 * limit.value
        case HolidayPay(pay=pay) | RestDayPay(pay=pay) | OvertimePay(pay=pay):
            return pay.mode == "hard" and _earns(rule, problem, cell, option)
        case _:
            return False


def _earns(rule: Premium, problem: RosterProblem, cell: Cell, option: Option) -> bool:
    """Return whether a duty by its day and length alone is paid above the wage by this rule."""
    labour = problem.settings.labour
    kind = {HolidayPay: "holiday", RestDayPay: "rest_day", OvertimePay: "overtime"}[type(rule)]
    found, _, _ = day_premium(labour, problem.pay_days, problem.date(cell[1]), option.paid_min)
    return found == kind and problem.employees[cell[0]].pool in labour.premium_pools


def lawful_choices(problem: RosterProblem) -> dict[Cell, tuple[int, ...]]:
    """Return the duties that no hard rule rules out on their own, for each cell."""
    return {
        (p, d): tuple(
            number
            for number, option in enumerate(problem.options[d])
            if not any(forbids(rule, problem, (p, d), option) for rule in problem.rules)
        )
        for p in range(len(problem.employees))
        for d in range(problem.days)
    }


def all_choices(problem: RosterProblem) -> dict[Cell, tuple[int, ...]]:
    """Return every duty of each day, for each cell: the rules are to be stated one by one."""
    return {
        (p, d): tuple(range(len(problem.options[d])))
        for p in range(len(problem.employees))
        for d in range(problem.days)
    }


def post_rules(model: RosterModel) -> None:
    """Post every rule of the problem."""
    for rule in model.problem.rules:
        POST[type(rule)](rule, model)


def _reason(model: RosterModel, rule: Rule, person: int, day: int | None = None) -> Reason:
    return Reason(
        rule=rule,
        employee=model.problem.employees[person].employee,
        date=None if day is None else model.problem.date(day),
    )


def _post_forbidden(rule: Rule, model: RosterModel) -> None:
    """Rule out single duties where they have a variable."""
    for p, d in model.free:
        for number, literal in model.works[p, d]:
            if forbids(rule, model.problem, (p, d), model.problem.options[d][number]):
                model.keep(literal == 0, _reason(model, rule, p, d))


def post_qualified(rule: Qualified, model: RosterModel) -> None:
    """Rule out duties for streams that a person cannot serve."""
    _post_forbidden(rule, model)


def post_allowed_template(rule: AllowedTemplate, model: RosterModel) -> None:
    """Rule out templates closed to a person or their pool."""
    _post_forbidden(rule, model)


def post_employed(rule: Employed, model: RosterModel) -> None:
    """Rule out duties before the first and after the last day of employment."""
    _post_forbidden(rule, model)


def post_on_leave(rule: OnLeave, model: RosterModel) -> None:
    """Rule out duties on days of leave."""
    _post_forbidden(rule, model)


def post_fixed_duty(rule: FixedDuty, model: RosterModel) -> None:
    """Ask for one of the duties that a fixed wish means."""
    _post_forbidden(rule, model)
    for cell in model.free:
        if cell in model.problem.fixed:
            model.keep(model.works_on(*cell) >= 1, _reason(model, rule, *cell))


def post_one_duty_a_day(rule: OneDutyADay, model: RosterModel) -> None:
    """Allow one duty a day."""
    for cell in model.free:
        if len(model.works[cell]) > 1:
            model.keep(model.works_on(*cell) <= 1, _reason(model, rule, *cell))


def post_max_people(rule: MaxPeople, model: RosterModel) -> None:
    """Limit the people of a template, and of a pool, on each day."""
    problem = model.problem
    for d in sorted({d for _, d in model.free}):
        for name, most, literals, others in _crowds(model, d):
            if literals and others + len(literals) > most:
                reason = Reason(rule=rule, employee=name, date=problem.date(d))
                model.keep(sum(literals) <= max(0, most - others), reason)


def _crowds(model: RosterModel, day: int) -> Iterator[tuple[str, int, list[Any], int]]:
    """Yield each limited template and pool: name, limit, literals, and the people frozen in it."""
    problem = model.problem
    free = [(p, number, x) for p, d in model.free if d == day for number, x in model.works[p, d]]
    frozen = [(p, duty[0]) for (p, d), duty in model.frozen.items() if d == day]
    options = problem.options[day]
    for template in problem.settings.templates:
        if template.max_people is not None:
            yield (
                template.name,
                template.max_people,
                [x for _, number, x in free if options[number].template is template],
                sum(options[number].template is template for _, number in frozen),
            )
    for pool in problem.settings.pools:
        if pool.max_people is not None:
            yield (
                pool.name,
                pool.max_people,
                [x for p, _, x in free if problem.employees[p].pool == pool.name],
                sum(problem.employees[p].pool == pool.name for p, _ in frozen),
            )


def post_max_hours_per_day(rule: MaxHoursPerDay, model: RosterModel) -> None:
    """Rule out duties that are too long; a soft limit is part of a duty's own price."""
    _post_forbidden(rule, model)


def post_max_hours_per_week(rule: MaxHoursPerWeek, model: RosterModel) -> None:
    """Limit paid hours of each ISO week."""
    for p in sorted(model.free_people):
        _limit_paid(model, rule, p, round(60 * rule.limit.value), rule.limit, model.problem.weeks)


def post_max_hours_per_month(rule: MaxHoursPerMonth, model: RosterModel) -> None:
    """Limit paid hours of each calendar month."""
    for tally in tallies_of(model.problem, rule):
        _post_tally(model, tally, rule.limit)


def post_max_hours_per_quarter(rule: MaxHoursPerQuarter, model: RosterModel) -> None:
    """Limit paid hours of each calendar quarter."""
    for tally in tallies_of(model.problem, rule):
        _post_tally(model, tally, rule.limit)


def post_holiday_pay(rule: HolidayPay, model: RosterModel) -> None:
    """Rule out duties on statutory holidays where they are not to be paid; else a duty's own price."""
    _post_forbidden(rule, model)


def post_rest_day_pay(rule: RestDayPay, model: RosterModel) -> None:
    """Rule out rest-day hours where they are not to be paid."""
    _post_unpaid(rule, model)


def post_overtime_pay(rule: OvertimePay, model: RosterModel) -> None:
    """Rule out overtime where it is not to be paid."""
    _post_unpaid(rule, model)


def _post_unpaid(rule: RestDayPay | OvertimePay, model: RosterModel) -> None:
    _post_forbidden(rule, model)
    if rule.pay.mode == "hard":
        for tally in tallies_of(model.problem, rule):
            _post_tally(model, tally, Limit(value=0))


def price_premium(model: RosterModel, prices: Prices) -> None:
    """Add what hours beyond a week's or a period's cost above the wage."""
    for tally in binding(model.problem, pay_tallies(model.problem, prices)):
        if not tally.is_hard:
            _post_tally(model, tally, Limit(value=0, mode="soft"))


def _post_tally(model: RosterModel, tally: Tally, limit: Limit) -> None:
    """Hold each person's minutes of each period below what is left, firmly or at the tally's price."""
    for p in sorted(model.free_people):
        price = tally.prices[p]
        if price is None:
            continue
        lengths = {tally.counts[d][n] for d in range(model.problem.days) for n, _ in model.works[p, d]}
        unit = math.gcd(*lengths) or 1
        for days, left in zip(tally.periods, tally.left(p), strict=True):
            minutes = sum(
                tally.counts[d][number] * literal
                for d in days
                for number, literal in model.works.get((p, d), ())
            )
            if isinstance(minutes, int):
                continue
            model.at_most(
                minutes,
                left - left % unit if tally.is_hard else left,
                _reason(model, tally.rule, p, max(0, days[0])),
                limit=limit,
                price=price,
                largest=len(days) * 24 * 60,
                term=tally.term,
            )


def post_contract_hours(rule: ContractHours, model: RosterModel) -> None:
    """Limit paid hours of each ISO week to the person's contract."""
    for p in sorted(model.free_people):
        hours = model.problem.employees[p].max_hours_per_week
        if hours is not None:
            _limit_paid(model, rule, p, round(60 * hours), Limit(value=hours), model.problem.weeks)


def _limit_paid(
    model: RosterModel,
    rule: Rule,
    person: int,
    most_min: int,
    limit: Limit,
    periods: Sequence[Sequence[int]],
) -> None:
    """Limit a person's paid minutes in each period, less what was worked before the span."""
    problem = model.problem
    carried = problem.carried[person].paid_min
    lengths = {
        problem.options[d][number].paid_min
        for d in range(problem.days)
        for number, _ in model.works[person, d]
    }
    unit = math.gcd(*lengths) or 1
    for days in periods:
        minutes = model.paid_minutes(person, days)
        if not isinstance(minutes, int):
            left = max(0, most_min - sum(carried.get(d, 0) for d in days))
            if limit.mode == "hard":
                left -= left % unit  # 44 hours of eight-hour duties are 40: a far better linear bound
            model.at_most(
                minutes,
                left,
                _reason(model, rule, person, max(0, days[0])),
                limit=limit,
                price=limit.price / 60,
                largest=len(days) * 24 * 60,
            )


def post_min_rest(rule: MinRest, model: RosterModel) -> None:
    """Forbid duties that follow one another too closely, one row for each end that is too late."""
    rest = round(60 * rule.limit.value)
    problem = model.problem
    reach = _days_within_reach(problem, rest)
    for p in sorted(model.free_people):
        _rest_after_carried(rule, model, p, rest)
        for d in range(problem.days):
            for after in range(d + 1, min(d + reach, problem.days - 1) + 1):
                if (p, d) in model.free_cells or (p, after) in model.free_cells:
                    _rest_between(rule, model, p, d, after, rest)


def _days_within_reach(problem: RosterProblem, rest: int) -> int:
    """Return how many days later a duty can still lie too close."""
    ends = [o.end - 1440 * o.day for day in problem.options for o in day]
    starts = [o.start - 1440 * o.day for day in problem.options for o in day]
    return max(1, math.ceil((max(ends, default=0) + rest - min(starts, default=0) + 60) / 1440) - 1)


def _rest_between(rule: MinRest, model: RosterModel, p: int, d: int, after: int, rest: int) -> None:
    options, nexts = model.problem.options[d], model.problem.options[after]
    ends = sorted({options[number].end for number, _ in model.works[p, d]})
    reason = _reason(model, rule, p, after)
    for end in ends:
        close = [(number, x) for number, x in model.works[p, after] if nexts[number].start < end + rest]
        if not close:
            continue
        if rule.limit.mode == "hard":
            late = sum(x for number, x in model.works[p, d] if options[number].end >= end)
            model.keep(late + sum(x for _, x in close) <= 1, reason)
            continue
        ending = sum(x for number, x in model.works[p, d] if options[number].end == end)
        for start in sorted({nexts[number].start for number, _ in close}):
            both = model.new_int(0, 1, f"close_{p}_{d}_{end}_{start}")
            starting = sum(x for number, x in close if nexts[number].start == start)
            model.add(both >= ending + starting - 1)
            model.price("labour", both, _hours_price(rule.limit, end + rest - start))


def _rest_after_carried(rule: MinRest, model: RosterModel, p: int, rest: int) -> None:
    last = model.problem.carried[p].last_end
    if last is None:
        return
    for d in range(min(3, model.problem.days)):
        if (p, d) not in model.free_cells:
            continue
        for number, literal in model.works[p, d]:
            missing = last + rest - model.problem.options[d][number].start
            if missing > 0 and rule.limit.mode == "hard":
                model.keep(literal == 0, _reason(model, rule, p, d))
            elif missing > 0:
                model.price("labour", literal, _hours_price(rule.limit, missing))


def _hours_price(limit: Limit, minutes: int) -> int:
    return units(limit.price / 60) * minutes


def post_max_consecutive_days(rule: MaxConsecutiveDays, model: RosterModel) -> None:
    """Forbid windows of one day more than the limit with a duty on every day."""
    most = int(rule.limit.value)
    problem = model.problem
    for p in sorted(model.free_people):
        worked = problem.carried[p].worked
        for first in range(-most, problem.days - most):
            window = range(first, first + most + 1)
            before = sum(d in worked for d in window if d < 0)
            inside = sum(model.works_on(p, d) for d in window if d >= 0)
            if isinstance(inside, int) or before + len([d for d in window if d >= 0]) <= most:
                continue
            model.at_most(
                inside,
                most - before,
                _reason(model, rule, p, window[-1]),
                limit=rule.limit,
                price=rule.limit.price,
                largest=1,
            )


def post_rest_days_per_week(rule: RestDaysPerWeek, model: RosterModel) -> None:
    """Limit the days worked in each ISO week."""
    problem = model.problem
    for p in sorted(model.free_people):
        for days in problem.weeks:
            most = 7 - rule.least(problem.date(days[0]))
            worked = sum(model.works_on(p, d) for d in days if 0 <= d < problem.days)
            if isinstance(worked, int):
                continue
            before = sum(d in problem.carried[p].worked for d in days)
            model.at_most(
                worked,
                max(0, most - before),
                _reason(model, rule, p, max(0, days[0])),
                limit=rule.limit,
                price=rule.limit.price,
                largest=7,
            )


def post_least_hours(rule: LeastHours, model: RosterModel) -> None:
    """Price contracted hours that are not worked."""
    price_least_hours(model, rule)


POST: dict[type[Any], Callable[[Any, RosterModel], None]] = {
    OneDutyADay: post_one_duty_a_day,
    Qualified: post_qualified,
    AllowedTemplate: post_allowed_template,
    Employed: post_employed,
    OnLeave: post_on_leave,
    FixedDuty: post_fixed_duty,
    ContractHours: post_contract_hours,
    LeastHours: post_least_hours,
    MaxPeople: post_max_people,
    MaxHoursPerDay: post_max_hours_per_day,
    MaxHoursPerWeek: post_max_hours_per_week,
    MaxHoursPerMonth: post_max_hours_per_month,
    MaxHoursPerQuarter: post_max_hours_per_quarter,
    MinRest: post_min_rest,
    MaxConsecutiveDays: post_max_consecutive_days,
    RestDaysPerWeek: post_rest_days_per_week,
    HolidayPay: post_holiday_pay,
    RestDayPay: post_rest_day_pay,
    OvertimePay: post_overtime_pay,
}
