"""A penalised quasi-Poisson regression with log link, by Newton steps on a sparse design."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from forecast.errors import ModelError

Floats = npt.NDArray[np.float64]

MOST_STEPS = 40
MOST_HALVINGS = 30
LARGEST_LOG = 30.0  # keeps exp finite while a step is still too long


@dataclass(frozen=True, kw_only=True)
class Solution:
    """Coefficients at the optimum, and the curvature there (data's part and penalty's apart)."""

    beta: Floats
    information: Floats
    penalty: Floats

    @cached_property
    def inverse(self) -> Floats:
        """Inverse of the curvature at the optimum: by how much each coefficient follows each hour's luck."""
        factor = linalg.cholesky(self.information + self.penalty, lower=True, check_finite=False)
        lower = np.tril(linalg.lapack.dpotri(factor, lower=True)[0])
        return np.asarray(lower + np.tril(lower, -1).T)


def fit_penalised(
    matrix: sparse.csr_array,
    counts: Floats,
    *,
    weights: Floats,
    penalty: Floats,
    start: Floats,
    tolerance: float = 1e-7,
) -> Solution:
    r"""Return the coefficients that minimise the penalised quasi-likelihood.

    Minimises :math:`\sum_t w_t(\mu_t - y_t \log\mu_t) + \tfrac12 \beta' P \beta` with
    :math:`\log\mu = X\beta`.

    Parameters
    ----------
    matrix
        Design X, hours x columns, sparse.
    counts
        y, consultations of each hour.
    weights
        w, one an hour: age over over-dispersion.
    penalty
        P, columns x columns, symmetric, not negative.
    start
        Coefficients to start from.
    tolerance
        Relative gain of a step below which it is the last.

    Raises
    ------
    ModelError
        If no optimum is found.

    Notes
    -----
    With P = 0 this is the Poisson GLM of any package, with P diagonal its ridge version; the tests compare
    both with statsmodels. Newton's step solves a columns x columns system; it is halved until it gains.
    """
    beta = start.copy()
    value = _objective(matrix, counts, weights, penalty, beta)
    transposed = matrix.T.tocsr()
    for _ in range(MOST_STEPS):
        mu = np.exp(np.minimum(matrix @ beta, LARGEST_LOG))
        gradient = transposed @ (weights * (counts - mu)) - penalty @ beta
        information = _information(transposed, matrix, weights * mu)
        try:
            factor = linalg.cho_factor(information + penalty, check_finite=False)
        except linalg.LinAlgError as error:
            raise ModelError("the calendar regression has no single optimum for this history") from error
        step = np.asarray(linalg.cho_solve(factor, gradient, check_finite=False))
        length, gained = 1.0, 0.0
        for _ in range(MOST_HALVINGS):
            trial = _objective(matrix, counts, weights, penalty, beta + length * step)
            if np.isfinite(trial) and trial <= value:
                gained = value - trial
                beta, value = beta + length * step, trial
                break
            length /= 2
        if gained <= tolerance * (abs(value) + 1):
            break
    else:
        raise ModelError("the calendar regression does not settle on this history")
    mu = np.exp(np.minimum(matrix @ beta, LARGEST_LOG))
    return Solution(beta=beta, information=_information(transposed, matrix, weights * mu), penalty=penalty)


def _objective(
    matrix: sparse.csr_array, counts: Floats, weights: Floats, penalty: Floats, beta: Floats
) -> float:
    logs = matrix @ beta
    if logs.max(initial=0.0) > LARGEST_LOG:
        return float("inf")
    return float(weights @ (np.exp(logs) - counts * logs) + 0.5 * beta @ penalty @ beta)


def _information(transposed: sparse.csr_array, matrix: sparse.csr_array, weights: Floats) -> Floats:
    scaled = sparse.csr_array(
        (matrix.data * np.repeat(weights, np.diff(matrix.indptr)), matrix.indices, matrix.indptr),
        shape=matrix.shape,
    )
    return np.asarray((transposed @ scaled).toarray())
