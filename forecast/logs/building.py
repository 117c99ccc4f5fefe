"""The history that imported logs tell: consultations offered by stream and hour, gaps left as gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.logs.archive import BUYER
from forecast.logs.loading import days_of
from forecast.logs.reading import ShopLog, instants_of
from forecast.logs.spreading import spread_days
from forecast.logs.wall_times import hour_starts
from forecast.replies.conversations import DEFAULT_GAP_MIN, SENDERS, instants, local_days
from forecast.timegrid import slots

HOUR_US = 3_600_000_000
GAP_US = round(DEFAULT_GAP_MIN * 60e6)
STAFF = tuple(SENDERS.index(name) for name in ("human", "bot_assist"))
BOT = SENDERS.index("bot_auto")


def history_of(log: ShopLog) -> pd.DataFrame:
    """Return the hourly history of a shop's logs.

    Returns
    -------
    DataFrame
        `frames.HISTORY`: ``stream, start, offered, estimated``, in order of its key; besides ``bot_settled``,
        consultations that a bot settled alone, missing where the log does not tell.

    Notes
    -----
    A consultation belongs to the hour of its buyer's first message. On a day that a message or session log
    covers every hour has a row, an hour without a consultation a 0; a day that no log covers has none.
    Counts by hour stand as they are. Daily tables are spread over the day by the shop's own profile of the
    finer days where there are enough, and marked as estimated.
    """
    parts = [_of_messages(log), _of_sessions(log)]
    hourly = log.hourly()
    parts.append(hourly.assign(bot_settled=np.nan))
    known = (
        pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else None
    )
    daily = daily_counts(log.daily())
    if len(daily):
        spread = spread_days(daily, known, log.timezone, open_minutes=log.open_minutes)
        known = spread if known is None else pd.concat([known, spread], ignore_index=True)
    if known is None:
        empty = pd.DataFrame({"stream": [], "start": [], "offered": [], "estimated": [], "bot_settled": []})
        return empty.astype({"stream": "str", "start": f"datetime64[ns, {log.timezone}]"})
    how: dict[str, Any] = {
        "offered": "sum",
        "estimated": "max",
        "bot_settled": lambda values: values.sum(min_count=1),
    }
    known["stream"] = known["stream"].astype(str)
    table = known.groupby(["stream", "start"], as_index=False, sort=True).agg(how)
    table["start"] = table["start"].dt.tz_convert(log.timezone).dt.as_unit("ns")
    table["estimated"] = table["estimated"].astype(np.int64)
    return table


def daily_of(log: ShopLog, history: pd.DataFrame) -> pd.DataFrame:
    """Return the history by day: ``stream, date, offered, agents, estimated``.

    ``agents`` is how many people answered on the day, missing where the logs do not say; ``estimated`` is 1
    where the day comes from a daily table (the day's count itself is not estimated, only its hours are).
    """
    local = history["start"].dt.tz_convert(log.timezone)
    days = history.assign(date=local.dt.date)
    table = days.groupby(["stream", "date"], as_index=False, sort=True).agg(
        offered=("offered", "sum"), estimated=("estimated", "max")
    )
    agents = _agents_by_day(log)
    return table.merge(agents, on=["stream", "date"], how="left")[
        ["stream", "date", "offered", "agents", "estimated"]
    ]


def daily_counts(daily: pd.DataFrame) -> pd.DataFrame:
    """Return daily tables as ``stream, date, offered``: the shop's own row, else the sum of its agents'."""
    if daily.empty:
        return pd.DataFrame(columns=["stream", "date", "offered"])
    whole = daily[daily["agent"].isna()].groupby(["stream", "date"])["offered"].sum()
    parts = daily[daily["agent"].notna()].groupby(["stream", "date"])["offered"].sum()
    return whole.combine_first(parts).rename("offered").reset_index()


def _of_messages(log: ShopLog) -> pd.DataFrame:
    """Return consultations by hour of message logs."""
    sessions = message_sessions(log)
    if sessions.empty:
        return sessions.assign(start=[], offered=[], estimated=0, bot_settled=[])
    hours = sessions.assign(start=hour_starts(sessions["t"], log.timezone))
    counts = hours.groupby(["stream", "start"], as_index=False)
    table = counts.agg(offered=("t", "size"), bot_settled=("settled", "sum"))
    table["start"] = instants_of(table["start"].to_numpy(dtype=np.int64))
    return _with_empty_hours(log, table, "message")


def message_sessions(log: ShopLog) -> pd.DataFrame:
    """Return the consultations of message logs.

    One row each: ``stream, t`` (the buyer's first message, microseconds since 1970 UTC) and ``settled``
    (a bot answered and no person did). Messages without a session are one consultation until their buyer
    and those who answer are silent for `DEFAULT_GAP_MIN`.
    """
    staff = ", ".join(map(str, STAFF))
    rows = f"SELECT * FROM messages WHERE file <= {log.last}"
    numbered = f"""
        SELECT *, sum(begins) OVER (PARTITION BY buyer, stream ORDER BY t, file, row) AS part FROM (
            SELECT *, coalesce(t - lag(t) OVER (PARTITION BY buyer, stream ORDER BY t, file, row) > {GAP_US}
                AND NOT (sender <> {BUYER} AND lag(sender) OVER (
                    PARTITION BY buyer, stream ORDER BY t, file, row) = {BUYER}), false)::INTEGER AS begins
            FROM ({rows}) WHERE session IS NULL
        )
    """
    facts = (
        f"min(t) FILTER (WHERE sender = {BUYER}) AS t, min(stream) AS stream, "
        f"bool_or(sender = {BOT}) AND NOT bool_or(sender IN ({staff})) AND max(assigned) IS NULL AS settled"
    )
    frame = log.connection.execute(
        f"""
        SELECT t, stream, settled FROM (
            SELECT {facts} FROM ({rows}) WHERE session IS NOT NULL GROUP BY session, stream
            UNION ALL SELECT {facts} FROM ({numbered}) GROUP BY buyer, stream, part
        ) WHERE t IS NOT NULL
        """
    ).df()
    stream = frame["stream"].astype("object")
    return frame.assign(stream=stream.where(stream.notna(), log.stream))


def _of_sessions(log: ShopLog) -> pd.DataFrame:
    """Return consultations by hour of session lists."""
    sessions = log.sessions()
    if sessions.empty:
        return pd.DataFrame(columns=["stream", "start", "offered", "estimated", "bot_settled"])
    micros = sessions["start"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    hours = pd.DataFrame({"stream": sessions["stream"], "start": hour_starts(micros, log.timezone)})
    table = hours.groupby(["stream", "start"], as_index=False).agg(offered=("start", "size"))
    table["start"] = instants_of(table["start"].to_numpy(dtype=np.int64))
    return _with_empty_hours(log, table.assign(bot_settled=np.nan), "session")


def _with_empty_hours(log: ShopLog, table: pd.DataFrame, granularity: str) -> pd.DataFrame:
    """Return counts with a 0 for each hour of a covered day in which nobody came."""
    served = log.days
    served = served[served["granularity"] == granularity]
    hours: list[pd.DataFrame] = []
    for day, own in served.groupby("day"):
        assert isinstance(day, dt.date)
        starts = slots(day, 1, 60, log.timezone).tz_convert("UTC")
        streams = sorted(set(own["stream"]))
        hours.append(
            pd.DataFrame({"stream": np.repeat(streams, len(starts)), "start": np.tile(starts, len(streams))})
        )
    grid = pd.concat(hours, ignore_index=True)
    grid["start"] = grid["start"].astype("datetime64[ns, UTC]")
    full = grid.merge(table, on=["stream", "start"], how="left")
    full["offered"] = full["offered"].fillna(0).astype(float)
    if table["bot_settled"].notna().any():
        full["bot_settled"] = full["bot_settled"].fillna(0).astype(float)
    return full.assign(estimated=0)


def _agents_by_day(log: ShopLog) -> pd.DataFrame:
    """Return how many people answered, by stream and day."""
    staff = ", ".join(map(str, STAFF))
    messages = log.connection.execute(
        f"SELECT DISTINCT stream, agent, t // {HOUR_US} * {HOUR_US} AS t FROM messages "
        f"WHERE file <= {log.last} AND agent IS NOT NULL AND sender IN ({staff})"
    ).df()
    parts = []
    if len(messages):
        messages["agent"] = [log.employees.get(str(name), str(name)) for name in messages["agent"]]
        stream = messages["stream"].astype("object")
        messages["stream"] = stream.where(stream.notna(), log.stream)
        parts.append(messages.assign(date=days_of(messages["t"], log.timezone))[["stream", "date", "agent"]])
    sessions = log.sessions()
    if len(sessions):
        days = _dates(local_days(instants(sessions, "start"), log.timezone))
        parts.append(sessions[["stream", "agent"]].assign(date=days).dropna())
    daily = log.daily()
    if len(daily):
        parts.append(daily[daily["offered"] > 0][["stream", "date", "agent"]].dropna())
    if not parts:
        return pd.DataFrame({"stream": [], "date": [], "agents": []})
    people = pd.concat(parts, ignore_index=True).drop_duplicates()
    return people.groupby(["stream", "date"], as_index=False).agg(agents=("agent", "nunique"))


def _dates(days: npt.NDArray[np.int64]) -> Sequence[dt.date]:
    """Return days since 1970 as dates."""
    return [dt.date(1970, 1, 1) + dt.timedelta(days=int(day)) for day in days]
