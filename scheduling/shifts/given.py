"""Shifts over somebody's own requirement: covered interval by interval, at least cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from scheduling.demand import StreamDemand
from scheduling.shifts.cover import Group, cover_plan
from scheduling.shifts.tables import counts_table
from scheduling.shifts.templates import TemplateInstance, presence


def shifts_over(
    requirement: pd.DataFrame,
    demands: Mapping[str, StreamDemand],
    instances: Sequence[TemplateInstance],
    groups: Sequence[Group],
) -> pd.DataFrame:
    """Return the cheapest `SHIFT_PLAN` that puts the gross agents of a requirement on duty.

    Parameters
    ----------
    requirement
        `REQUIREMENT` table with `agents_gross`; intervals that it does not name need nobody.
    demands
        What each stream asks: its days and planning grid.
    instances, groups
        Ways to work, and limits on people a day.
    """
    wanted = requirement.set_index(["stream", "start"])["agents_gross"]
    cost = np.array([instance.cost for instance in instances])
    counts = {}
    for name, demand in demands.items():
        for date, day in demand.days.items():
            starts = demand.starts[date]
            keys = pd.MultiIndex.from_arrays([[name] * len(starts), starts])
            need = np.ceil(wanted.reindex(keys).fillna(0.0).to_numpy(dtype=float) - 1e-9).astype(np.int64)
            on, _ = presence([i.duty_span() for i in instances], day.starts_min, day.interval_min)
            counts[name, date] = (
                instances,
                cover_plan(np.where(on.any(axis=0), need, 0), on, cost, groups),
            )
    return counts_table(counts, demands)
