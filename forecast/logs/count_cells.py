"""The cells of tables of counts: which count serves, whose it is, numbers and durations."""

from __future__ import annotations

import pandas as pd

from forecast.errors import DataError, Problem
from forecast.logs.cells import is_empty, read_duration, read_number
from forecast.logs.headers import COUNTS
from forecast.logs.loading import Task

FINER = ("agent", "platform", "queue")  # rows told apart by these are parts of one count


def count_role(task: Task) -> str:
    """Return the count that serves: the first present, in the contract's order."""
    roles = [role for role in COUNTS if role in task.columns.place]
    if not roles:
        found = f"; {task.columns.name('enquirers')} is not one" if "enquirers" in task.columns.place else ""
        raise DataError(
            Problem(
                file=task.table.name,
                row=max(1, task.table.header_row),
                message=f"no column counts consultations{found}. Export 咨询人数 or 咨询量, or give --map "
                "offered=HEADER",
            )
        )
    if "arrived" in roles and ("offered" in task.mapping or "arrived" in task.mapping):
        return "arrived"
    if len(roles) > 1:
        names = [task.columns.name(role) for role in roles]
        answer = task.run.ask(task.table.name, "offered", names) if task.run.ask else None
        if answer is not None:
            task.answers["offered"] = answer
            return roles[names.index(answer)]
    return roles[0]


def row_streams(task: Task, frame: pd.DataFrame) -> pd.Series:
    if task.run.stream:
        return pd.Series(task.run.stream, index=frame.index, dtype="object")
    if "stream" not in task.columns.place:
        return pd.Series(None, index=frame.index, dtype="object")
    texts = frame[f"c{task.columns.place['stream']}"].astype("object")
    names = texts.where(texts != "", None)
    task.report.streams = tuple(sorted({str(name) for name in names.dropna()}))
    return names


def row_agents(task: Task, frame: pd.DataFrame) -> pd.Series:
    if "agent" not in task.columns.place:
        return pd.Series(None, index=frame.index, dtype="object")
    texts = frame[f"c{task.columns.place['agent']}"].astype("object")
    return texts.where(~texts.map(is_empty), None)


def finer_than_a_count(task: Task, frame: pd.DataFrame, without: str = "") -> pd.Series:
    """Return what tells rows of one count apart, as one text."""
    parts = [
        frame[f"c{task.columns.place[role]}"]
        for role in FINER
        if role in task.columns.place and role != without
    ]
    # A person may have several accounts under one name.
    others = [name for choice in task.columns.choices if choice.role == "agent" for name in choice.others]
    parts += [frame[f"c{task.columns.headers.index(name)}"] for name in others]
    finer = pd.Series("", index=frame.index)
    for part in parts:
        finer = finer + "/" + part
    return finer


def estimated_flags(task: Task, frame: pd.DataFrame) -> pd.Series:
    if "estimated" not in task.columns.place:
        return pd.Series(0, index=frame.index)
    texts = frame[f"c{task.columns.place['estimated']}"]
    return texts.map(lambda text: int((read_number(text) or 0) > 0))


def read_counts(task: Task, texts: pd.Series, rows: pd.Series, column: str) -> pd.Series:
    """Return counts, missing where a cell is none; empty cells say nothing."""
    values = texts.map({text: read_number(text) for text in texts.unique()}).astype("Float64")
    empty = texts.map(is_empty).astype(bool)
    bad = ~empty & (values.isna() | (values < 0).fillna(value=False))
    if bad.any():
        task.drop(
            "unreadable",
            rows[bad].tolist(),
            f"{texts[bad].iloc[0]!r} is not a count; the row is left out. Expected a number of 0 or more",
            column,
        )
    if empty.any():
        task.report.dropped["empty"] = int(empty.sum())
    return values.where(~bad & ~empty)


def read_figures(task: Task, frame: pd.DataFrame, role: str) -> pd.Series:
    if role not in task.columns.place:
        return pd.Series(pd.array([pd.NA] * len(frame), dtype="Float64"), index=frame.index)
    texts = frame[f"c{task.columns.place[role]}"]
    return texts.map({text: read_number(text) for text in texts.unique()}).astype("Float64")


def read_seconds(task: Task, frame: pd.DataFrame, role: str, default_s: float | None = None) -> pd.Series:
    if role not in task.columns.place:
        return pd.Series(pd.array([pd.NA] * len(frame), dtype="Float64"), index=frame.index)
    texts = frame[f"c{task.columns.place[role]}"]
    distinct = [text for text in texts.unique() if not is_empty(text)]
    unit = task.columns.unit_s(role, default_s) if default_s is not None else task.unit_of(role, distinct)
    return texts.map({text: read_duration(text, unit) for text in distinct}).astype("Float64")
