"""Rules of paid hours and of pay above the wage: one ``find_<rule>`` each."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from scheduling.config import Limit
from scheduling.roster.audit_book import SLACK, Book, DatedDuty, Violation, excess, violation, weeks
from scheduling.roster.audit_pay import PaidHours, most_overtime, overtime_hours, paid_hours
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
    Premium,
    RestDayPay,
)


def find_max_hours_per_day(rule: MaxHoursPerDay, book: Book) -> Iterator[Violation]:
    """Yield duties of too many paid hours."""
    for person, duty in book.new():
        over = duty.hours - rule.limit.value
        if over > SLACK:
            text = f"{duty.hours:g} paid hours on one day, at most {rule.limit.value:g}"
            yield violation(rule, person.employee, duty.date, text, amount=over, limit=rule.limit)


def find_max_hours_per_week(rule: MaxHoursPerWeek, book: Book) -> Iterator[Violation]:
    """Yield weeks of too many paid hours."""
    for person, monday, week in weeks(book):
        over = excess(week, lambda duty: duty.hours, rule.limit.value)
        if over > SLACK:
            hours = sum(duty.hours for duty in week)
            text = f"{hours:g} paid hours in the week of {monday}, at most {rule.limit.value:g}"
            yield violation(rule, person.employee, monday, text, amount=over, limit=rule.limit)


def find_max_hours_per_month(rule: MaxHoursPerMonth, book: Book) -> Iterator[Violation]:
    """Yield calendar months of too many paid hours."""
    sentence = "{hours:g} paid hours in {month}, at most {limit:g}"
    yield from _long_periods(rule, book, lambda date: date.replace(day=1), sentence)


def find_max_hours_per_quarter(rule: MaxHoursPerQuarter, book: Book) -> Iterator[Violation]:
    """Yield calendar quarters of too many paid hours."""
    sentence = "{hours:g} paid hours in the quarter of {month}, at most {limit:g}"
    yield from _long_periods(rule, book, _quarter_of, sentence)


def _quarter_of(date: dt.date) -> dt.date:
    """Return the first day of a date's quarter."""
    return dt.date(date.year, {1: 1, 2: 4, 3: 7, 4: 10}[-(-date.month // 3)], 1)


def find_max_overtime_per_month(rule: MaxOvertimePerMonth, book: Book) -> Iterator[Violation]:
    """Yield months, or periods averaged over, of too much overtime."""
    labour = book.settings.labour
    for name, duties in book.duties.items():
        person = book.people.get(name)
        if person is None or person.pool not in labour.premium_pools:
            continue
        hours = overtime_hours([(duty.date, duty.hours) for duty in duties], book.settings)
        by_period: dict[dt.date, list[tuple[DatedDuty, float]]] = defaultdict(list)
        for duty, counted in zip(duties, hours, strict=True):
            is_quarter = labour.averaged_over == "quarter"
            first = _quarter_of(duty.date) if is_quarter else duty.date.replace(day=1)
            by_period[first].append((duty, counted))
        for first, mine in by_period.items():
            most = most_overtime(labour, first, rule.limit.value)
            left = max(0.0, most - sum(counted for duty, counted in mine if not duty.is_new))
            over = sum(counted for duty, counted in mine if duty.is_new) - left
            if over > SLACK and any(duty.is_new for duty, _ in mine):
                text = f"{over:g} h beyond {most:g} h from {first:%Y-%m-%d} on"
                yield violation(rule, name, first, text, amount=over, limit=rule.limit)


def _long_periods(
    rule: MaxHoursPerMonth | MaxHoursPerQuarter,
    book: Book,
    first_day: Callable[[dt.date], dt.date],
    sentence: str,
) -> Iterator[Violation]:
    for name, duties in book.duties.items():
        by_period: dict[dt.date, list[DatedDuty]] = defaultdict(list)
        for duty in duties:
            by_period[first_day(duty.date)].append(duty)
        for first, mine in by_period.items():
            over = excess(mine, lambda duty: duty.hours, rule.limit.value)
            if over > SLACK and name in book.people and any(duty.is_new for duty in mine):
                hours = sum(duty.hours for duty in mine)
                text = sentence.format(hours=hours, month=f"{first:%Y-%m}", limit=rule.limit.value)
                yield violation(rule, name, first, text, amount=over, limit=rule.limit)


def find_contract_hours(rule: ContractHours, book: Book) -> Iterator[Violation]:
    """Yield weeks of more paid hours than the person's contract allows."""
    for person, monday, week in weeks(book):
        most = person.max_hours_per_week
        over = 0.0 if most is None else excess(week, lambda duty: duty.hours, most)
        if over > SLACK:
            hours = sum(duty.hours for duty in week)
            text = f"{hours:g} paid hours in the week of {monday}, the contract allows {most:g}"
            yield violation(rule, person.employee, monday, text, amount=over)


def find_contract_day_hours(rule: ContractDayHours, book: Book) -> Iterator[Violation]:
    """Yield duties of more paid hours than the person's contract allows on a day."""
    for person, duty in book.new():
        most = person.max_hours_per_day
        if most is not None and duty.hours - most > SLACK:
            text = f"{duty.hours:g} paid hours on one day, the contract allows {most:g}"
            yield violation(rule, person.employee, duty.date, text, amount=duty.hours - most)


def find_contract_span_hours(rule: ContractSpanHours, book: Book) -> Iterator[Violation]:
    """Yield people with more paid hours in the span than their contract allows."""
    for name, duties in book.duties.items():
        most = book.people[name].max_hours_per_span if name in book.people else None
        inside = [duty for duty in duties if book.span_start <= duty.date <= book.last]
        over = 0.0 if most is None else excess(inside, lambda duty: duty.hours, most)
        if over > SLACK:
            hours = sum(duty.hours for duty in inside)
            text = f"{hours:g} paid hours from {book.span_start} on, the contract allows {most:g} in the span"
            yield violation(rule, name, book.span_start, text, amount=over)


def find_least_hours(rule: LeastHours, book: Book) -> Iterator[Violation]:
    """Yield weeks below the contract's least hours, in proportion to the days the person is there."""
    away = {(wish.employee, wish.date) for wish in book.wishes if wish.kind == "leave"}
    span = [book.first + dt.timedelta(days=d) for d in range((book.last - book.first).days + 1)]
    for name, person in book.people.items():
        if not person.min_hours_per_week:
            continue
        there: Counter[dt.date] = Counter()
        for day in span:
            if (name, day) not in away and person.is_employed(day):
                there[day - dt.timedelta(days=day.weekday())] += 1
        for monday, days in there.items():
            least = int(60 * person.min_hours_per_week * days / 7) / 60
            week = [monday + dt.timedelta(days=d) for d in range(7)]
            hours = sum(d.hours for d in book.duties.get(name, ()) if d.is_new and d.date in week)
            if least - hours > SLACK:
                text = f"{hours:g} paid hours in the week of {monday}, the contract has {least:g}"
                limit = Limit(value=least, mode="soft", price=rule.price)
                yield violation(rule, name, monday, text, amount=least - hours, limit=limit)


def find_holiday_pay(rule: HolidayPay, book: Book) -> Iterator[Violation]:
    """Yield work on statutory holidays where nobody is to be paid for it."""
    yield from _find_premium(rule, book, lambda hours: hours.holiday, "{hours:g} h on a statutory holiday")


def find_rest_day_pay(rule: RestDayPay, book: Book) -> Iterator[Violation]:
    """Yield rest-day hours where nobody is to be paid for them."""
    yield from _find_premium(rule, book, lambda hours: hours.rest_day, "{hours:g} h of a rest day")


def find_overtime_pay(rule: OvertimePay, book: Book) -> Iterator[Violation]:
    """Yield overtime where nobody is to be paid for it."""
    yield from _find_premium(rule, book, lambda hours: hours.overtime, "{hours:g} h of overtime")


def _find_premium(
    rule: Premium, book: Book, part: Callable[[PaidHours], float], sentence: str
) -> Iterator[Violation]:
    """Yield hours that would be paid above the wage; soft, they are lawful and cost what they cost."""
    if rule.pay.mode != "hard":
        return
    for name, duties in book.duties.items():
        if name not in book.people:
            continue
        history = [(duty.date, duty.hours, duty.is_new) for duty in duties]
        for found in paid_hours(history, book.people[name], book.settings):
            if (hours := part(found)) > SLACK:
                yield violation(rule, name, found.date, sentence.format(hours=hours), amount=hours)
