"""Columns of the calendar: hour, weekday, slow level, day of month, season, holidays and their shadows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.models.columns import ColumnBuilder, Floats, Ints
from forecast.special_days import SpecialDays
from forecast.timegrid import zone

EPOCH = dt.date(1970, 1, 1).toordinal()
MIDWEEK = 2  # a make-up workday feels like a Wednesday
BLOCK_HOURS = 4
RUN_UP_DAYS = 7
LONG_HOLIDAY_DAYS = 5
DAYS_A_YEAR = 365.25

# Precisions of the priors; forecast/models/README.md says how they were found.
RIDGE_HOUR = 1.0
RIDGE_WEEKDAY = 10.0
RIDGE_HOUR_OF_WEEK = 10.0
RIDGE_MONTH_DAY = 300.0
RIDGE_HOLIDAY = 30.0
RIDGE_SEASON = 4000.0
RIDGE_LEVEL = 1e-6  # only its steps are penalised
WALK = 4000.0

WEEKS_FOR_MONTH_DAYS = 13  # with less, days of the month are confounded with weeks
WEEKS_FOR_SEASON = 70


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far the history reaches; decides which columns there are.

    ``end`` is the first local day after the history, ``weeks`` its length.
    """

    end: dt.date
    weeks: float


@dataclass(frozen=True, kw_only=True)
class WallClock:
    """What wall clocks and calendars show at each hour's start; `day` counts days since 1970."""

    hour: Ints
    weekday: Ints
    day: Ints
    month_day: Ints
    holiday: npt.NDArray[np.bool_]


def read_clock(starts: pd.DatetimeIndex, special: SpecialDays, timezone: str) -> WallClock:
    """Return the wall clock of aware hour starts; a make-up workday shows the weekday it feels like."""
    local = starts.tz_convert(zone(timezone)).tz_localize(None)
    day = local.to_numpy().astype("datetime64[D]").astype(np.int64)
    makeup = np.array([_number(date) for date in special.makeup_workdays], dtype=np.int64)
    off = np.array([_number(date) for date in special.holidays], dtype=np.int64)
    weekday = local.day_of_week.to_numpy().astype(np.int64)
    return WallClock(
        hour=local.hour.to_numpy().astype(np.int64),
        weekday=np.where(np.isin(day, makeup), MIDWEEK, weekday),
        day=day,
        month_day=local.day.to_numpy().astype(np.int64),
        holiday=np.isin(day, off),
    )


def add_calendar(
    builder: ColumnBuilder, clock: WallClock, special: SpecialDays, reach: Reach, closed_days: frozenset[int]
) -> None:
    """Add every calendar column.

    Parameters
    ----------
    builder
        Takes the columns.
    clock
        Of the builder's hours.
    special
        Holidays and make-up workdays.
    reach
        Of the history.
    closed_days
        Days the stream was or will be closed all day, counted since 1970.
    """
    builder.add("level:base", RIDGE_LEVEL, np.ones(len(clock.hour)))
    builder.add_factor("hour", RIDGE_HOUR, clock.hour)
    builder.add_factor("weekday", RIDGE_WEEKDAY, clock.weekday)
    builder.add_factor("week", RIDGE_HOUR_OF_WEEK, clock.weekday * 24 + clock.hour)
    builder.add_factor("walk", RIDGE_LEVEL, week_age(clock.day, reach.end))
    if reach.weeks >= WEEKS_FOR_MONTH_DAYS:
        builder.add_factor("month_day", RIDGE_MONTH_DAY, clock.month_day)
    if reach.weeks >= WEEKS_FOR_SEASON:
        _add_season(builder, clock.day)
    if closed_days:
        reopened = np.isin(clock.day - 1, list(closed_days)) & ~np.isin(clock.day, list(closed_days))
        builder.add("reopening:first day", RIDGE_HOLIDAY, reopened.astype(float))
    if special.holidays:
        _add_holidays(builder, clock, special)


