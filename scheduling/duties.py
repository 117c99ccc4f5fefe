"""Plans and rosters as duties, by date and stream, and who is on during a stream's day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from forecast.timegrid import zone
from scheduling.breaks import read_pauses
from scheduling.day import DutySpan
from scheduling.roster.meetings import merged
from scheduling.roster.people import Employee
from scheduling.shifts.task import spilled

Duties = Mapping[dt.date, Mapping[str, Sequence[DutySpan]]]


def on_date(duties: Duties, date: dt.date, stream: str, first_min: int) -> list[DutySpan]:
    """Return who is on during a stream's day: its own duties, and what those of the day before leave to it.

    Parameters
    ----------
    duties
        All of the plan.
    date, stream, first_min
        The day, and the minute at which it begins.

    Notes
    -----
    Nothing is said of the day before the first one. People who work past midnight are taken to have done so
    then as well.
    """
    own = list(duties.get(date, {}).get(stream, ()))
    is_first = bool(duties) and date == min(duties)
    before = own if is_first else duties.get(date - dt.timedelta(days=1), {}).get(stream, ())
    return [*own, *spilled(before, first_min)]


def duties_of_plan(shift_plan: pd.DataFrame, timezone: str) -> Duties:
    """Return one duty a person of a shift plan, by date and stream."""
    found: dict[dt.date, dict[str, list[DutySpan]]] = {}
    rows: list[Any] = list(shift_plan.itertuples())
    for row in rows:
        span = _span(row, timezone, speed=1.0, cap=None)
        found.setdefault(row.date, {}).setdefault(str(row.stream), []).extend([span] * int(row.agents))
    return found


def duties_of_roster(roster: pd.DataFrame, employees: Sequence[Employee], timezone: str) -> Duties:
    """Return the duties of a roster with each person's speed and reception cap, by date and stream."""
    people = {person.employee: person for person in employees}
    found: dict[dt.date, dict[str, list[DutySpan]]] = {}
    rows: list[Any] = list(roster.itertuples())
    for row in rows:
        person = people.get(str(row.employee))
        span = _span(
            row,
            timezone,
            speed=1.0 if person is None else person.speed,
            cap=None if person is None else person.reception_cap,
        )
        found.setdefault(row.date, {}).setdefault(str(row.stream), []).append(span)
    return found


def _span(row: Any, timezone: str, *, speed: float, cap: int | None) -> DutySpan:
    day, local = pd.Timestamp(row.date), zone(timezone)
    start, end = (
        int((at.tz_convert(local).tz_localize(None) - day) // pd.Timedelta(minutes=1))
        for at in (row.start, row.end)
    )
    return DutySpan(
        start_min=start,
        end_min=end,
        breaks=merged((*read_pauses(row.breaks, start), *read_pauses(getattr(row, "meetings", None), start))),
        streams=(str(row.stream),),
        speed=speed,
        reception_cap=cap,
    )
