"""Does a roster keep the rules? One ``find_<rule>`` for each class in `rules`.

The audit reads the roster's table, wherever it comes from, and shares no code with the solver's side.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import pandas as pd

from forecast.timegrid import zone
from scheduling.config import Limit, Settings
from scheduling.roster.audit_pay import PaidHours, paid_hours
from scheduling.roster.people import Employee, Wish
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
    roster_rules,
)

SLACK = 1e-6  # hours; sums of floats


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule that a roster breaks.

    Attributes
    ----------
    rule
        Its class in `rules`; ``UnknownPerson`` and ``UnknownTemplate`` for rows that name nobody and nothing.
    employee
        Who; for `MaxPeople` the template or pool.
    date
        When: the duty's day, or the Monday of the week.
    message
        What is wrong, with the figures.
    is_hard
        Whether such a roster is unlawful; a soft rule broken costs `amount` x `price`.
    amount
        Units of the rule: hours, days or people.
    """

    rule: str
    employee: str
    date: dt.date
    message: str
    is_hard: bool = True
    amount: float = 1.0
    price: float = 0.0


@dataclass(frozen=True, kw_only=True, order=True)
class _Duty:
    start: pd.Timestamp
    end: pd.Timestamp
    date: dt.date
    template: str
    stream: str
    hours: float
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class _Book:
    """A roster as each person's duties in order, those of the last roster before them."""

    duties: dict[str, list[_Duty]]
    people: dict[str, Employee]
    wishes: tuple[Wish, ...]
    settings: Settings
    first: dt.date
    last: dt.date

    def new(self) -> Iterator[tuple[Employee, _Duty]]:
        """Yield every duty of the roster under audit whose person is known."""
        for name, duties in self.duties.items():
            if name in self.people:
                yield from ((self.people[name], duty) for duty in duties if duty.is_new)


