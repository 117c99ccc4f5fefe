"""Small tables typed by hand, read row by row: every cell that cannot be read becomes a problem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from forecast.errors import DataError, Problem, nearest
from forecast.tabular import parse_instants, read_table
from forecast.timegrid import clock_minutes

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


def either(value: float | None, default: float) -> float:
    """Return a number, or the default where a cell was empty."""
    return default if value is None else value


class Reader:
    """A table of text cells, and the problems found while reading it.

    Only `required` columns must be there; a name close to one of `columns` is taken for a slip.
    """

    def __init__(self, path: Path, columns: Sequence[str], required: Sequence[str]) -> None:
        self.file = path.name
        self.problems: list[Problem] = []
        self._table: pd.DataFrame = read_table(path)
        for name in required:
            if name not in self._table.columns:
                self._complain(1, name, f"the column is missing; the table needs {', '.join(required)}")
        for name in map(str, self._table.columns):
            if name not in columns and (close := get_close_matches(name, columns, n=1, cutoff=0.8)):
                self._complain(1, name, f"unknown column; did you mean {close[0]}?")
        if self.problems:
            raise DataError(self.problems)

    def _complain(self, row: int, column: str, message: str) -> None:
        self.problems.append(Problem(file=self.file, row=row, column=column, message=message))

    def rows(self) -> Iterator[Row]:
        """Yield the rows with the numbers a spreadsheet shows."""
        for number, cells in zip(self._table.index, self._table.to_dict("records"), strict=True):
            row = int(number)
            yield Row(row, {str(key): str(value) for key, value in cells.items()}, self._complain)


class Row:
    """One row; a cell that cannot be read becomes a problem and counts as empty."""

    def __init__(self, number: int, cells: dict[str, str], complain: Callable[[int, str, str], None]) -> None:
        self.number = number
        self._cells = cells
        self._complain = complain
        self._is_sound = True

    def complain(self, column: str, message: str) -> None:
        """Note what is wrong with a cell; the row builds nothing any more."""
        self._is_sound = False
        self._complain(self.number, column, message)

    def text(self, column: str) -> str:
        """Return a cell, empty where the column is missing."""
        return self._cells.get(column, "").strip()

    def names(self, column: str, known: Sequence[str]) -> tuple[str, ...]:
        """Return a ``;``-separated list whose members must be known, where anything is."""
        text = self.text(column).replace("；", ";")
        found = tuple(part.strip() for part in text.split(";") if part.strip())
        for name in found:
            if known and name not in known:
                self.complain(column, f"{name!r} is not known{nearest(name, known)}")
        return found

    def known(self, column: str, known: Sequence[str]) -> str:
        """Return a name that must be known."""
        name = self.text(column)
        if name not in known:
            self.complain(column, f"{name!r} is not known{nearest(name, known)}" if name else "empty")
        return name

    def choice(self, column: str, options: Sequence[str], *, required: bool = False) -> Any:
        """Return one of the options, None where empty."""
        text = self.text(column).lower()
        if text in options:
            return text
        if text or required:
            self.complain(column, f"{text!r} is not one of {', '.join(options)}{_maybe(text, options)}")
        return None

    def number_of(self, column: str, *, whole: bool = False, least: float | None = None) -> Any:
        """Return a number, None where empty or below `least`."""
        text = self.text(column)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            self.complain(column, f"{text!r} is not a number")
            return None
        if value != value or abs(value) == float("inf") or (whole and not value.is_integer()):
            self.complain(
                column, f"{text!r} is not a whole number" if whole else f"{text!r} is not a finite number"
            )
            return None
        if least is not None and value < least:
            self.complain(column, f"{value:g} is below {least:g}")
            return None
        return int(value) if whole else value

    def day(self, column: str, *, required: bool = False) -> Any:
        """Return a date, None where empty."""
        text = self.text(column)
        if not text and not required:
            return None
        try:
            year, month, date = text.split(" ")[0].split("T")[0].replace("/", "-").split("-")
            return dt.date(int(year), int(month), int(date))
        except ValueError:
            self.complain(column, f"{text!r} is not a date; write it as 2026-11-11")
            return None

    def clock(self, column: str) -> int | None:
        """Return a wall time [min since midnight], None where empty."""
        text = self.text(column)
        try:
            return clock_minutes(text.rsplit(":", 1)[0] if text.count(":") == 2 else text) if text else None
        except ValueError as error:
            self.complain(column, str(error))
            return None

    def span(self, timezone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Return the instants in `start` and `end`: wall times of the zone, a date alone its midnight."""
        import pandas as pd

        texts = [self.text("start"), self.text("end")]
        start, end = (parse_instants(pd.Series([text]), timezone).iloc[0] for text in texts)
        for column, text, moment in zip(("start", "end"), texts, (start, end), strict=True):
            if pd.isna(moment):
                self.complain(column, f"{text!r} is not a time; write it as 2026-11-11 20:00")
        if pd.notna(start) and pd.notna(end) and not start < end:
            self.complain("end", f"the end must come after the start, got {texts[0]} to {texts[1]}")
        return start, end

    def build(self, thing: Callable[..., T], /, **values: Any) -> T | None:
        """Return the thing, or None after noting why it cannot be."""
        if not self._is_sound:
            return None
        try:
            return thing(**values)
        except ValueError as error:
            self.complain(str(error).split(" ", 1)[0], str(error))
            return None


def _maybe(text: str, options: Sequence[str]) -> str:
    close = get_close_matches(text, options, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
