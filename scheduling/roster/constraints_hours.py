"""Rules of paid hours and of pay above the wage, in the solver's words: one ``post_<rule>`` each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scheduling.config import Limit
from scheduling.roster.constraints_people import post_forbidden, reason_of
from scheduling.roster.objective import Prices, price_least_hours
from scheduling.roster.rules import (
    ContractDayHours,
    ContractHours,
    ContractSpanHours,
    HolidayPay,
    LeastHours,
    MaxHoursPerDay,
    MaxHoursPerMonth,
    MaxHoursPerQuarter,
    MaxHoursPerWeek,
    MaxOvertimePerMonth,
    OvertimePay,
    RestDayPay,
    Rule,
)
from scheduling.roster.tallies import Tally, binding, pay_tallies, tallies_of
from scheduling.roster.variables import RosterModel


def post_max_hours_per_day(rule: MaxHoursPerDay, model: RosterModel) -> None:
    """Rule out duties that are too long; a soft limit is part of a duty's own price."""
    post_forbidden(rule, model)


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


def post_max_overtime_per_month(rule: MaxOvertimePerMonth, model: RosterModel) -> None:
    """Limit overtime of each calendar month, or of the period averaged over."""
    for tally in tallies_of(model.problem, rule):
        _post_tally(model, tally, rule.limit)


def post_holiday_pay(rule: HolidayPay, model: RosterModel) -> None:
    """Rule out duties on statutory holidays where they are not to be paid; else a duty's own price."""
    post_forbidden(rule, model)


def post_rest_day_pay(rule: RestDayPay, model: RosterModel) -> None:
    """Rule out rest-day hours where they are not to be paid."""
    _post_unpaid(rule, model)


def post_overtime_pay(rule: OvertimePay, model: RosterModel) -> None:
    """Rule out overtime where it is not to be paid."""
    _post_unpaid(rule, model)


def _post_unpaid(rule: RestDayPay | OvertimePay, model: RosterModel) -> None:
    post_forbidden(rule, model)
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
                reason_of(model, tally.rule, p, max(0, days[0])),
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


def post_contract_day_hours(rule: ContractDayHours, model: RosterModel) -> None:
    """Rule out duties longer than the person's contract allows."""
    post_forbidden(rule, model)


def post_contract_span_hours(rule: ContractSpanHours, model: RosterModel) -> None:
    """Limit paid hours of the whole span to the person's contract."""
    for tally in tallies_of(model.problem, rule):
        _post_tally(model, tally, Limit(value=0))


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
                reason_of(model, rule, person, max(0, days[0])),
                limit=limit,
                price=limit.price / 60,
                largest=len(days) * 24 * 60,
            )


def post_least_hours(rule: LeastHours, model: RosterModel) -> None:
    """Price contracted hours that are not worked."""
    price_least_hours(model, rule)