def audit(
    roster: pd.DataFrame,
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    settings: Settings,
    *,
    start: dt.date | None = None,
    days: int | None = None,
    last_roster: pd.DataFrame | None = None,
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
    """
    dates = [pd.Timestamp(date).date() for date in roster["date"]]
    first = start or min(dates, default=dt.date.max)
    last = first + dt.timedelta(days=days - 1) if days is not None else max(dates, default=first)
    duties: dict[str, list[_Duty]] = defaultdict(list)
    for frame, is_new in ((last_roster, False), (roster, True)):
        for duty, name in [] if frame is None else _read(frame, settings, is_new=is_new):
            if is_new or duty.date < first:
                duties[name].append(duty)
    book = _Book(
        duties={name: sorted(found) for name, found in sorted(duties.items())},
        people={person.employee: person for person in employees},
        wishes=tuple(wishes),
        settings=settings,
        first=first,
        last=last,
    )
    found = list(_find_unknown(book))
    for rule in roster_rules(settings):
        found += FIND[type(rule)](rule, book)
    return sorted(found, key=lambda v: (not v.is_hard, v.date, v.employee, v.rule))


def _read(frame: pd.DataFrame, settings: Settings, *, is_new: bool) -> Iterator[tuple[_Duty, str]]:
    local = zone(settings.demand.shop.timezone)
    for row in frame.to_dict("records"):
        duty = _Duty(
            start=row["start"].tz_convert(local),
            end=row["end"].tz_convert(local),
            date=pd.Timestamp(row["date"]).date(),
            template=str(row["template"]),
            stream=str(row["stream"]),
            hours=float(row["paid_hours"]),
            is_new=is_new,
        )
        yield duty, str(row["employee"])


def _find_unknown(book: _Book) -> Iterator[Violation]:
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


def find_one_duty_a_day(rule: OneDutyADay, book: _Book) -> Iterator[Violation]:
    """Yield days with two duties of one person."""
    per_day = Counter((person.employee, duty.date) for person, duty in book.new())
    for (name, date), count in per_day.items():
        if count > 1:
            yield _violation(rule, name, date, f"{count} duties on one day", amount=count - 1)


def find_qualified(rule: Qualified, book: _Book) -> Iterator[Violation]:
    """Yield duties for streams that the person cannot serve."""
    skill_of = {stream.id: stream.skill for stream in book.settings.demand.streams}
    for person, duty in book.new():
        for stream in duty.stream.split(";"):
            if person.streams:
                able = stream in person.streams
            else:
                skill = skill_of.get(stream, "")
                able = not person.skills or not skill or skill in person.skills
            if not able:
                yield _violation(rule, person.employee, duty.date, f"cannot serve {stream}")


def find_allowed_template(rule: AllowedTemplate, book: _Book) -> Iterator[Violation]:
    """Yield duties on templates closed to the person or their pool."""
    pools = {template.name: template.pools for template in book.settings.templates}
    for person, duty in book.new():
        if person.pool not in pools.get(duty.template, (person.pool,)):
            yield _violation(
                rule, person.employee, duty.date, f"{duty.template} is closed to pool {person.pool}"
            )
        elif person.templates and duty.template not in person.templates:
            yield _violation(
                rule, person.employee, duty.date, f"{duty.template} is not among the person's templates"
            )


def find_employed(rule: Employed, book: _Book) -> Iterator[Violation]:
    """Yield duties outside employment."""
    for person, duty in book.new():
        if person.starts_on is not None and duty.date < person.starts_on:
            yield _violation(rule, person.employee, duty.date, f"starts on {person.starts_on}")
        if person.ends_on is not None and duty.date > person.ends_on:
            yield _violation(rule, person.employee, duty.date, f"left on {person.ends_on}")


def find_on_leave(rule: OnLeave, book: _Book) -> Iterator[Violation]:
    """Yield duties on days of leave."""
    away = {(wish.employee, wish.date): wish.note for wish in book.wishes if wish.kind == "leave"}
    for person, duty in book.new():
        if (person.employee, duty.date) in away:
            note = away[person.employee, duty.date]
            yield _violation(rule, person.employee, duty.date, f"on leave{f' ({note})' if note else ''}")


def find_fixed_duty(rule: FixedDuty, book: _Book) -> Iterator[Violation]:
    """Yield fixed duties that are not worked."""
    worked = {(person.employee, duty.date): duty.template for person, duty in book.new()}
    for wish in book.wishes:
        if wish.kind != "fixed" or wish.employee not in book.people:
            continue
        if not book.first <= wish.date <= book.last:
            continue
        found = worked.get((wish.employee, wish.date))
        if found is None or (wish.template and found != wish.template):
            text = f"fixed {wish.template or 'duty'}, but the roster has {found or 'none'}"
            yield _violation(rule, wish.employee, wish.date, text)


def find_max_people(rule: MaxPeople, book: _Book) -> Iterator[Violation]:
    """Yield templates and pools with too many people on a day."""
    crowds: Counter[tuple[str, dt.date]] = Counter()
    for person, duty in book.new():
        crowds[duty.template, duty.date] += 1
        crowds[f"pool {person.pool}", duty.date] += 1
    most = {template.name: template.max_people for template in book.settings.templates}
    most |= {f"pool {pool.name}": pool.max_people for pool in book.settings.pools}
    for (name, date), count in crowds.items():
        limit = most.get(name)
        if limit is not None and count > limit:
            text = f"{count} people of {name}, at most {limit} allowed"
            yield _violation(rule, name.removeprefix("pool "), date, text, amount=count - limit)


def find_max_hours_per_day(rule: MaxHoursPerDay, book: _Book) -> Iterator[Violation]:
    """Yield duties of too many paid hours."""
    for person, duty in book.new():
        over = duty.hours - rule.limit.value
        if over > SLACK:
            text = f"{duty.hours:g} paid hours on one day, at most {rule.limit.value:g}"
            yield _violation(rule, person.employee, duty.date, text, amount=over, limit=rule.limit)


def _weeks(book: _Book) -> Iterator[tuple[Employee, dt.date, list[_Duty]]]:
    """Yield each person's duties of each ISO week that has a new duty, with the week's Monday."""
    for name, duties in book.duties.items():
        if name not in book.people:
            continue
        by_monday = groupby(
            sorted(duties, key=lambda duty: duty.date),
            key=lambda duty: duty.date - dt.timedelta(days=duty.date.weekday()),
        )
        for monday, grouped in by_monday:
            week = list(grouped)
            if any(duty.is_new for duty in week):
                yield book.people[name], monday, week


def _excess(week: Sequence[_Duty], value: Callable[[_Duty], float], most: float) -> float:
    """Return by how much new duties exceed what the limit and the duties before leave."""
    before = sum(value(duty) for duty in week if not duty.is_new)
    return sum(value(duty) for duty in week if duty.is_new) - max(0.0, most - before)


def find_max_hours_per_week(rule: MaxHoursPerWeek, book: _Book) -> Iterator[Violation]:
    """Yield weeks of too many paid hours."""
    for person, monday, week in _weeks(book):
        over = _excess(week, lambda duty: duty.hours, rule.limit.value)
        if over > SLACK:
            hours = sum(duty.hours for duty in week)
            text = f"{hours:g} paid hours in the week of {monday}, at most {rule.limit.value:g}"
            yield _violation(rule, person.employee, monday, text, amount=over, limit=rule.limit)


def find_max_hours_per_month(rule: MaxHoursPerMonth, book: _Book) -> Iterator[Violation]:
    """Yield calendar months of too many paid hours."""
    yield from _long_periods(rule, book, lambda date: date.replace(day=1), "{:%Y-%m}")


def find_max_hours_per_quarter(rule: MaxHoursPerQuarter, book: _Book) -> Iterator[Violation]:
    """Yield calendar quarters of too many paid hours."""

    def first_day(date: dt.date) -> dt.date:
        return dt.date(date.year, {1: 1, 2: 4, 3: 7, 4: 10}[-(-date.month // 3)], 1)

    yield from _long_periods(rule, book, first_day, "the quarter of {:%Y-%m}")


def _long_periods(
    rule: MaxHoursPerMonth | MaxHoursPerQuarter,
    book: _Book,
    first_day: Callable[[dt.date], dt.date],
    words: str,
) -> Iterator[Violation]:
    for name, duties in book.duties.items():
        by_period: dict[dt.date, list[_Duty]] = defaultdict(list)
        for duty in duties:
            by_period[first_day(duty.date)].append(duty)
        for first, mine in by_period.items():
            over = _excess(mine, lambda duty: duty.hours, rule.limit.value)
            if over > SLACK and name in book.people and any(duty.is_new for duty in mine):
                hours = sum(duty.hours for duty in mine)
                text = f"{hours:g} paid hours in {words.format(first)}, at most {rule.limit.value:g}"
                yield _violation(rule, name, first, text, amount=over, limit=rule.limit)


def find_contract_hours(rule: ContractHours, book: _Book) -> Iterator[Violation]:
    """Yield weeks of more paid hours than the person's contract allows."""
    for person, monday, week in _weeks(book):
        most = person.max_hours_per_week
        over = 0.0 if most is None else _excess(week, lambda duty: duty.hours, most)
        if over > SLACK:
            hours = sum(duty.hours for duty in week)
            text = f"{hours:g} paid hours in the week of {monday}, the contract allows {most:g}"
            yield _violation(rule, person.employee, monday, text, amount=over)


def find_least_hours(rule: LeastHours, book: _Book) -> Iterator[Violation]:
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
                yield _violation(rule, name, monday, text, amount=least - hours, limit=limit)


def find_min_rest(rule: MinRest, book: _Book) -> Iterator[Violation]:
    """Yield neighbouring duties with too little rest between."""
    for name, duties in book.duties.items():
        for before, after in pairwise(duties):
            gap = (after.start - before.end) / pd.Timedelta(hours=1)
            if after.is_new and rule.limit.value - gap > SLACK and name in book.people:
                text = (
                    f"{gap:g} h between the duty that ends {before.end:%m-%d %H:%M} and the one that starts "
                    f"{after.start:%m-%d %H:%M}, at least {rule.limit.value:g}"
                )
                missing = rule.limit.value - gap
                yield _violation(rule, name, after.date, text, amount=missing, limit=rule.limit)


def find_max_consecutive_days(rule: MaxConsecutiveDays, book: _Book) -> Iterator[Violation]:
    """Yield each day that lengthens a run of working days beyond the limit."""
    for name, duties in book.duties.items():
        if name not in book.people:
            continue
        run, yesterday = 0, None
        for date, is_new in sorted({duty.date: duty.is_new for duty in duties}.items()):
            run = run + 1 if yesterday == date - dt.timedelta(days=1) else 1
            yesterday = date
            if is_new and run > int(rule.limit.value):
                text = f"day {run} in a row, at most {int(rule.limit.value)}"
                yield _violation(rule, name, date, text, limit=rule.limit)


def find_rest_days_per_week(rule: RestDaysPerWeek, book: _Book) -> Iterator[Violation]:
    """Yield weeks with too few days without a duty."""
    for person, monday, week in _weeks(book):
        least = rule.limit.value
        if rule.alternate is not None and rule.alternate_from is not None:
            weeks_apart = (monday.toordinal() - 1) // 7 - (rule.alternate_from.toordinal() - 1) // 7
            least = rule.alternate if weeks_apart % 2 == 0 else least
        most = int(7 - least)
        by_day = list({duty.date: duty for duty in week}.values())
        over = _excess(by_day, lambda _: 1.0, most)
        if over > 0:
            text = f"{len(by_day)} days worked in the week of {monday}, at most {most}"
            yield _violation(rule, person.employee, monday, text, amount=over, limit=rule.limit)


def find_holiday_pay(rule: HolidayPay, book: _Book) -> Iterator[Violation]:
    """Yield work on statutory holidays where nobody is to be paid for it."""
    yield from _find_premium(rule, book, lambda hours: hours.holiday, "on a statutory holiday")


def find_rest_day_pay(rule: RestDayPay, book: _Book) -> Iterator[Violation]:
    """Yield rest-day hours where nobody is to be paid for them."""
    yield from _find_premium(rule, book, lambda hours: hours.rest_day, "of a rest day")


def find_overtime_pay(rule: OvertimePay, book: _Book) -> Iterator[Violation]:
    """Yield overtime where nobody is to be paid for it."""
    yield from _find_premium(rule, book, lambda hours: hours.overtime, "of overtime")


def _find_premium(
    rule: Premium, book: _Book, part: Callable[[PaidHours], float], words: str
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
                yield _violation(rule, name, found.date, f"{hours:g} h {words}", amount=hours)


def _violation(
    rule: Rule, employee: str, date: dt.date, message: str, *, amount: float = 1.0, limit: Limit | None = None
) -> Violation:
    is_soft = limit is not None and limit.mode == "soft"
    return Violation(
        rule=type(rule).__name__,
        employee=employee,
        date=date,
        message=message,
        is_hard=not is_soft,
        amount=amount,
        price=limit.price if limit is not None and is_soft else 0.0,
    )


FIND: dict[type[Any], Callable[[Any, _Book], Iterator[Violation]]] = {
    OneDutyADay: find_one_duty_a_day,
    Qualified: find_qualified,
    AllowedTemplate: find_allowed_template,
    Employed: find_employed,
    OnLeave: find_on_leave,
    FixedDuty: find_fixed_duty,
    ContractHours: find_contract_hours,
    LeastHours: find_least_hours,
    MaxPeople: find_max_people,
    MaxHoursPerDay: find_max_hours_per_day,
    MaxHoursPerWeek: find_max_hours_per_week,
    MaxHoursPerMonth: find_max_hours_per_month,
    MaxHoursPerQuarter: find_max_hours_per_quarter,
    MinRest: find_min_rest,
    MaxConsecutiveDays: find_max_consecutive_days,
    RestDaysPerWeek: find_rest_days_per_week,
    HolidayPay: find_holiday_pay,
    RestDayPay: find_rest_day_pay,
    OvertimePay: find_overtime_pay,
}
