"""Counts by hour and daily tables: read, summed where rows are finer, and stored once."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from forecast.logs.cells import read_hour
from forecast.logs.count_cells import (
    count_role,
    estimated_flags,
    finer_than_a_count,
    read_counts,
    read_figures,
    read_seconds,
    row_agents,
    row_streams,
)
from forecast.logs.count_store import counted_once, store_counts
from forecast.logs.loading import Task, days_of, micros_of, note_days
from forecast.logs.row_days import row_days
from forecast.logs.summary import drop_summaries
from forecast.logs.wall_times import hour_starts
from forecast.tabular import parse_instants


def load_hourly(task: Task) -> None:
    """Load counts by hour: a row an hour, or a column for each hour of the day; finer rows are summed."""
    frame = _data_rows(task)
    if task.columns.wide:
        frame, texts, counts = _melted(task, frame)
        task.report.rows_read = len(frame)  # cells, each an hour
        walls, rows = texts, frame["row"]
    else:
        counts = frame[f"c{task.columns.place[count_role(task)]}"]
        walls, rows = _walls(task, frame), frame["row"]
    streams = row_streams(task, frame)
    starts = parse_instants(walls, task.run.timezone, streams.fillna(""))
    column = "" if task.columns.wide else task.columns.name(count_role(task))
    values = read_counts(task, counts, rows, column)
    undated = starts.isna() & values.notna() & ~rows.isin(task.left_out)
    when = next((role for role in ("hour", "time", "start", "date") if role in task.columns.place), None)
    task.drop(
        "unreadable",
        rows[undated].tolist(),
        "not a time of the zone; the row is left out. Write for example 2026-11-11 20:00:00, or hours "
        "from 0 to 23",
        task.columns.name(when) if when else None,
    )
    table = pd.DataFrame(
        {
            "row": rows.to_numpy(),
            "stream": streams.to_numpy(),
            "start": starts.array,
            "offered": values.to_numpy(),
            "finer": finer_than_a_count(task, frame),
            "estimated": estimated_flags(task, frame),
        }
    )
    table = table[table["start"].notna() & table["offered"].notna()].reset_index(drop=True)
    task.check_dropped()
    table = counted_once(task, table, ["stream", "start", "finer"], ["offered"])
    micros = table["start"].astype("datetime64[us, UTC]").astype("int64") if len(table) else table["start"]
    table["start"] = hour_starts(micros, task.run.timezone)
    table = (
        table.groupby(["stream", "start"], dropna=False, sort=True)
        .agg(
            row=("row", "min"),
            offered=("offered", "sum"),
            estimated=("estimated", "max"),
            parts=("row", "size"),
        )
        .reset_index()
    )
    note_days(task.report, days_of(table["start"], task.run.timezone) if len(table) else [])
    store_counts(task, table, "hourly", ["stream", "start"], ["offered"], "count")


def load_daily(task: Task) -> None:
    """Load a daily table; rows are agents' days or the shop's."""
    frame = _data_rows(task)
    days = row_days(task, frame)
    role = count_role(task)
    served = "served" if "served" in task.columns.place else role
    offered = read_counts(task, frame[f"c{task.columns.place[role]}"], frame["row"], task.columns.name(role))
    table = pd.DataFrame(
        {
            "row": frame["row"],
            "stream": row_streams(task, frame),
            "date": days,
            "agent": row_agents(task, frame),
            "offered": offered,
            "served": offered if served == role else read_figures(task, frame, served),
            "online_h": read_seconds(task, frame, "online_h", default_s=3600.0) / 3600.0,
            "most_open": read_figures(task, frame, "most_open"),
            "first_reply_s": read_seconds(task, frame, "first_reply_s"),
            "mean_reply_s": read_seconds(task, frame, "mean_reply_s"),
            "finer": finer_than_a_count(task, frame, without="agent"),
        }
    )
    table = table[table["date"].notna() & table["offered"].notna()].reset_index(drop=True)
    task.check_dropped()
    table = counted_once(task, table, ["stream", "date", "agent", "finer"], ["offered"])
    weight = table["served"].fillna(table["offered"])
    sums = table.assign(
        **{f"{name}_sum": table[name] * weight for name in ("first_reply_s", "mean_reply_s")},
        **{f"{name}_of": weight.where(table[name].notna()) for name in ("first_reply_s", "mean_reply_s")},
    )
    grouped = sums.groupby(["stream", "date", "agent"], dropna=False, sort=True)
    joined = grouped.agg(
        row=("row", "min"),
        parts=("row", "size"),
        offered=("offered", "sum"),
        served=("served", lambda values: values.sum(min_count=1)),
        online_h=("online_h", "max"),
        most_open=("most_open", "max"),
    )
    for name in ("first_reply_s", "mean_reply_s"):  # means of parts are weighted by what they are means of
        total, count = grouped[f"{name}_sum"].sum(min_count=1), grouped[f"{name}_of"].sum(min_count=1)
        joined[name] = total / count.where(count > 0)
    table = joined.reset_index()
    note_days(task.report, table["date"].tolist())
    store_counts(task, table, "daily", ["stream", "date", "agent"], ["offered", "served"], "day")


def _data_rows(task: Task) -> pd.DataFrame:
    frame = task.table.frame(task.run.connection)
    task.report.rows_read = len(frame) + len(task.table.cut_rows)
    task.report.zone = task.run.timezone
    task.drop("cut", task.table.cut_rows, "cut: other than as many cells as the header; left out")
    return drop_summaries(task, frame)


def _melted(task: Task, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return a wide table with a row an hour: its rows, wall times and counts."""
    days = row_days(task, frame)
    parts = []
    for at, hour in task.columns.wide.items():
        wall = days.map(lambda day, hour=hour: "" if day is None else f"{day.isoformat()} {hour:02d}:00:00")
        parts.append(frame.assign(wall=wall, count=frame[f"c{at}"], hour=hour))
    long = pd.concat(parts, ignore_index=True).sort_values(["row", "hour"], ignore_index=True)
    return long, long["wall"], long["count"]


