"""Whether a stream feels the holidays it is given: else they would teach it luck.

A shop that sells abroad, or whose settings name no country, is given holidays that are none to its buyers.
Their columns then learn what happened on those days by chance and repeat it.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from forecast.models.base import Floats
from forecast.models.days import Days
from forecast.models.layout import Layout
from forecast.models.odd_hours import find_odd_hours, profile_mean, robust_dispersion, running_median
from forecast.models.penalised import fit_penalised
from forecast.models.priors import prior_penalty
from forecast.models.promotion_columns import in_promotion_hours
from forecast.models.regression_fit import LEVEL_GROUPS, PROMOTION_GROUPS, Coefficients
from forecast.models.usable_hours import UsableHours
from forecast.special_days import SpecialDays

REACH_DAYS = 14  # on either side, of what a holiday is compared with
SHADOW_DAYS = 2  # around a holiday; they are compared with neither
FELT = (
    0.68  # share of ordinary days that a holiday is farther off than, on average; without effect it is half
)
TRUSTED, TRUSTED_DAYS = 0.75, 6.0  # what holidays are held to be before any was seen
EPOCH = dt.date(1970, 1, 1).toordinal()


def holidays_are_felt(usable: UsableHours, plain: Layout, special: SpecialDays) -> bool:
    """Return whether the days of past holidays are off what their weekday, month and promotions would say.

    Parameters
    ----------
    usable
        Hours to learn from.
    plain
        A layout without special days.
    special
        The holidays in question.

    Notes
    -----
    The share of ordinary days that lie nearer to the days around them than a holiday does, averaged over
    holidays (the area under the ROC curve), shrunk to `TRUSTED` as if that had been seen on `TRUSTED_DAYS`
    holidays.
    """
    days, ratios, usual = _day_ratios(usable, plain)
    number = np.arange(days.count) + days.first
    off = np.isin(number, [date.toordinal() - EPOCH for date in special.holidays])
    moved = np.isin(number, [date.toordinal() - EPOCH for date in special.makeup_workdays])
    near = np.convolve(off, np.ones(2 * SHADOW_DAYS + 1), mode="same") > 0
    known = ~np.isnan(ratios)
    usual &= known & ~near & ~moved
    if not usual.any():
        return True
    gaps = np.abs(ratios - running_median(ratios, usual, reach=REACH_DAYS))
    farther = np.searchsorted(np.sort(gaps[usual]), gaps[off & known]) / usual.sum()
    share = (farther.sum() + TRUSTED_DAYS * TRUSTED) / (len(farther) + TRUSTED_DAYS)
    return bool(share >= FELT)


def _day_ratios(usable: UsableHours, plain: Layout) -> tuple[Days, Floats, npt.NDArray[np.bool_]]:
    """Return the days, the log ratio of what came on each to what was expected, and which tell of it."""
    design, clock, counts = plain.design(usable.starts), plain.clock(usable.starts), usable.hours
    days, in_promotion = Days.of(clock, usable, plain), in_promotion_hours(design)
    mu = profile_mean(counts, clock)
    dispersion = robust_dispersion(counts, mu)
    used = ~find_odd_hours(counts, mu, dispersion, np.ones_like(in_promotion))
    start = np.where(np.array(design.names) == "level:base", np.log(max(counts.mean(), 1e-3)), 0.0)
    solution = fit_penalised(
        design.matrix[used],
        counts[used],
        weights=1 / (1 + dispersion * mu[used]),
        penalty=prior_penalty(design, 1.0),
        start=start,
        tolerance=1e-3,
    )
    found = Coefficients(names=design.names, solution=solution)
    said = np.exp(design.matrix @ solution.beta)
    ratios = days.levels(counts, said, said / np.exp(found.log_effect(design, LEVEL_GROUPS)), used)
    effect = found.log_effect(design, PROMOTION_GROUPS)
    return days, ratios, days.telling(used, effect, in_promotion)
