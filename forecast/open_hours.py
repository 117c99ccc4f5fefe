"""When a stream is open: what its settings say, else the hours of the week that ever saw a consultation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.config import Stream
from forecast.timegrid import MINUTES_A_DAY, zone

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOURS_A_WEEK = 7 * 24
LARGEST_NIGHT_SHARE = 0.001  # of a typical open hour: less than this is a stray click, not an open hour
CERTAIN = 8.0  # consultations an open hour would have seen; none of them is a chance of exp(-8)
SMALLEST_CHANCE = 1e-3  # that an open hour of the week was never logged by bad luck
FEWEST_ROWS = 3  # of an hour of the week; fewer zeros may be one outage
FEWEST_WEEKS = 1.9
RECENT_WEEKS = 13  # a weekday that was once opened by way of exception is closed again after so long


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
        return np.asarray(week[local.day_of_week.to_numpy() * 24 + local.hour.to_numpy()])


def find_open_hours(series: pd.Series, *, stream: Stream, timezone: str) -> OpenHours:
    """Return a stream's open hours.

    Parameters
    ----------
    series
        Offered consultations by aware hour start.
    stream
        Its ``open`` decides where it is set. Else an hour of the week is open if it ever saw more than a
        stray consultation, and not certainly none of late.
    timezone
        The shop's.

    Notes
    -----
    An hour of the week without a consultation is still open if that may be luck: if the same hour on other
    days saw too few for a zero to tell anything.
    """
    if stream.open_minutes is not None:
        return OpenHours(timezone=timezone, week=_stated_week(*stream.open_minutes))
    local = pd.DatetimeIndex(series.index).tz_convert(zone(timezone))
    key = local.day_of_week.to_numpy() * 24 + local.hour.to_numpy()
    counts = np.asarray(series, dtype=float)
    totals, rows = _by_hour_of_week(key, counts)
    if counts.sum() <= 0:
        return OpenHours(timezone=timezone, week=tuple((rows > 0).ravel().tolist()))
    weeks = (local[-1] - local[0]) / pd.Timedelta(days=7)
    busy = (totals > 0) & ~_stray(totals, rows)
    closed = _never_logged(rows, weeks) | _certainly_empty(totals, rows)
    recent = np.asarray(local > local[-1] - pd.Timedelta(weeks=RECENT_WEEKS))
    of_late = _by_hour_of_week(key[recent], counts[recent])
    ceased = _certainly_empty(*of_late)
    ceased |= (ceased.any(axis=1) & (of_late[0].sum(axis=1) == 0))[:, None]
    day = np.asarray(busy.any(axis=0), dtype=bool)
    weekday = np.asarray(busy.any(axis=1), dtype=bool) | (weeks < FEWEST_WEEKS)
    week = (busy | ~closed) & ~ceased & day[None, :] & weekday[:, None]
    return OpenHours(timezone=timezone, week=tuple(week.ravel().tolist()))


def _by_hour_of_week(key: Ints, counts: Floats) -> tuple[Floats, Ints]:
    """Return what came in each hour of the week and how many rows tell of it, weekdays x hours."""
    totals = np.bincount(key, weights=counts, minlength=HOURS_A_WEEK).reshape(7, 24).astype(float)
    return totals, np.bincount(key, minlength=HOURS_A_WEEK).reshape(7, 24)


def _stray(totals: Floats, rows: Ints) -> Flags:
    """Return hours of the week with next to nothing, compared with a typical hour that saw something."""
    means = totals / np.maximum(rows, 1)
    return np.asarray(means < LARGEST_NIGHT_SHARE * np.median(means[means > 0]))


def _never_logged(rows: Ints, weeks: float) -> Flags:
    """Return hours of the week without a row, where the same hour of other days has too many for a gap."""
    logged = rows.sum(axis=0) / max(7 * weeks, 1)
    chance = (1 - np.clip(logged, 0, 0.99)) ** weeks
    return np.asarray((rows == 0) & (chance < SMALLEST_CHANCE)[None, :])


def _certainly_empty(totals: Floats, rows: Ints) -> Flags:
    """Return hours of the week that would have seen several consultations, were they like other days'."""
    rate = totals.sum(axis=0) / np.maximum(rows.sum(axis=0), 1)
    return np.asarray((totals == 0) & (rows >= FEWEST_ROWS) & (rate[None, :] * rows > CERTAIN), dtype=bool)


def _stated_week(first: int, last: int) -> tuple[bool, ...]:
    """Return the hours of a week that overlap daily opening minutes; past 24:00 runs into the next day."""
    starts = np.arange(24) * 60
    day = (starts + 60 > first) & (starts < last)
    if last > MINUTES_A_DAY:
        day |= starts < last - MINUTES_A_DAY
    return tuple(np.tile(day, 7).tolist())
