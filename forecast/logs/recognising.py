"""Which of four granularities a table is: messages, sessions, hourly counts, a daily table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.logs.cells import is_clock_alone, read_day, read_hour, read_moment
from forecast.logs.headers import COUNTS, MOMENTS, Columns

if TYPE_CHECKING:
    import duckdb

    from forecast.logs.raw_tables import RawTable

SAMPLED = 200
OF_SESSIONS = ("session_id", "first_message", "first_reply_at", "closed", "queue_s", "first_reply_s")


def settle(table: RawTable, columns: Columns, connection: duckdb.DuckDBPyConnection) -> tuple[str, Columns]:
    """Return a table's granularity and its columns, with words of two meanings settled by their cells.

    Raises
    ------
    DataError
        If the columns make none of the four.
    """
    columns = _times_told_apart(table, columns, connection)
    has = columns.has
    moment = has(*MOMENTS)
    counts = has(*COUNTS)
    if has("time") and has("sender", "sender_account") and has("session_id", "buyer", "sender_account"):
        return "message", columns
    if has("time") and has("text") and has("buyer", "session_id") and not has(*OF_SESSIONS[1:]):
        raise DataError(
            Problem(
                file=table.name,
                row=max(1, table.header_row),
                message="messages, but no column says who wrote them (buyer or agent); give --map "
                "sender=HEADER",
            )
        )
    if moment and (
        has("session_id", "buyer", "first_message", "first_reply_at") or (not counts and has(*OF_SESSIONS))
    ):
        return "session", columns
    if columns.wide:
        return "hourly", columns
    if counts:
        if has("hour") or has("time", "start", "first_message"):
            return "hourly", columns
        if has("date") and _has_clocks(table, columns.place["date"], connection):
            return "hourly", columns
        return "daily", columns
    if len(columns.headers) == 2:
        return "hourly", _two_columns(table, columns, connection)
    if has("enquirers"):
        return "daily", columns  # where it is told that they are no volume
    found = ", ".join(header for header in columns.headers if header)
    raise DataError(
        Problem(
            file=table.name,
            row=max(1, table.header_row),
            message=f"neither messages, sessions nor counts; found {found[:300]}. Say which column is which, "
            "for example --map time=HEADER --map offered=HEADER",
        )
    )


def _cells(table: RawTable, at: int, connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        f"SELECT {table.text(at)} AS x FROM (SELECT * FROM ({table.relation}) LIMIT {SAMPLED}) WHERE x IS "
        "NOT NULL"
    ).fetchall()
    return [str(row[0]) for row in found]


def _times_told_apart(table: RawTable, columns: Columns, connection: duckdb.DuckDBPyConnection) -> Columns:
    """Settle 时间段 and 时间, which some exports use for days and others for hours or moments."""
    at = dict(columns.place)
    if "hour" in at and at["hour"] == at.get("date"):
        cells = _cells(table, at["hour"], connection)
        hours = sum(read_hour(cell) is not None for cell in cells)
        del at["date" if cells and hours > len(cells) / 2 else "hour"]
    if "time" in at and "sender" not in at and "sender_account" not in at and "date" not in at:
        cells = _cells(table, at["time"], connection)
        if cells and sum(read_day(cell) is not None for cell in cells) > len(cells) / 2:
            at["date"] = at.pop("time")
    if "time" in at and "date" in at and "hour" not in at and any(role in at for role in COUNTS):
        cells = _cells(table, at["time"], connection)
        if (
            cells
            and sum(is_clock_alone(cell) or read_hour(cell) is not None for cell in cells) > len(cells) / 2
        ):
            at["hour"] = at.pop("time")
    return Columns(headers=columns.headers, place=at, choices=columns.choices, wide=columns.wide)


def _has_clocks(table: RawTable, at: int, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether cells of a date column have a time of day other than midnight."""
    cells = _cells(table, at, connection)
    if table.kind(at).startswith("TIMESTAMP"):
        return any(not cell[10:].strip().startswith("00:00:00") for cell in cells)
    clocks = [cell for cell in cells if read_day(cell) is None and read_moment(cell) is not None]
    return len(clocks) > 0.5 * len(cells)


def _two_columns(table: RawTable, columns: Columns, connection: duckdb.DuckDBPyConnection) -> Columns:
    """Take a time and a count from a table of two columns under any header."""
    at = {role: place for role, place in columns.place.items() if role in (*MOMENTS, "date", "hour")}
    time = next(iter(at.values()), None)
    if time is None:
        for place in (0, 1):
            cells = _cells(table, place, connection)
            if cells and all(read_moment(cell) or read_day(cell) for cell in cells[:20]):
                time = place
                break
    if time is None:
        found = ", ".join(columns.headers)
        raise DataError(
            Problem(
                file=table.name,
                row=max(1, table.header_row),
                message=f"which of {found} is a time and which a count? Give --map time=HEADER --map "
                "offered=HEADER",
            )
        )
    return Columns(headers=columns.headers, place={"time": time, "arrived": 1 - time}, wide={})
