"""A number with its standard error, and how errors are found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST_CLUSTERS = 8  # fewer days say little about how days differ

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and its standard error, in the value's unit."""

    value: float
    se: float


def mean_estimate(values: Floats, days: Codes) -> Estimate:
    """Return a mean and its error; where days differ by more than chance, the error says so.

    Examples
    --------
    >>> mean_estimate(np.array([1.0, 3.0]), np.array([0, 0]))
    Estimate(value=2.0, se=1.0)
    """
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
    return Estimate(value=float(values.mean()), se=error * clustering(values, days))


def clustering(values: Floats, days: Codes) -> float:
    """Return the factor by which days that differ widen the error of a mean, at least 1.

    Notes
    -----
    The ratio of the error from sums of deviations per day to the error of independent values. With fewer
    than `LEAST_CLUSTERS` days it is 1.
    """
    deviations = values - values.mean() if len(values) else values
    _, day = np.unique(days, return_inverse=True)
    clusters = int(day.max()) + 1 if len(day) else 0
    independent = float((deviations**2).sum())
    if clusters < LEAST_CLUSTERS or independent <= 0:
        return 1.0
    sums = np.bincount(day, weights=deviations)
    return float(np.sqrt(max(1.0, clusters / (clusters - 1) * (sums**2).sum() / independent)))
