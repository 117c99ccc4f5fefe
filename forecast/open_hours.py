"""When a stream is open: what its settings say, else the hours of the week that ever saw a consultation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.config import Stream
from forecast.timegrid import MINUTES_A_DAY, zone

Flags = npt.NDArray[np.bool_]

HOURS_A_WEEK = 7 * 24
LARGEST_NIGHT_SHARE = 0.001  # of a typical open hour: less than this is a stray click, not an open hour
FEWEST_WEEKS_TO_JUDGE = 2


@dataclass(frozen=True, kw_only=True)
class OpenHours:
    """Which of the 168 wall hours of a week (Monday 00:00 first) a stream is open in."""

    timezone: str
    week: tuple[bool, ...] = (True,) * HOURS_A_WEEK

    def __post_init__(self) -> None:
        """Raise `ValueError` unless there are 168 hours."""
        if len(self.week) != HOURS_A_WEEK:
            raise ValueError(f"a week has {HOURS_A_WEEK} hours, got {len(self.week)}")

    def is_open(self, starts: pd.DatetimeIndex) -> Flags:
        """Return for each aware hour start whether the stream is open in it."""
        local = starts.tz_convert(zone(self.timezone))
        week = np.array(self.week, dtype=bool)
        return np.asarray(week[local.weekday.to_numpy() * 24 + local.hour.to_numpy()])


def find_open_hours(series: pd.Series, *, stream: Stream, timezone: str) -> OpenHours:
    """Return a stream's open hours.

    Parameters
    ----------
    series
        Offered consultations by aware hour start.
    stream
        Its ``open`` decides where it is set. Else an hour of the week is open if it ever saw more than a
        stray consultation.
    timezone
        The shop's.

    Notes
    -----
    With less than two weeks of history an hour of the day counts as open on every day, if it is on one.
    """
    if stream.open_minutes is not None:
        return OpenHours(timezone=timezone, week=_stated_week(*stream.open_minutes))
    local = pd.DatetimeIndex(series.index).tz_convert(zone(timezone))
    key = local.weekday.to_numpy() * 24 + local.hour.to_numpy()
    counts = np.asarray(series, dtype=float)
    totals = np.bincount(key, weights=counts, minlength=HOURS_A_WEEK)
    seen = np.bincount(key, minlength=HOURS_A_WEEK)
    if counts.sum() <= 0:
        return OpenHours(timezone=timezone, week=tuple((seen > 0).tolist()))
    means = totals / np.maximum(seen, 1)
    is_open = (totals > 0) & (means >= LARGEST_NIGHT_SHARE * np.median(means[means > 0]))
    if len(series) < FEWEST_WEEKS_TO_JUDGE * 7 * max(1, len(set(local.hour))):
        is_open = np.tile(is_open.reshape(7, 24).any(axis=0), 7)
    else:
        is_open |= _thin_neighbours(is_open, means)
    return OpenHours(timezone=timezone, week=tuple(is_open.tolist()))


def _thin_neighbours(is_open: Flags, means: npt.NDArray[np.float64]) -> Flags:
    """Return hours that saw nothing but are open on most other days: thin shops have them."""
    days = is_open.reshape(7, 24)
    often = days.sum(axis=0) >= 5
    thin = means.reshape(7, 24).sum(axis=0) < 7 * 0.5
    return np.asarray((days | (often & thin)[None, :]).ravel())


def _stated_week(first: int, last: int) -> tuple[bool, ...]:
    """Return the hours of a week that overlap daily opening minutes; past 24:00 runs into the next day."""
    starts = np.arange(24) * 60
    day = (starts + 60 > first) & (starts < last)
    if last > MINUTES_A_DAY:
        day |= starts < last - MINUTES_A_DAY
    return tuple(np.tile(day, 7).tolist())
