"""Does a roster keep the rules? One ``find_<rule>`` for each class in `rules`.

The audit reads the roster's table, wherever it comes from, and shares no code with the solver's side.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from scheduling.config import Settings
from scheduling.roster import rules
from scheduling.roster.audit_book import Book, DatedDuty, Violation, read_duties
from scheduling.roster.audit_hours import (
    find_contract_day_hours,
    find_contract_hours,
    find_contract_span_hours,
    find_holiday_pay,
    find_least_hours,
    find_max_hours_per_day,
    find_max_hours_per_month,
    find_max_hours_per_quarter,
    find_max_hours_per_week,
    find_max_overtime_per_month,
    find_overtime_pay,
    find_rest_day_pay,
)
from scheduling.roster.audit_people import (
    find_allowed_template,
    find_employed,
    find_fixed_duty,
    find_max_people,
    find_on_leave,
    find_one_duty_a_day,
    find_qualified,
)
from scheduling.roster.audit_rest import (
    find_max_consecutive_days,
    find_max_weekends_per_month,
    find_min_rest,
    find_rest_days_per_week,
)
from scheduling.roster.audit_times import find_attended, find_available
from scheduling.roster.people import Employee, Wish


def audit(
    roster: pd.DataFrame,
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    settings: Settings,
    *,
    start: dt.date | None = None,
    days: int | None = None,
    last_roster: pd.DataFrame | None = None,
    span_start: dt.date | None = None,
) -> list[Violation]:
    """Return every breach of a rule, hard ones first.

    Parameters
    ----------
    roster
        `ROSTER` table; also one that was edited by hand.
    employees, wishes, settings
        What it is judged by.
    start, days
        The span; default: from the roster's first day to its last. Fixed duties outside it are not asked for.
    last_roster
        The duties before the span, which count for rest, runs of days and begun weeks.
    span_start
        First day that counts towards hours contracted for a span; default: the span's first.
    """
    dates = [pd.Timestamp(date).date() for date in roster["date"]]
    first = start or min(dates, default=dt.date.max)
    last = first + dt.timedelta(days=days - 1) if days is not None else max(dates, default=first)
    duties: dict[str, list[DatedDuty]] = defaultdict(list)
    for frame, is_new in ((last_roster, False), (roster, True)):
        for duty, name in [] if frame is None else read_duties(frame, settings, is_new=is_new):
            if is_new or duty.date < first:
                duties[name].append(duty)
    book = Book(
        duties={name: sorted(found) for name, found in sorted(duties.items())},
        people={person.employee: person for person in employees},
        wishes=tuple(wishes),
        settings=settings,
        first=first,
        last=last,
        span_start=span_start or first,
    )
    found = list(_find_unknown(book))
    for rule in rules.roster_rules(settings):
        found += FIND[type(rule)](rule, book)
    return sorted(found, key=lambda v: (not v.is_hard, v.date, v.employee, v.rule))


def _find_unknown(book: Book) -> Iterator[Violation]:
    """Yield duties of people, and of templates, that the shop does not have."""
    templates = {template.name for template in book.settings.templates}
    for name, duties in book.duties.items():
        for duty in duties:
            if duty.is_new and name not in book.people:
                yield Violation(
                    rule="UnknownPerson",
                    employee=name,
                    date=duty.date,
                    message=f"{name} is not in the list of agents",
                )
            if duty.is_new and duty.template not in templates:
                yield Violation(
                    rule="UnknownTemplate",
                    employee=name,
                    date=duty.date,
                    message=f"no template is called {duty.template}",
                )


FIND: dict[type[Any], Callable[[Any, Book], Iterator[Violation]]] = {
    rules.OneDutyADay: find_one_duty_a_day,
    rules.Qualified: find_qualified,
    rules.AllowedTemplate: find_allowed_template,
    rules.Employed: find_employed,
    rules.OnLeave: find_on_leave,
    rules.Available: find_available,
    rules.Attended: find_attended,
    rules.FixedDuty: find_fixed_duty,
    rules.ContractHours: find_contract_hours,
    rules.ContractDayHours: find_contract_day_hours,
    rules.ContractSpanHours: find_contract_span_hours,
    rules.LeastHours: find_least_hours,
    rules.MaxPeople: find_max_people,
    rules.MaxHoursPerDay: find_max_hours_per_day,
    rules.MaxHoursPerWeek: find_max_hours_per_week,
    rules.MaxHoursPerMonth: find_max_hours_per_month,
    rules.MaxHoursPerQuarter: find_max_hours_per_quarter,
    rules.MaxOvertimePerMonth: find_max_overtime_per_month,
    rules.MinRest: find_min_rest,
    rules.MaxConsecutiveDays: find_max_consecutive_days,
    rules.RestDaysPerWeek: find_rest_days_per_week,
    rules.MaxWeekendsPerMonth: find_max_weekends_per_month,
    rules.HolidayPay: find_holiday_pay,
    rules.RestDayPay: find_rest_day_pay,
    rules.OvertimePay: find_overtime_pay,
}
