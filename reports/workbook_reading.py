"""Read an edited 排班表.xlsx back: cells become duties again."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

from forecast.config import DEFAULT_STREAM
from forecast.errors import DataError, Problem, nearest
from forecast.frames import check_frame, raise_problems
from forecast.tabular import unreadable_workbook
from forecast.timegrid import clock_minutes, instant
from reports.shift_codes import ShiftCode, find_code, plain, rest_marks, shift_codes
from reports.words import LANGUAGES, words
from scheduling.config import Settings
from scheduling.frames import ROSTER
from scheduling.roster.breaks import legal_pauses, pauses_text
from scheduling.roster.meetings import attended, fixed_on, overlap

COLUMNS = (*ROSTER.required, "meetings")


@dataclass(frozen=True, kw_only=True)
class Written:
    """One cell of the roster: whose, when, what it says, and where it stands."""

    employee: str
    date: dt.date
    text: str
    row: int
    column: str


def read_roster_workbook(path: Path, *, settings: Settings, employees: Sequence[Any] = ()) -> pd.DataFrame:
    """Return the roster that a workbook's cells say.

    A cell left as it was written keeps its duty, breaks and all. An edited cell becomes a duty of the
    template and start it names, with its break in the middle of what the template allows, in the stream its
    person serves most often, and with the meetings at fixed times that its person has inside it.

    Parameters
    ----------
    path
        A workbook with a sheet 排班表 (or Roster): dates in one row, names in the second column, codes
        or template names in the cells.
    settings
        The shop's: templates and time zone.
    employees
        The shop's people (`scheduling.roster.people.Employee`). Where given, a name that is not among them is
        a problem.

    Returns
    -------
    DataFrame
        Columns of ``roster.csv``, one row a duty, in the order of the duties as written, new ones last.

    Raises
    ------
    DataError
        With every cell that names no shift, by row and column.
    """
    import openpyxl

    if not path.is_file():
        raise DataError(
            Problem(file=path.name, message=f"no such file: {path}; check the name and the folder")
        )
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise unreadable_workbook(path, error) from error
    timezone = settings.demand.shop.timezone
    sheet = _sheet(book, "roster") or book.worksheets[0]
    cells = list(_cells(sheet, path.name))
    duties = _written_duties(_sheet(book, "duties"), timezone)
    codes = shift_codes(settings.templates, {(duty["template"], begin) for duty, begin in duties.values()})
    known = {person.employee: person for person in employees}
    problems = list(_find_name_problems(cells, known, path.name))
    kept: dict[tuple[str, dt.date], dict[str, Any]] = {}
    for cell in cells:
        if plain(cell.text) in rest_marks() or not plain(cell.text):
            continue
        code = find_code(cell.text, codes)
        before = duties.get((cell.employee, cell.date))
        if isinstance(code, str):
            problems.append(Problem(file=path.name, row=cell.row, column=cell.column, message=code))
        elif before is not None and (before[0]["template"], before[1]) == (code.template.name, code.begin):
            kept[cell.employee, cell.date] = before[0]
        else:
            person = known.get(cell.employee)
            stream = _usual_stream(duties, cell.employee, person, settings)
            kept[cell.employee, cell.date] = _duty(cell, code, stream, person, settings)
    raise_problems(problems)
    order = [key for key in duties if key in kept] + [key for key in kept if key not in duties]
    frame = pd.DataFrame([kept[key] for key in order], columns=COLUMNS)
    return check_frame(_with_kinds(frame, timezone), ROSTER, source=path.name)


def _sheet(book: Any, name: str) -> Any:
    """Return the sheet of that name in any language, or None."""
    for lang in LANGUAGES:
        title = words(lang)(f"workbook.sheet_{name}")
        if title in book.sheetnames:
            return book[title]
    return None


def _cells(sheet: Any, file: str) -> Iterator[Written]:
    """Yield the cells of all people and days; rows without a name are none."""
    header = next((row for row in sheet.iter_rows(min_row=1, max_row=10) if _dates(row, sheet)), None)
    if header is None:
        raise DataError(
            Problem(file=file, message=f"sheet {sheet.title}: no row of dates in its first ten rows")
        )
    days = _dates(header, sheet)
    for row in sheet.iter_rows(min_row=header[0].row + 1):
        name = row[1].value
        if name is None or not str(name).strip() or str(name).strip() in _header_words():
            continue
        for cell in row:
            if cell.column in days:
                text = "" if cell.value is None else str(cell.value).strip()
                yield Written(
                    employee=str(name).strip(),
                    date=days[cell.column],
                    text=text,
                    row=cell.row,
                    column=cell.column_letter,
                )


def _header_words() -> set[str]:
    return {words(lang)("workbook.weekday") for lang in LANGUAGES}


def _dates(row: Sequence[Any], sheet: Any) -> dict[int, dt.date]:
    """Return the day of each column: dates, or days of the month under a title that names the month."""
    found = {cell.column: cell.value.date() for cell in row if isinstance(cell.value, dt.datetime)}
    if found:
        return found
    month = re.search(r"(\d{4})\D{1,3}(\d{1,2})", str(sheet["A1"].value or ""))
    numbers = [(cell.column, int(cell.value)) for cell in row[2:] if _is_day_number(cell.value)]
    if month is None or len(numbers) < 2:
        return {}
    first = dt.date(int(month[1]), int(month[2]), numbers[0][1])
    # Days follow each other from the first on, whatever the month's length.
    return {column: first + dt.timedelta(days=column - numbers[0][0]) for column, _ in numbers}


def _is_day_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 31


def _written_duties(sheet: Any, timezone: str) -> dict[tuple[str, dt.date], tuple[dict[str, Any], int]]:
    """Return the duties as written, with their starts [min since midnight]; none without the sheet."""
    if sheet is None:
        return {}
    duties = {}
    for cells in sheet.iter_rows(min_row=2, max_col=len(COLUMNS), values_only=True):
        employee, date, template, stream, start, end, breaks, paid_hours, cost, held = cells
        if employee is None or not isinstance(date, dt.datetime):
            continue
        begin = clock_minutes(str(start))
        duties[str(employee), date.date()] = (
            {
                "employee": str(employee),
                "date": date.date(),
                "template": str(template),
                "stream": str(stream),
                "start": instant(date.date(), begin, timezone),
                "end": instant(date.date(), clock_minutes(str(end)), timezone),
                "breaks": str(breaks or ""),
                "paid_hours": float(paid_hours),
                "cost": float(cost),
                "meetings": str(held or ""),
            },
            begin,
        )
    return duties


def _find_name_problems(cells: Sequence[Written], known: dict[str, Any], file: str) -> Iterator[Problem]:
    """Yield names that stand in two rows, and names that are nobody's."""
    rows = {(cell.employee, cell.row) for cell in cells}
    counts = Counter(name for name, _ in rows)
    for name, row in sorted(rows, key=lambda pair: pair[1]):
        if counts[name] > 1:
            yield Problem(
                file=file, row=row, column="B", message=f"{name} stands in {counts[name]} rows; keep one"
            )
        if known and name not in known:
            yield Problem(
                file=file, row=row, column="B", message=f"nobody is called {name}{nearest(name, list(known))}"
            )


