"""Hourly consultations offered, from files of counts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.frames import HISTORY, check_frame, raise_problems
from forecast.tabular import parse_instants, read_table

if TYPE_CHECKING:
    import pandas as pd

TIME_HEADERS = (
    "start",
    "ts",
    "time",
    "timestamp",
    "datetime",
    "date",
    "hour",
    "ds",
    "时间",
    "日期",
    "小时",
    "时段",
)
COUNT_HEADERS = (
    "offered",
    "count",
    "y",
    "volume",
    "sessions",
    "咨询量",
    "咨询次数",
    "会话量",
    "咨询人数",
    "数量",
)


def read_history(path: Path, *, timezone: str, stream: str) -> pd.DataFrame:
    """Read hourly counts: the contract's table, or any file of two columns, a time and a count.

    Parameters
    ----------
    path
        CSV, TSV or Excel. Rows finer than an hour are summed to hours.
    timezone
        The shop's; times without an offset are its wall times. In the hour that clocks repeat, two rows
        with the same wall time are the two real hours.
    stream
        Stream of the rows, where the file has no such column.

    Returns
    -------
    DataFrame
        `HISTORY` contract, ordered by its key. Missing hours are missing rows.

    Raises
    ------
    DataError
        With every row that is not a time or a count.
    """
    import pandas as pd

    table = read_table(path)
    if table.empty:
        raise DataError(
            Problem(file=path.name, message="no data rows; a history needs a time and a count per row")
        )
    times, counts = _columns(table, path.name)
    streams = table["stream"] if "stream" in table else pd.Series(stream, index=table.index)
    starts = parse_instants(table[times], timezone, streams)
    time_problems = _not_times(table[times], starts, timezone, path.name)
    offered, count_problems = _counts(table[counts], path.name)
    raise_problems(sorted(time_problems + count_problems, key=lambda problem: problem.row or 0))
    estimated = pd.to_numeric(table["estimated"], errors="coerce").fillna(0) if "estimated" in table else None
    raise_problems(_twice(streams, starts, table[times], path.name))
    frame = pd.DataFrame(
        {"stream": streams.to_numpy(), "start": starts.array, "offered": offered.to_numpy(dtype=float)}
    )
    if estimated is not None:
        frame["estimated"] = estimated.to_numpy()
    return check_frame(_summed_to_hours(frame), HISTORY, source=path.name)


def _columns(table: pd.DataFrame, source: str) -> tuple[str, str]:
    """Return the headers of the time and the count column."""
    headers = {re.sub(r"[\s_()（）]", "", str(name)).lower(): str(name) for name in table.columns}
    time = next((headers[name] for name in TIME_HEADERS if name in headers), None)
    count = next((headers[name] for name in COUNT_HEADERS if name in headers), None)
    others = [str(name) for name in table.columns if name not in ("stream", "estimated")]
    if len(others) == 2:
        time = time or next(name for name in others if name != count)
        count = count if count not in (None, time) else next(name for name in others if name != time)
    if time is None or count is None:
        raise DataError(
            Problem(
                file=source,
                row=1,
                message=f"which of {', '.join(map(str, table.columns))} are time and count? "
                "Name them start and offered",
            )
        )
    return time, count


def _not_times(texts: pd.Series, starts: pd.Series, timezone: str, source: str) -> list[Problem]:
    """Return a problem for each cell that is no time."""
    return [
        Problem(
            file=source,
            row=int(row),
            column=str(texts.name),
            message=f"{texts[row]!r} is not a time of {timezone}; write for example 2026-11-11T20:00:00",
        )
        for row in texts.index[starts.isna()]
    ]


def _counts(texts: pd.Series, source: str) -> tuple[pd.Series, list[Problem]]:
    """Return counts and the cells that are none; thousands separators are read."""
    import numpy as np
    import pandas as pd

    counts = pd.to_numeric(texts.str.replace(",", "", regex=False), errors="coerce")
    bad = counts.isna() | ~np.isfinite(counts) | (counts < 0)
    problems = [
        Problem(
            file=source,
            row=int(row),
            column=str(texts.name),
            message=f"{texts[row]!r} is not a count; expected a number >= 0, or leave the row out",
        )
        for row in texts.index[bad.to_numpy()]
    ]
    return counts, problems


def _twice(streams: pd.Series, starts: pd.Series, texts: pd.Series, source: str) -> list[Problem]:
    """Return a problem for each instant that a stream has twice."""
    import pandas as pd

    keys = pd.DataFrame({"stream": streams, "start": starts})
    again = keys.duplicated(keep="first")
    return [
        Problem(
            file=source,
            row=int(row),
            column=str(texts.name),
            message=f"{texts[row]} stands twice for stream {streams[row]}; keep one row or add them up",
        )
        for row in keys.index[again]
    ]


def _summed_to_hours(frame: pd.DataFrame) -> pd.DataFrame:
    """Sum finer rows to the local hour they lie in."""
    import pandas as pd

    start = frame["start"].dt
    past_the_hour = pd.to_timedelta(start.minute * 60 + start.second, unit="s") + pd.to_timedelta(
        start.microsecond, unit="us"
    )
    frame = frame.assign(start=(frame["start"] - past_the_hour).dt.as_unit("ns"))
    how = {"offered": "sum"} | ({"estimated": "max"} if "estimated" in frame else {})
    return frame.groupby(["stream", "start"], as_index=False, sort=True).agg(how)
