"""How far hours really spread: their past errors a week ahead against those that were foretold.

What a model holds to be common to a day need not be felt alike in all its hours (a morning's rush varies by
half while noon never moves), and errors are rarely normal: most days are nearer to the middle than a standard
deviation says, a few are farther. So each class of hours has its own width, and all share one shape.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from forecast.models.base import Floats
from forecast.models.hour_drift import CLASSES

Ints = npt.NDArray[np.int64]

SHARES = np.array([0.5, 0.8, 0.95, 0.99])  # of errors, inside which a normal one is below `MARKS`
MARKS = ndtri(0.5 + SHARES / 2)
BAND = 1  # the place in both of the band that a class is measured by
USUAL_HOURS = 40.0  # hours' worth of trust in what was foretold
BELIEF = 0.75  # of a narrower width: the hours were known to the profile that they are measured against
NARROWEST, WIDEST = 0.3, 2.0
THINNEST_TAIL, LARGEST_BEND = 1.0, 2.0  # the shape's outer and inner marks, over the band's
FEWEST_HOURS = 200  # that a shape is learnt from
HALF_TRUSTED = 8.0  # consultations an hour; fewer are mostly luck in counting, whose spread is known


def find_hour_spreads(errors: Floats, classes: Ints) -> Floats:
    """Return by what to stretch the log distance from the median, `CLASSES` x `SHARES`.

    Parameters
    ----------
    errors
        Past errors over the standard deviations that were foretold for them.
    classes
        Of their hours (`forecast.models.hour_drift.hour_class`).

    Examples
    --------
    >>> import numpy as np
    >>> errors = np.tile(ndtri((np.arange(500) + 0.5) / 500), 2)
    >>> errors[:500] *= 1.5
    >>> find_hour_spreads(errors, np.repeat([8, 12], 500))[[8, 12, 20], 1].round(1).tolist()
    [1.5, 1.0, 1.0]
    """
    size = np.abs(errors)
    width = np.ones(CLASSES)
    for one in np.unique(classes):
        own = size[classes == one]
        ratio = np.log(max(float(np.quantile(own, SHARES[BAND])) / MARKS[BAND], 1e-3))
        belief = (BELIEF if ratio < 0 else 1.0) * len(own) / (len(own) + USUAL_HOURS)
        width[one] = np.clip(np.exp(belief * ratio), NARROWEST, WIDEST)
    if len(size) < FEWEST_HOURS:
        return np.repeat(width[:, None], len(SHARES), axis=1)
    shape = np.quantile(size / width[classes], SHARES) / MARKS
    shape = np.clip(shape / max(shape[BAND], 1e-9), 1 / LARGEST_BEND, LARGEST_BEND)
    stretch = width[:, None] * shape
    stretch[:, BAND + 1 :] = np.maximum(stretch[:, BAND + 1 :], THINNEST_TAIL)
    return np.asarray(stretch)


def stretch_paths(paths: Floats, stretch: Floats) -> Floats:
    """Return counts moved from or towards their hour's median; the order of the paths stays.

    Parameters
    ----------
    paths
        Joint sample paths, draws x hours. [consultations]
    stretch
        Hours x `SHARES` (`find_hour_spreads`); between the marks it is interpolated.
    """
    median = np.median(paths, axis=0)
    trust = median / (median + HALF_TRUSTED)
    rank = np.argsort(np.argsort(paths, axis=0), axis=0)
    distance = np.abs(ndtri((np.arange(len(paths)) + 0.5) / len(paths)))
    between = np.stack([np.interp(distance, MARKS, one) for one in np.eye(len(MARKS))])
    power = ((1 + (stretch - 1) * trust[:, None]) @ between).T
    safe = np.maximum(median, 1.0)
    moved = np.round(safe * (paths / safe) ** np.take_along_axis(power, rank, axis=0))
    return np.where(median >= 1.0, moved, paths)