def _usual_stream(
    duties: dict[tuple[str, dt.date], tuple[dict[str, Any], int]], name: str, person: Any, settings: Settings
) -> str:
    """Return the stream a person's other duties serve most often, else the first they can serve."""
    served = Counter(duty["stream"] for (employee, _), (duty, _) in duties.items() if employee == name)
    if served:
        return str(served.most_common(1)[0][0])
    streams = settings.demand.streams
    named = [stream.id for stream in streams if stream.id in getattr(person, "streams", ())]
    skilled = [stream.id for stream in streams if stream.skill in getattr(person, "skills", ())]
    return next(iter((*named, *skilled, *(stream.id for stream in streams))), DEFAULT_STREAM)


def _duty(cell: Written, code: ShiftCode, stream: str, person: Any, settings: Settings) -> dict[str, Any]:
    """Return the duty a cell names: its person's meetings, its break in the middle of what is allowed."""
    timezone = settings.demand.shop.timezone
    template = code.template
    price = getattr(person, "cost_per_hour", None)
    legal = legal_pauses(template, code.begin, settings.demand.shop.interval_min)
    away = () if person is None else attended(fixed_on(person, cell.date), code.begin, code.end)
    pauses = [pause for pause in legal if not overlap(pause, away)] or legal
    return {
        "employee": cell.employee,
        "date": cell.date,
        "template": template.name,
        "stream": stream,
        "start": instant(cell.date, code.begin, timezone),
        "end": instant(cell.date, code.end, timezone),
        "breaks": pauses_text(pauses[(len(pauses) - 1) // 2]),
        "paid_hours": template.paid_hours,
        "cost": template.paid_hours * (template.cost_per_hour if price is None else price),
        "meetings": pauses_text(away),
    }


def _with_kinds(frame: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Return the frame with the contract's kinds, also where it has no rows."""
    from forecast.timegrid import zone

    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name], utc=True).dt.tz_convert(zone(timezone))
    for name in ("paid_hours", "cost"):
        frame[name] = frame[name].astype(float)
    return frame
