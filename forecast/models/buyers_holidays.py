"""Whose holidays the buyers keep, where nobody said: read from which past days were unlike the others."""

from __future__ import annotations

import datetime as dt

import numpy as np
from scipy import special as functions

from forecast.models.base import Floats
from forecast.models.holidays_felt import DayGaps
from forecast.special_days import SpecialDays, find_special_days

COUNTRIES = (
    *("AT", "AU", "BE", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "HK", "IE", "IN"),
    *("IT", "JP", "KR", "MX", "NL", "NO", "NZ", "PL", "PT", "SE", "SG", "TW", "US"),
)
BEYOND_DOUBT = 6.0  # standard deviations at which no other country is looked at
LEAST_CHANCE = 1 / 300  # of a single day: a year of days tells no more
SURE, AHEAD = 3.5, 1.5  # that another country's holidays must reach, and be ahead of those assumed


def evidence(shares: Floats) -> float:
    """Return how surely the holidays were unlike other days, in standard deviations.

    Fisher's sum of the logs of the chances, each holiday's share of ordinary days farther off than it.

    Examples
    --------
    >>> import numpy as np
    >>> round(evidence(np.array([0.99, 0.95, 0.99, 0.97])), 1), evidence(np.array([]))
    (3.7, 0.0)
    """
    if not len(shares):
        return 0.0
    surprise = -np.log(np.maximum(1 - shares, LEAST_CHANCE)).sum()
    chance = float(functions.gammaincc(len(shares), surprise))
    return float(-functions.ndtri(max(chance, 1e-300)))


def find_buyers_holidays(
    gaps: DayGaps, assumed: SpecialDays, *, first: dt.date, last: dt.date
) -> tuple[str, SpecialDays] | None:
    """Return the country whose holidays the history follows and its special days; None for those assumed.

    Parameters
    ----------
    gaps
        What came on each past day against what was expected.
    assumed
        The holidays that hold unless the history clearly follows others.
    first, last
        The span that special days are needed for.

    Notes
    -----
    Neighbours share some holidays; among countries with evidence enough, that of the most evidence times the
    mean share is taken: where half of a country's holidays passed unnoticed they are not the buyers'.
    """
    known = evidence(gaps.shares(assumed))
    if known >= BEYOND_DOUBT:
        return None
    listed = {country: find_special_days(country, first=first, last=last) for country in COUNTRIES}
    shares = {country: gaps.shares(days) for country, days in listed.items()}
    sure = {country: evidence(own) for country, own in shares.items()}
    near = [country for country in COUNTRIES if sure[country] >= max(SURE, known + AHEAD)]
    if not near:
        return None
    best = max(near, key=lambda country: sure[country] * float(shares[country].mean()))
    return best, listed[best]
