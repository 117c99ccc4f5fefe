"""A roster under audit as each person's duties in order, and a breach of a rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from forecast.timegrid import zone
from scheduling.breaks import read_pauses
from scheduling.config import Limit, Settings
from scheduling.roster.people import Employee, Wish
from scheduling.roster.rules import (
    Rule,
)

SLACK = 1e-6  # hours; sums of floats

Span = tuple[pd.Timestamp, pd.Timestamp]


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
class DatedDuty:
    """One duty; ``breaks`` and ``away`` (meetings) are instants, breaks only where there is a meeting."""

    start: pd.Timestamp
    end: pd.Timestamp
    date: dt.date
    template: str
    stream: str
    hours: float
    is_new: bool
    breaks: tuple[Span, ...] = ()
    away: tuple[Span, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Book:
    """A roster as each person's duties in order, those of the last roster before them."""

    duties: dict[str, list[DatedDuty]]
    people: dict[str, Employee]
    wishes: tuple[Wish, ...]
    settings: Settings
    first: dt.date
    last: dt.date
    span_start: dt.date

    def new(self) -> Iterator[tuple[Employee, DatedDuty]]:
        """Yield every duty of the roster under audit whose person is known."""
        for name, duties in self.duties.items():
            if name in self.people:
                yield from ((self.people[name], duty) for duty in duties if duty.is_new)


def read_duties(frame: pd.DataFrame, settings: Settings, *, is_new: bool) -> Iterator[tuple[DatedDuty, str]]:
    """Yield the duties of a table with their people."""
    local = zone(settings.demand.shop.timezone)
    for row in frame.to_dict("records"):
        start, date = row["start"].tz_convert(local), pd.Timestamp(row["date"]).date()
        away = _spans(row.get("meetings"), start, date)
        duty = DatedDuty(
            start=start,
            end=row["end"].tz_convert(local),
            date=date,
            template=str(row["template"]),
            stream=str(row["stream"]),
            hours=float(row["paid_hours"]),
            is_new=is_new,
            breaks=_spans(row["breaks"], start, date) if away else (),
            away=away,
        )
        yield duty, str(row["employee"])


def _spans(text: object, start: pd.Timestamp, date: dt.date) -> tuple[Span, ...]:
    """Return the times written in a cell as instants."""
    return tuple(
        (wall_instant(date, a, start.tz), wall_instant(date, b, start.tz))
        for a, b in read_pauses(text, start.hour * 60 + start.minute)
    )


def wall_instant(date: dt.date, minutes: int, timezone: dt.tzinfo | None) -> pd.Timestamp:
    """Return the instant of a wall time of a date [min since midnight]."""
    wall = pd.Timestamp(date) + pd.Timedelta(minutes=minutes)
    return wall.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")


def weeks(book: Book) -> Iterator[tuple[Employee, dt.date, list[DatedDuty]]]:
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


def excess(week: Sequence[DatedDuty], value: Callable[[DatedDuty], float], most: float) -> float:
    """Return by how much new duties exceed what the limit and the duties before leave."""
    before = sum(value(duty) for duty in week if not duty.is_new)
    return sum(value(duty) for duty in week if duty.is_new) - max(0.0, most - before)


def violation(
    rule: Rule, employee: str, date: dt.date, message: str, *, amount: float = 1.0, limit: Limit | None = None
) -> Violation:
    """Return a breach of a rule, soft where its limit is."""
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
