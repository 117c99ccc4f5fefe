"""What the planner's model promises of any plan, ours or somebody's spreadsheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from forecast.randomness import generator
from scheduling.config import Settings
from scheduling.day import DutySpan, Floats, Ints, ServiceDay, leaving, on_duty
from scheduling.demand import StreamDemand, served_day
from scheduling.service.evaluation import Evaluation
from scheduling.service.shop import DayModel
from scheduling.shifts.chance import spread_out
from scheduling.shifts.periods import periods_of
from scheduling.shifts.workers import done, workers

MOST_DRAWS = 60
ABSENT_DAYS = 12  # sampled days with somebody missing
RARE = 0.002  # numbers of people missing that are less likely are left out
LOW = 0.10

Duties = Mapping[dt.date, Mapping[str, Sequence[DutySpan]]]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The model's view of one stream's plan over a span.

    ``low`` is the 10 % quantile of the share over draws and ``probability`` the share of draws whose expected
    share meets the target, both in the worst period of the rule; without draws they tell of the mean.
    """

    share: float
    low: float
    probability: float
    evaluations: Mapping[dt.date, Evaluation]


@dataclass(frozen=True, kw_only=True)
class _Job:
    day: ServiceDay
    duties: tuple[DutySpan, ...]
    absence_rate: float
    draws: Floats
    name: str


def promises(
    demands: Mapping[str, StreamDemand],
    duties: Duties,
    *,
    simulated: Mapping[str, float],
    settings: Settings,
    processes: int = 2,
) -> dict[str, Promise]:
    """Return the model's view of every stream's plan.

    Parameters
    ----------
    demands
        What each stream asks.
    duties
        Who is on when, by date and stream. Agents of other speed count by their speed.
    simulated
        By stream, the share the simulator found for the same plan. What the model is kinder by is taken off
        before a draw's share is held against the target, not off ``share`` and ``low``.
    settings
        The streams' chances that a duty is not worked (``share`` is the mean over who may be missing) and
        their paid time off the chats.
    processes
        Processes to use; they do not change the answer.
    """
    jobs, keys = [], []
    for name, demand in demands.items():
        stream = settings.demand.stream(name)
        for date, day in demand.days.items():
            keys.append((name, date))
            jobs.append(
                _Job(
                    day=served_day(day, stream.shrinkage),
                    duties=tuple(duties.get(date, {}).get(name, ())),
                    absence_rate=stream.absence_rate,
                    draws=_few(demand, date),
                    name=f"{name} {date}",
                )
            )
    with workers(processes, len(jobs)) as pool:
        results = dict(zip(keys, done(pool, _evaluate, jobs), strict=True))
    return {
        name: _promise(demand, {d: results[name, d] for d in demand.days}, simulated[name])
        for name, demand in demands.items()
    }


def staffing(duties: Sequence[DutySpan], day: ServiceDay) -> Ints:
    """Return agents of average speed taking new sessions per interval, to the nearest whole one."""
    total = np.zeros(len(day.sessions))
    starts = day.starts_min
    for duty in duties:
        for start, end in duty.working_spans:
            total += duty.speed * ((starts >= start) & (starts + day.interval_min <= end))
    return np.maximum((total > 0).astype(np.int64), np.floor(total + 0.5).astype(np.int64))


