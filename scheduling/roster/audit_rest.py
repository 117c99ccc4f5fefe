"""Rules of rest: between duties, in a row, in a week, weekends of a month; one ``find_<rule>`` each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

import pandas as pd

from scheduling.roster.audit_book import SLACK, Book, Violation, excess, violation, weeks
from scheduling.roster.rules import (
    MaxConsecutiveDays,
    MaxWeekendsPerMonth,
    MinRest,
    RestDaysPerWeek,
)


def find_min_rest(rule: MinRest, book: Book) -> Iterator[Violation]:
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
                yield violation(rule, name, after.date, text, amount=missing, limit=rule.limit)


def find_max_consecutive_days(rule: MaxConsecutiveDays, book: Book) -> Iterator[Violation]:
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
                yield violation(rule, name, date, text, limit=rule.limit)


def find_rest_days_per_week(rule: RestDaysPerWeek, book: Book) -> Iterator[Violation]:
    """Yield weeks with too few days without a duty."""
    for person, monday, week in weeks(book):
        least = rule.limit.value
        if rule.alternate is not None and rule.alternate_from is not None:
            weeks_apart = (monday.toordinal() - 1) // 7 - (rule.alternate_from.toordinal() - 1) // 7
            least = rule.alternate if weeks_apart % 2 == 0 else least
        most = int(7 - least)
        by_day = list({duty.date: duty for duty in week}.values())
        over = excess(by_day, lambda _: 1.0, most)
        if over > 0:
            text = f"{len(by_day)} days worked in the week of {monday}, at most {most}"
            yield violation(rule, person.employee, monday, text, amount=over, limit=rule.limit)


def find_max_weekends_per_month(rule: MaxWeekendsPerMonth, book: Book) -> Iterator[Violation]:
    """Yield months with too many weekends worked; a weekend belongs to its Saturday's month."""
    for name, duties in book.duties.items():
        if name not in book.people:
            continue
        months: dict[tuple[int, int], dict[dt.date, bool]] = {}
        for duty in duties:
            if (weekday := duty.date.weekday()) >= 5:
                saturday = duty.date - dt.timedelta(days=weekday - 5)
                known = months.setdefault((saturday.year, saturday.month), {})
                known[saturday] = known.get(saturday, True) and duty.is_new
        for weekends in months.values():
            new = sorted(saturday for saturday, is_new in weekends.items() if is_new)
            over = len(new) - max(0, int(rule.limit.value) - (len(weekends) - len(new)))
            if new and over > 0:
                text = f"{len(weekends)} weekends worked in {new[-1]:%Y-%m}, at most {int(rule.limit.value)}"
                yield violation(rule, name, new[-1], text, amount=over, limit=rule.limit)
