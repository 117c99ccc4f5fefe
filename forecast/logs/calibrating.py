"""Service parameters from a store: from the finest logs there are, of the latest days where they are long."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from forecast.errors import DataError
from forecast.logs.loading import days_of
from forecast.logs.reading import ShopLog
from forecast.logs.wall_times import hour_starts
from forecast.replies.calibrate import calibrate
from forecast.replies.service_estimates import Calibration

MOST_MESSAGES = 1_500_000  # tell every parameter to a fraction of a percent; older days tell of an older team
HOUR_US = 3_600_000_000


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """A calibration and what it was learnt from.

    ``shortened`` says that the log was longer than was read.
    """

    calibration: Calibration
    granularity: str
    first_day: dt.date
    last_day: dt.date
    days: int
    rows: int
    shortened: bool = False


def calibrate_store(log: ShopLog) -> Learnt:
    """Return service parameters estimated from a store's messages, else its sessions, else its daily tables.

    Raises
    ------
    DataError
        If the span has none of them.
    """
    if log.message_count():
        return _from_messages(log)
    sessions = log.sessions()
    if len(sessions):
        micros = sessions["start"].to_numpy(dtype="datetime64[us]").astype("int64")
        found = calibrate(sessions, timezone=log.timezone)
        return _learnt(found, "session", days_of(pd.Series(micros), log.timezone), len(sessions))
    daily = log.daily(served_only=False)
    daily = daily[daily["agent"].notna()].reset_index(drop=True)
    if len(daily):
        served = daily["served"].fillna(daily["offered"])
        columns = ["date", "agent", "stream", "online_h", "most_open"]
        found = calibrate(daily[columns].assign(sessions=served), timezone=log.timezone)
        return _learnt(found, "daily", daily["date"], len(daily))
    raise DataError(
        "calibrate: neither messages, sessions nor agents' daily tables were imported for these days; "
        "hourly counts "
        "do not tell what an agent can do"
    )


def _from_messages(log: ShopLog) -> Learnt:
    """Return what messages tell, of the latest whole days that `MOST_MESSAGES` allow."""
    counts = log.messages_by_quarter()
    days = days_of(hour_starts(counts["t"], log.timezone), log.timezone)
    by_day = counts["messages"].groupby(days).sum().sort_index(ascending=False)
    kept = max(1, int((by_day.cumsum() <= MOST_MESSAGES).sum()))
    shortened = kept < len(by_day)
    if shortened:
        log.since = min(by_day.index[:kept])
    found = calibrate(log.messages(), timezone=log.timezone)
    chosen = by_day.iloc[:kept]
    return _learnt(found, "message", pd.Series(chosen.index), int(chosen.sum()), shortened=shortened)


def _learnt(
    found: Calibration, granularity: str, days: pd.Series, rows: int, *, shortened: bool = False
) -> Learnt:
    distinct = sorted(set(days))
    return Learnt(
        calibration=found,
        granularity=granularity,
        first_day=distinct[0],
        last_day=distinct[-1],
        days=len(distinct),
        rows=rows,
        shortened=shortened,
    )
