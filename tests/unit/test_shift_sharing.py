"""Limits on people that several streams share: what each may use never adds up to more than there are."""

from __future__ import annotations

import numpy as np
import pytest

from scheduling.shifts.sharing import shared_limits


def test_a_limit_that_holds_is_not_given_to_every_stream_in_full() -> None:
    """Kept from part-timers, the second stream took an outsourced agent whom the first had already."""
    part_time, outsourced = (np.array([0]), 7), (np.array([1]), 2)
    plans = [np.array([6, 2]), np.array([3, 0])]
    parts = shared_limits([part_time, outsourced], plans, [70.0, 30.0])
    assert parts is not None
    assert [limit for _, limit in parts[0]] == [5, 2]
    assert [limit for _, limit in parts[1]] == [2, 0]


@pytest.mark.parametrize("seed", range(20))
def test_parts_add_up_to_no_more_than_there_are(seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = [(np.array([k]), int(random.integers(0, 9))) for k in range(3)]
    plans = [random.integers(0, 5, size=3) for _ in range(3)]
    parts = shared_limits(groups, plans, list(random.random(3)))
    used = np.sum(plans, axis=0)
    if parts is None:
        assert all(used[k] <= limit for k, (_, limit) in enumerate(groups))
        return
    for k, (_, limit) in enumerate(groups):
        mine = np.array([part[k][1] for part in parts])
        assert mine.sum() <= limit
        if used[k] <= limit:
            assert all(mine >= [plan[k] for plan in plans])
