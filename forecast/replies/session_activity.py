"""What session lists tell besides first replies on time: waits, buyers answered, handle time, by any cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from forecast.replies.cells import By
from forecast.replies.conversations import aware, instants, words
from forecast.timegrid import zone

COLUMNS = [
    "sessions",
    "replied",
    "buyers",
    "reply_rate",
    "first_reply_s",
    "mean_reply_s",
    "rounds",
    "session_s",
]


def session_activity(
    sessions: pd.DataFrame,
    *,
    timezone: str,
    cuts: Mapping[str, Sequence[By]],
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the figures of a session list by several cuts.

    Parameters
    ----------
    sessions
        `events.SESSIONS`, one row a session.
    timezone
        Zone of the shop's days and hours.
    cuts
        By name, the columns that tell a table's rows apart (stream, agent, day, hour).
    since, until
        First and last local day of the sessions to look at.

    Returns
    -------
    dict
        By cut, one row a combination: `sessions`, `replied` (with any reply), `buyers`, `reply_rate` (share
        of buyers who got one; 回复率), `first_reply_s`: mean wait for the first [s], `mean_reply_s`: over all
        replies, lists' means weighted by their rounds [s], `rounds`: mean, `session_s`: mean time from
        assignment (else the start) to close [s]. What the list does not have is missing.
    """
    start = instants(sessions, "start")
    wall = aware(start).tz_convert(zone(timezone)).tz_localize(None)
    assigned, closed = instants(sessions, "assigned"), instants(sessions, "closed")
    begun = np.where(np.isnat(assigned), start, assigned)
    first = sessions["first_reply_s"].to_numpy(dtype=float)
    rounds, mean = (_numbers(sessions, name) for name in ("rounds", "mean_reply_s"))
    buyer = words(sessions, "buyer")
    nameless = pd.isna(buyer)
    buyer[nameless] = np.flatnonzero(nameless)
    replied = ~np.isnan(first)
    weight = np.where(np.isnan(mean), np.nan, np.where(rounds > 0, rounds, 1.0))
    table = pd.DataFrame(
        {
            "stream": pd.Series(words(sessions, "stream"), dtype=object),
            "agent": pd.Series(words(sessions, "agent"), dtype=object),
            "day": wall.normalize(),
            "hour": wall.hour,
            "all": 0,
            "replied": replied,
            "buyer": pd.factorize(buyer)[0],
            "first_reply_s": first,
            "weighted_s": mean * weight,
            "weight": weight,
            "rounds": rounds,
            "session_s": (pd.Series(closed) - pd.Series(begun)).dt.total_seconds(),
        }
    )
    if since is not None:
        table = table[table["day"] >= pd.Timestamp(since)]
    if until is not None:
        table = table[table["day"] <= pd.Timestamp(until)]
    return {name: _table(table, by) for name, by in cuts.items()}


def _numbers(sessions: pd.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if column not in sessions:
        return np.full(len(sessions), np.nan)
    return sessions[column].to_numpy(dtype=float)


def _table(table: pd.DataFrame, by: Sequence[By]) -> pd.DataFrame:
    keys = [*(by or ("all",))]
    groups = table.groupby(keys, sort=True)
    figures = groups.agg(
        sessions=("replied", "size"),
        replied=("replied", "sum"),
        buyers=("buyer", "nunique"),
        first_reply_s=("first_reply_s", "mean"),
        rounds=("rounds", "mean"),
        session_s=("session_s", "mean"),
    )
    answered = table[table["replied"]].groupby(keys, sort=True)["buyer"].nunique()
    figures["reply_rate"] = answered.reindex(figures.index).fillna(0) / figures["buyers"]
    sums = groups[["weighted_s", "weight"]].sum(min_count=1)
    figures["mean_reply_s"] = sums["weighted_s"] / sums["weight"]
    return figures.reset_index(drop=not by)[[*by, *COLUMNS]]
