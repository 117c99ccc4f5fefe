"""Counts into the store: consultations by hour, and daily tables by agent."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pandas as pd

from forecast.errors import DataError, Problem
from forecast.logs.cells import (
    hour_starts,
    is_day_range,
    is_empty,
    one_day,
    read_day,
    read_duration,
    read_hour,
    read_number,
)
from forecast.logs.headers import COUNTS
from forecast.logs.loading import Task, days_of, micros_of, note_days
from forecast.logs.overlaps import warn_of_conflicts
from forecast.logs.raw_tables import arrow
from forecast.logs.summary import drop_summaries
from forecast.tabular import parse_instants

FINER = ("agent", "platform", "queue")  # rows told apart by these are parts of one count
_DATES = re.compile(r"(?<!\d)(20\d{2})[-_.年]?(\d{1,2})[-_.月]?(\d{1,2})日?(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)")


def load_hourly(task: Task) -> None:
    """Load counts by hour: a row an hour, or a column for each hour of the day; finer rows are summed."""
    frame = _data_rows(task)
    if task.columns.wide:
        frame, texts, counts = _melted(task, frame)
        task.report.rows_read = len(frame)  # cells, each an hour
        walls, rows = texts, frame["row"]
    else:
        counts = frame[f"c{task.columns.place[_count_role(task)]}"]
        walls, rows = _walls(task, frame), frame["row"]
    streams = _streams(task, frame)
    starts = parse_instants(walls, task.run.timezone, streams.fillna(""))
    column = "" if task.columns.wide else task.columns.name(_count_role(task))
    values = _counts(task, counts, rows, column)
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
            "finer": _finer(task, frame),
            "estimated": _estimated(task, frame),
        }
    )
    table = table[table["start"].notna() & table["offered"].notna()].reset_index(drop=True)
    task.check_dropped()
    table = _once(task, table, ["stream", "start", "finer"], ["offered"])
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
    _store(task, table, "hourly", ["stream", "start"], ["offered"], "count")


def load_daily(task: Task) -> None:
    """Load a daily table; rows are agents' days or the shop's."""
    frame = _data_rows(task)
    days = _days(task, frame)
    role = _count_role(task)
    served = "served" if "served" in task.columns.place else role
    offered = _counts(task, frame[f"c{task.columns.place[role]}"], frame["row"], task.columns.name(role))
    table = pd.DataFrame(
        {
            "row": frame["row"],
            "stream": _streams(task, frame),
            "date": days,
            "agent": _agents(task, frame),
            "offered": offered,
            "served": offered if served == role else _figures(task, frame, served),
            "online_h": _seconds(task, frame, "online_h", default_s=3600.0) / 3600.0,
            "most_open": _figures(task, frame, "most_open"),
            "first_reply_s": _seconds(task, frame, "first_reply_s"),
            "mean_reply_s": _seconds(task, frame, "mean_reply_s"),
            "finer": _finer(task, frame, without="agent"),
        }
    )
    table = table[table["date"].notna() & table["offered"].notna()].reset_index(drop=True)
    task.check_dropped()
    table = _once(task, table, ["stream", "date", "agent", "finer"], ["offered"])
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
    _store(task, table, "daily", ["stream", "date", "agent"], ["offered", "served"], "day")


def _data_rows(task: Task) -> pd.DataFrame:
    frame = task.table.frame(task.run.connection)
    task.report.rows_read = len(frame) + len(task.table.cut_rows)
    task.report.zone = task.run.timezone
    task.drop("cut", task.table.cut_rows, "cut: other than as many cells as the header; left out")
    return drop_summaries(task, frame)


def _count_role(task: Task) -> str:
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


def _streams(task: Task, frame: pd.DataFrame) -> pd.Series:
    if task.run.stream:
        return pd.Series(task.run.stream, index=frame.index, dtype="object")
    if "stream" not in task.columns.place:
        return pd.Series(None, index=frame.index, dtype="object")
    texts = frame[f"c{task.columns.place['stream']}"].astype("object")
    names = texts.where(texts != "", None)
    task.report.streams = tuple(sorted({str(name) for name in names.dropna()}))
    return names


def _agents(task: Task, frame: pd.DataFrame) -> pd.Series:
    if "agent" not in task.columns.place:
        return pd.Series(None, index=frame.index, dtype="object")
    texts = frame[f"c{task.columns.place['agent']}"].astype("object")
    return texts.where(~texts.map(is_empty), None)


def _finer(task: Task, frame: pd.DataFrame, without: str = "") -> pd.Series:
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


def _estimated(task: Task, frame: pd.DataFrame) -> pd.Series:
    if "estimated" not in task.columns.place:
        return pd.Series(0, index=frame.index)
    texts = frame[f"c{task.columns.place['estimated']}"]
    return texts.map(lambda text: int((read_number(text) or 0) > 0))


def _melted(task: Task, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return a wide table with a row an hour: its rows, wall times and counts."""
    days = _days(task, frame)
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
        days = _days(task, frame)
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


