"""Limits on people that several streams share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scheduling.day import Floats, Ints
from scheduling.shifts.cover import Group


def shared_limits(
    groups: Sequence[Group],
    plans: Sequence[Ints],
    need: Sequence[float],
    *,
    own: Sequence[Sequence[Group]] | None = None,
) -> list[tuple[Group, ...]] | None:
    """Return each stream's part of the limits that the streams' plans break together; None where they hold.

    Parameters
    ----------
    groups
        Limits on people over sets of instances.
    plans
        Each stream's counts per instance.
    need
        What each stream needs; a limit that is too small is shared out in proportion, to whole people, to
        no stream more than its plan has. Of one that holds each keeps what it has, with a part of the rest.
    own
        Each stream's own limits over the same sets, which its plan keeps; default: those of all together.

    Examples
    --------
    >>> import numpy as np
    >>> [part] = shared_limits([(np.array([0, 1]), 5)], [np.array([2, 0])], [1.0]) or [None]
    >>> part is None
    True
    >>> parts = shared_limits([(np.array([0]), 5)], [np.array([4]), np.array([4])], [30.0, 70.0])
    >>> [limit for part in parts for _, limit in part]
    [2, 3]
    >>> both = [(np.array([0]), 5), (np.array([1]), 2)]
    >>> parts = shared_limits(both, [np.array([4, 0]), np.array([4, 1])], [30.0, 70.0])
    >>> [[limit for _, limit in part] for part in parts]
    [[2, 0], [3, 2]]
    """
    used = [sum(int(counts[members].sum()) for counts in plans) for members, _ in groups]
    if all(people <= limit for people, (_, limit) in zip(used, groups, strict=True)):
        return None
    weight = np.maximum(np.asarray(need, dtype=float), 1e-9)
    shared: list[list[Group]] = [[] for _ in plans]
    most = np.array([[limit for _, limit in limits] for limits in own or [groups] * len(plans)])
    for g, (people, (members, limit)) in enumerate(zip(used, groups, strict=True)):
        wanted = np.array([int(counts[members].sum()) for counts in plans])
        if people > limit:
            part = _shares(limit, weight, wanted)
        else:  # plans are made again: what they are kept from here must not break this limit
            part = wanted + _shares(limit - people, weight, most[:, g] - wanted)
        for mine, whole in zip(shared, part, strict=True):
            mine.append((members, int(whole)))
    return [tuple(mine) for mine in shared]


def _shares(limit: int, weight: Floats, wanted: Ints) -> Ints:
    """Return whole people in proportion to `weight`, to nobody more than `wanted`."""
    part = np.zeros(len(weight), dtype=np.int64)
    for _ in range(limit):
        lacking = np.where(part < wanted, weight / (part + 0.5), -1.0)  # as seats are shared by Webster
        if lacking.max() < 0:
            break
        part[int(np.argmax(lacking))] += 1
    return part
