"""How stiff the priors of days of the month are."""

import numpy as np
import pytest
from scipy import sparse

from forecast.models.calendar_columns import RIDGE_MONTH_DAY
from forecast.models.columns import Design
from forecast.models.penalised import fit_penalised
from forecast.models.priors import month_day_stiffness, prior_penalty

DAYS, MONTHS = 30, 24


def stiffness(sd: float) -> float:
    """Return that of days of the month whose log effects are spread by `sd`."""
    rng = np.random.default_rng(0)
    matrix = sparse.csr_array(np.tile(np.column_stack([np.ones(DAYS), np.eye(DAYS)]), (MONTHS, 1)))
    names = ("level:base", *(f"month_day:{day}" for day in range(DAYS)))
    design = Design(matrix=matrix, names=names, ridges=np.array([1e-6, *[RIDGE_MONTH_DAY] * DAYS]))
    counts = rng.poisson(np.tile(5000 * np.exp(rng.normal(0, sd, DAYS)), MONTHS)).astype(float)
    solution = fit_penalised(
        matrix,
        counts,
        weights=np.ones(len(counts)),
        penalty=prior_penalty(design, 1.0),
        start=np.array([np.log(5000), *[0.0] * DAYS]),
    )
    return month_day_stiffness(design, solution)


def test_days_of_the_month_that_are_all_alike_are_held_back():
    assert stiffness(0.0) > 5


def test_effects_as_large_as_the_usual_ridge_has_them_leave_it():
    assert stiffness(RIDGE_MONTH_DAY**-0.5) == pytest.approx(1, rel=0.4)


def test_large_effects_are_let_go():
    assert stiffness(4 * RIDGE_MONTH_DAY**-0.5) < 0.3


def test_a_short_history_has_no_days_of_the_month():
    design = Design(matrix=sparse.csr_array(np.ones((5, 1))), names=("level:base",), ridges=np.ones(1))
    solution = fit_penalised(
        design.matrix, np.ones(5), weights=np.ones(5), penalty=np.eye(1), start=np.zeros(1)
    )
    assert month_day_stiffness(design, solution) == 1.0
