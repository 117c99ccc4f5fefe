"""What loading a table needs to know, and what the loaders share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from forecast.errors import DataError, Problem
from forecast.logs.cells import DateOrder, date_orders, is_clock_alone, read_moment, read_number, shown
from forecast.logs.headers import UNITS_S, Columns, all_roles, read_header
from forecast.logs.raw_tables import RawTable
from forecast.logs.report import TableReport
from forecast.logs.wall_times import moment_sql, utc_of_wall

if TYPE_CHECKING:
    import duckdb

HARMLESS = ("summary", "header", "empty")  # reasons to leave rows out that need no warning
MOST_UNREADABLE = 0.2  # of a table's rows; more, and the table was not understood
SAMPLED = 5000
EPOCH = dt.datetime(1970, 1, 1)

Ask = Callable[[str, str, Sequence[str]], str | None]
"""Asks which of several answers is meant: table, question, answers (the first is the default)."""


@dataclass(kw_only=True)
class Import:
    """One run of the importer: what was asked for, and what came up.

    Attributes
    ----------
    connection
        The store.
    timezone
        Zone of times without offset.
    stream
        Stream of every row, where the user named one.
    accounts
        Accounts of the shop's agents.
    keep_text
        Whether messages' text is stored.
    ask
        Asks the user; None where nobody can be asked.
    warnings
        What the user should know.
    """

    connection: duckdb.DuckDBPyConnection
    timezone: str
    stream: str | None = None
    accounts: frozenset[str] = frozenset()
    keep_text: bool = False
    ask: Ask | None = None
    warnings: list[Problem] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)  # of this run's files, which are not in the store yet
    matched: set[str] = field(default_factory=set)  # roles of --map whose header some table has

    def warn(
        self, table: RawTable, message: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        """Add a warning about a table."""
        self.warnings.append(Problem(file=table.name, row=row, column=column, message=message))


@dataclass(kw_only=True)
class Task:
    """One table on its way into the store under the number `file`."""

    run: Import
    table: RawTable
    columns: Columns
    mapping: Mapping[str, str]
    file: int
    report: TableReport
    answers: dict[str, str] = field(default_factory=dict)  # what the user was asked, to be kept
    left_out: set[int] = field(default_factory=set)  # rows dropped so far
    unreadable: set[int] = field(default_factory=set)  # those of them that say something nobody can read

    def drop(self, reason: str, rows: Sequence[int], message: str, column: str | None = None) -> None:
        """Count rows as dropped, and warn with the first of them."""
        if len(rows) == 0:
            return
        self.left_out |= {int(row) for row in rows}
        self.report.dropped[reason] = self.report.dropped.get(reason, 0) + len(rows)
        if reason not in HARMLESS:
            self.unreadable |= {int(row) for row in rows}
            where = f"rows {shown(rows)}: " if len(rows) > 1 else ""
            self.run.warn(self.table, f"{where}{message}", row=int(rows[0]), column=column)

    def check_dropped(self) -> None:
        """Raise where too few rows could be read."""
        bad = len(self.unreadable)
        if bad > MOST_UNREADABLE * max(1, self.report.rows_read):
            told = [problem for problem in self.run.warnings if problem.file == self.table.name]
            raise DataError(
                [
                    *told,
                    Problem(
                        file=self.table.name,
                        message=f"{bad} of {self.report.rows_read} rows cannot be read; the table was not "
                        "understood. Say which column is which with --map, or export it again",
                    ),
                ]
            )

    def unit_of(self, role: str, texts: Sequence[str]) -> float:
        """Return the seconds of a duration's unit; where nothing names it, seconds are taken and said.

        Clock times and words (``1分20秒``) name their own.
        """
        unit = read_header(self.columns.name(role)).unit_s
        if unit is not None or not any(read_number(text) is not None for text in texts):
            return 1.0 if unit is None else unit
        asked = self.mapping.get(f"unit:{role}")
        if asked is None and self.run.ask is not None:
            question = f"unit of {self.columns.name(role)}"
            asked = self.run.ask(self.table.name, question, ["s", "min", "h"])
            if asked is not None:
                self.answers[f"unit:{role}"] = asked
        if asked in UNITS_S:
            return UNITS_S[asked]
        if self.columns.name(role) not in all_roles():
            self.run.warn(
                self.table,
                f"no unit is named; taken as seconds. Otherwise give --map unit:{role}=min",
                row=max(1, self.table.header_row),
                column=self.columns.name(role),
            )
        return 1.0

    def order_of(self, texts: Sequence[str], column: str) -> DateOrder:
        """Return the order of a column's short dates; several that fit are asked about or warned of."""
        orders = date_orders(texts)
        if not orders:
            return "mdy"
        if len(orders) > 1:
            asked = self.mapping.get("date_order:short")
            if asked in orders:
                return asked
            names = {"mdy": "month-day-year", "ymd": "year-month-day", "dmy": "day-month-year"}
            self.run.warn(
                self.table,
                f"short dates read as {names[orders[0]]}; for "
                f"{' or '.join(names[one] for one in orders[1:])} "
                f"give --map date_order:short={orders[1]}",
                column=column,
            )
        return orders[0]


