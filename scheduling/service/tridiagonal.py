"""Implicit steps of a birth-death chain on a band of its states, and their exact transpose (compiled).

The scheme p' = (I - γhA)^-2 (I + (1 - 2γ)hA) p, γ = 1 - 1/√2, is L-stable and exact to second order; A is the
generator in `scratch`, rows `BIRTH` and `DEATH`.
"""

from __future__ import annotations

import math

from scheduling.compiled import compiled
from scheduling.service.rates import BIRTH, DEATH, EXTRA, LOWER, PIVOT, UPPER

GAMMA = 1.0 - math.sqrt(0.5)


@compiled
def factorise(lo, hi, step, scratch, extra):  # type: ignore[no-untyped-def]
    """Factorise I - step A, A the generator of the band less `extra` killing where asked."""
    birth, death, kill = scratch[BIRTH], scratch[DEATH], scratch[EXTRA]
    upper, lower, pivot = scratch[UPPER], scratch[LOWER], scratch[PIVOT]
    above = entering = 0.0  # of the state before, kept out of memory: each state waits for it
    for x in range(lo, hi + 1):
        middle = 1.0 + step * (birth[x] + death[x])
        if extra:
            middle += step * kill[x]
        inverse = 1.0 / (middle - entering * above)
        pivot[x] = inverse
        lower[x] = entering * inverse
        if x < hi:
            above = step * death[x + 1] * inverse
            entering = step * birth[x]
            upper[x] = above


@compiled
def solve(lo, hi, scratch, v):  # type: ignore[no-untyped-def]
    """Solve (I - step A) v' = v in place, with A factorised (A's entry [x, x-1] is birth[x-1])."""
    upper, lower, pivot = scratch[UPPER], scratch[LOWER], scratch[PIVOT]
    last = 0.0
    for x in range(lo, hi + 1):
        last = v[x] * pivot[x] + lower[x] * last
        v[x] = last
    for x in range(hi - 1, lo - 1, -1):
        last = v[x] + upper[x] * last
        v[x] = last


@compiled
def solve_back(lo, hi, scratch, v):  # type: ignore[no-untyped-def]
    """Solve the transposed system in place, with the same factors: (LU)' = U' L'."""
    upper, lower, pivot = scratch[UPPER], scratch[LOWER], scratch[PIVOT]
    last = v[lo]
    for x in range(lo + 1, hi + 1):
        last = v[x] + upper[x - 1] * last
        v[x] = last
    v[hi] = last * pivot[hi]
    for x in range(hi - 1, lo - 1, -1):
        last = v[x] + lower[x + 1] * last
        v[x] = last * pivot[x]
