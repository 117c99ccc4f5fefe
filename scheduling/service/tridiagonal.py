"""Implicit steps of a birth-death chain on a band of its states, and their exact transpose (compiled).

The scheme p' = (I - γhA)^-2 (I + (1 - 2γ)hA) p, γ = 1 - 1/√2, is L-stable and exact to second order; A is the
generator in `scratch`, rows `BIRTH` and `DEATH`.
"""

from __future__ import annotations

import math

from scheduling.compiled import compiled
from scheduling.service.rates import BIRTH, DEATH, EXTRA, PIVOT, UPPER

GAMMA = 1.0 - math.sqrt(0.5)


@compiled
def factorise(lo, hi, step, scratch, extra):  # type: ignore[no-untyped-def]
    """Factorise I - step A, A the generator of the band less `extra` killing where asked."""
    birth, death, kill = scratch[BIRTH], scratch[DEATH], scratch[EXTRA]
    upper, pivot = scratch[UPPER], scratch[PIVOT]
    for x in range(lo, hi + 1):
        middle = 1.0 + step * (birth[x] + death[x])
        if extra:
            middle += step * kill[x]
        if x > lo:
            middle -= step * birth[x - 1] * upper[x - 1]
        pivot[x] = 1.0 / middle
        if x < hi:
            upper[x] = step * death[x + 1] * pivot[x]


@compiled
def solve(lo, hi, step, scratch, v):  # type: ignore[no-untyped-def]
    """Solve (I - step A) v' = v in place, with A factorised (A's entry [x, x-1] is birth[x-1])."""
    birth, upper, pivot = scratch[BIRTH], scratch[UPPER], scratch[PIVOT]
    v[lo] *= pivot[lo]
    for x in range(lo + 1, hi + 1):
        v[x] = (v[x] + step * birth[x - 1] * v[x - 1]) * pivot[x]
    for x in range(hi - 1, lo - 1, -1):
        v[x] += upper[x] * v[x + 1]


@compiled
def solve_back(lo, hi, step, scratch, v):  # type: ignore[no-untyped-def]
    """Solve the transposed system in place, with the same factors: (LU)' = U' L'."""
    birth, upper, pivot = scratch[BIRTH], scratch[UPPER], scratch[PIVOT]
    for x in range(lo + 1, hi + 1):
        v[x] += upper[x - 1] * v[x - 1]
    v[hi] *= pivot[hi]
    for x in range(hi - 1, lo - 1, -1):
        v[x] = (v[x] + step * birth[x] * v[x + 1]) * pivot[x]
