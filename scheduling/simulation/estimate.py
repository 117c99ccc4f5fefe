"""Ratios over independent simulated days, with what is known of their error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from scheduling.day import Floats

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A ratio of two sums.

    Attributes
    ----------
    value
        The ratio.
    low, high
        Two-sided 95 % interval.
    lower, upper
        One-sided 95 % bounds, each on its own.
    """

    value: float
    low: float
    high: float
    lower: float
    upper: float

    @property
    def half_width(self) -> float:
        """Half the width of the two-sided interval."""
        return 0.5 * (self.high - self.low)


def ratio(parts: Sequence[tuple[Floats, Floats]], *, nothing: float = 1.0, looks: int = 1) -> Estimate:
    r"""Return the ratio of expected sums, by the ratio estimator over independent days.

    Parameters
    ----------
    parts
        Numerators and denominators per simulated day, one pair of arrays for each day of the plan that was
        simulated: a week is seven pairs, and its ratio is one of sums, not a mean of ratios.
    nothing
        The value where nothing is counted at all.
    looks
        Estimates, each on days of its own, of which one may be picked because its bound is good enough. The
        one-sided bounds share their error between them (Bonferroni): all hold together in 95 %.

    Notes
    -----
    With :math:`\bar x_d, \bar y_d` the means over the :math:`n_d` simulations of day d, the estimate is
    :math:`R = \sum_d \bar x_d / \sum_d \bar y_d`; its variance is taken from the residuals
    :math:`e = x - R y` as :math:`\sum_d s_d^2(e) / n_d / (\sum_d \bar y_d)^2` (the delta method), and bounds
    from Student's t with :math:`\sum_d (n_d - 1)` degrees of freedom [1]_.

    References
    ----------
    .. [1] W. G. Cochran, "Sampling Techniques", 3rd ed., Wiley 1977, sections 2.11 and 6.11.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = ratio([(np.array([9.0, 18.0, 27.0]), np.array([10.0, 20.0, 30.0]))])
    >>> round(estimate.value, 3), round(estimate.half_width, 3)
    (0.9, 0.0)
    """
    total = sum(float(below.mean()) for _, below in parts)
    if total <= 0:
        return Estimate(value=nothing, low=nothing, high=nothing, lower=nothing, upper=nothing)
    value = sum(float(above.mean()) for above, _ in parts) / total
    freedom = sum(len(above) - 1 for above, _ in parts)
    if any(len(above) < 2 for above, _ in parts):
        return Estimate(value=value, low=-np.inf, high=np.inf, lower=-np.inf, upper=np.inf)
    variance = sum(float(np.var(above - value * below, ddof=1)) / len(above) for above, below in parts)
    error = float(np.sqrt(variance)) / total
    two_sided = float(stdtrit(freedom, 0.5 + 0.5 * CONFIDENCE)) * error
    one_sided = float(stdtrit(freedom, 1.0 - (1.0 - CONFIDENCE) / looks)) * error
    return Estimate(
        value=value,
        low=value - two_sided,
        high=value + two_sided,
        lower=value - one_sided,
        upper=value + one_sided,
    )
