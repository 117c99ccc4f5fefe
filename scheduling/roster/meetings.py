"""Time off the chats inside a duty (``meetings.csv``): meetings, and training that binds.

Such time is paid and counts as hours, but not as cover.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from forecast.errors import nearest
from forecast.frames import raise_problems
from forecast.table_rows import Reader, Row
from forecast.timegrid import MINUTES_A_DAY
from scheduling.breaks import Pause, read_pauses
from scheduling.roster.people import POOLS, Employee, Meeting, MeetingKind

COLUMNS = ("who", "date", "until", "start", "end", "hours", "kind", "note")
KINDS: tuple[str, ...] = get_args(MeetingKind)
EVERYBODY = "all"
LONGEST_DAYS = 366


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Who is meant by a row, and the meetings it asks for."""

    names: tuple[str, ...]
    meetings: tuple[Meeting, ...]


def with_meetings(path: Path, employees: Sequence[Employee]) -> tuple[Employee, ...]:
    """Return people with the meetings of a table.

    Parameters
    ----------
    path
        CSV or Excel with the columns `who, date` and optionally `until, start, end, hours, kind, note`.
        ``who`` lists people, pools, skills or ``all``, ``;``-separated. With `start` and `end` the meeting is
        at that time on every day from `date` to `until`; with `hours` instead it is held once for each
        person, on one of those days and at a time that the roster chooses. ``kind`` is ``meeting`` (who has
        a duty around it attends; the default) or ``training`` (everybody named works and attends); a
        meeting without a time is held for everybody.
    employees
        Who may be named.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    reader = Reader(path, COLUMNS, required=("who", "date"))
    asked = [_asked(row, employees) for row in reader.rows()]
    raise_problems(reader.problems)
    return tuple(
        replace(
            person,
            meetings=(
                *person.meetings,
                *(meeting for one in asked if person.employee in one.names for meeting in one.meetings),
            ),
        )
        for person in employees
    )


def _asked(row: Row, employees: Sequence[Employee]) -> _Asked:
    """Return what a row asks for; fixed times as one meeting a day."""
    first, last = row.day("date", required=True), row.day("until")
    start, end = row.clock("start"), row.clock("end")
    hours = row.number_of("hours")
    kind = row.choice("kind", KINDS) or "meeting"
    names = tuple(_named(row, employees))
    if first is None:
        return _Asked(names=names, meetings=())
    last = first if last is None else last
    if not 0 <= (last - first).days < LONGEST_DAYS:
        row.complain("until", f"until {last} must lie on or after {first}, within a year")
        return _Asked(names=names, meetings=())
    if (start is None) != (end is None):
        row.complain("end" if end is None else "start", "empty; give both times, or hours without a time")
    if (start is None) == (hours is None):
        row.complain("hours", "give either start and end, or hours for the roster to place")
    dates = [first + dt.timedelta(days=d) for d in range((last - first).days + 1)]
    spans = [(first, last)] if start is None else [(date, date) for date in dates]
    made = [
        row.build(
            Meeting,
            date=begin,
            until=until,
            start_min=start,
            end_min=end if start is None or end is None or end > start else end + MINUTES_A_DAY,
            minutes=round(60 * (hours or 0)) if start is None or end is None else (end - start) % 1440,
            kind=kind,
            note=row.text("note"),
        )
        for begin, until in spans
    ]
    return _Asked(names=names, meetings=tuple(meeting for meeting in made if meeting is not None))


def _named(row: Row, employees: Sequence[Employee]) -> Iterator[str]:
    """Yield the people whom a row names, by themselves or as a group."""
    people = [person.employee for person in employees]
    skills = {skill for person in employees for skill in person.skills}
    parts = [part.strip() for part in row.text("who").replace("；", ";").split(";") if part.strip()]
    if not parts:
        row.complain("who", f"empty; name people, pools, skills or {EVERYBODY}")
    for part in parts:
        if part in people:
            yield part
        elif part == EVERYBODY:
            yield from people
        elif part in POOLS or part in skills:
            yield from (p.employee for p in employees if part == p.pool or part in p.skills)
        else:
            known = [*people, *POOLS, *sorted(skills), EVERYBODY]
            row.complain("who", f"{part!r} is not known{nearest(part, known)}")


def fixed_on(person: Employee, date: dt.date, kind: Literal["any", "training"] = "any") -> Pause:
    """Return a person's times of a date's meetings [min since midnight], in order."""
    return tuple(
        sorted(
            (meeting.start_min, meeting.end_min)
            for meeting in person.meetings
            if meeting.start_min is not None
            and meeting.end_min is not None
            and meeting.date == date
            and kind in ("any", meeting.kind)
        )
    )


def merged(times: Sequence[tuple[int, int]]) -> Pause:
    """Return times in order, those that overlap joined.

    Examples
    --------
    >>> merged([(600, 660), (540, 610), (660, 720)])
    ((540, 660), (660, 720))
    """
    found: list[tuple[int, int]] = []
    for begin, end in sorted(times):
        if found and begin < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return tuple(found)


def overlap(some: Pause, others: Pause) -> bool:
    """Return whether any two times of two lists overlap."""
    return any(a < d and c < b for a, b in some for c, d in others)


def attended(times: Sequence[tuple[int, int]], start_min: int, end_min: int) -> Pause:
    """Return the meetings that lie wholly inside a duty."""
    return merged([(a, b) for a, b in times if start_min <= a and b <= end_min])


def with_placed(
    employees: Sequence[Employee],
    roster: pd.DataFrame,
    *,
    timezone: str,
    but: Collection[tuple[str, dt.date]] = (),
) -> tuple[Employee, ...]:
    """Return people whose meetings without a time have the one that a roster gave them, where it did.

    Parameters
    ----------
    employees
        The people.
    roster
        `ROSTER` table with the column ``meetings``.
    timezone
        The shop's.
    but
        People and days whose meetings are dropped: they are away, or were set by hand.
    """
    held: dict[str, list[tuple[dt.date, Pause]]] = {}
    for row in roster.to_dict("records") if "meetings" in roster else ():
        date = pd.Timestamp(row["date"]).date()
        wall = row["start"].tz_convert(timezone).tz_localize(None)
        start = int((wall - pd.Timestamp(date)) // pd.Timedelta(minutes=1))
        held.setdefault(str(row["employee"]), []).append((date, read_pauses(row["meetings"], start)))
    return tuple(
        person
        if not person.meetings
        else replace(person, meetings=_placed(person, sorted(held.get(person.employee, ())), but))
        for person in employees
    )


def _placed(
    person: Employee, held: Sequence[tuple[dt.date, Pause]], but: Collection[tuple[str, dt.date]]
) -> tuple[Meeting, ...]:
    free = {
        (date, span)
        for date, spans in held
        for span in spans
        if span not in fixed_on(person, date) and (person.employee, date) not in but
    }
    found = []
    for meeting in person.meetings:
        if meeting.start_min is not None:
            if (person.employee, meeting.date) not in but:
                found.append(meeting)
            continue
        fits = sorted(
            (date, span)
            for date, span in free
            if meeting.date <= date <= meeting.until and span[1] - span[0] == meeting.minutes
        )
        free.difference_update(fits[:1])
        found.append(meeting.at(*fits[0]) if fits else meeting)
    return tuple(found)
