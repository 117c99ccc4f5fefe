"""Teams of hundreds: planned as a smaller team of the same shape, then settled at full size.

A large team answers what a small one of the same load answers, and a little better, for luck evens out
(square-root staffing). So the search, whose cost grows with the team, runs on a team of about `LARGE_TEAM`;
its head counts times the scale, less what the larger team can do without, are what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from scheduling.day import Ints, ServiceDay
from scheduling.service.agent import scaled_to_throughput

LARGE_TEAM = 40  # agents typing at the busiest time, up to which a team is planned as it is twice over
LEAST_PART = 0.85  # of the scaled head counts
TRIED_PARTS = (1.0, 1.02, 1.04, 1.06)
HALVINGS = 5


def team_scale(days: Iterable[ServiceDay]) -> int:
    """Return by how much the teams of some days may be divided; 1 where any of them is no large one.

    Examples
    --------
    3 000 sessions every half-hour keep 208 people typing:

    >>> from forecast.replies.rules import preset_rules
    >>> from forecast.replies.service_parameters import ServiceParameters
    >>> rule = preset_rules()["taobao.human3min.30d"]
    >>> def day(sessions):
    ...     return ServiceDay(
    ...         first_min=540, interval_min=30, sessions=np.full(4, sessions), rule=rule, target=0.9,
    ...         service=ServiceParameters(),
    ...     )
    >>> team_scale([day(3000.0)]), team_scale([day(30000.0)])
    (5, 52)
    """
    return max(1, min(int(busiest(day) // LARGE_TEAM) for day in days))


def busiest(day: ServiceDay) -> float:
    """Return the agents that the work of the busiest interval keeps typing."""
    service = scaled_to_throughput(day.service)
    work_s = day.sessions * day.handle_factor * service.rounds * service.reply_s
    return float(work_s.max()) / (60.0 * day.interval_min)


def smaller_day(day: ServiceDay, scale: int) -> ServiceDay:
    """Return the day of a team smaller by a factor."""
    return replace(day, sessions=day.sessions / scale, settled=day.settled / scale)


def settled_counts(counts: Ints, scale: int, is_enough: Callable[[Ints], bool]) -> Ints:
    """Return about the least part of the scaled-up head counts that is enough.

    Parameters
    ----------
    counts
        Head counts of the smaller team.
    scale
        The factor it is smaller by.
    is_enough
        Whether head counts of the full team do. Where none tried does, the scaled-up ones are returned.
    """

    def part(share: float) -> Ints:
        whole: Ints = np.ceil(counts * scale * share - 1e-9).astype(np.int64)
        return whole

    high = next((share for share in TRIED_PARTS if is_enough(part(share))), None)
    if high is None:
        return part(1.0)
    low = LEAST_PART if high == 1.0 else high - 0.02
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if is_enough(part(middle)):
            high = middle
        else:
            low = middle
    return part(high)
