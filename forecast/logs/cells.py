"""Cells as exports write them: moments, days, durations and counts, read without guessing."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

DateOrder = Literal["mdy", "ymd", "dmy"]

EXCEL_DAYS = (20_000, 80_000)  # serial days of 1954 to 2119; a plain number in it is a spreadsheet's date
EXCEL_ORIGIN = dt.datetime(1899, 12, 30)
NOTHING = frozenset({"", "-", "--", "—", "–", "/", "null", "none", "nan", "nat", "n/a", "na", "无"})

_DATE = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?$")
_COMPACT = re.compile(r"^(20\d{2})(\d{2})(\d{2})$")
_SHORT = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})$")
_CLOCK = re.compile(r"^(\d{1,2}):([0-5]\d)(?::([0-5]\d)(\.\d+)?)?$")
_OFFSET = re.compile(r"\s*(Z|[+-]\d{2}(?::?\d{2})?)$", re.IGNORECASE)
_WORDS = re.compile(
    r"^(?:(\d+)\s*(?:天|d))?\s*(?:(\d+)\s*(?:小时|时|h))?\s*(?:(\d+)\s*(?:分钟|分|min|m))?\s*(?:(\d+(?:\.\d+)?)\s*(?:秒钟|秒|sec|s))?$",
    re.IGNORECASE,
)
_HOUR = re.compile(
    r"^(\d{1,2})(?::([0-5]\d))?(?::00)?\s*[点时]?(?:\s*[-~—–至到]\s*(\d{1,2})(?::([0-5]\d))?(?::\d\d)?\s*[点时]?)?$"
)
_RANGE = re.compile(r"^(.{6,11}?)\s*(?:~|至|到|—|–|\s-\s|--)\s*(.{6,11})$")


def is_empty(text: str) -> bool:
    """Whether a cell says nothing."""
    return text.strip().lower() in NOTHING


def read_number(text: str) -> float | None:
    """Return a number with thousands apart, a percent sign or a currency; None where it is none.

    Examples
    --------
    >>> read_number("1,234"), read_number("95%"), read_number("￥12.5"), read_number("many")
    (1234.0, 0.95, 12.5, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "").strip("¥￥$")
    percent = plain.endswith("%")
    try:
        value = float(plain.removesuffix("%"))
    except ValueError:
        return None
    if value != value or value in (float("inf"), float("-inf")):
        return None
    return value / 100 if percent else value


def read_duration(text: str, unit_s: float) -> float | None:
    """Return seconds; a plain number is in the unit, ``1:02:03`` and ``1分20秒`` name their own.

    Examples
    --------
    >>> read_duration("1.5", 60.0), read_duration("00:01:20", 60.0), read_duration("1分20秒", 1.0)
    (90.0, 80.0, 80.0)
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if (number := read_number(plain)) is not None and not plain.endswith("%"):
        return number * unit_s
    if found := re.fullmatch(r"(\d+):([0-5]?\d):([0-5]?\d(?:\.\d+)?)", plain):
        return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
    if found := re.fullmatch(r"(\d+):([0-5]\d)", plain):
        return int(found[1]) * 60.0 + int(found[2])
    found = _WORDS.fullmatch(plain)
    if found and any(found.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds
    return None


def read_day(text: str, order: DateOrder = "mdy") -> dt.date | None:
    """Return a calendar day as exports write it; None where it is none.

    Parameters
    ----------
    text
        ``2026-11-11``, ``2025.12.31``, ``2026年1月2日``, ``20261111``, a spreadsheet's serial day, or a short
        date such as 拼多多's ``12-29-25``. A clock of midnight after it is left out.
    order
        Of short dates.

    Examples
    --------
    >>> read_day("2025.12.31"), read_day("12-29-25"), read_day("46022")
    (datetime.date(2025, 12, 31), datetime.date(2025, 12, 29), datetime.date(2025, 12, 31))
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = re.sub(r"[ T]0{1,2}:00(:00)?(\.0+)?$", "", plain)
    try:
        if found := _DATE.match(plain) or _COMPACT.match(plain):
            return dt.date(int(found[1]), int(found[2]), int(found[3]))
        if found := _SHORT.match(plain):
            first, second, third = (int(part) for part in found.groups())
            year = third if third > 99 else 2000 + third
            if order == "ymd" and third <= 99:
                return dt.date(2000 + first, second, third)
            return dt.date(year, first, second) if order == "mdy" else dt.date(year, second, first)
    except ValueError:
        return None
    if (number := read_number(plain)) is not None and EXCEL_DAYS[0] <= number < EXCEL_DAYS[1]:
        return (EXCEL_ORIGIN + dt.timedelta(days=int(number))).date()
    return None


