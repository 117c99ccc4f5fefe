"""How stiff the priors of days of the month and of the days after promotions are."""

import numpy as np
import pytest
from scipy import sparse

from forecast.models.calendar_columns import RIDGE_MONTH_DAY
from forecast.models.columns import Design
from forecast.models.penalised import fit_penalised
from forecast.models.priors import AS_USUAL, learnt_stiffness, prior_penalty, whole_day

DAYS, MONTHS = 30, 24


GROUPS = {"month_days": "month_day:", "days_after": "promotion:wave "}


def stiffness(group: str, sd: float) -> float:
    """Return that of columns of a group whose log effects are spread by `sd`; the other group has none."""
    rng = np.random.default_rng(0)
    matrix = sparse.csr_array(np.tile(np.column_stack([np.ones(DAYS), np.eye(DAYS)]), (MONTHS, 1)))
    names = ("level:base", *(f"{GROUPS[group]}{day}" for day in range(DAYS)))
    design = Design(matrix=matrix, names=names, ridges=np.array([1e-6, *[RIDGE_MONTH_DAY] * DAYS]))
    counts = rng.poisson(np.tile(5000 * np.exp(rng.normal(0, sd, DAYS)), MONTHS)).astype(float)
    solution = fit_penalised(
        matrix,
        counts,
        weights=np.ones(len(counts)),
        penalty=prior_penalty(design, 1.0),
        start=np.array([np.log(5000), *[0.0] * DAYS]),
    )
    found = learnt_stiffness(design, solution)
    penalty = prior_penalty(design, 1.0, found).diagonal()[1:]
    assert penalty == pytest.approx(np.full(DAYS, RIDGE_MONTH_DAY * getattr(found, group)))
    assert [getattr(found, other) for other in GROUPS if other != group] == [1.0]
    return float(getattr(found, group))


@pytest.mark.parametrize("group", GROUPS)
def test_columns_that_are_all_alike_are_held_back(group):
    assert stiffness(group, 0.0) > 5


@pytest.mark.parametrize("group", GROUPS)
def test_effects_as_large_as_the_usual_ridge_has_them_leave_it(group):
    assert stiffness(group, RIDGE_MONTH_DAY**-0.5) == pytest.approx(1, rel=0.4)


@pytest.mark.parametrize("group", GROUPS)
def test_large_effects_are_let_go(group):
    assert stiffness(group, 4 * RIDGE_MONTH_DAY**-0.5) < 0.3


def test_a_sale_itself_acts_on_hours_and_its_wake_on_days():
    names = (
        "promotion:spot",
        "kind:big:wave 48-96 h at night",
        "promotion:dip 0-24 h",
        "month_day:3",
        "hour:9",
    )
    assert whole_day(names).tolist() == [False, True, True, True, False]


def test_a_short_history_without_promotions_has_no_such_columns():
    design = Design(matrix=sparse.csr_array(np.ones((5, 1))), names=("level:base",), ridges=np.ones(1))
    solution = fit_penalised(
        design.matrix, np.ones(5), weights=np.ones(5), penalty=np.eye(1), start=np.zeros(1)
    )
    assert learnt_stiffness(design, solution) == AS_USUAL
