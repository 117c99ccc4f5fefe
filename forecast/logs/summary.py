"""Rows that are no data: sums and averages at the end, headers that stand again."""

from __future__ import annotations

import pandas as pd

from forecast.logs.headers import plain, summary_names
from forecast.logs.loading import Task

NAMING = ("agent", "date", "number", "hour", "stream", "session_id", "buyer", "platform", "queue")


def drop_summaries(task: Task, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table's rows without those that sum up others or repeat the header.

    A row is a summary if the cell that should name what it is about, or its first cell, says so (汇总, 平均值
    ...).
    """
    if frame.empty:
        return frame
    names = summary_names()
    about = {0} | {task.columns.place[role] for role in NAMING if role in task.columns.place}
    is_summary = pd.Series(data=False, index=frame.index)
    for at in sorted(about):
        cells = frame[f"c{at}"]
        sums = {text for text in cells.unique() if plain(text) in names}
        is_summary |= cells.isin(sums)
    is_header = pd.Series(data=True, index=frame.index)
    for at, header in enumerate(task.columns.headers):
        if header:
            is_header &= frame[f"c{at}"] == header
    task.drop("summary", frame.loc[is_summary, "row"].tolist(), "sums up other rows")
    task.drop("header", frame.loc[is_header & ~is_summary, "row"].tolist(), "the header stands again")
    return frame[~is_summary & ~is_header].reset_index(drop=True)
