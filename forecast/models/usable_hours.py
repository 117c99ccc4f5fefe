"""Which rows of a history a model may learn from, and what was left out and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.config import Stream
from forecast.errors import DataError
from forecast.models.base import Floats, Known
from forecast.models.odd_hours import zeros_for_missing
from forecast.models.promotion_columns import NOT_LEARNT
from forecast.open_hours import OpenHours, find_open_hours
from forecast.timegrid import zone

FEWEST_DAYS = 7
MOST_WEEKS = 104
MANY_MISSING = 0.1
MANY_ZEROS = 0.05  # of the hours, that only a log writes where it has nothing; fewer are outages


@dataclass(frozen=True, kw_only=True)
class UsableHours:
    """The open hours of a history that can be learnt from.

    Attributes
    ----------
    counts
        Offered consultations by aware hour start.
    open_hours
        When the stream is open.
    end
        First local day after the history.
    weeks
        Length of the history that is used.
    closed_days
        Days closed all day by the promotion calendar, counted since 1970; past and ahead.
    notes
        What was left out.
    """

    counts: pd.Series
    open_hours: OpenHours
    end: dt.date
    weeks: float
    closed_days: frozenset[int]
    notes: tuple[str, ...]

    @property
    def hours(self) -> Floats:
        """Counts of the hours as an array."""
        return self.counts.to_numpy(dtype=float)

    @property
    def starts(self) -> pd.DatetimeIndex:
        """Starts of the hours."""
        return pd.DatetimeIndex(self.counts.index)


def find_usable_hours(series: pd.Series, known: Known, stream: Stream) -> UsableHours:
    """Return the hours to learn from: open, not ignored, not closed, of the last two years.

    Raises
    ------
    DataError
        If the history is shorter than a week.
    """
    series = series.dropna().sort_index()
    if series.empty:
        raise DataError(
            f"history: stream {stream.id} has no rows; a forecast needs at least {FEWEST_DAYS} days"
        )
    local = pd.DatetimeIndex(series.index).tz_convert(zone(known.timezone))
    end = local[-1].date() + dt.timedelta(days=1)
    days = (end - local[0].date()).days
    if days < FEWEST_DAYS:
        raise DataError(
            f"history: stream {stream.id} spans {days} days, {local[0]:%Y-%m-%d} to {local[-1]:%Y-%m-%d}; "
            f"a forecast needs at least {FEWEST_DAYS}, better 8 weeks"
        )
    open_hours = find_open_hours(series, stream=stream, timezone=known.timezone)
    recent = np.asarray(local >= pd.Timestamp(end, tz=local.tz) - pd.Timedelta(weeks=MOST_WEEKS))
    open_rows = open_hours.is_open(pd.DatetimeIndex(series.index)) & recent
    notes = []
    is_ignored, closed_days = _outside_plan(local, known, stream)
    if (dropped := int((is_ignored & open_rows).sum())) > 0:
        notes.append(f"{dropped} hours are left out because the promotion calendar says so")
    counts = series[open_rows & ~is_ignored].astype(float)
    if counts.empty:
        raise DataError(f"history: stream {stream.id} has no row inside its open hours")
    wall = local[open_rows & ~is_ignored]
    unlogged = zeros_for_missing(
        np.asarray(counts, dtype=np.float64), (wall.day_of_week * 24 + wall.hour).to_numpy()
    )
    if unlogged.mean() > MANY_ZEROS:
        counts = counts[~unlogged]
        notes.append(
            f"{int(unlogged.sum())} zeros in hours that never see few otherwise are taken as missing"
        )
    grid = pd.date_range(local[int(np.argmax(recent))].normalize(), pd.Timestamp(end, tz=local.tz), freq="h")
    expected = int(open_hours.is_open(grid[:-1]).sum())
    if expected and (missing := 1 - len(counts) / expected) > MANY_MISSING:
        notes.append(f"{missing:.0%} of the open hours are missing; they are left as gaps")
    return UsableHours(
        counts=counts,
        open_hours=open_hours,
        end=end,
        weeks=min(days / 7, float(MOST_WEEKS)),
        closed_days=closed_days,
        notes=tuple(notes),
    )


def _outside_plan(
    local: pd.DatetimeIndex, known: Known, stream: Stream
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], frozenset[int]]:
    """Return which hours are ignored, shocks or closed, and which days are closed all day."""
    flags = np.zeros(len(local), dtype=bool)
    spans = [(one.start, one.end) for one in known.promotions.ignored]
    closed_days: set[int] = set()
    for event in known.promotions.of(stream.platform):
        if event.kind not in NOT_LEARNT:
            continue
        for phase in event.phase:
            spans.append((phase.start, phase.end))
            if event.kind == "closed":
                wall = zone(known.timezone)
                closed_days |= _whole_days(phase.start.astimezone(wall), phase.end.astimezone(wall))
    for start, end in spans:
        flags |= np.asarray(
            (local > pd.Timestamp(start) - pd.Timedelta(hours=1)) & (local < pd.Timestamp(end))
        )
    return flags, frozenset(closed_days)


def _whole_days(start: dt.datetime, end: dt.datetime) -> set[int]:
    """Return the days, counted since 1970, that lie wholly inside a span of local times."""
    first = start.date() if start.time() == dt.time() else start.date() + dt.timedelta(days=1)
    epoch = dt.date(1970, 1, 1).toordinal()
    return set(range(first.toordinal() - epoch, end.date().toordinal() - epoch))
