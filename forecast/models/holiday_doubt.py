"""How unsure a holiday's size is: one draw a holiday and path, wider the less often its name was seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecast.special_days import SpecialDays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

UNSEEN_SD = 0.35  # log; a holiday whose name is not in the history
SHADOW = 0.65  # of it, for each day away: nobody knows how far an unseen holiday reaches
SHADOW_DAYS = 3
SEEN_SHADOW_DAYS = 1
UNPUBLISHED_SD = 0.10  # weekends within a week of a holiday, in years whose make-up workdays are not known
UNPUBLISHED_REACH = 7
HOLIDAY_SHAPE = 0.8  # of a holiday's doubt falls on each hour by itself: its day runs differently
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class HolidaySpread:
    """By what past holidays multiply the rule's variances where a name was seen before.

    ``days``: of what a holiday's days share; ``hours``: of each hour (`forecast.models.holiday_spread`).
    """

    days: float = 1.0
    hours: float = 1.0


UNSEEN = HolidaySpread()


def seen_sd(days: int) -> float:
    """Return the doubt of a holiday of whose name so many past days are known: the rule."""
    return float(UNSEEN_SD / np.sqrt(1 + 4 * days))


def holiday_doubt(
    days: Ints, special: SpecialDays, seen: Mapping[str, int], spread: HolidaySpread
) -> tuple[Ints, Floats, Floats]:
    """Return which days share their luck, and its standard deviation on the log scale.

    Parameters
    ----------
    days
        Days since 1970, ascending.
    special
        Holidays.
    seen
        Past days of each holiday name in the history.
    spread
        How the shop's past holidays bear the rule out.

    Returns
    -------
    tuple
        A number for each day, equal for the days of one holiday, each day's sd and that of its hours; 0 on
        ordinary days.
    """
    run, sd, of_hours = np.zeros(len(days), dtype=np.int64), np.zeros(len(days)), np.zeros(len(days))
    names = {day: special.holidays.get(EPOCH + dt.timedelta(days=day)) for day in _around(days)}
    number, previous = 0, None
    for position, day in enumerate(days.tolist()):
        near = [
            (abs(step), str(name))
            for step in range(-SHADOW_DAYS, SHADOW_DAYS + 1)
            if (name := names[day + step]) is not None
            and abs(step) <= (SEEN_SHADOW_DAYS if seen.get(name) else SHADOW_DAYS)
        ]
        if not near:
            previous = None
            sd[position] = _unpublished(day, special, names)
            of_hours[position] = HOLIDAY_SHAPE * sd[position]
            continue
        distance, name = min(near)
        number += previous != name
        previous = name
        run[position] = number
        rule, factor = seen_sd(seen.get(name, 0)) * SHADOW**distance, spread if seen.get(name) else UNSEEN
        sd[position] = rule * np.sqrt(factor.days)
        of_hours[position] = HOLIDAY_SHAPE * rule * np.sqrt(factor.hours)
    return run, sd, of_hours


def _around(days: Ints) -> range:
    reach = UNPUBLISHED_REACH
    return range(int(days.min()) - reach, int(days.max()) + reach + 1) if len(days) else range(0)


def _unpublished(day: int, special: SpecialDays, names: Mapping[int, str | None]) -> float:
    """Return the doubt of a weekend that may be a make-up workday which nobody has published yet."""
    date = EPOCH + dt.timedelta(days=day)
    if date.year not in special.unpublished or date.weekday() < 5:
        return 0.0
    close = any(names[day + step] for step in range(-UNPUBLISHED_REACH, UNPUBLISHED_REACH + 1))
    return UNPUBLISHED_SD if close else 0.0
