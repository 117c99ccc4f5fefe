"""Wall times and instants, in microseconds: what clocks of a zone show, in Python and in SQL."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from forecast.timegrid import zone

AWARE_KINDS = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")  # SQL types of moments with a zone
FIRST_YEAR, LAST_YEAR = 2000, 2042  # clock changes are looked up between them


@cache
def clock_changes(timezone: str) -> tuple[dt.timedelta, tuple[tuple[dt.datetime, dt.timedelta], ...]]:
    """Return a zone's offset at the start of `FIRST_YEAR`, and later changes: instant (UTC), new offset."""
    tz, utc = zone(timezone), dt.timezone.utc  # noqa: UP017

    def offset(moment: dt.datetime) -> dt.timedelta:
        return moment.replace(tzinfo=utc).astimezone(tz).utcoffset() or dt.timedelta()

    moment, end = dt.datetime(FIRST_YEAR, 1, 1), dt.datetime(LAST_YEAR, 1, 1)
    first = offset(moment)
    current, changes = first, []
    while moment < end:
        following = moment + dt.timedelta(days=1)
        if offset(following) != current:
            low, high = moment, following
            while high - low > dt.timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if offset(middle) == current else (low, middle)
            current = offset(following)
            changes.append((high.replace(microsecond=0), current))
        moment = following
    return first, tuple(changes)


def utc_of_wall(wall: dt.datetime, timezone: str) -> dt.datetime | None:
    """Return the instant (UTC, naive) of a wall time: the first where clocks show it twice, None if never."""
    offset, changes = clock_changes(timezone)
    for moment, new in changes:
        if wall < moment + offset:
            break
        if wall < moment + new:
            return None
        offset = new
    return wall - offset


def hour_starts(micros: Any, timezone: str) -> Any:
    """Return the starts of the local hours that moments lie in, both in microseconds since 1970 UTC.

    Local hours begin at a fixed distance from UTC's, in some zones half an hour.
    """
    shift = _micros(clock_changes(timezone)[0]) % 3_600_000_000
    return (micros + shift) // 3_600_000_000 * 3_600_000_000 - shift


def _micros(span: dt.timedelta) -> int:
    return round(span.total_seconds() * 1e6)


def _epoch(moment: dt.datetime) -> int:
    return _micros(moment - dt.datetime(1970, 1, 1))


def wall_to_utc_sql(micros: str, timezone: str) -> str:
    """Return SQL that turns microseconds of a wall clock into microseconds since 1970 UTC."""
    offset, changes = clock_changes(timezone)
    if not changes:
        return f"({micros} - {_micros(offset)})"
    cases = []
    for moment, new in changes:
        before = _epoch(moment) + _micros(offset)
        cases.append(f"WHEN {micros} < {before} THEN {micros} - {_micros(offset)}")
        if new > offset:
            cases.append(f"WHEN {micros} < {_epoch(moment) + _micros(new)} THEN NULL")
        offset = new
    return f"(CASE {' '.join(cases)} ELSE {micros} - {_micros(offset)} END)"


def moment_sql(column: str, kind: str, timezone: str) -> str:
    """Return SQL for a column's moments in microseconds since 1970 UTC; NULL where it is not plainly one.

    Text must be ISO 8601 with seconds here; whatever else is read cell by cell (`read_moment`).
    """
    if kind.startswith(AWARE_KINDS):
        return f"epoch_us({column}::TIMESTAMPTZ)"
    if kind.startswith("TIMESTAMP"):
        return wall_to_utc_sql(f"epoch_us({column}::TIMESTAMP)", timezone)
    wall = wall_to_utc_sql(f"epoch_us(TRY_CAST({column} AS TIMESTAMP))", timezone)
    is_iso = (
        f"length({column}) >= 19 AND substr({column}, 5, 1) = '-' AND substr({column}, 14, 1) = ':' "
        f"AND substr({column}, 17, 1) = ':'"
    )
    has_offset = f"regexp_matches(substr({column}, 20), '(Z|z|[+-]\\d\\d(:?\\d\\d)?)$')"
    aware = f"epoch_us(TRY_CAST({column} AS TIMESTAMPTZ))"
    # Nearly every cell is of this form, and a wall time of 19 characters has no room for an offset.
    plainly = f"CASE WHEN length({column}) = 19 AND substr({column}, 17, 1) = ':' THEN {wall} END"
    patiently = f"CASE WHEN NOT ({is_iso}) THEN NULL WHEN {has_offset} THEN {aware} ELSE {wall} END"
    return f"coalesce({plainly}, {patiently})"
