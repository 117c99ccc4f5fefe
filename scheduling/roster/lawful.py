"""Which single duties the hard rules rule out, whatever the rest of the roster is."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from scheduling.roster.availability import can_work
from scheduling.roster.duties import Option
from scheduling.roster.meetings import attended, fixed_on
from scheduling.roster.pay import day_premium
from scheduling.roster.people import Employee
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.rules import (
    AllowedTemplate,
    Attended,
    Available,
    ContractDayHours,
    Employed,
    FixedDuty,
    HolidayPay,
    MaxHoursPerDay,
    OnLeave,
    OvertimePay,
    Premium,
    Qualified,
    RestDayPay,
    Rule,
)


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
        case Available():
            return not can_work(person.available, date, option.clock_start, option.clock_end)
        case Attended():
            return not _attends(person, date, option)
        case FixedDuty():
            return problem.fixed.get(cell, "") not in ("", option.template.name)
        case ContractDayHours():
            own = person.max_hours_per_day
            return own is not None and option.paid_min > 60 * own
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


def _attends(person: Employee, date: dt.date, option: Option) -> bool:
    """Return whether a duty is off the chats for just the meetings of a person that lie inside it."""
    bound = fixed_on(person, date, "training")
    return option.away == attended(fixed_on(person, date), option.clock_start, option.clock_end) and all(
        option.clock_start <= a and b <= option.clock_end for a, b in bound
    )


def lawful_choices(problem: RosterProblem) -> dict[Cell, tuple[int, ...]]:
    """Return the duties that no hard rule rules out on their own, for each cell.

    People whom the rules cannot tell apart are looked at once a day: in large teams most are alike.
    """
    kinds = [_kind(person) for person in problem.employees]
    known: dict[tuple[Employee, int, bool, str | None], tuple[int, ...]] = {}
    found = {}
    for p, kind in enumerate(kinds):
        for d in range(problem.days):
            key = kind, d, (p, d) in problem.leave, problem.fixed.get((p, d))
            if key not in known:
                known[key] = _lawful(problem, (p, d))
            found[p, d] = known[key]
    return found


def _kind(person: Employee) -> Employee:
    """Return a person without what no rule about single duties looks at."""
    return replace(
        person,
        employee="anybody",
        speed=1.0,
        reception_cap=None,
        max_hours_per_week=None,
        min_hours_per_week=None,
        max_hours_per_span=None,
        cost_per_hour=None,
        accounts=(),
        routing_weight=None,
    )


def _lawful(problem: RosterProblem, cell: Cell) -> tuple[int, ...]:
    return tuple(
        number
        for number, option in enumerate(problem.options[cell[1]])
        if not any(forbids(rule, problem, cell, option) for rule in problem.rules)
    )


def all_choices(problem: RosterProblem) -> dict[Cell, tuple[int, ...]]:
    """Return every duty of each day, for each cell: the rules are to be stated one by one."""
    return {
        (p, d): tuple(range(len(problem.options[d])))
        for p in range(len(problem.employees))
        for d in range(problem.days)
    }
