"""True mean and luck of a synthetic stream, hour by hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import chinese_calendar
import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.demo_shop.events import EventTable, log_effect
from forecast.demo_shop.parameters import NoiseParameters, StreamTruth
from forecast.randomness import generator
from forecast.timegrid import slots

Floats = npt.NDArray[np.float64]

# Log effect of a day of each holiday on orders, and so on questions: couriers rest at Spring Festival.
HOLIDAY_EFFECTS = {
    "Spring Festival": -0.90,
    "National Day": -0.22,
    "Labour Day": -0.15,
}
OTHER_HOLIDAY = -0.10
HOLIDAY_MORNING = -0.20  # people get up late
RUN_UP_PER_DAY = 0.05  # the week before Spring Festival fades by this much a day
WEDNESDAY = 2


def open_starts(truth: StreamTruth, start: dt.date, days: int, timezone: str) -> pd.DatetimeIndex:
    """Return the starts of a stream's open hours over a span."""
    grid = slots(start, days, 60, timezone)
    return grid[np.asarray(truth.hours)[grid.hour] > 0]


def true_mean(
    truth: StreamTruth,
    starts: pd.DatetimeIndex,
    *,
    events: Sequence[EventTable],
    sizes: Mapping[str, float],
    level: Floats,
) -> Floats:
    """Return a stream's true mean in each hour.

    Parameters
    ----------
    truth
        The stream.
    starts
        Starts of open hours, aware.
    events, sizes
        Promotions as in ``promotions.toml``, and the log size of each beyond its kind's.
    level
        Log level of each hour, 0 at the history's end.
    """
    hour = starts.hour.to_numpy()
    weekday = _felt_weekday(starts)
    hours, weekdays = np.asarray(truth.hours), np.asarray(truth.weekdays)
    evening = truth.weekend_evening * ((weekday >= 5) & (hour >= 19))
    base = truth.per_hour * hours[hour] / hours[hours > 0].mean() * weekdays[weekday] / weekdays.mean()
    effect = log_effect(events, starts.tz_localize(None), skill=truth.skill, sizes=sizes)
    logs = level + evening + _holiday_effect(starts) + effect
    return np.asarray(base * np.exp(logs), dtype=float)


def level_path(
    truth: StreamTruth, starts: pd.DatetimeIndex, *, end: pd.Timestamp, noise: NoiseParameters, seed: int
) -> Floats:
    """Return the log level of each hour: growth, a yearly wave and a weekly walk; flat from `end` on."""
    weeks_before = ((end - starts) / pd.Timedelta(days=7)).to_numpy().clip(min=0)
    week = np.floor(weeks_before).astype(int)
    steps = generator(seed, truth.id, "level").normal(0, noise.level_sd, week.max() + 1)
    walk = np.concatenate([[0.0], np.cumsum(steps)])
    season = 0.05 * (np.cos(2 * np.pi * weeks_before / 52.18) - 1)
    growth = -np.log1p(truth.growth) * weeks_before / 52.18
    return np.asarray(growth + season + walk[np.ceil(weeks_before).astype(int).clip(max=week.max() + 1)])


def draw_counts(
    mean: Floats, starts: pd.DatetimeIndex, *, noise: NoiseParameters, rng: np.random.Generator
) -> Floats:
    """Return counts: the mean, times a factor common to the day, times the hour's own, then Poisson."""
    day = pd.factorize(starts.normalize())[0]
    shocks = rng.normal(0, noise.day_sd * np.sqrt(1 - noise.day_memory**2), day.max() + 1)
    factors = np.empty(len(shocks))
    state = rng.normal(0, noise.day_sd)
    for position, shock in enumerate(shocks):
        state = noise.day_memory * state + shock
        factors[position] = state
    a = noise.overdispersion
    rate = mean * np.exp(factors[day] - noise.day_sd**2 / 2) * rng.gamma(1 / a, a, len(mean))
    return rng.poisson(rate).astype(float)


def _felt_weekday(starts: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Return weekdays; a make-up workday feels like a Wednesday."""
    kinds = {day: _holiday_name(day) for day in {stamp.date() for stamp in starts}}
    felt = {
        day: WEDNESDAY if kind is not None and not kind[0] and day.weekday() >= 5 else day.weekday()
        for day, kind in kinds.items()
    }
    return np.array([felt[stamp.date()] for stamp in starts])


def _holiday_effect(starts: pd.DatetimeIndex) -> Floats:
    """Return the log effect of holidays: the day, its morning, and the fading week before Spring Festival."""
    effects: dict[dt.date, float] = {}
    for day in {stamp.date() for stamp in starts}:
        kind = _holiday_name(day)
        if kind is not None and kind[0]:
            effects[day] = HOLIDAY_EFFECTS.get(kind[1], OTHER_HOLIDAY)
        else:
            effects[day] = -RUN_UP_PER_DAY * _days_into_run_up(day)
    values = np.array([effects[stamp.date()] for stamp in starts])
    return np.where((values <= OTHER_HOLIDAY) & (starts.hour < 12), values + HOLIDAY_MORNING, values)


def _days_into_run_up(day: dt.date) -> int:
    """Return how far a day is into the week before Spring Festival, 0 outside it."""
    for ahead in range(1, 8):
        kind = _holiday_name(day + dt.timedelta(days=ahead))
        if kind is not None and kind[0] and kind[1] == "Spring Festival":
            return 8 - ahead
    return 0


def _holiday_name(day: dt.date) -> tuple[bool, str] | None:
    """Return (is off, holiday) of holidays and make-up workdays; None on other days and unpublished years."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return None
    return None if name is None else (off, name)
