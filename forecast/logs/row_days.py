"""The day of each row of a table of counts: of its cell, else of the file's or sheet's name."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd

from forecast.errors import DataError, Problem
from forecast.logs.cells import is_day_range, one_day, read_day
from forecast.logs.loading import Task

_DATES = re.compile(r"(?<!\d)(20\d{2})[-_.年]?(\d{1,2})[-_.月]?(\d{1,2})日?(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)")


def row_days(task: Task, frame: pd.DataFrame) -> pd.Series:
    """Return each row's day: of its cell, else of the file's name."""
    name, at = task.table.name, task.columns.place
    named = _named_days(task.table.sheet) or _named_days(task.table.file)
    if "date" not in at:
        if len(named) == 1:
            task.run.warn(task.table, f"rows have no date; {named[0]} of the name serves")
            return pd.Series([named[0]] * len(frame), index=frame.index, dtype="object")
        what = (
            f"the name says {named[0]} to {named[-1]}" if named else "neither rows nor the name say which day"
        )
        raise DataError(
            Problem(
                file=name,
                row=max(1, task.table.header_row),
                message=f"rows have no date; {what}. Export it day by day, or with a date in each row",
            )
        )
    column = task.columns.name("date")
    texts = frame[f"c{at['date']}"]
    ranges = texts[texts.map(is_day_range)]
    if len(ranges):
        raise DataError(
            Problem(
                file=name,
                row=int(frame["row"][ranges.index[0]]),
                column=column,
                message=f"{ranges.iloc[0]!r} covers several days; export it day by day",
            )
        )
    order = task.order_of([text for text in texts.unique() if text], column)
    known = {text: read_day(one_day(text), order) for text in texts.unique()}
    days = pd.Series([known[text] for text in texts], index=texts.index, dtype="object")
    bad = days.isna() | days.map(lambda day: day is None)
    task.drop(
        "unreadable",
        frame.loc[bad, "row"].tolist(),
        f"{texts[bad].iloc[0]!r} is not a day; the row is left out. Write for example 2026-11-11"
        if bad.any()
        else "",
        column,
    )
    present = sorted({day for day in days if day is not None})
    if named and present and not any(present[0] <= day <= present[-1] for day in named):
        task.run.warn(
            task.table,
            f"the name says {named[0]}, rows say {present[0]} to {present[-1]}; the rows hold",
            column=column,
        )
    return days


def _named_days(text: str) -> list[dt.date]:
    """Return the days that a file's or sheet's name names."""
    days = []
    for pattern in (_COMPACT, _DATES):
        for found in pattern.finditer(text):
            try:
                days.append(dt.date(int(found[1]), int(found[2]), int(found[3])))
            except ValueError:
                continue
        if days:
            break
    return sorted(set(days))
