"""Who cannot come (``absences.csv``) and who may be called instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.errors import DataError, nearest
from forecast.frames import raise_problems
from forecast.table_rows import Reader
from scheduling.roster.people import Employee, Wish


@dataclass(frozen=True, kw_only=True)
class Absence:
    """Somebody who cannot work from one day to another, both included."""

    employee: str
    date: dt.date
    until: dt.date
    reason: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for an absence that ends before it begins."""
        if self.until < self.date:
            raise ValueError(f"until {self.until} lies before {self.date}")


@dataclass(frozen=True, kw_only=True)
class Reserve:
    """Somebody who may be called on a day off, lower `order` first.

    ``lead_hours`` is how long before a duty begins they must be called.
    """

    employee: str
    order: int
    lead_hours: float = 0.0
    note: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for an order or a lead time that cannot be meant."""
        if self.order < 1:
            raise ValueError(f"order must be 1 or more, got {self.order}")
        if self.lead_hours < 0:
            raise ValueError(f"lead_hours must be 0 or more, got {self.lead_hours:g}")


def read_absences(path: Path, employees: Sequence[Employee]) -> tuple[Absence, ...]:
    """Read absences.

    Parameters
    ----------
    path
        CSV or Excel with the columns `employee, date` and optionally `until` (empty: that day alone) and
        `reason`; one row an absence.
    employees
        Who may be named.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    reader = Reader(path, ("employee", "date", "until", "reason"), required=("employee", "date"))
    people = tuple(person.employee for person in employees)
    found: list[Absence] = []
    for row in reader.rows():
        first = row.day("date", required=True)
        absence = row.build(
            Absence,
            employee=row.known("employee", people),
            date=first,
            until=row.day("until") or first,
            reason=row.text("reason"),
        )
        found += [] if absence is None else [absence]
    raise_problems(reader.problems)
    return tuple(found)


def parse_absence(text: str, employees: Sequence[Employee]) -> Absence:
    """Return an absence written as ``NAME:2026-12-10`` or ``NAME:2026-12-10..2026-12-12``.

    Raises
    ------
    DataError
        If nobody is called that, or the days cannot be read.
    """
    name, colon, days = text.rpartition(":")
    people = [person.employee for person in employees]
    if not colon:
        raise DataError(f"--absent {text}: no date; write NAME:2026-12-10 or NAME:2026-12-10..2026-12-12")
    if name not in people:
        raise DataError(f"--absent {text}: nobody is called {name!r}{nearest(name, people)}")
    first, _, last = days.partition("..")
    try:
        begin = dt.date.fromisoformat(first.strip())
        return Absence(
            employee=name, date=begin, until=dt.date.fromisoformat(last.strip()) if last else begin
        )
    except ValueError as error:
        raise DataError(
            f"--absent {text}: {error}; write NAME:2026-12-10 or NAME:2026-12-10..2026-12-12"
        ) from None


def leave_of(absences: Iterable[Absence], *, start: dt.date, days: int) -> tuple[Wish, ...]:
    """Return absences as days of leave inside a span, each person and day once."""
    found: dict[tuple[str, dt.date], Wish] = {}
    for absence in absences:
        for offset in range((absence.until - absence.date).days + 1):
            day = absence.date + dt.timedelta(days=offset)
            if 0 <= (day - start).days < days:
                wish = Wish(employee=absence.employee, date=day, kind="leave", note=absence.reason)
                found.setdefault((absence.employee, day), wish)
    return tuple(found.values())