def week_age(day: Ints, end: dt.date) -> Ints:
    """Return how many whole weeks before `end` a day lies; days ahead share the last week's age, 0."""
    return np.asarray(np.maximum(_number(end) - 1 - day, 0) // 7)


def _number(date: dt.date) -> int:
    """Return days since 1970."""
    return date.toordinal() - EPOCH


def _add_season(builder: ColumnBuilder, day: Ints) -> None:
    for harmonic in (1, 2):
        angle = 2 * np.pi * harmonic * day / DAYS_A_YEAR
        builder.add(f"season:cos{harmonic}", RIDGE_SEASON, np.cos(angle))
        builder.add(f"season:sin{harmonic}", RIDGE_SEASON, np.sin(angle))


def _add_holidays(builder: ColumnBuilder, clock: WallClock, special: SpecialDays) -> None:
    """Add a column a holiday name, one a block of any holiday's day, and the shadows around holidays."""
    days, which = np.unique(clock.day, return_inverse=True)
    name_of = {_number(date): name for date, name in special.holidays.items()}
    names = [name_of.get(int(day), "") for day in days]
    for name in sorted(set(names) - {""}):
        own = np.array([one == name for one in names])
        builder.add(f"holiday:{name}", RIDGE_HOLIDAY, own[which].astype(float))
    builder.add_factor("holiday_block", RIDGE_HOLIDAY, np.where(clock.holiday, clock.hour // BLOCK_HOURS, -1))
    builder.add("holiday_shadow:eve", RIDGE_HOLIDAY, _beside(days, name_of, ahead=1)[which])
    builder.add("holiday_shadow:day after", RIDGE_HOLIDAY, _beside(days, name_of, ahead=-1)[which])
    builder.add("holiday_shadow:bridge", RIDGE_HOLIDAY, _bridges(days, name_of)[which])
    for name, climb in _run_ups(days, name_of).items():
        builder.add("holiday_shadow:run-up", RIDGE_HOLIDAY, climb[which])
        builder.add(f"holiday_shadow:run-up to {name}", RIDGE_HOLIDAY, climb[which])


def _beside(days: Ints, name_of: dict[int, str], *, ahead: int) -> Floats:
    """Return 1 on ordinary days whose neighbour `ahead` is a holiday."""
    return np.array([float(day + ahead in name_of and day not in name_of) for day in days.tolist()])


def _bridges(days: Ints, name_of: dict[int, str]) -> Floats:
    """Return 1 on Fridays after and Mondays before a holiday: single workdays that many take off."""
    weekday = (days + EPOCH + 6) % 7  # date ordinals: Monday is 1
    return np.array(
        [
            float(
                day not in name_of
                and ((of_week == 4 and day - 1 in name_of) or (of_week == 0 and day + 1 in name_of))
            )
            for day, of_week in zip(days.tolist(), weekday.tolist(), strict=True)
        ]
    )


def _run_ups(days: Ints, name_of: dict[int, str]) -> dict[str, Floats]:
    """Return, by long holiday, a climb from 1/7 to 1 over the week before it."""
    climbs: dict[str, Floats] = {}
    for first, length in _runs(sorted(name_of)):
        if length >= LONG_HOLIDAY_DAYS:
            into = days - (first - RUN_UP_DAYS) + 1
            climb = np.where((into >= 1) & (into <= RUN_UP_DAYS), into / RUN_UP_DAYS, 0.0)
            if climb.any():
                name = name_of[first]
                climbs[name] = climbs.get(name, np.zeros(len(days))) + climb
    return climbs


def _runs(days: list[int]) -> list[tuple[int, int]]:
    """Return first day and length of each run of consecutive days."""
    runs: list[tuple[int, int]] = []
    for day in days:
        if runs and runs[-1][0] + runs[-1][1] == day:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((day, 1))
    return runs