def _walls(task: Task, frame: pd.DataFrame) -> pd.Series:
    """Return ISO texts of the moments at which rows begin, empty where there is none."""
    at = task.columns.place
    if "hour" in at and not task.columns.has("time", "start", "first_message"):
        days = row_days(task, frame)
        hours = frame[f"c{at['hour']}"].map(read_hour)
        return pd.Series(
            [
                "" if day is None or hour is None else f"{day.isoformat()} {hour[0]:02d}:{hour[1]:02d}:00"
                for day, hour in zip(days, hours, strict=True)
            ],
            index=frame.index,
            dtype="str",
        )
    role = next(role for role in ("start", "time", "first_message", "date", "hour") if role in at)
    texts = frame[f"c{at[role]}"]
    with_offset = texts.str.contains(r":\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)$", regex=True)
    if with_offset.all():
        task.report.zone = "offset"
        return texts
    # Wall times keep their wall here: where clocks repeat an hour its rows tell the two apart.
    as_utc = _micros_of_walls(task, texts, task.columns.headers[at[role]])
    iso = pd.to_datetime(as_utc.astype("Int64"), unit="us").dt.strftime("%Y-%m-%d %H:%M:%S")
    return iso.fillna("").where(~with_offset, texts)


def _micros_of_walls(task: Task, texts: pd.Series, column: str) -> pd.Series:
    """Return wall times as if they were UTC, in microseconds."""
    as_utc = replace(task, run=replace(task.run, timezone="UTC"))
    return micros_of(as_utc, texts.map(_with_minutes), column)


def _with_minutes(text: str) -> str:
    """Return ``2026-11-11 9`` and ``2026-11-11 09时`` as a wall time."""
    found = re.fullmatch(r"(\S+)[ T]+(\d{1,2})\s*[时点]?(?:[-~至]\s*\d{1,2}\s*[时点]?)?", text.strip())
    return f"{found[1]} {int(found[2]):02d}:00" if found else text.strip()
