"""The penalised regression reaches the optimum that statsmodels' GLM reaches."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import sparse

from forecast.errors import ModelError
from forecast.models.columns import ColumnBuilder
from forecast.models.penalised import Solution, fit_penalised


def problem(seed=0, hours=400, columns=6):
    rng = np.random.default_rng(seed)
    dense = np.column_stack([np.ones(hours), rng.normal(size=(hours, columns - 1)) * 0.4])
    counts = rng.poisson(np.exp(dense @ rng.normal(1.0, 0.4, columns))).astype(float)
    return dense, counts, rng.uniform(0.2, 1.0, hours)


def solve(dense, counts, weights, penalty):
    return fit_penalised(
        sparse.csr_array(dense),
        counts,
        weights=weights,
        penalty=penalty,
        start=np.zeros(dense.shape[1]),
        tolerance=1e-12,
    ).beta


def test_without_penalty_it_is_the_poisson_glm():
    dense, counts, weights = problem()
    ours = solve(dense, counts, weights, np.zeros((6, 6)))
    theirs = sm.GLM(counts, dense, family=sm.families.Poisson(), var_weights=weights).fit(tol=1e-12)
    np.testing.assert_allclose(ours, theirs.params, atol=1e-7)


def test_with_ridges_it_is_the_regularised_glm():
    dense, counts, _ = problem()
    ridges = np.array([1e-3, 10.0, 30.0, 80.0, 300.0, 25.0])
    ours = solve(dense, counts, np.ones(len(counts)), np.diag(ridges))
    theirs = sm.GLM(counts, dense, family=sm.families.Poisson()).fit_regularized(
        alpha=ridges / len(counts), L1_wt=0, maxiter=2000, cnvrg_tol=1e-13
    )
    np.testing.assert_allclose(ours, theirs.params, atol=5e-5)


def test_the_gradient_is_zero_at_the_optimum():
    dense, counts, weights = problem(seed=3)
    penalty = np.diag(np.full(6, 5.0))
    penalty[1, 2] = penalty[2, 1] = -2.0
    beta = solve(dense, counts, weights, penalty)
    gradient = dense.T @ (weights * (counts - np.exp(dense @ beta))) - penalty @ beta
    assert np.abs(gradient).max() < 1e-4


def test_a_column_without_data_and_without_ridge_is_an_error_in_words():
    dense, counts, weights = problem()
    dense[:, 3] = 0.0
    with pytest.raises(ModelError, match="no single optimum"):
        solve(dense, counts, weights, np.zeros((6, 6)))


def test_columns_are_matched_by_name():
    def built(names):
        builder = ColumnBuilder(2)
        for name, value in names:
            builder.add(name, 1.0, np.full(2, value))
        return builder.design()

    ahead = built([("b:1", 2.0), ("new:1", 9.0)])
    assert ahead.aligned(("a:1", "b:1")).toarray().tolist() == [[0.0, 2.0], [0.0, 2.0]]


def test_a_factor_has_one_column_a_code_and_none_below_zero():
    builder = ColumnBuilder(4)
    builder.add_factor("hour", 1.0, np.array([9, -1, 10, 9]))
    design = builder.design()
    assert design.names == ("hour:9", "hour:10")
    assert design.matrix.toarray().tolist() == [[1, 0], [0, 0], [0, 1], [1, 0]]


def test_the_inverse_is_that_of_the_whole_curvature():
    rng = np.random.default_rng(0)
    square = rng.normal(size=(6, 6))
    solution = Solution(
        beta=np.zeros(6), information=square @ square.T, penalty=np.diag(rng.uniform(1, 2, 6))
    )
    np.testing.assert_allclose(
        solution.inverse @ (solution.information + solution.penalty), np.eye(6), atol=1e-10
    )
