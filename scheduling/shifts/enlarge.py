"""The shifts of a large team from those of a smaller one of the same shape."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from scheduling.day import Floats, Ints
from scheduling.demand import DayKey, StreamDemand
from scheduling.large_teams import settled_counts, smaller_day
from scheduling.requirement import settled_requirement
from scheduling.shifts.cover import Group
from scheduling.shifts.judging import JudgeJob, is_certified, judge_days, ratio_of, share_of
from scheduling.shifts.periods import periods_of
from scheduling.shifts.plans import DayPlan, StreamOutcome
from scheduling.shifts.task import DayTask, spilled
from scheduling.shifts.trials import FRESH
from scheduling.shifts.workers import Workers, done

JUDGED_DAYS = 12  # fresh days of a full team: each has as many buyers as hundreds of a small one's


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One day to be settled at full size; what a worker process is sent."""

    small: DayPlan
    demand: Floats
    settled: Floats
    groups: tuple[Group, ...]
    scale: int
    seed: int


def smaller_demand(demand: StreamDemand, scale: int) -> StreamDemand:
    """Return what a stream asks of a team smaller by a factor."""

    def less(values: Mapping[dt.date, Floats]) -> dict[dt.date, Floats]:
        return {date: of_day / scale for date, of_day in values.items()}

    return replace(
        demand,
        days={date: smaller_day(day, scale) for date, day in demand.days.items()},
        offered=less(demand.offered),
        draws=less(demand.draws),
    )


def enlarged(
    plans: Mapping[DayKey, DayPlan],
    demands: Mapping[str, StreamDemand],
    *,
    groups: tuple[Group, ...],
    scale: int,
    seed: int,
    pool: Workers | None,
) -> dict[DayKey, DayPlan]:
    """Return each day's plan at full size.

    Parameters
    ----------
    plans
        Of the smaller team.
    demands
        Of the full one.
    groups
        Limits on the full team.
    scale
        Factor between them.
    seed, pool
        Of the run; where the days are settled.
    """
    jobs = [
        _Job(
            small=plan,
            demand=demands[stream].days[date].sessions,
            settled=demands[stream].days[date].settled,
            groups=groups,
            scale=scale,
            seed=seed,
        )
        for (stream, date), plan in plans.items()
    ]
    found = dict(zip(plans, done(pool, _full_size, jobs), strict=True))
    for (stream, date), plan in found.items():
        before = found.get((stream, date - dt.timedelta(days=1)))
        if before is not None and plan.task.fixed:
            late = before.task.own_duties(before.counts)
            task = replace(plan.task, fixed=tuple(spilled(late, plan.task.day.first_min)))
            found[stream, date] = replace(plan, task=task)
    return found


def enlarged_outcome(
    small: StreamOutcome, plans: Mapping[dt.date, DayPlan], demand: StreamDemand, scale: int
) -> StreamOutcome:
    """Return a stream's outcome at full size; its chance is that of the smaller team, a little less."""
    days = list(plans.values())
    first = days[0].task
    judged = {date: plan.judged for date, plan in plans.items()}
    share = share_of(list(judged.values()), (0.0, 0.0), float(not first.is_seconds))
    total = sum(float(plan.evaluation.total.sum()) for plan in days)
    cost, bound = sum(plan.cost for plan in days), min(small.bound * scale, sum(plan.cost for plan in days))
    certified = all(is_certified([judged[date] for date in dates], first) for dates, _ in periods_of(demand))
    every = list(judged.values())
    return replace(
        small,
        promised=sum(float(plan.evaluation.on_time.sum()) for plan in days) / total if total > 0 else 1.0,
        certified=certified,
        simulated=share.value,
        simulated_ci=(max(0.0, share.low), share.high if first.is_seconds else min(1.0, share.high)),
        unanswered=ratio_of(every, "unanswered_sessions", "window_sessions"),
        on_time_of_asked=ratio_of(every, "rounds_on_time", "rounds_asked", nothing=1.0),
        overtime_hours=sum(day.overtime_hours for day in every),
        paid_hours=sum(plan.paid_hours for plan in days),
        cost=cost,
        bound=bound,
        gap=(cost - bound) / cost if cost > 0 else 0.0,
        status="certified" if certified else small.status,
    )


def _full_size(job: _Job) -> DayPlan:
    """Settle one day: as many people as keep the share that the smaller team's plan had."""
    small = job.small
    day = replace(small.task.day, sessions=job.demand, settled=job.settled)
    late = tuple(duty for duty in small.task.fixed for _ in range(job.scale))
    task = replace(small.task, day=day, groups=job.groups, fixed=late, level=small.level)
    before = replace(small.task, level=small.level)
    ahead, lacked = _view(before, small.counts)

    def is_enough(counts: Ints) -> bool:
        now, lacking = _view(task, counts)
        return task.fits(counts) and now >= ahead - 1e-9 and (lacking <= 1e-9 or lacked > 1e-9)

    counts = settled_counts(small.counts, job.scale, is_enough)
    mean = replace(task, level=1.0)
    needed = settled_requirement(
        task.model.day,
        small.found.required,
        job.scale,
        floor=task.floor,
        max_unanswered=task.max_unanswered,
        already=task.already[0],
    )
    judge = JudgeJob(task=mean, counts=counts, seed=job.seed, first_day=FRESH, days=JUDGED_DAYS, threads=1)
    return replace(
        small,
        task=mean,
        counts=counts,
        evaluation=mean.model.summary(mean.run(counts)),
        judged=judge_days(None, [judge])[0],
        found=replace(small.found, needed=needed),
    )


def _view(task: DayTask, counts: Ints) -> tuple[float, float]:
    """Return how far the model's share is ahead of the target, and units and sessions lacking elsewhere."""
    evaluation = task.model.summary(task.run(counts))
    on, _ = task.staffing(counts)
    lacking = float(task.floor_deficits(evaluation, on).sum()) + max(
        0.0, -task.spare_unanswered(evaluation, task.unanswered(evaluation, counts))
    )
    return task.ahead(evaluation.share), lacking
