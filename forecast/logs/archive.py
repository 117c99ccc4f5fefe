"""What a shop's store holds: days by granularity, and which granularity serves each day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.logs.loading import days_of
from forecast.logs.store import GRANULARITIES, TABLES, last_file
from forecast.replies.conversations import SENDERS
from forecast.timegrid import zone

if TYPE_CHECKING:
    import duckdb

HOUR_US = 3_600_000_000
BUYER = SENDERS.index("buyer")


def covered_days(connection: duckdb.DuckDBPyConnection, timezone: str) -> pd.DataFrame:
    """Return the days that logs cover: ``granularity, stream, day, file``, one row each.

    A message or session log covers a day on which a consultation in it began; it covers the day for every
    stream that it has. A stream is missing where the file names none.
    """
    zone(timezone)
    last = last_file(connection)
    begun = {
        "message": "SELECT file, stream, min(t) AS t FROM messages "
        f"WHERE sender = {BUYER} AND file <= {last} "
        "GROUP BY file, stream, coalesce(session, buyer), CASE WHEN session IS NULL THEN t // 3600000000 END",
        "session": f"SELECT file, stream, start AS t FROM sessions WHERE file <= {last}",
        "hourly": f"SELECT file, stream, start AS t FROM hourly WHERE file <= {last}",
    }
    parts = []
    for granularity, query in begun.items():
        hours = connection.execute(
            f"SELECT DISTINCT file, stream, t // {HOUR_US} AS hour FROM ({query})"
        ).df()
        if hours.empty:
            continue
        hours["day"] = days_of(hours["hour"] * HOUR_US, timezone)
        days = hours[["file", "stream", "day"]].drop_duplicates()
        if granularity != "hourly":
            streams = days[["file", "stream"]].drop_duplicates()
            days = days[["file", "day"]].drop_duplicates().merge(streams, on="file")
        parts.append(days.assign(granularity=granularity))
    daily = connection.execute(
        f"SELECT DISTINCT file, stream, date AS day FROM daily WHERE file <= {last}"
    ).df()
    if len(daily):
        parts.append(daily.assign(granularity="daily", day=pd.to_datetime(daily["day"]).dt.date))
    if not parts:
        return pd.DataFrame(columns=["granularity", "stream", "day", "file"])
    table = pd.concat(parts, ignore_index=True)[["granularity", "stream", "day", "file"]]
    table["stream"] = table["stream"].astype("object").where(table["stream"].notna(), None)
    return table


def serving_days(covered: pd.DataFrame) -> pd.DataFrame:
    """Return which granularity serves each stream's day: ``stream, day, granularity``; the finest, alone.

    A log that names no stream covers the day for all: coarser counts of any stream are left out there, as
    coarser counts without a stream are where any stream has finer logs.
    """
    table = covered[["granularity", "stream", "day"]].drop_duplicates()
    if table.empty:
        return table[["stream", "day", "granularity"]]
    rank = {name: place for place, name in enumerate(GRANULARITIES)}
    table = table.assign(rank=table["granularity"].map(rank), nameless=table["stream"].isna())
    least_any = table.groupby("day")["rank"].min()
    least_nameless = table[table["nameless"]].groupby("day")["rank"].min()
    own = table[~table["nameless"]].groupby(["stream", "day"])["rank"].min()
    best = table["day"].map(least_any)
    named = table[~table["nameless"]]
    of_stream = pd.Series(
        [own[stream, day] for stream, day in zip(named["stream"], named["day"], strict=True)],
        index=named.index,
    )
    of_all = named["day"].map(least_nameless).fillna(len(GRANULARITIES))
    best = best.where(
        table["nameless"], of_stream.reindex(table.index).combine(of_all.reindex(table.index), min)
    )
    served = table[table["rank"] == best]
    return served[["stream", "day", "granularity"]].reset_index(drop=True)


def archive_facts(connection: duckdb.DuckDBPyConnection, timezone: str) -> dict[str, dict[str, Any]]:
    """Return by granularity what the store holds: rows, days, first and last day, days that it serves."""
    covered = covered_days(connection, timezone)
    served = serving_days(covered)
    facts: dict[str, dict[str, Any]] = {}
    for granularity in GRANULARITIES:
        days = sorted(set(covered.loc[covered["granularity"] == granularity, "day"]))
        if not days:
            continue
        rows = connection.execute(f"SELECT count(*) FROM {TABLES[granularity]}").fetchone()
        serves = set(served.loc[served["granularity"] == granularity, "day"])
        facts[granularity] = {
            "rows": int(rows[0]) if rows else 0,
            "days": len(days),
            "first_day": days[0].isoformat(),
            "last_day": days[-1].isoformat(),
            "serves_days": len(serves),
            "missing_days": (days[-1] - days[0]).days + 1 - len(days),
        }
    return facts
