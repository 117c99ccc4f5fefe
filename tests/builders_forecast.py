"""Small histories and calendars for the tests of forecasts."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from forecast.config import Stream
from forecast.models.base import Known
from forecast.promotions import promotion_calendar
from forecast.timegrid import slots

TIMEZONE = "Asia/Shanghai"
END = dt.date(2026, 3, 30)  # a Monday
STREAM = Stream(id="shop", skill="presale")
DAY_SHAPE = np.array([0.0] * 9 + [0.6, 0.9, 1.0, 0.9, 1.0, 1.1, 1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.4, 1.1, 0.5])


def hours_before(end: dt.date = END, *, days: int) -> pd.DatetimeIndex:
    """Return the open hours (9 to 24) of the days before `end`."""
    return open_hours(end - dt.timedelta(days=days), days)


def open_hours(start: dt.date, days: int) -> pd.DatetimeIndex:
    """Return the open hours (9 to 24) of the days from `start` on."""
    grid = slots(start, days, 60, TIMEZONE)
    return grid[DAY_SHAPE[grid.hour] > 0]


def true_means(starts: pd.DatetimeIndex, per_hour: float = 60.0) -> np.ndarray:
    """Return a plain shop's mean in each hour: the day's shape, quieter at the weekend."""
    weekend = np.where(starts.day_of_week >= 5, 0.8, 1.0)
    return per_hour * DAY_SHAPE[starts.hour] * weekend


def plain_history(*, days: int, per_hour: float = 60.0, seed: int = 1, day_sd: float = 0.0) -> pd.Series:
    """Return counts of a plain shop; with `day_sd`, days go up and down together."""
    rng = np.random.default_rng(seed)
    starts = hours_before(days=days)
    luck = rng.normal(0, day_sd, 10_000)[(starts - starts[0]).days]
    counts = rng.poisson(true_means(starts, per_hour) * np.exp(luck)).astype(float)
    return pd.Series(counts, index=starts)


def known(events=(), **changes) -> Known:
    """Return what is known ahead: the events given, no holidays."""
    return Known(timezone=TIMEZONE, promotions=promotion_calendar(events, timezone=TIMEZONE), **changes)


def sale(start: dt.datetime, *, hours: float = 52.0, kind: str = "big_promo", **phase) -> dict:
    """Return a promotion of one sale from `start` on."""
    spot = {"kind": "spot", "start": start, "end": start + dt.timedelta(hours=hours)} | phase
    return {"id": f"{kind}-{start:%Y-%m-%d}", "kind": kind, "phase": [spot]}


def kick_off_effect(starts: pd.DatetimeIndex, moment: dt.datetime, *, hours: float = 52.0) -> np.ndarray:
    """Return a sale's true factor: a spike of three that decays to one and a half."""
    since = ((starts.tz_localize(None) - pd.Timestamp(moment)) / pd.Timedelta(hours=1)).to_numpy()
    inside = (since >= 0) & (since < hours)
    return np.where(inside, 1.5 + 1.5 * np.exp2(-np.maximum(since, 0) / 3), 1.0)
