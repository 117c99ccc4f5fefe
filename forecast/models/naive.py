"""Yardsticks: the same hour of last week, and the mean of the same hour over eight weeks.

Their bands are their own past errors. Whatever is more elaborate has to beat them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.config import Stream
from forecast.models.base import Effect, Floats, Known
from forecast.models.odd_hours import Ints
from forecast.models.usable_hours import UsableHours, find_usable_hours
from forecast.open_hours import OpenHours
from forecast.timegrid import zone

WEEK_HOURS = 7 * 24
MEAN_WEEKS = 8
FEWEST_ERROR_DAYS = 7
ASSUMED_SD = 0.4  # of a day's relative error, where the history is too short to know its own


@dataclass(frozen=True, kw_only=True)
class SeasonalNaive:
    """Each hour like the same hour of the last week that has it.

    ``reason`` is a note on why it stands in for another model.
    """

    reason: str = ""
    name: str = "seasonal-naive"

    def fit(self, series: pd.Series, known: Known, *, stream: Stream) -> FittedProfile:
        """Fit to hourly counts (see `forecast.models.base.ForecastModel.fit`)."""
        usable = find_usable_hours(series, known, stream)
        return _fit_profile(usable, known, weeks=1, name=self.name, reason=self.reason)


@dataclass(frozen=True, kw_only=True)
class SeasonalMean:
    """Each hour like the mean of the same hour over the last weeks."""

    weeks: int = MEAN_WEEKS
    name: str = "seasonal-mean"

    def fit(self, series: pd.Series, known: Known, *, stream: Stream) -> FittedProfile:
        """Fit to hourly counts (see `forecast.models.base.ForecastModel.fit`)."""
        usable = find_usable_hours(series, known, stream)
        return _fit_profile(usable, known, weeks=self.weeks, name=self.name, reason="")


@dataclass(frozen=True, kw_only=True)
class FittedProfile:
    """A week of hourly means, and its past errors by whole days.

    Attributes
    ----------
    profile
        Mean of each of the 168 wall hours.
    errors
        Past days x 24 wall hours: count over forecast, NaN where unknown; a path takes a whole day, so
        that its hours stay together.
    """

    name: str
    usable: UsableHours
    timezone: str
    profile: Floats
    errors: Floats
    notes: tuple[str, ...]

    @property
    def open_hours(self) -> OpenHours:
        """When the stream is open."""
        return self.usable.open_hours

    def mean(self, starts: pd.DatetimeIndex) -> Floats:
        """Return the expected consultations of each hour."""
        return np.where(self._is_open(starts), self.profile[_week_hour(starts, self.timezone)], 0.0)

    def draw(self, starts: pd.DatetimeIndex, draws: int, rng: np.random.Generator) -> Floats:
        """Return sample paths: the profile times the errors of past days, drawn day by day."""
        local = starts.tz_convert(zone(self.timezone))
        days, which = np.unique(local.normalize().asi8, return_inverse=True)
        picked = rng.integers(0, len(self.errors), (draws, len(days)))
        factors = self.errors[picked[:, which], local.hour.to_numpy()[None, :]]
        rate = self.mean(starts)[None, :] * np.where(np.isnan(factors), 1.0, factors)
        whole, part = np.floor(rate), rate - np.floor(rate)
        return np.asarray(whole + (rng.random(rate.shape) < part))

    def parts(self, starts: pd.DatetimeIndex) -> pd.DataFrame:
        """Return level and week shape; a yardstick knows nothing else."""
        level = max(float(self.profile[self.profile > 0].mean()) if self.profile.any() else 0.0, 1e-9)
        return pd.DataFrame(
            {
                "level": np.where(self._is_open(starts), level, 0.0),
                "week_shape": self.profile[_week_hour(starts, self.timezone)] / level,
                "calendar": 1.0,
                "holiday": 1.0,
                "promotion": 1.0,
            },
            index=starts,
        )

    def effects(self, starts: pd.DatetimeIndex) -> tuple[Effect, ...]:  # noqa: ARG002  # knows no events
        """Return none."""
        return ()

    def _is_open(self, starts: pd.DatetimeIndex) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        days = starts.tz_convert(zone(self.timezone)).tz_localize(None).to_numpy().astype("datetime64[D]")
        closed = np.isin(days.astype(np.int64), list(self.usable.closed_days))
        return np.asarray(self.usable.open_hours.is_open(starts) & ~closed)


def _week_hour(starts: pd.DatetimeIndex, timezone: str) -> Ints:
    local = starts.tz_convert(zone(timezone))
    return np.asarray(local.day_of_week.to_numpy() * 24 + local.hour.to_numpy(), dtype=np.int64)


def _fit_profile(usable: UsableHours, known: Known, *, weeks: int, name: str, reason: str) -> FittedProfile:
    key = _week_hour(usable.starts, known.timezone)
    counts = pd.DataFrame({"key": key, "offered": usable.hours})
    profile = _filled(counts.groupby("key")["offered"].apply(lambda own: own.iloc[-weeks:].mean()))
    before = counts.groupby("key")["offered"].transform(lambda own: own.shift().rolling(weeks, 1).mean())
    errors = _day_errors(usable, counts["offered"].to_numpy(), before.to_numpy(), known.timezone)
    notes = (*usable.notes, reason) if reason else usable.notes
    return FittedProfile(
        name=name, usable=usable, timezone=known.timezone, profile=profile, errors=errors, notes=notes
    )


def _filled(by_key: pd.Series) -> Floats:
    """Return 168 means; an hour of the week never seen takes the mean of the same hour on other days."""
    week = by_key.reindex(range(WEEK_HOURS)).to_numpy(dtype=float).reshape(7, 24)
    seen = ~np.isnan(week)
    count = seen.sum(axis=0)
    by_hour = np.where(count > 0, np.nansum(week, axis=0) / np.maximum(count, 1), np.nan)
    overall = float(week[seen].mean())
    filled = np.where(seen, week, np.where(np.isnan(by_hour), overall, by_hour)[None, :])
    return np.asarray(filled.ravel())


def _day_errors(usable: UsableHours, counts: Floats, forecast: Floats, timezone: str) -> Floats:
    """Return count over forecast as past days x wall hours; spread made up where there are too few days."""
    local = usable.starts.tz_convert(zone(timezone))
    table = pd.DataFrame(
        {
            "day": local.normalize(),
            "hour": local.hour,
            "factor": np.where(forecast > 0, counts / np.maximum(forecast, 1e-9), np.nan),
        }
    ).dropna()
    wide = table.pivot_table(index="day", columns="hour", values="factor").reindex(columns=range(24))
    if len(wide) >= FEWEST_ERROR_DAYS:
        return wide.to_numpy(dtype=float)
    steps = np.linspace(-1.5, 1.5, 15)
    return np.repeat(np.exp(ASSUMED_SD * steps)[:, None], 24, axis=1)
