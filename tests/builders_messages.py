"""Message logs made small and plain, and logs written from a simulated day."""

from __future__ import annotations

import pandas as pd

ZONE = "Asia/Shanghai"
DAY = "2026-11-11"


def at(clock: str, *, day: str = DAY, timezone: str = ZONE) -> pd.Timestamp:
    """Return a wall time of a day as an aware time; the clock may carry its own date."""
    text = clock if "-" in clock else f"{day} {clock}"
    return pd.Timestamp(text).tz_localize(timezone)


def build_log(*rows: str, session: str = "s1", buyer: str = "b1", timezone: str = ZONE) -> pd.DataFrame:
    """Return a log of messages ``"CLOCK SENDER [key=value ...]"``; keys override the columns.

    Senders other than the buyer and the system are agent ``a1`` unless the row says so.
    """
    table = []
    for row in rows:
        clock, sender, *extras = row.split()
        given = dict(extra.split("=", 1) for extra in extras)
        record: dict[str, object] = {
            "session_id": session,
            "buyer": buyer,
            "agent": None if sender in ("buyer", "system") else "a1",
            "sender": sender,
            "time": at(clock.replace("T", " "), timezone=timezone),
            **given,
        }
        for name in ("assigned", "closed"):
            record[name] = at(given[name].replace("T", " "), timezone=timezone) if name in given else pd.NaT
        table.append(record)
    log = pd.DataFrame(table)
    for name in ("time", "assigned", "closed"):
        log[name] = pd.to_datetime(log[name], utc=True).dt.tz_convert(timezone)
    return log
