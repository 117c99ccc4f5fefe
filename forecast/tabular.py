"""Small tables as people keep them (CSV, TSV, Excel), read as text with the spreadsheet's row numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.formulas import unquoted
from forecast.timegrid import zone

if TYPE_CHECKING:
    import pandas as pd

EXCEL_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table with a header row, every cell as text.

    Parameters
    ----------
    path
        CSV, TSV or semicolon-separated text (UTF-8 with or without BOM, UTF-16, GB18030), or an Excel
        workbook, of which the first sheet is read.

    Returns
    -------
    DataFrame
        One row a table row; the index is the row number a spreadsheet shows (the header is row 1).
        Empty cells are empty strings, wholly empty rows are left out, headers are stripped, and so is a
        ``'`` that `forecast.formulas` put before text.

    Raises
    ------
    DataError
        If the file is missing, empty or not readable as a table.
    """
    import pandas as pd

    if not path.is_file():
        raise DataError(
            Problem(file=path.name, message=f"no such file: {path}; check the name and the folder")
        )
    rows = _sheet_rows(path) if path.suffix.lower() in EXCEL_SUFFIXES else _text_rows(path)
    numbered = [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]
    if not numbered:
        raise DataError(
            Problem(file=path.name, message="the file is empty; it needs a header row and data rows")
        )
    header = [cell.strip() for cell in numbered[0][1]]
    width = len(header)
    body = [[unquoted(cell.strip()) for cell in (cells + [""] * width)[:width]] for _, cells in numbered[1:]]
    return pd.DataFrame(body, columns=header, index=[number for number, _ in numbered[1:]], dtype=object)


def parse_instants(texts: pd.Series, timezone: str, groups: pd.Series | None = None) -> pd.Series:
    """Return aware instants; NaT where a cell is no time, or a wall time that clocks skip.

    Parameters
    ----------
    texts
        Times as text. Without an offset they are wall times.
    timezone
        Zone of the wall times, and of the result.
    groups
        Series each time belongs to. In the hour that clocks repeat, the second row of one series with the
        same wall time is the later real hour.
    """
    import pandas as pd

    has_offset = texts.str.contains(r"(?:[+-]\d{2}:?\d{2}|Z)$", regex=True) & texts.str.contains(":")
    utc = pd.to_datetime(texts.where(has_offset), errors="coerce", utc=True, format="ISO8601")
    wall = pd.to_datetime(texts.where(~has_offset), errors="coerce", format="ISO8601")
    if (rest := wall.isna() & ~has_offset).any():
        wall = wall.where(~rest, pd.to_datetime(texts.where(rest), errors="coerce", format="mixed"))
    keys = pd.DataFrame({"wall": wall, "group": "" if groups is None else groups})
    first = ~(keys.duplicated(keep="first") & wall.notna())
    local = wall.dt.tz_localize(zone(timezone), ambiguous=first.to_numpy(), nonexistent="NaT")
    both = utc.where(has_offset, local.dt.tz_convert("UTC"))
    return both.dt.tz_convert(zone(timezone)).dt.as_unit("ns")


def decode(raw: bytes, name: str) -> str:
    """Return the text of a file in UTF-8, UTF-16 with BOM, or GB18030, tried in that order.

    Strict UTF-8 goes first: half of all short Chinese UTF-8 texts also decode, silently wrong, as GB18030.

    Raises
    ------
    DataError
        If none of them fits.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError(
        Problem(file=name, message="neither UTF-8, UTF-16 nor GB18030 text; save it as CSV UTF-8")
    )


def _text_rows(path: Path) -> list[tuple[int, list[str]]]:
    text = decode(path.read_bytes(), path.name)
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:20_000], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    reader = csv.reader(io.StringIO(text, newline=""), dialect)
    return [(number, cells) for number, cells in enumerate(reader, start=1)]


def unreadable_workbook(path: Path, error: Exception) -> DataError:
    """Return what to tell of a workbook that does not open; what the reader of files says helps nobody."""
    if "password" in str(error).lower():
        return DataError(Problem(file=path.name, message="the workbook has a password; save it without one"))
    return DataError(Problem(file=path.name, message="not a readable workbook; save it again as xlsx"))


def _sheet_rows(path: Path) -> list[tuple[int, list[str]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        cells = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        raise unreadable_workbook(path, error) from None
    return [(number, [_cell_text(cell) for cell in row]) for number, row in enumerate(cells, start=1)]


def _cell_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
