"""Workbooks: every sheet a table, headers further down, cells in the spreadsheet's own types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.logs.raw_tables import RawTable, find_header, loaded, named, no_header
from forecast.tabular import unreadable_workbook

if TYPE_CHECKING:
    import duckdb


def workbook_tables(
    path: Path, *, connection: duckdb.DuckDBPyConnection, mapping: Mapping[str, str], number: int
) -> tuple[list[RawTable], list[Problem]]:
    """Return the tables of a workbook, and a note on each sheet that has none.

    Parameters
    ----------
    path
        xlsx, xlsm, xls or ods.
    connection
        The database to load the sheets into.
    mapping
        Header by role, where somebody said so.
    number
        Number of the first table, for temporary names.

    Raises
    ------
    DataError
        If the file is no workbook, or no sheet has a header that is known.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        sheets = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names
        }
    except (CalamineError, OSError) as error:
        if path.suffix.lower() == ".zip":
            raise DataError(
                Problem(file=path.name, message="a zip archive; unpack it and import the files in it")
            ) from None
        raise unreadable_workbook(path, error) from None
    tables: list[RawTable] = []
    notes: list[Problem] = []
    first: list[str] = []
    for name, cells in sheets.items():
        rows = [(at, [cell_text(cell) for cell in row]) for at, row in enumerate(cells, start=1)]
        rows = [row for row in rows if any(row[1])]
        if not rows:
            continue
        first = first or rows[0][1]
        at = find_header(rows, mapping)
        if at is None and len(named(rows[0][1])) == 2 and len(rows) > 1:
            at = 0  # two columns under any header: a time and a count
        if at is None:
            notes.append(
                Problem(file=path.name, message=f"sheet {name} has no header that is known; left out")
            )
            continue
        headers = named(rows[at][1])
        table = f"raw_{number}_{len(tables)}"
        cut = loaded(connection, table, rows[at + 1 :], headers, exact=False)
        tables.append(
            RawTable(
                file=path.name,
                sheet=name if len(sheets) > 1 else "",
                headers=headers,
                header_row=rows[at][0],
                relation=f"SELECT * FROM {table}",
                cut_rows=cut,
                encoding="xlsx",
            )
        )
    if not tables:
        raise no_header(path.name, first)
    return tables, notes


def cell_text(cell: object) -> str:
    """Return a cell as text: whole numbers without a point, moments to the millisecond.

    Spreadsheets keep moments as fractions of a day; what lies beyond a millisecond is rounding.
    """
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        rounded = cell + dt.timedelta(microseconds=500)
        rounded = rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
        return rounded.isoformat(sep=" ")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, dt.time):
        return cell.isoformat()
    if isinstance(cell, dt.timedelta):
        seconds = cell.total_seconds()
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    return str(cell).strip()
