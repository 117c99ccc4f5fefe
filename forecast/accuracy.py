"""Scores of forecasts: per hour first, then pooled as sums before anything is divided."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

LOSS_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
BAND_LEVELS = {"80": (0.1, 0.9), "95": (0.025, 0.975)}
SCORED_LEVELS = (0.025, *LOSS_LEVELS, 0.975)
PARTS = (
    "offered", "miss", "drift", "loss", "scale",
    "in80", "width80", "winkler80", "in95", "width95", "winkler95",
)  # fmt: skip
SCORES = (
    "wape",
    "mase",
    "bias",
    "pinball",
    "wql",
    "cover80",
    "cover95",
    "width80",
    "width95",
    "winkler80",
    "winkler95",
)


def hour_scores(actual: Floats, *, mean: Floats, quantiles: Floats, scale: float) -> pd.DataFrame:
    """Return what each hour (or day) adds to the scores; `pool_scores` divides.

    Parameters
    ----------
    actual
        What came. [consultations]
    mean
        Forecast means. [consultations]
    quantiles
        One row a level of `SCORED_LEVELS`, one column an hour. [consultations]
    scale
        Mean error of the seasonal naive forecast in the sample, `naive_scale`; NaN where unknown.
        [consultations]

    Returns
    -------
    DataFrame
        One row an hour: `offered, miss, drift, loss, scale`, and for each band `in, width, winkler`.
    """
    if quantiles.shape != (len(SCORED_LEVELS), len(actual)):
        raise ValueError(
            f"quantiles must be {len(SCORED_LEVELS)} levels x {len(actual)} hours, got {quantiles.shape}"
        )
    row_of = {level: row for row, level in enumerate(SCORED_LEVELS)}
    losses = [pinball(actual, quantiles[row_of[level]], level) for level in LOSS_LEVELS]
    columns: dict[str, Floats] = {
        "offered": actual,
        "miss": np.abs(actual - quantiles[row_of[0.5]]),
        "drift": mean - actual,
        "loss": np.mean(losses, axis=0),
        "scale": np.full(len(actual), scale),
    }
    for name, (low, high) in BAND_LEVELS.items():
        bottom, top = quantiles[row_of[low]], quantiles[row_of[high]]
        outside = np.maximum(bottom - actual, 0) + np.maximum(actual - top, 0)
        columns[f"in{name}"] = ((bottom <= actual) & (actual <= top)).astype(float)
        columns[f"width{name}"] = top - bottom
        columns[f"winkler{name}"] = top - bottom + outside / low  # 2/alpha, alpha = 2 low
    return pd.DataFrame(columns)


def pool_scores(hours: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return scores from per-hour parts: sums over each group, then one division.

    Parameters
    ----------
    hours
        Rows of `hour_scores`, with the columns of `by` beside them.
    by
        Columns to group by, for example `stream, model`; none: everything together.

    Returns
    -------
    DataFrame
        One row a group: the columns of `by`, `hours` (how many it rests on) and `SCORES`. Means of ratios
        are never taken. Where nothing came at all, the ratios are NaN.

    Notes
    -----
    With actual y, median m, mean f and quantiles q: `wape` = Σ|y - m| / Σy; `bias` = Σ(f - y) / Σy;
    `mase` = Σ|y - m| / Σ scale; `pinball` = mean over τ = 0.1 … 0.9 and hours of ρ_τ(y, q) = max(τ(y-q),
    (τ-1)(y-q)) [consultations]; `wql` = 2 Σρ / Σy, mean over τ; `cover` = share of hours inside the band;
    `width` and `winkler` (width + 2/α times the miss) are over mean y.
    """
    keys: list[str] = list(by)
    grouped = hours.assign(everything=0).groupby(keys or ["everything"], sort=True, observed=True)
    sums, count = grouped[list(PARTS)].sum(min_count=1), grouped.size()
    offered = sums["offered"].where(sums["offered"] > 0)
    scores = pd.DataFrame(
        {
            "hours": count,
            "wape": sums["miss"] / offered,
            "mase": sums["miss"] / sums["scale"].where(sums["scale"] > 0),
            "bias": sums["drift"] / offered,
            "pinball": sums["loss"] / count,
            "wql": 2 * sums["loss"] / offered,
        }
    )
    for name in BAND_LEVELS:
        scores[f"cover{name}"] = sums[f"in{name}"] / count
        scores[f"width{name}"] = sums[f"width{name}"] / offered
        scores[f"winkler{name}"] = sums[f"winkler{name}"] / offered
    return scores.reset_index()[[*keys, "hours", *SCORES]]