def date_column(task: Task, texts: pd.Series, rows: pd.Series, role: str) -> int | None:
    """Return the position of the column with the date, where a column of moments has times of day alone.

    Raises
    ------
    DataError
        If there is none: a file name's date is not enough for messages and sessions.
    """
    filled = texts[texts != ""]
    alone = filled.map(is_clock_alone).to_numpy(dtype=bool)
    if not len(filled) or alone.mean() <= 0.5:
        return None
    if "date" in task.columns.place:
        return task.columns.place["date"]
    first = filled.index[alone][0]
    raise DataError(
        Problem(
            file=task.table.name,
            row=int(rows[first]),
            column=task.columns.name(role),
            message=f"{filled[first]!r} has no date, and a file's name is not enough to tell the day; "
            "export it with "
            "dates, or name the column that has them with --map date=HEADER",
        )
    )


def day_and_clock(table: RawTable, day: int, clock: int) -> str:
    """Return SQL for a moment with day and clock in two columns; a spreadsheet's midnight is no clock."""
    date = f"regexp_replace({table.text(day)}, '[ T]0?0:00(:00(\\.0+)?)?$', '')"
    return f"{date} || ' ' || {table.text(clock)}"


def read_moments(task: Task, at: int, *, clock_with: int | None = None) -> pd.DataFrame:
    """Return a column's moments: ``row, text, t`` (microseconds since 1970 UTC; missing where none).

    Parameters
    ----------
    task
        Whose table.
    at
        Position of the column.
    clock_with
        Position of a column with the date, where `at` has the time of day alone.
    """
    table, connection = task.table, task.run.connection
    text = table.text(at) if clock_with is None else day_and_clock(table, clock_with, at)
    kind = table.kind(at) if clock_with is None else "VARCHAR"
    moment = moment_sql("x" if kind == "VARCHAR" else f"c{at}", kind, task.run.timezone)
    frame = connection.execute(
        f"SELECT row, coalesce(x, '') AS text, {moment} AS t FROM (SELECT *, {text} AS x FROM "
        f"({table.relation})) "
        "ORDER BY row"
    ).df()
    rest = frame["t"].isna() & (frame["text"] != "")
    frame["t"] = frame["t"].astype("Int64")
    if rest.any():
        has_seconds = float((~frame["t"].isna()).mean()) > 0.5
        found = micros_of(task, frame.loc[rest, "text"], table.headers[at], needs_seconds=has_seconds)
        frame.loc[rest, "t"] = found.astype("Int64").to_numpy()
    return frame


def micros_of(task: Task, texts: pd.Series, column: str, *, needs_seconds: bool = False) -> pd.Series:
    """Return moments of cells read one by one (each distinct text once), missing where they are none."""
    distinct = [str(text) for text in pd.unique(texts)]
    order = task.order_of(distinct, column)
    if not needs_seconds:
        with_seconds = sum(text.count(":") >= 2 for text in distinct)
        needs_seconds = with_seconds > 0.5 * len(distinct)
    known: dict[str, int | None] = {}
    for text in distinct:
        read = read_moment(text, order, needs_seconds=needs_seconds)
        instant = None
        if read is not None:
            instant = read[0] if read[1] else utc_of_wall(read[0], task.run.timezone)
        known[text] = None if instant is None else round((instant - EPOCH) / dt.timedelta(microseconds=1))
    return texts.map(known).astype("Int64")


def days_of(t: pd.Series, timezone: str) -> pd.Series:
    """Return the local day of each moment in microseconds."""
    local = pd.to_datetime(t.astype("int64"), unit="us", utc=True).dt.tz_convert(timezone)
    return local.dt.date


def note_days(report: TableReport, days: Iterable[dt.date]) -> None:
    """Write the days a table covers, and those missing between them, into its report."""
    present = sorted(set(days))
    if not present:
        return
    report.first_day, report.last_day, report.days = present[0], present[-1], len(present)
    there = set(present)
    span = (present[-1] - present[0]).days
    report.missing_days = tuple(
        day for step in range(span) if (day := present[0] + dt.timedelta(days=step)) not in there
    )
