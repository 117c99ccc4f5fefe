"""What columns take of the days' own moves."""

import numpy as np
import pytest
from scipy import sparse

from forecast.models.columns import Design
from forecast.models.days import TYPICAL_MEMORY, Days
from forecast.models.penalised import fit_penalised

COUNT, HOURS, VOLUME, SD = 120, 4, 500.0, 0.1


def blocks_of(length):
    """Return a design with one column for each block of so many days, beside the level."""
    block = np.arange(COUNT) // length
    by_day = np.column_stack([np.ones(COUNT), block[:, None] == np.unique(block)]).astype(float)
    names = ("level:base", *(f"promotion:{one}" for one in np.unique(block)))
    matrix = sparse.csr_array(np.repeat(by_day, HOURS, axis=0))
    return Design(matrix=matrix, names=names, ridges=np.full(len(names), 1e-3))


def fitted_to_moves(design, days, seed):
    """Return the fit to days that move as typical ones do, and their log ratios to all but the level."""
    rng = np.random.default_rng(seed)
    moves = np.zeros(COUNT)
    for day in range(1, COUNT):
        step = rng.normal(0, SD * np.sqrt(1 - TYPICAL_MEMORY**2))
        moves[day] = TYPICAL_MEMORY * moves[day - 1] + step
    counts = VOLUME * np.exp(np.repeat(moves, HOURS))
    start = np.array([np.log(VOLUME), *[0.0] * (len(design.names) - 1)])
    weights = np.ones(len(counts))
    solution = fit_penalised(
        design.matrix, counts, weights=weights, penalty=np.diag(design.ridges), start=start
    )
    own = np.array([name.startswith("promotion") for name in design.names])
    base = np.exp(design.matrix @ np.where(own, solution.beta, 0.0))
    ratios = np.log(days.sums(counts, weights > 0) / days.sums(base, weights > 0))
    return solution, own, moves, ratios


@pytest.mark.parametrize("length", [1, 3, 10])
def test_columns_take_what_days_that_remember_show_them(length):
    # Held to be independent, days would lose 1/3 to columns over three of them, and not nearly a half.
    design = blocks_of(length)
    position = np.repeat(np.arange(COUNT), HOURS)
    no = np.zeros(COUNT, dtype=bool)
    days = Days(
        position=position,
        first=0,
        count=COUNT,
        age_days=COUNT - 1 - position,
        expected_hours=np.full(COUNT, HOURS),
        holiday=no,
        before_kick_off=no,
    )
    kept, said = [], []
    for seed in range(8):
        solution, own, moves, ratios = fitted_to_moves(design, days, seed)
        kept.append(np.var(ratios) / np.var(moves))
        mu = np.exp(design.matrix @ solution.beta)
        said.append(1 - days.taken(design, solution, mu, columns=own, of=np.arange(10, COUNT)).mean())
    assert np.mean(said) == pytest.approx(np.mean(kept), abs=0.05)
