"""Daily counts spread over the hours of the day, by the shop's own profile where it has one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.timegrid import slots, zone

LEAST_DAYS = 5  # of the shop's own, for a profile to be its own
SMOOTHING = 1.0  # consultations a day that every open hour of the shop's own profile has besides its counts

USUAL = (
    0.010, 0.005, 0.003, 0.002, 0.002, 0.003, 0.008, 0.018, 0.036, 0.053, 0.063, 0.062,
    0.052, 0.055, 0.060, 0.060, 0.058, 0.055, 0.053, 0.060, 0.080, 0.088, 0.072, 0.042,
)  # fmt: skip
"""Shares of the day by hour where a shop tells none: an assumption with the shape that merchants describe (a
lull at lunch and supper, most between 20 and 22); replaced as soon as five days have hours."""

Floats = npt.NDArray[np.float64]


def spread_days(
    daily: pd.DataFrame,
    hourly: pd.DataFrame | None,
    timezone: str,
    *,
    open_minutes: Mapping[str, tuple[int, int]] | None = None,
) -> pd.DataFrame:
    """Return daily counts by hour.

    Parameters
    ----------
    daily
        ``stream, date, offered``, one row a stream's day.
    hourly
        ``stream, start, offered`` of days with hours, for the shop's own profile; None: there are none.
    timezone
        The shop's.
    open_minutes
        By stream, the open hours that the shop names; outside them nothing is put where the profile is not
        the shop's own.

    Returns
    -------
    DataFrame
        ``stream, start, offered, estimated`` (1), ``bot_settled`` (missing). The hours of a day add up to
        it; on a day on which clocks change its real hours share it.
    """
    parts = []
    for stream, own in daily.groupby("stream", sort=True):
        shares = day_profile(hourly, str(stream), timezone, (open_minutes or {}).get(str(stream)))
        for day, offered in zip(own["date"], own["offered"], strict=True):
            starts = slots(day, 1, 60, timezone)
            share = shares[int(_is_weekend(day)), starts.hour]
            parts.append(
                pd.DataFrame(
                    {
                        "stream": stream,
                        "start": starts.tz_convert("UTC").as_unit("ns"),
                        "offered": float(offered) * share / share.sum(),
                        "estimated": 1,
                        "bot_settled": np.nan,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def day_profile(
    hourly: pd.DataFrame | None, stream: str, timezone: str, open_minutes: tuple[int, int] | None = None
) -> Floats:
    """Return shares of the day by kind of day (0: Monday to Friday, 1: weekend) and hour.

    The stream's own where it has `LEAST_DAYS` with hours, else the whole shop's, else `USUAL`; weekends their
    own where there are `LEAST_DAYS` of them.
    """
    share = np.array(USUAL)
    if open_minutes is not None:
        hours = np.arange(24)
        inside = (hours + 1 > open_minutes[0] / 60) & (hours < open_minutes[1] / 60)
        share = np.where(inside | (hours + 24 < open_minutes[1] / 60), share, 0.0)
    usual = np.tile(share / share.sum(), (2, 1))
    if hourly is None or hourly.empty:
        return usual
    of_stream = hourly[hourly["stream"] == stream]
    for table in (of_stream, hourly):
        local = table["start"].dt.tz_convert(zone(timezone))
        dates = local.dt.date
        if dates.nunique() < LEAST_DAYS:
            continue
        weekend = np.array([_is_weekend(day) for day in dates], dtype=bool)
        hour, offered = local.dt.hour.to_numpy(), table["offered"].to_numpy(dtype=float)
        profile = _shares(hour, offered)
        own_weekend = dates[weekend].nunique() >= LEAST_DAYS and dates[~weekend].nunique() >= LEAST_DAYS
        if not own_weekend:
            return np.tile(profile, (2, 1))
        return np.array(
            [_shares(hour[~weekend], offered[~weekend]), _shares(hour[weekend], offered[weekend])]
        )
    return usual


def _shares(hour: npt.NDArray[np.int64], offered: Floats) -> Floats:
    counts = np.bincount(hour, weights=offered, minlength=24).astype(float)
    counts[counts > 0] += SMOOTHING
    total = counts.sum()
    return counts / total if total > 0 else np.full(24, 1 / 24)


def _is_weekend(day: dt.date) -> bool:
    return day.weekday() >= 5
