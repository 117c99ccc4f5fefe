"""Rules of the times that people named and of their meetings: one ``find_<rule>`` each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from scheduling.roster.audit_book import Book, DatedDuty, Span, Violation, violation, wall_instant
from scheduling.roster.availability import AvailableTime
from scheduling.roster.people import Employee, Meeting
from scheduling.roster.rules import Attended, Available


def find_available(rule: Available, book: Book) -> Iterator[Violation]:
    """Yield duties outside the times that their person named."""
    for person, duty in book.new():
        if person.available and not _is_inside(duty, person.available):
            text = f"cannot work all of {duty.start:%H:%M} to {duty.end:%H:%M}"
            yield violation(rule, person.employee, duty.date, text)


def _is_inside(duty: DatedDuty, times: tuple[AvailableTime, ...]) -> bool:
    """Return whether the person can work from a duty's start to its end, going from one time to the next."""
    zone = duty.start.tz
    dates = [duty.date + dt.timedelta(days=beside) for beside in (-1, 0, 1)]
    own = {time.day for time in times if isinstance(time.day, dt.date)}
    open_times = [
        (wall_instant(date, time.start_min, zone), wall_instant(date, time.end_min, zone))
        for date in dates
        for time in times
        if time.day == (date if date in own else date.weekday())
    ]
    reached = duty.start
    while reached < duty.end:
        further = max((end for begin, end in open_times if begin <= reached < end), default=reached)
        if further == reached:
            return False
        reached = further
    return True


def find_attended(rule: Attended, book: Book) -> Iterator[Violation]:
    """Yield meetings missed, off-chat time that no meeting explains, breaks inside a meeting, lost training.

    A meeting without a time that the roster does not hold is soft: it can still be put in.
    """
    for person in book.people.values():
        mine = [duty for duty in book.duties.get(person.employee, ()) if duty.is_new]
        for duty in mine:
            yield from _find_at_duty(rule, person, duty)
        for meeting in person.meetings:
            if meeting.start_min is None:
                yield from _find_unheld(rule, person, meeting, mine, book)
            elif meeting.kind == "training" and book.first <= meeting.date <= book.last:
                at = next((duty for duty in mine if duty.date == meeting.date), None)
                if at is None or not _holds(at, _span(meeting, at)):
                    text = f"no duty around the training of {_clock(meeting)}"
                    yield violation(rule, person.employee, meeting.date, text)


def _find_at_duty(rule: Attended, person: Employee, duty: DatedDuty) -> Iterator[Violation]:
    """Yield where one duty is off the chats at other times than its meetings."""
    todays = [m for m in person.meetings if m.start_min is not None and m.date == duty.date]
    wanted = [(m, _span(m, duty)) for m in todays]
    for meeting, span in wanted:
        if _holds(duty, span) and not any(a <= span[0] and span[1] <= b for a, b in duty.away):
            yield violation(rule, person.employee, duty.date, f"misses the meeting of {_clock(meeting)}")
    lengths = {m.minutes for m in person.meetings if m.start_min is None and m.date <= duty.date <= m.until}
    for begin, end in duty.away:
        known = any(begin <= span[0] and span[1] <= end for _, span in wanted)
        if not known and (end - begin) / pd.Timedelta(minutes=1) not in lengths:
            text = f"off the chats {begin:%H:%M} to {end:%H:%M} without a meeting"
            yield violation(rule, person.employee, duty.date, text)
        if any(a < end and begin < b for a, b in duty.breaks):
            text = f"a break falls into the meeting of {begin:%H:%M} to {end:%H:%M}"
            yield violation(rule, person.employee, duty.date, text)


def _find_unheld(
    rule: Attended, person: Employee, meeting: Meeting, duties: list[DatedDuty], book: Book
) -> Iterator[Violation]:
    """Yield a meeting without a time whose days all lie in the span and that no duty holds."""
    length = pd.Timedelta(minutes=meeting.minutes)
    alike = sum(m.start_min is None and m == meeting for m in person.meetings)
    held = sum(
        end - begin == length
        for duty in duties
        if meeting.date <= duty.date <= meeting.until
        for begin, end in duty.away
        if not any(
            _span(m, duty) == (begin, end)
            for m in person.meetings
            if m.start_min is not None and m.date == duty.date
        )
    )
    if held < alike and book.first <= meeting.date and meeting.until <= book.last:
        text = f"{meeting.minutes / 60:g} h {meeting.kind} is held on no day to {meeting.until}"
        yield Violation(
            rule=type(rule).__name__,
            employee=person.employee,
            date=meeting.date,
            message=text,
            is_hard=False,
            amount=meeting.minutes / 60,
        )


def _holds(duty: DatedDuty, span: Span) -> bool:
    return duty.start <= span[0] and span[1] <= duty.end


def _span(meeting: Meeting, duty: DatedDuty) -> Span:
    assert meeting.start_min is not None
    assert meeting.end_min is not None
    zone = duty.start.tz
    return wall_instant(duty.date, meeting.start_min, zone), wall_instant(duty.date, meeting.end_min, zone)


def _clock(meeting: Meeting) -> str:
    first, last = meeting.start_min or 0, meeting.end_min or 0
    return f"{first // 60:02d}:{first % 60:02d}-{last // 60:02d}:{last % 60:02d}"
