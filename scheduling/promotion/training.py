"""What reserves and newcomers must be taught, and by when; what has to be decided by when."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from forecast.errors import DataError, Problem, nearest
from forecast.promotions import Event
from forecast.tabular import read_table
from forecast.timegrid import zone

COLUMNS = ("course", "pool", "hours", "days_before", "note")
POOLS = ("staff", "part_time", "outsourced", "all")

# Days between deciding and the first chat, where the shop does not say otherwise.
LEAD_DAYS: Mapping[str, int] = {
    "part_time": 14,
    "outsourced": 7,
    "extra_half": 3,
    "longer_half": 2,
    "overtime": 1,
    "bot_share": 7,
    "cap_up": 0,
    "cap_down": 0,
}


@dataclass(frozen=True, kw_only=True)
class Course:
    """Something to be taught: to whom, how long, and how many days before the sale it must be over."""

    course: str
    pool: str = "all"
    hours: float = 1.0
    days_before: int = 1
    note: str = ""


# Goods, activity, policy and system; newcomers learn the system first. Assumed lengths.
DEFAULT_COURSES = (
    Course(course="system", pool="part_time", hours=4.0, days_before=5),
    Course(course="system", pool="outsourced", hours=4.0, days_before=5),
    Course(course="goods", pool="part_time", hours=4.0, days_before=3),
    Course(course="goods", pool="outsourced", hours=4.0, days_before=3),
    Course(course="activity", pool="all", hours=2.0, days_before=2),
    Course(course="refund_policy", pool="all", hours=1.0, days_before=1),
)


def read_courses(path: Path) -> tuple[Course, ...]:
    """Read ``training.csv``; without it the usual four courses.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    if not path.is_file():
        return DEFAULT_COURSES
    table = read_table(path)
    problems: list[str | Problem] = [
        Problem(
            file=path.name, row=1, column=str(name), message=f"unknown column{nearest(str(name), COLUMNS)}"
        )
        for name in table.columns
        if name not in COLUMNS
    ]
    found = []
    for number, cells in zip(table.index, table.to_dict("records"), strict=True):
        text = {str(name): str(value).strip() for name, value in cells.items()}
        try:
            hours, before = float(text.get("hours") or 1.0), int(text.get("days_before") or 1)
            if not 0 < hours < math.inf or before < 0:
                raise ValueError(
                    f"hours must be above 0 and days_before 0 or more, got {hours:g} and {before}"
                )
            pool = text.get("pool") or "all"
            if pool not in POOLS:
                raise ValueError(f"{pool!r} is no pool{nearest(pool, POOLS)}")
            if not text.get("course"):
                raise ValueError("course is empty")
            found.append(
                Course(
                    course=text["course"],
                    pool=pool,
                    hours=hours,
                    days_before=before,
                    note=text.get("note", ""),
                )
            )
        except ValueError as error:
            problems.append(Problem(file=path.name, row=int(number), message=str(error)))
    if problems:
        raise DataError(problems)
    return tuple(found)


def training_table(
    courses: Sequence[Course],
    event: Event,
    people: Mapping[str, Sequence[str]],
    *,
    timezone: str,
    today: dt.date,
) -> pd.DataFrame:
    """Return who must have learnt what by when.

    Parameters
    ----------
    courses, event
        What is taught, and for which event.
    people
        Names by pool: those on duty in the event and its reserves.
    timezone, today
        The shop's; deadlines before that day are marked.

    Returns
    -------
    DataFrame
        `course, pool, people, hours, deadline, in_time, names, note`, earliest deadline first.
    """
    kick_off = event.kick_off.astimezone(zone(timezone)).date()
    rows = []
    for course in courses:
        pools = POOLS[:3] if course.pool == "all" else (course.pool,)
        names = [name for pool in pools for name in people.get(pool, ())]
        if not names:
            continue
        deadline = kick_off - dt.timedelta(days=course.days_before)
        rows.append(
            {
                "course": course.course,
                "pool": course.pool,
                "people": len(names),
                "hours": course.hours,
                "deadline": deadline,
                "in_time": deadline >= today,
                "names": ";".join(names),
                "note": course.note,
            }
        )
    columns = ["course", "pool", "people", "hours", "deadline", "in_time", "names", "note"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["deadline", "course", "pool"], kind="stable", ignore_index=True)


def decide_by(lever: str, event: Event, timezone: str) -> dt.date:
    """Return the last day on which a lever can be decided to work from the first sale on."""
    return event.kick_off.astimezone(zone(timezone)).date() - dt.timedelta(days=LEAD_DAYS[lever])
