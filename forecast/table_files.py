"""Tables of the contract as files: CSV (UTF-8 with BOM, ISO 8601 times with offset) and Parquet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.formulas import quoted
from forecast.frames import Column, Contract, check_frame, raise_problems
from forecast.tabular import parse_instants, read_table

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 6


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV that Excel on Chinese Windows opens as it is.

    Times carry their offset, numbers at most `DECIMALS` decimals: the same table gives the same bytes. Text
    that a spreadsheet would take for a formula gets a ``'`` before it, which `read_table` takes off again.
    """
    import pandas as pd
    from pandas.api import types

    out = frame.copy()
    for name in out.columns:
        if types.is_datetime64_any_dtype(out[name].dtype):
            out[name] = [value.isoformat() for value in out[name]]
        elif types.is_float_dtype(out[name].dtype):
            out[name] = out[name].round(DECIMALS)
        elif not types.is_numeric_dtype(out[name].dtype):
            cells = [_cell(cell) if isinstance(cell, str) else cell for cell in out[name]]
            out[name] = pd.Series(cells, index=out.index, dtype=object)
    out.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _cell(text: str) -> str:
    """Return a text as a CSV cell; a bare carriage return would end the row."""
    return quoted(text.replace("\r\n", "\n").replace("\r", "\n"))


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet."""
    frame.to_parquet(path, index=False)


def read_contract_table(path: Path, contract: Contract, *, timezone: str) -> pd.DataFrame:
    """Read a table of the contract, somebody else's or ours.

    Parameters
    ----------
    path
        CSV, TSV, Excel or Parquet with the contract's columns; optional ones may be absent, others are
        kept as text.
    contract
        What the table must look like.
    timezone
        The shop's; times without offset are its wall times.

    Raises
    ------
    DataError
        With every cell that cannot be read, by row and column.
    """
    import pandas as pd

    if path.suffix.lower() == ".parquet":
        if not path.is_file():
            raise DataError(Problem(file=path.name, message=f"no such file: {path}"))
        return check_frame(pd.read_parquet(path), contract, source=path.name)
    table = read_table(path)
    missing = [name for name in contract.required if name not in table.columns]
    raise_problems(
        [
            Problem(
                file=path.name,
                row=1,
                column=name,
                message=f"the column is missing; {contract.name} needs {', '.join(contract.required)}",
            )
            for name in missing
        ]
    )
    frame = table.copy()
    problems: list[Problem] = []
    for column in contract.columns:
        if column.name in table.columns:
            frame[column.name] = _read_column(table[column.name], column, timezone, path.name, problems)
    raise_problems(sorted(problems, key=lambda problem: problem.row or 0))
    rows = [int(row) for row in table.index]
    return check_frame(frame.reset_index(drop=True), contract, source=path.name, rows=rows)


def _read_column(
    texts: pd.Series, column: Column, timezone: str, source: str, problems: list[Problem]
) -> pd.Series:
    """Return a column's values in their kind; cells that have none are added to `problems`."""
    import pandas as pd

    if column.kind == "text":
        return texts.astype("str")
    if column.kind == "number":
        values = pd.to_numeric(texts, errors="coerce")
    elif column.kind == "date":
        parsed = pd.to_datetime(texts, errors="coerce", format="ISO8601")
        values = parsed.dt.date
        bad_dates = parsed.isna()
        values = values.where(~bad_dates, None)
    else:
        values = parse_instants(texts, timezone)
    problems += [
        Problem(file=source, row=int(row), column=column.name, message=_fault(texts[row], column))
        for row in texts.index[values.isna().to_numpy()]
    ]
    return values


def _fault(text: str, column: Column) -> str:
    """Say what a cell should hold."""
    if column.kind == "number":
        return f"{text!r} is not a number"
    if column.kind == "date":
        return f"{text!r} is not a date such as 2026-11-11"
    return f"{text!r} is not a time such as 2026-11-11T20:00:00+08:00"


def parse_date(text: str) -> dt.date:
    """Return a calendar day written as ``2026-11-11``.

    Raises
    ------
    ValueError
        If there is no such day.
    """
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write it as 2026-11-11") from None
