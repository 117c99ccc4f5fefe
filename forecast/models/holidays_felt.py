"""Whether a stream feels the holidays it is given: else they would teach it luck.

A shop that sells abroad, or whose settings name no country, is given holidays that are none to its buyers.
Their columns then learn what happened on those days by chance and repeat it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from forecast.models.base import Floats
from forecast.models.days import Days
from forecast.models.layout import Layout
from forecast.models.odd_hours import (
    Flags,
    Ints,
    find_odd_hours,
    profile_mean,
    robust_dispersion,
    running_median,
)
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
LONGEST_CLOSURE = 4  # days; what is closed for longer is not closed for a holiday
EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, kw_only=True)
class DayGaps:
    """What came on each day against what its weekday, month and promotions would say.

    Attributes
    ----------
    day
        Days since 1970.
    ratios
        Log ratio of what came to what was expected; NaN where nothing is known.
    telling
        Days that tell: not under a promotion or just before one.
    closed
        Days usually open of which the history knows nothing, a few in a row: as a rule the shop was closed.
    """

    day: Ints
    ratios: Floats
    telling: Flags
    closed: Flags

    def shares(self, special: SpecialDays) -> Floats:
        """Return, for each past holiday, the share of ordinary days nearer to the days around them.

        Uniform between 0 and 1 where holidays are like other days (their mean is the area under the ROC
        curve); 1 for a holiday on which the shop was closed. Empty without a holiday in the past.
        """
        off = np.isin(self.day, [date.toordinal() - EPOCH for date in special.holidays])
        moved = np.isin(self.day, [date.toordinal() - EPOCH for date in special.makeup_workdays])
        near = np.convolve(off, np.ones(2 * SHADOW_DAYS + 1), mode="same") > 0
        known = ~np.isnan(self.ratios)
        usual = self.telling & known & ~near & ~moved
        if not usual.any():
            return np.array([])
        gaps = np.abs(self.ratios - running_median(self.ratios, usual, reach=REACH_DAYS))
        nearer = np.searchsorted(np.sort(gaps[usual]), gaps[off & known]) / usual.sum()
        return np.concatenate([nearer, np.ones(int((off & self.closed).sum()))])


def holidays_are_felt(gaps: DayGaps, special: SpecialDays) -> bool:
    """Return whether past holidays are off what their weekday, month and promotions would say.

    The mean of `DayGaps.shares`, shrunk to `TRUSTED` as if that had been seen on `TRUSTED_DAYS` holidays.
    """
    shares = gaps.shares(special)
    return bool((shares.sum() + TRUSTED_DAYS * TRUSTED) / (len(shares) + TRUSTED_DAYS) >= FELT)


def find_day_gaps(usable: UsableHours, plain: Layout) -> DayGaps:
    """Return how far each day was off, by a quick fit that knows no special days.

    Parameters
    ----------
    usable
        Hours to learn from.
    plain
        A layout without special days.
    """
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
    return DayGaps(
        day=np.arange(days.count) + days.first,
        ratios=ratios,
        telling=days.telling(used, effect, in_promotion),
        closed=_closed_days(days.sums(np.ones_like(counts), np.ones_like(used)), days.expected_hours),
    )


def _closed_days(hours: Floats, expected: Ints) -> Flags:
    """Return days that should have hours and have none, in runs of at most `LONGEST_CLOSURE`."""
    missing = (hours == 0) & (expected > 0)
    run = np.cumsum(~missing)
    length = np.bincount(run[missing], minlength=int(run[-1]) + 1)
    return np.asarray(missing & (length[run] <= LONGEST_CLOSURE))
