"""Rules of who may work what and when: one ``find_<rule>`` each."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from scheduling.roster.audit_book import Book, Violation, violation
from scheduling.roster.rules import (
    AllowedTemplate,
    Employed,
    FixedDuty,
    MaxPeople,
    OneDutyADay,
    OnLeave,
    Qualified,
)


def find_one_duty_a_day(rule: OneDutyADay, book: Book) -> Iterator[Violation]:
    """Yield days with two duties of one person."""
    per_day = Counter((person.employee, duty.date) for person, duty in book.new())
    for (name, date), count in per_day.items():
        if count > 1:
            yield violation(rule, name, date, f"{count} duties on one day", amount=count - 1)


def find_qualified(rule: Qualified, book: Book) -> Iterator[Violation]:
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
                yield violation(rule, person.employee, duty.date, f"cannot serve {stream}")


def find_allowed_template(rule: AllowedTemplate, book: Book) -> Iterator[Violation]:
    """Yield duties on templates closed to the person or their pool."""
    pools = {template.name: template.pools for template in book.settings.templates}
    for person, duty in book.new():
        if person.pool not in pools.get(duty.template, (person.pool,)):
            yield violation(
                rule, person.employee, duty.date, f"{duty.template} is closed to pool {person.pool}"
            )
        elif person.templates and duty.template not in person.templates:
            yield violation(
                rule, person.employee, duty.date, f"{duty.template} is not among the person's templates"
            )


def find_employed(rule: Employed, book: Book) -> Iterator[Violation]:
    """Yield duties outside employment."""
    for person, duty in book.new():
        if person.starts_on is not None and duty.date < person.starts_on:
            yield violation(rule, person.employee, duty.date, f"starts on {person.starts_on}")
        if person.ends_on is not None and duty.date > person.ends_on:
            yield violation(rule, person.employee, duty.date, f"left on {person.ends_on}")


def find_on_leave(rule: OnLeave, book: Book) -> Iterator[Violation]:
    """Yield duties on days of leave."""
    away = {(wish.employee, wish.date): wish.note for wish in book.wishes if wish.kind == "leave"}
    for person, duty in book.new():
        if (person.employee, duty.date) in away:
            note = away[person.employee, duty.date]
            yield violation(rule, person.employee, duty.date, f"on leave{f' ({note})' if note else ''}")


def find_fixed_duty(rule: FixedDuty, book: Book) -> Iterator[Violation]:
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
            yield violation(rule, wish.employee, wish.date, text)


def find_max_people(rule: MaxPeople, book: Book) -> Iterator[Violation]:
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
            yield violation(rule, name.removeprefix("pool "), date, text, amount=count - limit)
