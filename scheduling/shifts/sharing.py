"""Limits on people that several streams share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scheduling.day import Ints
from scheduling.shifts.cover import Group


def shared_limits(
    groups: Sequence[Group], plans: Sequence[Ints], need: Sequence[float]
) -> list[tuple[Group, ...]] | None:
    """Return each stream's part of the limits that the streams' plans break together; None where they hold.

    Parameters
    ----------
    groups
        Limits on people over sets of instances.
    plans
        Each stream's counts per instance.
    need
        What each stream needs; a limit that is too small is shared out in proportion, to whole people.

    Examples
    --------
    >>> import numpy as np
    >>> [part] = shared_limits([(np.array([0, 1]), 5)], [np.array([2, 0])], [1.0]) or [None]
    >>> part is None
    True
    >>> parts = shared_limits([(np.array([0]), 5)], [np.array([4]), np.array([4])], [30.0, 70.0])
    >>> [limit for part in parts for _, limit in part]
    [2, 3]
    """
    used = [sum(int(counts[members].sum()) for counts in plans) for members, _ in groups]
    if all(people <= limit for people, (_, limit) in zip(used, groups, strict=True)):
        return None
    shared: list[list[Group]] = [[] for _ in plans]
    weight = np.maximum(np.asarray(need, dtype=float), 1e-9)
    for people, (members, limit) in zip(used, groups, strict=True):
        exact = limit * weight / weight.sum()
        part = np.floor(exact).astype(int)
        part[np.argsort(part - exact, kind="stable")[: limit - int(part.sum())]] += 1
        for mine, whole in zip(shared, part, strict=True):
            mine.append((members, int(whole) if people > limit else limit))
    return [tuple(mine) for mine in shared]
