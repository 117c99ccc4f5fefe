"""The minimum of a smooth function of few numbers without its slopes: the downhill simplex.

scipy has it too, in a package whose import takes as long as half of a forecast's fit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_STEPS = 200


def find_minimum(loss: Callable[[Floats], float], corners: Floats, *, near: float, alike: float) -> Floats:
    """Return the point of least loss that a simplex shrinks to.

    Parameters
    ----------
    loss
        To be minimised.
    corners
        Where the simplex starts, one more than there are parameters; corners x parameters.
    near, alike
        It stops where all corners lie within `near` of the best in every parameter and `alike` in loss, or
        after 200 steps.

    Notes
    -----
    Reflection, expansion, contraction and shrinking by 1, 2, ½ and ½ [1]_, as scipy does them.

    References
    ----------
    .. [1] J. A. Nelder and R. Mead, "A simplex method for function minimization", The Computer Journal 7(4),
       1965, doi:10.1093/comjnl/7.4.308.

    Examples
    --------
    >>> import numpy as np
    >>> start = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> found = find_minimum(lambda at: (at[0] - 3) ** 2 + at[1] ** 2, start, near=1e-4, alike=1e-8)
    >>> float(found[0].round(3)), float(abs(found[1]).round(3))
    (3.0, 0.0)
    """
    corners = corners.copy()
    losses = np.array([loss(corner) for corner in corners])
    for _ in range(MOST_STEPS):
        order = np.argsort(losses, kind="stable")
        corners, losses = corners[order], losses[order]
        if np.abs(corners[1:] - corners[0]).max() <= near and losses[-1] - losses[0] <= alike:
            break
        middle = corners[:-1].mean(axis=0)
        mirrored = 2 * middle - corners[-1]
        found = loss(mirrored)
        if found < losses[0]:
            further = 3 * middle - 2 * corners[-1]
            at_further = loss(further)
            best = (further, at_further) if at_further < found else (mirrored, found)
        elif found < losses[-2]:
            best = mirrored, found
        else:
            beyond = mirrored if found < losses[-1] else corners[-1]
            inner = 0.5 * middle + 0.5 * beyond
            best = inner, loss(inner)
            if best[1] > min(found, losses[-1]):
                corners[1:] = corners[0] + 0.5 * (corners[1:] - corners[0])
                losses[1:] = [loss(corner) for corner in corners[1:]]
                continue
        corners[-1], losses[-1] = best
    return np.asarray(corners[np.argmin(losses)])
