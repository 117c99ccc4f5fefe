"""How far past holidays lay from what the rest of the history says of them: how sure those ahead are.

`holiday_doubt` is a rule of thumb for shops of which nothing is known. Where holidays have passed, each is
foretold without its own days: how far off that was, beyond the luck of its days and what the coefficients do
not know, tells by how much the rule is too wide or too narrow here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from forecast.models.base import Floats
from forecast.models.columns import Design
from forecast.models.day_level import DayLevel
from forecast.models.holiday_doubt import HOLIDAY_SHAPE, HolidaySpread, seen_sd
from forecast.models.odd_hours import Flags, Ints
from forecast.models.penalised import Solution

FACTORS = np.geomspace(1 / 16, 16, 33)  # of the rule's variance
DOUBT_OF_RULE = 1.0  # log; how far off the rule's variance may be before any holiday was seen
SAME_LUCK_HOURS = 4.0  # hours of an odd holiday are odd together
FARTHEST = 4.0  # standard deviations an hour counts as being off
LONGEST_GAP = 2  # days between two of one holiday


@dataclass(frozen=True, kw_only=True)
class PastHoliday:
    """One past holiday, foretold without its own days.

    Attributes
    ----------
    others
        Past days of the same name on other dates.
    gap, luck
        Log ratio of what came to what was foretold, and the variance that it would have anyway.
    hour_gap, hour_luck
        The same of each hour once the day's total is known: relative error, and its variance.
    """

    others: int
    gap: float
    luck: float
    hour_gap: Floats
    hour_luck: Floats


def find_holiday_spread(past: list[PastHoliday]) -> HolidaySpread:
    """Return by what to multiply the variances of `holiday_doubt` for names seen before.

    Notes
    -----
    Normal likelihoods of gaps with variance luck + factor x rule, on a grid, times a log-normal prior around
    1; the geometric mean of each factor. Only names of several dates teach it, and only names seen before
    heed it: how much alike one holiday is from year to year says nothing about one never seen.
    """
    days, hours = np.zeros(len(FACTORS)), np.zeros(len(FACTORS))
    for one in past:
        rule = seen_sd(one.others)
        days += _log_likelihood(np.array([one.gap]), np.array([one.luck]), rule**2)
        own = _log_likelihood(one.hour_gap, one.hour_luck, (HOLIDAY_SHAPE * rule) ** 2)
        hours += own / SAME_LUCK_HOURS
    return HolidaySpread(days=_mean_factor(days), hours=_mean_factor(hours))


def _log_likelihood(gap: Floats, luck: Floats, rule: float) -> Floats:
    """Return the log likelihood of gaps under each of `FACTORS`."""
    variance = luck[:, None] + rule * FACTORS
    far = np.minimum(gap[:, None] ** 2 / variance, FARTHEST**2)
    return np.asarray(-0.5 * (np.log(variance) + far).sum(axis=0))


def _mean_factor(log_likelihood: Floats) -> float:
    weight = log_likelihood - 0.5 * (np.log(FACTORS) / DOUBT_OF_RULE) ** 2
    return float(np.exp(np.average(np.log(FACTORS), weights=np.exp(weight - weight.max()))))


def past_holidays(
    counts: Floats,
    mu: Floats,
    weights: Floats,
    used: Flags,
    *,
    day: Ints,
    design: Design,
    solution: Solution,
    design_effect: float,
    day_level: DayLevel,
    dispersion: Floats,
) -> list[PastHoliday]:
    """Return every past holiday whose name has other dates too, as foretold without its own days.

    Parameters
    ----------
    counts, mu, weights
        What came in each hour, the mean fitted to it, and its weight in the fit.
    used
        Hours that were learnt from and tell about holidays.
    day
        Of each hour, since 1970.
    design, solution, design_effect
        The regression.
    day_level
        How days move anyway.
    dispersion
        a of Var = μ + a μ² in each hour within its day.

    Notes
    -----
    One Newton step from the optimum without the hours: η₋ = η - (I - AΩ)⁻¹ A w(y - μ) with A = X P⁻¹ X' over
    those hours, P the curvature of likelihood and penalty, and Ω = w μ. What is not known of η₋ has the
    covariance (I - AΩ)⁻¹A, information divided by the design effect.
    """
    unsure = replace(solution, information=solution.information / design_effect)
    found = []
    for rows, others in _occasions(design, day, used):
        x = sparse.csr_array(design.matrix[rows])
        trust = weights[rows] * mu[rows]
        fitted, known = (x @ (x @ inverse).T for inverse in (solution.inverse, unsure.inverse))
        one = np.eye(len(rows))
        pull = np.linalg.solve(one - fitted * trust, fitted @ (weights[rows] * (counts[rows] - mu[rows])))
        doubt: Floats = np.linalg.solve(one - known * (trust / design_effect), known).astype(np.float64)
        said = mu[rows] * np.exp(-pull)
        found.append(_foretold(counts[rows], said, doubt, day[rows], dispersion[rows], day_level, others))
    return found


def _foretold(
    counts: Floats,
    said: Floats,
    doubt: Floats,
    day: Ints,
    dispersion: Floats,
    day_level: DayLevel,
    others: int,
) -> PastHoliday:
    """Return how a holiday came against what was said, the covariance of whose logs is `doubt`."""
    total = max(float(said.sum()), 0.5)
    share = said / total
    luck = float(share @ doubt @ share) + float((said + dispersion * said**2).sum()) / total**2
    same = day[:, None] == day[None, :]
    of_day = same * said[None, :] / (same @ said)[:, None]  # each hour's day, by its hours' shares
    expected = said * (same @ counts) / (same @ said)
    own = np.eye(len(said)) - of_day
    shape = np.einsum("ij,jk,ik->i", own, doubt, own)
    left = np.maximum(1 - np.diag(of_day), 1e-3)
    enough = (expected > 0) & (left > 1e-3)
    relative = (counts - expected)[enough] / expected[enough] / np.sqrt(left[enough])
    return PastHoliday(
        others=others,
        gap=float(np.log((counts.sum() + 0.5) / (said.sum() + 0.5))),
        luck=luck + day_level.mean_variance(day, said),
        hour_gap=relative,
        hour_luck=1 / expected[enough] + dispersion[enough] + shape[enough],
    )


def _occasions(design: Design, day: Ints, used: Flags) -> Iterator[tuple[Ints, int]]:
    """Yield the hours of past holidays of several dates, and how many days their name has on the others."""
    columns = sparse.csc_array(design.matrix)
    for column, name in enumerate(design.names):
        if not name.startswith("holiday:"):
            continue
        rows = np.sort(columns.indices[columns.indptr[column] : columns.indptr[column + 1]])
        rows = rows[used[rows]]
        if len(rows):
            number = np.cumsum(np.diff(day[rows], prepend=day[rows[0]]) > LONGEST_GAP)
            days = len(np.unique(day[rows]))
            for one in np.unique(number):
                own = rows[number == one]
                if others := days - len(np.unique(day[own])):
                    yield own, others
