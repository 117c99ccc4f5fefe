"""Quantiles of the normal distribution, without scipy.special, whose import takes longer."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

STANDARD = NormalDist()


def normal_quantiles(shares: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the standard normal's quantiles at shares in (0, 1).

    Examples
    --------
    >>> normal_quantiles([0.5, 0.9]).round(4).tolist()
    [0.0, 1.2816]
    """
    return np.array([STANDARD.inv_cdf(float(share)) for share in np.atleast_1d(shares)])
