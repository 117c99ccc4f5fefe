"""Formats and small writers that all sheets of the workbook share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter
from rich.cells import cell_len

from reports.words import Words, words

TEXT_STAYS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
CREATED = dt.datetime(2026, 1, 1)  # fixed: the same plan gives the same bytes

FORM_FILLS = {"early": "#CDE7F7", "late": "#C9BEE6", "half": "#BFE5D6"}
SHADES = {"weekend": "#EEF1F4", "promotion": "#F7E3B5"}
SHORT_FILL, SHORT_INK = "#F3A583", "#B23A00"
LINE = "#D9DEE3"
FONT = "Microsoft YaHei"
USUAL_WIDTH = 8.43  # of a column, in characters
ONE_LINE = 9  # columns of text that a head of the usual width holds


@dataclass(frozen=True, kw_only=True)
class Book:
    """A workbook being written: its file, its language, and the formats made so far."""

    file: Any
    say: Words
    formats: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def format(self, **properties: Any) -> Any:
        """Return the format with those properties; asked for again, it is the same one."""
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.file.add_format(
                {"font_name": FONT, "font_size": 10, "valign": "vcenter", **properties}
            )
        return self.formats[key]

    def sheet(self, name: str, *, has_head: bool = True) -> Any:
        """Add the sheet that the catalogue calls ``sheet_<name>``; a head is printed on every page."""
        sheet = self.file.add_worksheet(self.say(f"workbook.sheet_{name}"))
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        if has_head:
            sheet.repeat_rows(0)
        return sheet

    @property
    def head(self) -> Any:
        """Format of header cells."""
        return self.format(bold=True, bottom=2, text_wrap=True)


@contextmanager
def new_book(path: Path, title: str, lang: str) -> Iterator[Book]:
    """Open a workbook to write, titled by a message; texts of users never become formulas."""
    say = words(lang)
    with xlsxwriter.Workbook(path, TEXT_STAYS_TEXT) as file:
        file.set_properties({"title": say(title), "created": CREATED})
        yield Book(file=file, say=say)


def form_name(form: str, book: Book) -> str:
    """Return what the sheets call a form of shifts."""
    return book.say(f"names.form_{form}")


def write_table(
    book: Book,
    sheet: Any,
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    first_row: int = 0,
    figures: Collection[int] = (),
) -> None:
    """Write a header row, two lines high where heads of several words need it, and cells below it.

    Heads of the columns `figures` stand to the right, as the numbers below them.
    """
    if any(" " in name and cell_len(name) > ONE_LINE for name in heads):
        sheet.set_row(first_row, 31)
    for column, name in enumerate(heads):
        look = (
            book.format(bold=True, bottom=2, text_wrap=True, align="right")
            if column in figures
            else book.head
        )
        sheet.write_string(first_row, column, name, look)
    for offset, row in enumerate(rows, start=first_row + 1):
        for column, cell in enumerate(row):
            write_cell(book, sheet, offset, column, cell)


def write_cell(book: Book, sheet: Any, row: int, column: int, cell: object, **properties: Any) -> None:
    """Write a number as a number and everything else as text."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and cell == cell:
        sheet.write_number(row, column, cell, book.format(**properties))
    elif cell is not None and cell == cell:
        sheet.write_string(row, column, str(cell), book.format(**properties))


def set_widths(sheet: Any, widths: Mapping[int, float], heads: Sequence[str] = ()) -> None:
    """Set column widths [characters]; no column is narrower than the longest word of its head."""
    words = {column: max(map(cell_len, head.split(" "))) + 2.0 for column, head in enumerate(heads)}
    for column in sorted({*widths, *(c for c, width in words.items() if width > USUAL_WIDTH)}):
        width = max(widths.get(column, USUAL_WIDTH), words.get(column, 0.0))
        sheet.set_column(column, column, width)
