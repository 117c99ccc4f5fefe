"""Hours and days that no calendar explains: outages, bursts, zero-filled gaps, doubled days."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.models.calendar_columns import WallClock

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

FARTHEST = 7.0  # standard deviations
FARTHEST_DAY = 5.0
LONGEST_ODD_RUN = 3  # days; more in a row are a new level, not a fault
SMALLEST_ODD_DAY = 0.35  # log; a day nearer to its neighbours is no fault however quiet they were
CERTAIN_ZERO = 12.0  # -log of the chance that zeros are real
FEWEST_SEEN, FEW_SHARE, NOT_FEW = 8, 0.1, 12.0  # hours, quantile and consultations that make a zero no count
MEDIAN_CHI2 = 0.4549
TYPICAL_DAY_SD = 0.06


def profile_mean(counts: Floats, clock: WallClock) -> Floats:
    """Return each hour of the week's median, blended with its hour of the day's where it is thin."""
    by_week = pd.Series(counts).groupby(clock.weekday * 24 + clock.hour).transform("median")
    by_hour = pd.Series(counts).groupby(clock.hour).transform("mean")
    return np.asarray(np.maximum(0.7 * by_week + 0.3 * by_hour, 0.05 * counts.mean() + 1e-3))


def robust_dispersion(counts: Floats, mu: Floats) -> float:
    """Return a of Var = μ + a μ² from medians, so that outliers do not hide themselves."""
    square = (counts - mu) ** 2
    low, high = 0.0, 4.0
    for _ in range(40):
        middle = (low + high) / 2
        if np.median(square / (mu + middle * mu**2 + 1e-12)) > MEDIAN_CHI2:
            low = middle
        else:
            high = middle
    return high


def moment_dispersion(counts: Floats, mu: Floats, share: Floats, *, typical: float, weight: float) -> float:
    """Return a of Var = μ + a μ² by moments, shrunk to `typical` as if that had been seen in `weight` hours.

    `share` is each hour's share of the total that `mu` was scaled to: a count pulls its own mean towards
    itself, so that its square gap stands for 1 - share of its variance; 0 where nothing was scaled.
    """
    if len(mu) == 0:
        return typical
    square = float((mu**2).mean())
    excess = float(((counts - mu) ** 2 / (1 - share) - mu).sum())
    return max((excess + weight * square * typical) / (float((mu**2).sum()) + weight * square), 1e-4)


def held(counts: Floats, mu: Floats) -> Floats:
    """Return counts, those too far from the mean held to where an hour begins to be odd."""
    if len(counts) == 0:
        return counts
    farthest = FARTHEST * np.sqrt(mu + robust_dispersion(counts, mu) * mu**2)
    return np.asarray(np.clip(counts, mu - farthest, mu + farthest))


def zeros_for_missing(counts: Floats, slot: Ints) -> Flags:
    """Return zeros in slots that otherwise never see few: a log writes them where it has nothing.

    Parameters
    ----------
    counts
        Of each hour. [consultations]
    slot
        Its hour of the week.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.array([30.0, 0, 41, 37, 0, 33, 29, 0, 35, 40, 38])
    >>> zeros_for_missing(counts, np.zeros(11, dtype=np.int64)).nonzero()[0].tolist()
    [1, 4, 7]
    """
    rows = pd.Series(np.where(counts > 0, counts, np.nan)).groupby(slot)
    seen, least = rows.transform("count"), rows.transform("quantile", FEW_SHARE)
    size = pd.Series(slot).groupby(slot).transform("size")
    told = (seen >= FEWEST_SEEN) & (seen >= size / 2) & (least >= NOT_FEW)
    return np.asarray((counts == 0) & told)


def find_odd_hours(counts: Floats, mu: Floats, dispersion: float, in_promotion: Flags) -> Flags:
    """Return hours too far from the mean outside promotions, and zeros that cannot be real anywhere."""
    deviation = np.abs(counts - mu) / np.sqrt(mu + dispersion * mu**2 + 1e-12)
    return ((deviation > FARTHEST) & ~in_promotion) | _impossible_zeros(counts, mu, dispersion)


def _impossible_zeros(counts: Floats, mu: Floats, dispersion: float) -> Flags:
    """Return runs of zeros whose joint chance is below exp(-12)."""
    surprise = np.log1p(dispersion * mu) / max(dispersion, 1e-9)
    zero = counts == 0
    run = np.cumsum(~zero)  # hours of one run of zeros share the count of non-zeros before them
    total = np.bincount(run[zero], weights=surprise[zero], minlength=int(run[-1]) + 1 if len(run) else 1)
    return np.asarray(zero & (total[run] > CERTAIN_ZERO))


def find_odd_days(ratios: Floats, noise: Floats, usual: Flags) -> Flags:
    """Return single days far from the days around them, such as a day that was logged twice.

    Parameters
    ----------
    ratios
        Log ratio of what came to what was expected, one a day, NaN where unknown.
    noise
        Variance of each ratio due to counting.
    usual
        Days without promotion or holiday; only these are judged and judged by.
    """
    judged = usual & ~np.isnan(ratios)
    if judged.sum() < 7:
        return np.zeros(len(ratios), dtype=bool)
    smooth = running_median(ratios, judged, reach=10)
    gaps = np.where(judged, ratios - smooth, 0.0)
    spread = max(1.4826 * float(np.median(np.abs(gaps[judged]))), TYPICAL_DAY_SD)
    odd = judged & (np.abs(gaps) > np.maximum(FARTHEST_DAY * np.sqrt(spread**2 + noise), SMALLEST_ODD_DAY))
    return _without_long_runs(odd, judged)


def running_median(values: Floats, known: Flags, reach: int) -> Floats:
    """Return the median of the known values within `reach` days on either side."""
    padded = np.concatenate([np.full(reach, np.nan), np.where(known, values, np.nan), np.full(reach, np.nan)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    empty = np.isnan(windows).all(axis=1)
    windows = np.where(empty[:, None], 0.0, windows)
    return np.asarray(np.nanmedian(windows, axis=1))


def _without_long_runs(odd: Flags, judged: Flags) -> Flags:
    """Drop runs of odd days longer than a fault lasts; days that are not judged do not break a run."""
    kept = odd.copy()
    positions = np.flatnonzero(judged)
    run: list[int] = []
    for position in [*positions.tolist(), -1]:
        if position >= 0 and odd[position]:
            run.append(position)
            continue
        if len(run) > LONGEST_ODD_RUN:
            kept[run] = False
        run = []
    return kept