def is_day_range(text: str) -> bool:
    """Whether a cell names several days (``2026-11-01~2026-11-07``)."""
    found = _RANGE.match(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return False
    first, last = read_day(found[1].strip()), read_day(found[2].strip())
    return first is not None and last is not None and first != last


def one_day(text: str) -> str:
    """Return a range of days that is a single one as that day; everything else as it is."""
    found = _RANGE.match(unicodedata.normalize("NFKC", text).strip())
    if found and (day := read_day(found[1].strip())) is not None and day == read_day(found[2].strip()):
        return day.isoformat()
    return text


def date_orders(texts: Iterable[str]) -> list[DateOrder]:
    """Return the orders in which every short date of a column is a day; the first is taken.

    拼多多 writes month, day, year; that order is preferred where several fit.
    """
    short = {text.strip().split(" ")[0].split("T")[0] for text in texts}
    short = {text for text in short if _SHORT.match(text)}
    if not short:
        return ["mdy"]
    orders: tuple[DateOrder, ...] = ("mdy", "ymd", "dmy")
    return [order for order in orders if all(read_day(text, order) is not None for text in short)]


def read_hour(text: str) -> tuple[int, int] | None:
    """Return hour and minute at which a slot of the day begins; None where the cell names none.

    Examples
    --------
    >>> read_hour("9"), read_hour("09:30-10:00"), read_hour("21点-22点"), read_hour("25")
    ((9, 0), (9, 30), (21, 0), None)
    """
    found = _HOUR.match(unicodedata.normalize("NFKC", text).strip())
    if found is None or int(found[1]) > 23:
        return None
    return int(found[1]), int(found[2] or 0)


def is_clock_alone(text: str) -> bool:
    """Whether a cell has a time of day but no date."""
    return _CLOCK.match(text.strip()) is not None


def read_moment(
    text: str, order: DateOrder = "mdy", *, needs_seconds: bool = False
) -> tuple[dt.datetime, bool] | None:
    """Return a moment and whether it names its offset; it is UTC then, else a wall time.

    A date without a clock is no moment, nor a clock cut short (``10:0``).

    Parameters
    ----------
    text
        The cell.
    order
        Of short dates.
    needs_seconds
        Whether the column writes seconds, so that a clock without them was cut.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if (number := read_number(plain)) is not None:
        return _moment_of_number(number)
    offset = _OFFSET.search(plain) if ":" in plain else None
    if offset:
        plain = plain[: offset.start()]
    parts = re.split(r"[T\s]+|(?<=日)", plain, maxsplit=1)
    if len(parts) != 2 or (day := read_day(parts[0], order)) is None:
        return None
    clock = re.sub(r"[时点分]", ":", parts[1].strip().removesuffix("秒")).rstrip(":")
    found = _CLOCK.match(clock)
    if found is None or int(found[1]) > 23 or (needs_seconds and found[3] is None):
        return None
    fraction = int(float(found[4] or 0) * 1e6)
    moment = dt.datetime.combine(day, dt.time(int(found[1]), int(found[2]), int(found[3] or 0)))
    moment += dt.timedelta(microseconds=fraction)
    if offset is None:
        return moment, False
    return moment - _offset(offset[1]), True


def _moment_of_number(number: float) -> tuple[dt.datetime, bool] | None:
    """Return a spreadsheet's serial time (a wall time), or Unix seconds, milli- or microseconds."""
    if EXCEL_DAYS[0] <= number < EXCEL_DAYS[1] and number % 1 != 0:
        return EXCEL_ORIGIN + dt.timedelta(milliseconds=round(number * 86_400_000)), False
    for scale in (1.0, 1e3, 1e6):
        if 946_684_800 <= number / scale < 4_102_444_800:  # 2000 to 2100
            return dt.datetime(1970, 1, 1) + dt.timedelta(seconds=number / scale), True
    return None


def _offset(text: str) -> dt.timedelta:
    if text.upper() == "Z":
        return dt.timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    span = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -span if text[0] == "-" else span


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def shown(rows: Sequence[int], most: int = 5) -> str:
    """Return row numbers for a message: the first few, and how many more.

    Examples
    --------
    >>> shown([2, 3, 9]), shown(range(1, 9))
    ('2, 3, 9', '1, 2, 3, 4, 5 and 3 more')
    """
    rest = len(rows) - most
    return ", ".join(map(str, rows[:most])) + (f" and {rest} more" if rest > 0 else "")
