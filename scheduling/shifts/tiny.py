"""Days so small that every cover can be listed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scheduling.day import Floats, Ints

MOST_COVERS = 400
MOST_NODES = 60_000


def list_covers(on: Ints, must: npt.NDArray[np.bool_], cost: Floats, most_cost: float) -> list[Ints] | None:
    """Return the counts of every plan that has somebody on wherever it must, up to a cost.

    Parameters
    ----------
    on
        Instances x intervals: on duty.
    must
        Intervals in which somebody must be on duty.
    cost
        Of one person on each instance. [money]
    most_cost
        Plans that cost more are left out. [money]

    Returns
    -------
    list[Ints] | None
        None where there are too many to list.
    """
    wanted = np.flatnonzero(must)
    covers: list[Ints] = []
    nodes = 0
    stack: list[tuple[Ints, float, int, bool]] = [(np.zeros(len(cost), dtype=np.int64), 0.0, 0, False)]
    while stack:
        counts, spent, least, covered = stack.pop()
        nodes += 1
        if nodes > MOST_NODES or len(covers) > MOST_COVERS:
            return None
        bare = wanted[:0] if covered else wanted[(counts @ on)[wanted] == 0]
        if len(bare):  # somebody for the first bare interval
            choices, least_next = np.flatnonzero(on[:, bare[0]]), 0
        else:
            covers.append(counts)
            choices, least_next = np.arange(least, len(cost)), -1
        for k in choices:
            if spent + cost[k] > most_cost + 1e-9:
                continue
            more = counts.copy()
            more[k] += 1
            stack.append((more, spent + float(cost[k]), int(k) if least_next else 0, not len(bare)))
    return list({counts.tobytes(): counts for counts in covers}.values())