def pinball(actual: Floats, quantile: Floats, level: float) -> Floats:
    """Return the pinball loss of a quantile forecast in each hour.

    Examples
    --------
    Too low costs nine times as much as too high at the 0.9 quantile:

    >>> import numpy as np
    >>> pinball(np.array([10.0, 10.0]), np.array([8.0, 12.0]), 0.9).round(2).tolist()
    [1.8, 0.2]
    """
    gap = actual - quantile
    return np.asarray(np.maximum(level * gap, (level - 1) * gap))


def naive_scale(counts: pd.Series, season: int) -> float:
    """Return the mean error of the seasonal naive forecast inside the sample, the unit of MASE.

    Parameters
    ----------
    counts
        Open hours in time order; a missing hour is NaN.
    season
        Open hours a week.

    Returns
    -------
    float
        NaN where no hour has a partner one season earlier.
    """
    gaps = (counts - counts.shift(season)).abs()
    return float(gaps.mean())


def noise_floor(mean: Floats, overdispersion: float = 0.0) -> float:
    r"""Return the WAPE of somebody who knows every hour's true mean.

    Parameters
    ----------
    mean
        True means. [consultations]
    overdispersion
        a of Var = μ + a μ²; 0 is Poisson. Add a day effect's variance to it, as far as it is not known.

    Notes
    -----
    The expected distance from the median m of a (negative binomial) count: μ - m + 2 (m F(m) - μ G(m - 1)),
    G the distribution with size 1/a + 1 in place of 1/a; for Poisson G = F. About √(2/(πμ)) where μ is
    large and a is 0.

    Examples
    --------
    >>> import numpy as np
    >>> round(noise_floor(np.full(3, 100.0)), 3)
    0.08
    """
    from scipy import stats  # nothing but a bench asks for the floor, and this import takes longer than a fit

    mean = np.asarray(mean, dtype=float)
    known = mean[mean > 0]
    if len(known) == 0:
        return float("nan")
    if overdispersion > 0:
        size, chance = 1 / overdispersion, 1 / (1 + overdispersion * known)
        median = stats.nbinom.ppf(0.5, size, chance)
        below = stats.nbinom.cdf(median, size, chance)
        partial = stats.nbinom.cdf(median - 1, size + 1, chance)
    else:
        median = stats.poisson.ppf(0.5, known)
        below, partial = stats.poisson.cdf(median, known), stats.poisson.cdf(median - 1, known)
    distance = known - median + 2 * (median * below - known * partial)
    return float(distance.sum() / known.sum())


def randomised_pit(actual: Floats, draws: Floats, rng: np.random.Generator) -> Floats:
    """Return each hour's place in its forecast distribution; uniform on [0, 1] if the draws are right.

    Parameters
    ----------
    actual
        What came. [consultations]
    draws
        Sample paths, one row a draw, one column an hour.
    rng
        Counts are discrete: a count equal to many draws gets a random place among them.
    """
    below = (draws < actual).mean(axis=0)
    equal = (draws == actual).mean(axis=0)
    return np.asarray(below + rng.random(len(actual)) * equal)


def draw_quantiles(draws: Floats, levels: Sequence[float] = SCORED_LEVELS) -> Floats:
    """Return quantiles of sample paths: one row a level, one column an hour."""
    return np.asarray(np.quantile(draws, levels, axis=0))
