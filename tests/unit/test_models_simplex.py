"""The downhill simplex finds what scipy's finds, step for step."""

import numpy as np
import pytest
from scipy import optimize

from forecast.models.simplex import find_minimum


def valley(at):
    """Rosenbrock's curved valley, and a bowl in the third number."""
    return 100 * (at[1] - at[0] ** 2) ** 2 + (1 - at[0]) ** 2 + (at[2] - 2) ** 2


def ridge(at):
    """Steep on one side, flat on the other, so that the simplex has to shrink."""
    return abs(at[0]) + 5 * abs(at[1] - at[0]) + 30 * abs(at[2] + 0.3 * at[1])


@pytest.mark.parametrize("loss", [valley, ridge])
@pytest.mark.parametrize("seed", range(5))
def test_it_goes_the_way_of_scipys(loss, seed):
    rng = np.random.default_rng(seed)
    corners = rng.normal(size=(4, 3))
    found = find_minimum(loss, corners, near=1e-3, alike=1e-3)
    options = {"initial_simplex": corners, "xatol": 1e-3, "fatol": 1e-3, "maxiter": 201}
    theirs = optimize.minimize(loss, corners[0], method="Nelder-Mead", options=options)
    np.testing.assert_allclose(found, theirs.x, rtol=0, atol=1e-12)


def test_it_stops_where_the_function_never_settles():
    calls = []

    def falling(at):
        calls.append(at)
        return float(-at.sum())

    found = find_minimum(falling, np.vstack([np.zeros(2), np.eye(2)]), near=0.1, alike=0.1)
    assert found.sum() > 1e3
    assert len(calls) < 1000
