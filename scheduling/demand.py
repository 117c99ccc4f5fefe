"""From hourly forecast to what each stream asks of people, interval by interval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecast.config import ShopSettings
from forecast.errors import DataError
from forecast.replies.service_parameters import ServiceParameters
from forecast.timegrid import MINUTES_A_DAY, clock_text, slots, wall_minutes
from scheduling.day import Floats, ServiceDay
from scheduling.service.agent import scaled_to_throughput

DayKey = tuple[str, dt.date]


@dataclass(frozen=True, kw_only=True)
class StreamDemand:
    """What one stream asks of people on each day of a span.

    ``draws`` holds, for each day, sessions that reach people as draws x intervals; empty where the
    forecast comes without draws. ``offered`` counts consultations before bots. ``starts`` are the instants
    of the day's intervals.
    """

    stream: str
    days: Mapping[dt.date, ServiceDay]
    offered: Mapping[dt.date, Floats]
    draws: Mapping[dt.date, Floats]
    starts: Mapping[dt.date, pd.DatetimeIndex]


def served_day(day: ServiceDay, shrinkage: float) -> ServiceDay:
    """Return a day as those on duty serve it: work is slowed by the paid time that they are off the chats."""
    service = scaled_to_throughput(day.service)
    return replace(day, service=replace(service, reply_s=service.reply_s / (1.0 - shrinkage)))


def open_hours(frame: pd.DataFrame, timezone: str) -> tuple[int, int]:
    """Return the first and last wall minute between which a stream is ever asked anything.

    Parameters
    ----------
    frame
        `start` (aware) and a count per row: `offered` of a history or `mean` of a forecast.
    timezone
        The shop's.

    Raises
    ------
    DataError
        If all counts are zero: nothing says when the stream is open.
    """
    counts = frame["offered"] if "offered" in frame else frame["mean"]
    hours = frame["start"].dt.tz_convert(timezone).dt.hour
    busy = counts.groupby(hours).sum()
    busy = busy[busy > 0.001 * busy.sum()] if busy.sum() > 0 else busy[busy > 0]
    if busy.empty:
        raise DataError("every count is zero, so the open hours are unknown; set open = [..] in shop.toml")
    return int(busy.index.min()) * 60, (int(busy.index.max()) + 1) * 60


def stream_demand(
    forecast: pd.DataFrame,
    draws: pd.DataFrame | None,
    *,
    stream: str,
    settings: ShopSettings,
    service: ServiceParameters,
    opens: tuple[int, int],
    start: dt.date,
    days: int,
) -> StreamDemand:
    """Return what a stream asks of people on each day of a span.

    Parameters
    ----------
    forecast
        Rows `stream, start, mean`, hourly or on the planning grid; optionally `bot_share` and
        `handle_factor` where a promotion's phase changes them.
    draws
        Rows `stream, start, draw, offered`, or None.
    stream, settings, service
        The stream, its shop, and what one agent can do in it.
    opens
        Wall minutes between which the stream is open.
    start, days
        The span.

    Raises
    ------
    DataError
        If the forecast does not reach over the whole span.
    """
    shop, rule = settings.shop, settings.rule(stream)
    rows = forecast[forecast["stream"] == stream].set_index("start").sort_index()
    wide = _wide_draws(draws, stream)
    built: dict[dt.date, ServiceDay] = {}
    offered: dict[dt.date, Floats] = {}
    sampled: dict[dt.date, Floats] = {}
    starts: dict[dt.date, pd.DatetimeIndex] = {}
    for offset in range(days):
        day = start + dt.timedelta(days=offset)
        grid = _open_grid(day, opens, shop.interval_min, shop.timezone)
        mean = _on_grid(rows["mean"], grid, shop.interval_min)
        if np.isnan(mean).any():
            missing = grid[np.isnan(mean)][0]
            first_clock, last_clock = clock_text(opens[0]), clock_text(opens[1])
            if settings.stream(stream).open_minutes is None:
                raise DataError(
                    f"forecast: stream {stream} has no row for {missing:%Y-%m-%d %H:%M}; it must cover {day} "
                    f"from {first_clock} to {last_clock}, the hours that its history shows. Write "
                    f'id = "{stream}" and open = ["{first_clock}", "{last_clock}"] (or its true hours) '
                    "under [[stream]] in shop.toml"
                )
            raise DataError(
                f"forecast: stream {stream} has no row for {missing:%Y-%m-%d %H:%M}; it must cover {day} "
                f"from {first_clock} to {last_clock}; add the hour to the forecast, or correct open under "
                "[[stream]] in shop.toml"
            )
        bots = _driver(rows, "bot_share", grid, service.bot_share)
        first = wall_minutes(grid[:1], day, shop.timezone)[0]
        offered[day], starts[day] = mean, grid
        built[day] = ServiceDay(
            first_min=first,
            interval_min=shop.interval_min,
            sessions=mean * (1 - bots),
            settled=mean * bots,
            handle_factor=_driver(rows, "handle_factor", grid, 1.0),
            service=service,
            rule=rule,
            target=settings.target(stream),
        )
        if wide is not None:
            sampled[day] = np.ascontiguousarray(_on_grid(wide, grid, shop.interval_min).T) * (1 - bots)
    return StreamDemand(stream=stream, days=built, offered=offered, draws=sampled, starts=starts)


def _open_grid(day: dt.date, opens: tuple[int, int], interval_min: int, timezone: str) -> pd.DatetimeIndex:
    """Return the starts of the intervals of a day's open hours, past midnight included."""
    spill = opens[1] > MINUTES_A_DAY
    grid = slots(day, 2 if spill else 1, interval_min, timezone)
    wall = np.array(wall_minutes(grid, day, timezone))
    return grid[(wall >= opens[0]) & (wall < opens[1])]


def _on_grid(values: pd.Series | pd.DataFrame, grid: pd.DatetimeIndex, interval_min: int) -> Floats:
    """Return counts per interval from rows that are hourly or already on the grid; NaN where none is.

    A table's columns go the same way at once.
    """
    exact = values.reindex(grid)
    step = values.index.to_series().diff().min()
    if pd.isna(step) or step > pd.Timedelta(minutes=interval_min):
        hours = grid - pd.to_timedelta(grid.minute, unit="min")
        exact = values.reindex(hours) * (interval_min / 60)
    return exact.to_numpy(dtype=float)


def _driver(rows: pd.DataFrame, name: str, grid: pd.DatetimeIndex, usual: float) -> Floats:
    """Return a factor per interval, the usual value where the forecast does not say."""
    if name not in rows:
        return np.full(len(grid), usual)
    hours = grid - pd.to_timedelta(grid.minute, unit="min")
    return rows[name].reindex(hours).fillna(usual).to_numpy(dtype=float)


def _wide_draws(draws: pd.DataFrame | None, stream: str) -> pd.DataFrame | None:
    """Return draws as start x draw, or None where there are none."""
    if draws is None:
        return None
    rows = draws[draws["stream"] == stream]
    return (
        None if rows.empty else rows.pivot_table(index="start", columns="draw", values="offered").sort_index()
    )
