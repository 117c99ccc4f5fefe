"""Figures of session lists, counted by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from forecast.replies.measure import CUTS
from forecast.replies.session_activity import session_activity

ZONE = "Asia/Shanghai"


def build_sessions() -> pd.DataFrame:
    """Return four sessions of two agents over two days; one never answered."""
    start = pd.DatetimeIndex(
        ["2026-11-11 10:00", "2026-11-11 10:30", "2026-11-11 23:00", "2026-11-12 10:00"], tz=ZONE
    )
    return pd.DataFrame(
        {
            "start": start,
            "first_reply_s": [20.0, 40.0, None, 60.0],
            "buyer": ["b1", "b1", "b2", None],
            "agent": ["a1", "a2", None, "a1"],
            "stream": "shop",
            "assigned": start + pd.Timedelta("10s"),
            "closed": [start[0] + pd.Timedelta("70s"), pd.NaT, pd.NaT, start[3] + pd.Timedelta("130s")],
            "rounds": [3.0, 1.0, None, 1.0],
            "mean_reply_s": [10.0, 40.0, None, 60.0],
        }
    )


def test_a_shops_figures_are_those_counted_by_hand() -> None:
    shop = session_activity(build_sessions(), timezone=ZONE, cuts=CUTS)["shop"].iloc[0]
    assert [shop[name] for name in ("sessions", "replied", "buyers")] == [4, 3, 3]
    assert shop["reply_rate"] == pytest.approx(2 / 3)  # b1 and the nameless one of three
    assert shop["first_reply_s"] == 40.0
    assert shop["mean_reply_s"] == pytest.approx((3 * 10 + 40 + 60) / 5)
    assert shop["session_s"] == 90.0


def test_cuts_by_agent_day_and_hour() -> None:
    tables = session_activity(build_sessions(), timezone=ZONE, cuts=CUTS)
    assert tables["agent"][["agent", "sessions"]].to_numpy().tolist() == [["a1", 2], ["a2", 1]]
    assert tables["day"]["sessions"].tolist() == [3, 1]
    assert tables["hour"][["hour", "sessions"]].to_numpy().tolist() == [[10, 3], [23, 1]]


def test_the_span_picks_days() -> None:
    day = dt.date(2026, 11, 12)
    shop = session_activity(build_sessions(), timezone=ZONE, cuts=CUTS, since=day, until=day)["shop"]
    assert shop["sessions"].tolist() == [1]


def test_columns_that_the_list_lacks_are_missing() -> None:
    few = build_sessions()[["start", "first_reply_s"]]
    shop = session_activity(few, timezone=ZONE, cuts=CUTS)["shop"].iloc[0]
    assert shop["buyers"] == 4
    assert shop[["mean_reply_s", "rounds", "session_s"]].isna().all()
