"""Chosen plans judged on fresh days, by period of the rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scheduling.day import Ints
from scheduling.shifts.task import DayTask
from scheduling.shifts.workers import Workers, done
from scheduling.simulation.estimate import Estimate, ratio
from scheduling.simulation.replicate import DaySums, StreamJudgement, judgement_of, simulate_days

LONG = 1000  # days from which a judgement is worth two processes


@dataclass(frozen=True, kw_only=True)
class JudgeJob:
    """One day's plan to be judged; what a worker process is sent."""

    task: DayTask
    counts: Ints
    seed: int
    first_day: int
    days: int
    threads: int | None = None


def judge_days(pool: Workers | None, jobs: Sequence[JudgeJob]) -> list[StreamJudgement]:
    """Judge each job's plan on its days; long ones in halves, which are done at the same time."""
    halves = [_halves(job) for job in jobs]
    found = iter(done(pool, _simulated, [part for of_job in halves for part in of_job]))
    return [
        judgement_of([next(found) for _ in of_job], {"": job.task.served_day}, seed=job.seed).streams[""]
        for job, of_job in zip(jobs, halves, strict=True)
    ]


def _halves(job: JudgeJob) -> list[JudgeJob]:
    if job.days < LONG:
        return [job]
    half = job.days // 2
    return [
        replace(job, days=half),
        replace(job, first_day=job.first_day + half, days=job.days - half),
    ]


def _simulated(job: JudgeJob) -> DaySums:
    return simulate_days(
        {"": job.task.served_day},
        [replace(duty, streams=()) for duty in job.task.duties(job.counts)],
        seed=job.seed,
        first_day=job.first_day,
        count=job.days,
        absence_rate=job.task.absence_rate,
        threads=job.threads,
    )


def share_of(
    days: Sequence[StreamJudgement], before: tuple[float, float], nothing: float, *, looks: int = 1
) -> Estimate:
    """Return the share of several days together, with units in time and all from before them."""
    parts = [(day.numerators, day.denominators) for day in days]
    if before[1] > 0:
        parts.append((np.full(2, before[0]), np.full(2, before[1])))
    return ratio(parts, nothing=nothing, looks=looks)


def unanswered_of(days: Sequence[StreamJudgement], *, looks: int = 1) -> Estimate:
    """Return the share of sessions never answered on several days together."""
    parts = [(day.unanswered_sessions, day.window_sessions) for day in days]
    return ratio(parts, nothing=0.0, looks=looks)


def ratio_of(days: Sequence[StreamJudgement], above: str, below: str, *, nothing: float = 0.0) -> float:
    """Return the ratio of two of a judgement's expected sums over several days."""
    total = sum(float(getattr(day, below).mean()) for day in days)
    return sum(float(getattr(day, above).mean()) for day in days) / total if total > 0 else nothing


def is_certified(
    days: Sequence[StreamJudgement],
    task: DayTask,
    before: tuple[float, float] = (0.0, 0.0),
    *,
    looks: int = 1,
) -> bool:
    """Whether by one-sided 95 % bounds the target is met and few enough sessions stay unanswered.

    `looks` plans in all may be judged like this until one is certified: their bounds share the 5 %.
    """
    share = share_of(days, before, float(not task.is_seconds), looks=looks)
    meets = share.upper <= task.target if task.is_seconds else share.lower >= task.target
    return bool(meets and unanswered_of(days, looks=looks).upper <= task.max_unanswered)
