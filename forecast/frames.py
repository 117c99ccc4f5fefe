"""Contracts of the tables this package hands on, and the checks that enforce them.

A contract names the columns, their kind and unit, the key and the order of rows. A check returns the
frame or raises one error that lists every problem with file, row and column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.formulas import begins_like_formula, name_fault

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = {
    "p025": 0.025,
    "p05": 0.05,
    "p10": 0.10,
    "p25": 0.25,
    "p50": 0.50,
    "p75": 0.75,
    "p90": 0.90,
    "p95": 0.95,
    "p975": 0.975,
}

MOST_PROBLEMS_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column's name, kind and unit; numbers may have a least value."""

    name: str
    kind: str  # text | instant | number | date
    unit: str = ""
    least: float | None = None
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A table: its columns, and the columns that identify a row."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def required(self) -> list[str]:
        """Names of the columns a frame must have."""
        return [column.name for column in self.columns if not column.optional]


HISTORY = Contract(
    name="history",
    columns=(
        Column(name="stream", kind="text"),
        Column(name="start", kind="instant"),
        Column(name="offered", kind="number", unit="consultations an hour, before bots", least=0.0),
        Column(name="estimated", kind="number", unit="0 or 1", least=0.0, optional=True),
    ),
    key=("stream", "start"),
)

FORECAST = Contract(
    name="forecast",
    columns=(
        Column(name="stream", kind="text"),
        Column(name="start", kind="instant"),
        Column(name="mean", kind="number", unit="consultations an interval, before bots", least=0.0),
        *(
            Column(name=name, kind="number", unit="consultations an interval", least=0.0, optional=True)
            for name in QUANTILES
        ),
        Column(name="model", kind="text", optional=True),
    ),
    key=("stream", "start"),
)

DRAWS = Contract(
    name="draws",
    columns=(
        Column(name="stream", kind="text"),
        Column(name="start", kind="instant"),
        Column(name="draw", kind="number", least=0.0),
        Column(name="offered", kind="number", unit="consultations an interval, before bots", least=0.0),
    ),
    key=("stream", "start", "draw"),
)


def check_frame(
    frame: pd.DataFrame, contract: Contract, *, source: str | None = None, rows: Sequence[int] | None = None
) -> pd.DataFrame:
    """Return `frame` if it keeps the contract.

    Parameters
    ----------
    frame
        Table to check; it is not changed.
    contract
        What it must look like.
    source
        File the rows came from, for messages; default: the contract's name.
    rows
        Spreadsheet row of each frame row; default: position + 2 (the header is row 1).

    Raises
    ------
    DataError
        With every problem found, at most `MOST_PROBLEMS_SHOWN` of them spelt out.
    """
    problems = list(find_problems(frame, contract, source=source or contract.name, rows=rows))
    raise_problems(problems)
    return frame


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raise one `DataError` for the problems, if there are any."""
    if not problems:
        return
    shown: list[str | Problem] = list(problems[:MOST_PROBLEMS_SHOWN])
    if len(problems) > MOST_PROBLEMS_SHOWN:
        shown.append(f"... and {len(problems) - MOST_PROBLEMS_SHOWN} more problems of this kind")
    raise DataError(shown)


def find_problems(
    frame: pd.DataFrame, contract: Contract, *, source: str, rows: Sequence[int] | None = None
) -> Iterator[Problem]:
    """Yield each way in which `frame` breaks the contract."""
    missing = [name for name in contract.required if name not in frame.columns]
    for name in missing:
        yield Problem(
            file=source,
            column=name,
            message=f"the column is missing; a {contract.name} table needs {', '.join(contract.required)}",
        )
    if missing:
        return
    row_of = list(rows) if rows is not None else list(range(2, len(frame) + 2))
    for column in contract.columns:
        if column.name in frame.columns:
            yield from _find_cell_problems(frame[column.name], column, source, row_of)
    duplicated = frame.duplicated(list(contract.key), keep="first").to_numpy()
    for position in map(int, duplicated.nonzero()[0]):
        cells = ", ".join(str(frame[name].iloc[position]) for name in contract.key)
        yield Problem(
            file=source, row=row_of[position], message=f"a second row for {cells}; keep one of them"
        )


def _find_cell_problems(
    values: pd.Series, column: Column, source: str, row_of: Sequence[int]
) -> Iterator[Problem]:
    from pandas.api import types

    if column.kind == "instant":
        if not types.is_datetime64_any_dtype(values.dtype) or getattr(values.dtype, "tz", None) is None:
            yield Problem(file=source, column=column.name, message="times must carry their time zone")
        return
    if column.kind == "text":
        names = sorted({str(name) for name in values.unique() if begins_like_formula(str(name))})
        yield from (
            Problem(file=source, column=column.name, message=name_fault(column.name, name)) for name in names
        )
    if column.kind != "number":
        return
    if not types.is_numeric_dtype(values.dtype):
        yield Problem(file=source, column=column.name, message=f"numbers expected, found {values.dtype}")
        return
    for position in map(int, values.isna().to_numpy().nonzero()[0]):
        yield Problem(
            file=source,
            row=row_of[position],
            column=column.name,
            message="the cell is empty; leave the whole row out where nothing is known",
        )
    if column.least is None:
        return
    for position in map(int, (values < column.least).to_numpy().nonzero()[0]):
        yield Problem(
            file=source,
            row=row_of[position],
            column=column.name,
            message=f"{values.iloc[position]:g} is below {column.least:g}",
        )


def describe_history(frame: pd.DataFrame, timezone: str) -> str:
    """Return one line on a history: span, streams, hours present and missing."""
    from forecast.timegrid import zone

    if frame.empty:
        return "history: no rows"
    local = frame["start"].dt.tz_convert(zone(timezone))
    parts = []
    for stream, starts in local.groupby(frame["stream"], sort=True):
        hours = int((starts.max() - starts.min()).total_seconds() // 3600) + 1
        parts.append(f"{stream} {len(starts)} of {hours} hours")
    return (
        f"history: {local.min():%Y-%m-%d %H:%M} to {local.max():%Y-%m-%d %H:%M}, hourly, {timezone}; "
        + "; ".join(parts)
    )
