"""How many people on each shift template and day: the cheapest plan that meets each stream's target.

Days are searched one by one (`day_search`), chosen together where the rule's period holds several
(`choosing`), checked against the draws of the forecast (`chance`), and judged on fresh simulated days
(`judging`); `designer` holds these steps together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from forecast.config import Stream
from scheduling.day import Floats, Ints, ServiceDay
from scheduling.demand import DayKey, StreamDemand
from scheduling.large_teams import team_scale
from scheduling.shifts.cover import Group
from scheduling.shifts.designer import Designer
from scheduling.shifts.effort import EFFORTS, DesignEffort, EffortName
from scheduling.shifts.enlarge import enlarged, enlarged_outcome, smaller_demand
from scheduling.shifts.plans import DayPlan, StreamOutcome
from scheduling.shifts.tables import cover_table, plan_table, span_requirement
from scheduling.shifts.task import PeopleLimits
from scheduling.shifts.templates import TemplateInstance
from scheduling.shifts.workers import Workers, workers

__all__ = [
    "DayPlan",
    "PeopleLimits",
    "ShiftDesign",
    "StreamOutcome",
    "design_again",
    "design_day",
    "design_span",
]


@dataclass(frozen=True, kw_only=True)
class ShiftDesign:
    """A span's shifts: tables as the contract wants them, outcomes by stream, and the days behind them.

    ``designer`` holds what the search knows, for `design_again`, with the limits on people (``groups``) and
    by how much the team it works on is smaller (``scale``).
    """

    shift_plan: pd.DataFrame
    cover: pd.DataFrame
    requirement: pd.DataFrame
    streams: Mapping[str, StreamOutcome]
    days: Mapping[DayKey, DayPlan]
    designer: Designer = field(repr=False)
    groups: tuple[Group, ...] = ()
    scale: int = 1
    notes: tuple[str, ...] = ()


def design_day(
    day: ServiceDay,
    instances: Sequence[TemplateInstance],
    *,
    floor: float = 0.5,
    max_unanswered: float = 0.01,
    limits: PeopleLimits | None = None,
    draws: Floats | None = None,
    confidence: float = 0.5,
    shrinkage: float = 0.0,
    absence_rate: float = 0.0,
    seed: int = 0,
    effort: EffortName = "normal",
    start: Ints | None = None,
    processes: int = 2,
) -> tuple[DayPlan, StreamOutcome]:
    """Return the cheapest shifts found for one stream's day, and how they were judged.

    Parameters
    ----------
    day
        The stream's day.
    instances
        Ways to work.
    floor
        Least expected share of an interval of the window; 0: only somebody on duty.
    max_unanswered
        Largest share of the window's sessions that are never answered; 1: no limit.
    limits
        Most people by template and pool.
    draws, confidence
        Draws of the sessions that reach people (draws x intervals) and the wanted share of them whose
        expected share meets the target.
    shrinkage, absence_rate
        Share of paid time off chats; chance that a duty is not worked.
    seed, effort
        Of the search; limits are on evaluations and simulated days, so that the answer is reproducible.
    start
        Counts per instance to start from.
    processes
        Processes to use; they do not change the answer.
    """
    key = ("day", dt.date(2000, 1, 3))
    stream = Stream(
        id=key[0],
        confidence=confidence,
        floor=floor,
        max_unanswered=max_unanswered,
        shrinkage=shrinkage,
        absence_rate=absence_rate,
    )
    demand = StreamDemand(
        stream=key[0],
        days={key[1]: day},
        offered={key[1]: day.sessions + day.settled},
        draws={} if draws is None else {key[1]: draws},
        starts={},
    )
    designer = Designer(
        {key[0]: demand},
        instances,
        streams={key[0]: stream},
        limits=limits or PeopleLimits(),
        seed=seed,
        effort=EFFORTS[effort],
        starts={} if start is None else {key: [start]},
    )
    with workers(processes, designer.jobs) as pool:
        designer.run(pool)
    return designer.plans()[key], designer.outcome(key[0])


def design_span(
    demands: Mapping[str, StreamDemand],
    instances: Sequence[TemplateInstance],
    *,
    streams: Mapping[str, Stream],
    limits: PeopleLimits | None = None,
    seed: int = 0,
    effort: EffortName | DesignEffort = "normal",
    so_far: Mapping[str, tuple[float, float]] | None = None,
    starts: Mapping[DayKey, Sequence[Ints]] | None = None,
    processes: int = 2,
) -> ShiftDesign:
    """Return the cheapest shifts found for several streams and days.

    Parameters
    ----------
    demands
        What each stream asks, day by day.
    instances
        Ways to work, for all streams.
    streams
        Each stream's settings: confidence, floor, max_unanswered, shrinkage, absence_rate.
    limits
        Most people a day by template and pool, all streams together.
    seed, effort
        As for `design_day`.
    so_far
        By stream, units in time and all units of the rolling period that lie before the span.
    starts
        By stream and date, counts per instance to start from (an earlier plan).
    processes
        Processes to use; they do not change the answer.

    Notes
    -----
    A daily rule is met day by day, a weekly one week by week, a rolling one over the span with `so_far`.
    Teams of hundreds are designed as smaller teams of the same shape and settled at full size (`enlarge`).
    """
    scale = 1 if so_far else team_scale(day for demand in demands.values() for day in demand.days.values())
    limits = limits or PeopleLimits()
    designer = Designer(
        {name: smaller_demand(demand, scale) for name, demand in demands.items()} if scale > 1 else demands,
        instances,
        streams=streams,
        limits=limits.divided(scale) if scale > 1 else limits,
        seed=seed,
        effort=EFFORTS[effort] if isinstance(effort, str) else effort,
        so_far=so_far or {},
        starts={key: [of_day // scale for of_day in counts] for key, counts in (starts or {}).items()},
    )
    with workers(processes, designer.jobs) as pool:
        designer.run(pool)
        return _finished(designer, demands, groups=limits.groups(instances), scale=scale, pool=pool)


def design_again(
    design: ShiftDesign,
    demands: Mapping[str, StreamDemand],
    ahead: Mapping[str, Sequence[float]],
    *,
    processes: int = 2,
) -> ShiftDesign | None:
    """Return a span's shifts, planned once more for what the judge of the whole plan found missing.

    Parameters
    ----------
    design, demands
        The shifts so far, and the demands they were designed for.
    ahead
        By stream, for each period of its rule: by how much the share at the wanted chance is ahead of the
        target, as that judge sees it with the people who will work the shifts. Periods that are not behind
        keep their shifts.
    processes
        Processes to use; they do not change the answer.

    Returns
    -------
    None where no better shifts are known. What was learnt is kept with ``design``: a further call goes on
    from there.
    """
    designer = design.designer
    with workers(processes, designer.jobs) as pool:
        if not designer.run_again(ahead, pool):
            return None
        return _finished(designer, demands, groups=design.groups, scale=design.scale, pool=pool)


def _finished(
    designer: Designer,
    demands: Mapping[str, StreamDemand],
    *,
    groups: tuple[Group, ...],
    scale: int,
    pool: Workers | None,
) -> ShiftDesign:
    """Return what was designed, at full size."""
    plans = designer.plans()
    outcomes = {stream: designer.outcome(stream) for stream in demands}
    if scale > 1:
        plans = enlarged(plans, demands, groups=groups, scale=scale, seed=designer.seed, pool=pool)
        outcomes = {
            name: enlarged_outcome(
                outcome, {date: plans[name, date] for date in demands[name].days}, demands[name], scale
            )
            for name, outcome in outcomes.items()
        }
    return ShiftDesign(
        shift_plan=plan_table(plans, demands),
        cover=cover_table(plans, demands),
        requirement=span_requirement(plans, demands),
        streams=outcomes,
        days=plans,
        notes=tuple(designer.notes),
        designer=designer,
        groups=groups,
        scale=scale,
    )
