"""A span's plans as the tables of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.timegrid import instant
from scheduling.breaks import pauses_text
from scheduling.day import Ints
from scheduling.demand import DayKey, StreamDemand
from scheduling.frames import COVER, REQUIREMENT, SHIFT_PLAN
from scheduling.requirement import interval_shares, requirement_table
from scheduling.shifts.templates import TemplateInstance

if TYPE_CHECKING:
    from scheduling.shifts.plans import DayPlan


def plan_table(plans: Mapping[DayKey, DayPlan], demands: Mapping[str, StreamDemand]) -> pd.DataFrame:
    """Return ``shift_plan.csv``: one row per instance with people on it, and day."""
    return counts_table({key: (plan.task.instances, plan.counts) for key, plan in plans.items()}, demands)


def counts_table(
    counts: Mapping[DayKey, tuple[Sequence[TemplateInstance], Ints]], demands: Mapping[str, StreamDemand]
) -> pd.DataFrame:
    """Return head counts per instance as a `SHIFT_PLAN` table."""
    rows = []
    for (stream, date), (instances, of_day) in counts.items():
        zone = str(demands[stream].starts[date].tz)
        for k in map(int, np.flatnonzero(of_day)):
            instance, people = instances[k], int(of_day[k])
            rows.append(
                (
                    stream,
                    date,
                    instance.template,
                    instant(date, instance.start_min, zone),
                    instant(date, instance.end_min, zone),
                    pauses_text(instance.breaks),
                    instance.pool,
                    people,
                    people * instance.paid_hours,
                    people * instance.cost,
                )
            )
    table = pd.DataFrame(rows, columns=SHIFT_PLAN.required)
    return table.sort_values(list(SHIFT_PLAN.key), kind="stable", ignore_index=True)


def cover_table(plans: Mapping[DayKey, DayPlan], demands: Mapping[str, StreamDemand]) -> pd.DataFrame:
    """Return ``cover.csv`` by the model: one row per stream and interval."""
    parts = []
    for (stream, date), plan in plans.items():
        on, _ = plan.task.staffing(plan.counts)
        net = plan.found.required
        parts.append(
            pd.DataFrame(
                {
                    "stream": stream,
                    "start": demands[stream].starts[date],
                    "required": net.astype(float),
                    "on_duty": on.astype(float),
                    "offered": demands[stream].offered[date],
                    "on_time": interval_shares(plan.evaluation),
                    "open_sessions": plan.evaluation.open_sessions,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)[COVER.required]


def span_requirement(plans: Mapping[DayKey, DayPlan], demands: Mapping[str, StreamDemand]) -> pd.DataFrame:
    """Return ``requirement.csv``: what the shifts were sought for, free of shift shapes.

    A day's task already counts the time people are off the chats, so what it requires is gross.
    """
    parts = [
        requirement_table(
            stream,
            demands[stream].starts[date],
            plan.found.needed,
            offered=demands[stream].offered[date],
        ).assign(agents_net=np.round(plan.found.required * (1.0 - plan.task.shrinkage), 4))
        for (stream, date), plan in plans.items()
    ]
    columns = [column.name for column in REQUIREMENT.columns]
    return pd.concat(parts, ignore_index=True)[columns]
