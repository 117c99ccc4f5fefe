"""The chain's implicit steps against dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from scheduling.day import Floats
from scheduling.service.rates import BIRTH, DEATH, EXTRA, SCRATCH
from scheduling.service.tridiagonal import factorise, solve, solve_back

STATES, LO, HI, STEP = 40, 7, 31, 9.0


@njit
def solved(scratch, v, extra, transposed):  # type: ignore[no-untyped-def]
    """Factorise and solve in place, as the chain does inside its own compiled code."""
    factorise(LO, HI, STEP, scratch, extra)
    if transposed:
        solve_back(LO, HI, scratch, v)
    else:
        solve(LO, HI, scratch, v)


def build_rates(seed: int) -> Floats:
    """Return a scratch with random births, deaths and killing, closed at the band's ends."""
    scratch = np.zeros((SCRATCH, STATES))
    scratch[[BIRTH, DEATH, EXTRA]] = np.random.default_rng(seed).uniform(0, 2, (3, STATES))
    scratch[BIRTH, HI] = scratch[DEATH, LO] = 0.0
    return scratch


def dense(scratch: Floats, extra: bool) -> Floats:
    """Return I - step A on the band."""
    band = slice(LO, HI + 1)
    birth, death = scratch[BIRTH, band], scratch[DEATH, band]
    generator = np.diag(birth[:-1], -1) + np.diag(death[1:], 1) - np.diag(birth + death)
    if extra:
        generator = generator - np.diag(scratch[EXTRA, band])
    return np.asarray(np.eye(HI - LO + 1) - STEP * generator)


@pytest.mark.parametrize("extra", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_step_is_the_solution_of_its_linear_system(extra: bool, transposed: bool) -> None:
    scratch = build_rates(3)
    given = np.random.default_rng(4).normal(size=STATES)
    found = given.copy()
    solved(scratch, found, extra, transposed)
    matrix = dense(scratch, extra)
    wanted = np.linalg.solve(matrix.T if transposed else matrix, given[LO : HI + 1])
    assert found[LO : HI + 1] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    outside = np.r_[0:LO, HI + 1 : STATES]
    assert np.array_equal(found[outside], given[outside])


def test_a_step_without_killing_keeps_all_mass() -> None:
    scratch = build_rates(5)
    mass = np.random.default_rng(6).uniform(size=STATES)
    moved = mass.copy()
    solved(scratch, moved, False, False)
    assert moved[LO : HI + 1].sum() == pytest.approx(mass[LO : HI + 1].sum(), rel=1e-12)