def _days(task: Task, frame: pd.DataFrame) -> pd.Series:
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


def _counts(task: Task, texts: pd.Series, rows: pd.Series, column: str) -> pd.Series:
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


def _figures(task: Task, frame: pd.DataFrame, role: str) -> pd.Series:
    if role not in task.columns.place:
        return pd.Series(pd.array([pd.NA] * len(frame), dtype="Float64"), index=frame.index)
    texts = frame[f"c{task.columns.place[role]}"]
    return texts.map({text: read_number(text) for text in texts.unique()}).astype("Float64")


def _seconds(task: Task, frame: pd.DataFrame, role: str, default_s: float | None = None) -> pd.Series:
    if role not in task.columns.place:
        return pd.Series(pd.array([pd.NA] * len(frame), dtype="Float64"), index=frame.index)
    texts = frame[f"c{task.columns.place[role]}"]
    distinct = [text for text in texts.unique() if not is_empty(text)]
    unit = task.columns.unit_s(role, default_s) if default_s is not None else task.unit_of(role, distinct)
    return texts.map({text: read_duration(text, unit) for text in distinct}).astype("Float64")


def _once(task: Task, table: pd.DataFrame, key: list[str], figures: list[str]) -> pd.DataFrame:
    """Return rows whose key stands once; a second row is a duplicate, or a conflict if it says otherwise."""
    again = table.duplicated(key, keep="first")
    if not again.any():
        return table
    first = table[~again].set_index(key)[figures]
    first = first[~first.index.duplicated()]
    joined = table[again].join(first, on=key, rsuffix="_first")
    differs = pd.Series(data=False, index=joined.index)
    for name in figures:
        differs |= joined[name] != joined[f"{name}_first"]
    task.report.duplicates += int((~differs).sum())
    task.report.conflicts += int(differs.sum())
    if differs.any():
        warn_of_conflicts(task, joined[differs].assign(file=task.file)[["file", "row"]], "count")
    return table[~again].reset_index(drop=True)


def _store(task: Task, table: pd.DataFrame, name: str, key: list[str], figures: list[str], what: str) -> None:
    """Write counts into the store; those it has already are counted once."""
    connection, file = task.run.connection, task.file
    for text in ("stream", "agent"):
        if text in table:
            table[text] = table[text].astype("object").where(table[text].notna(), None)
    connection.register("read_counts", arrow(table))
    types = {
        "stream": "VARCHAR",
        "agent": "VARCHAR",
        "date": "DATE",
        "row": "BIGINT",
        "start": "BIGINT",
        "estimated": "UTINYINT",
    }
    wanted = [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall() if row[0] != "file"]
    cast = ", ".join(f"CAST({column} AS {types.get(column, 'DOUBLE')}) AS {column}" for column in wanted)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE new_counts AS SELECT {file}::INTEGER AS file, {cast}, parts FROM "
        "read_counts"
    )
    connection.unregister("read_counts")
    on = " AND ".join(f"new.{column} IS NOT DISTINCT FROM old.{column}" for column in key)
    differ = " OR ".join(f"new.{column} <> old.{column}" for column in figures)
    again = connection.execute(
        "SELECT new.row, any_value(new.parts) AS parts, min(old.file) AS file, "
        f"bool_or(coalesce({differ}, false)) AS differs "
        f"FROM new_counts AS new JOIN {name} AS old ON {on} WHERE old.file < {file} "
        f"GROUP BY new.row, {', '.join(f'new.{column}' for column in key)}"
    ).df()
    connection.execute(
        f"DELETE FROM new_counts AS new WHERE EXISTS (SELECT 1 FROM {name} AS old WHERE {on} AND old.file "
        f"< {file})"
    )
    connection.execute(f"INSERT INTO {name} SELECT * EXCLUDE (parts) FROM new_counts ORDER BY row")
    used = connection.execute("SELECT coalesce(sum(parts), 0) FROM new_counts").fetchone()
    task.report.rows_used = int(used[0]) if used else 0
    differs = again["differs"].astype(bool)
    task.report.duplicates += int(again.loc[~differs, "parts"].sum())
    task.report.conflicts += int(again.loc[differs, "parts"].sum())
    if differs.any():
        warn_of_conflicts(task, again[differs], what)
    connection.execute("DROP TABLE new_counts")