def cover_table(
    demands: Mapping[str, StreamDemand],
    duties: Duties,
    seen: Mapping[str, Mapping[dt.date, Any]],
    requirement: pd.DataFrame,
) -> pd.DataFrame:
    """Return the `COVER` table of a plan.

    Parameters
    ----------
    demands, duties, requirement
        What is asked, who is on, and ``requirement.csv``.
    seen
        What the model or the simulator saw by stream and date: anything with `on_time`, `total` and
        `open_sessions` per interval.
    """
    asked = "agents_gross" if "agents_gross" in requirement else "agents_net"
    required = requirement.set_index(["stream", "start"])[asked]
    frames = []
    for name, demand in demands.items():
        for date, day in demand.days.items():
            view, starts = seen[name][date], demand.starts[date]
            keys = pd.MultiIndex.from_arrays([[name] * len(starts), starts])
            spans = list(duties.get(date, {}).get(name, ()))
            frames.append(
                pd.DataFrame(
                    {
                        "stream": name,
                        "start": starts,
                        "required": required.reindex(keys).fillna(0).to_numpy(),
                        "on_duty": on_duty(spans, day.starts_min, day.interval_min),
                        "offered": demand.offered[date],
                        "on_time": shares(view.on_time, view.total),
                        "open_sessions": view.open_sessions,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def shares(on_time: Floats, total: Floats) -> Floats:
    """Return on time / total per interval; 1 where nothing is counted."""
    return np.where(total > 1e-12, on_time / np.maximum(total, 1e-12), 1.0)


def _few(demand: StreamDemand, date: dt.date) -> Floats:
    """Return at most `MOST_DRAWS` draws of a day that stand for all; the same ones on every day."""
    if not all(len(demand.draws.get(d, ())) for d in demand.days):
        return np.zeros((0, len(demand.days[date].sessions)))
    totals = np.sum([demand.draws[d].sum(axis=1) for d in demand.days], axis=0)
    return np.asarray(demand.draws[date][spread_out(totals, MOST_DRAWS)])


def _evaluate(job: _Job) -> tuple[Evaluation, float, Floats]:
    """Return the day's evaluation, its share with everybody there, and units on time and all per draw.

    Draws are evaluated with everybody there: what absences cost is nearly the same in each.
    """
    model, on = DayModel(job.day), staffing(job.duties, job.day)
    stops = leaving(job.duties, job.day.starts_min)
    drawn = [model.evaluate(on, stops, sessions=sessions) for sessions in job.draws]
    sums = np.array([(e.on_time.sum(), e.total.sum()) for e in drawn]).reshape(-1, 2)
    full = model.evaluate(on, stops)
    return _with_absences(job, model, full), full.share, sums


def _with_absences(job: _Job, model: DayModel, full: Evaluation) -> Evaluation:
    """Return the mean evaluation over who may be missing: nobody, and a sample of days when somebody is."""
    size, rate = len(job.duties), job.absence_rate
    if rate <= 0 or size == 0:
        return full
    chances = binom.pmf(np.arange(size + 1), size, rate)
    rng = generator(0, "absences", job.name)
    found, weights = [full], [float(chances[0])]
    for number in np.flatnonzero(chances >= RARE)[int(chances[0] >= RARE) :]:
        days = max(1, round(ABSENT_DAYS * chances[number] / (1.0 - chances[0])))
        for _ in range(days):
            missing = np.isin(np.arange(size), rng.choice(size, number, replace=False))
            there = [duty for duty, gone in zip(job.duties, missing, strict=True) if not gone]
            found.append(model.evaluate(staffing(there, job.day), leaving(there, job.day.starts_min)))
            weights.append(float(chances[number]) / days)
    means: dict[str, Any] = {
        part.name: np.average([getattr(one, part.name) for one in found], axis=0, weights=weights)
        for part in fields(full)
        if isinstance(getattr(full, part.name), np.ndarray)
    }
    return replace(full, **means)


def _promise(
    demand: StreamDemand, days: Mapping[dt.date, tuple[Evaluation, float, Floats]], simulated: float
) -> Promise:
    first = next(iter(demand.days.values()))
    less = first.rule.metric == "mean_seconds"
    evaluations = {date: found[0] for date, found in days.items()}
    share = _ratio(
        sum(float(e.on_time.sum()) for e in evaluations.values()),
        sum(float(e.total.sum()) for e in evaluations.values()),
    )
    weights = [float(e.total.sum()) for e in evaluations.values()]
    full = np.average([found[1] for found in days.values()], weights=weights) if sum(weights) else share
    lows, meets = [], []
    for dates, _ in periods_of(demand):
        sums = np.sum([days[date][2] for date in dates], axis=0)
        if len(sums) == 0:
            whole = [evaluations[date] for date in dates]
            sums = np.array([[sum(e.on_time.sum() for e in whole), sum(e.total.sum() for e in whole)]])
            full = share
        drawn = np.array([_ratio(a, b) for a, b in sums]) - (full - share)
        lows.append(float(np.quantile(drawn, 1 - LOW if less else LOW)))
        honest = drawn - (share - simulated)
        meets.append(float(np.mean(honest <= first.target if less else honest >= first.target)))
    return Promise(
        share=share,
        low=max(lows) if less else min(lows),
        probability=min(meets),
        evaluations=evaluations,
    )


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below > 0 else 1.0
