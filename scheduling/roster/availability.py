"""When somebody can work (``availability.csv``): ranges of wall time by weekday or by date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.frames import raise_problems
from forecast.table_rows import Reader, Row
from forecast.timegrid import MINUTES_A_DAY

COLUMNS = ("employee", "day", "start", "end", "note")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_NAMES = {
    **{name: place for place, name in enumerate(WEEKDAYS)},
    **{str(place + 1): place for place in range(7)},
    **{f"周{sign}": place for place, sign in enumerate("一二三四五六日")},
    "周天": 6,
}


@dataclass(frozen=True, kw_only=True)
class AvailableTime:
    """A time at which somebody can work: on every such weekday (Monday 0), or on one date.

    ``start_min`` and ``end_min`` are wall time since the day's midnight; past midnight they go on above 1440.
    """

    day: int | dt.date
    start_min: int = 0
    end_min: int = MINUTES_A_DAY

    def __post_init__(self) -> None:
        """Raise `ValueError` for a time that ends before it begins."""
        if not 0 <= self.start_min < self.end_min:
            raise ValueError(f"start must come before end, got {self.start_min} to {self.end_min} min")


def available_on(times: Sequence[AvailableTime], date: dt.date) -> tuple[tuple[int, int], ...]:
    """Return the ranges of a date's own rows; without any, those of its weekday [min since midnight]."""
    own = [time for time in times if time.day == date]
    return tuple(
        (time.start_min, time.end_min)
        for time in own or [time for time in times if time.day == date.weekday()]
    )


def can_work(times: Sequence[AvailableTime], date: dt.date, start_min: int, end_min: int) -> bool:
    """Return whether somebody can work from one wall time of a date to another, the days beside included."""
    open_times = [
        (a + MINUTES_A_DAY * beside, b + MINUTES_A_DAY * beside)
        for beside in (-1, 0, 1)
        for a, b in available_on(times, date + dt.timedelta(days=beside))
    ]
    reached = start_min
    for begin, end in sorted(open_times):
        if begin <= reached:
            reached = max(reached, end)
    return not times or reached >= end_min


def read_availability(path: Path, people: Sequence[str]) -> dict[str, tuple[AvailableTime, ...]]:
    """Read when people can work.

    Parameters
    ----------
    path
        CSV or Excel with the columns `employee, day` and optionally `start, end, note`. ``day`` is a weekday
        (``mon`` ... ``sun``, ``周一`` ... ``周日``, 1 to 7) or a date, or several of them, ``;``-separated;
        without times the whole day is meant, an end at or before the start lies past midnight.
    people
        Names that may stand in it.

    Returns
    -------
    dict
        Times by person. Who has no row can always work; who has rows, only then. Rows of a date stand
        instead of those of its weekday.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    reader = Reader(path, COLUMNS, required=("employee", "day"))
    found: dict[str, tuple[AvailableTime, ...]] = {}
    for row in reader.rows():
        name = row.known("employee", people)
        for time in _times(row):
            found[name] = (*found.get(name, ()), time)
    raise_problems(reader.problems)
    return found


def _times(row: Row) -> Iterator[AvailableTime]:
    """Yield the times of a row, one a day named."""
    start, end = row.clock("start"), row.clock("end")
    if (start is None) != (end is None):
        row.complain("end" if end is None else "start", "empty; give both times, or none for the whole day")
    if start is None or end is None:
        start, end = 0, MINUTES_A_DAY
    for text in row.text("day").replace("；", ";").split(";"):
        day = WEEKDAY_NAMES.get(text.strip().lower())
        made = row.build(
            AvailableTime,
            day=_date(row, text.strip()) if day is None else day,
            start_min=start,
            end_min=end if end > start else end + MINUTES_A_DAY,
        )
        if made is not None:
            yield made


def _date(row: Row, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        row.complain("day", f"{text!r} is no day; write mon ... sun, 1 to 7, or 2026-11-11")
        return None
