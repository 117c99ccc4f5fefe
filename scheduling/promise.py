"""What the planner's model promises of any plan, ours or somebody's spreadsheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from scheduling.absent_days import mean_over_absences
from scheduling.config import Settings
from scheduling.day import LARGE_DAY, DutySpan, Floats, Ints, ServiceDay, on_duty
from scheduling.demand import StreamDemand, served_day
from scheduling.duties import Duties, on_date
from scheduling.pace import team_model
from scheduling.remembered import by_content
from scheduling.service.evaluation import Evaluation
from scheduling.shifts.chance import spread_out
from scheduling.shifts.periods import periods_of
from scheduling.shifts.workers import done, workers
from scheduling.simulation.replicate import judge

MOST_DRAWS = 60
PLAYED = 120  # simulated days for each date, in the futures drawn
PLAYED_ALONE = 480  # of a plan of a single date
FEWEST_PLAYED = 6
FUTURES = 200_000  # first simulated day of those: numbers that no search and no judge draws
SAME = 1e-4  # draws whose shares differ by less tell nothing of how the model errs with load
LOW = 0.10


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The model's view of one stream's plan over a span.

    ``low`` is the 10 % quantile of the share over draws and ``probability`` the share of draws whose expected
    share meets the target, both in the worst period of the rule; without draws they tell of the mean.
    ``ahead`` says for each period by how much the share is ahead of the target at the wanted chance (mean
    seconds relative to the target).
    """

    share: float
    low: float
    probability: float
    ahead: tuple[float, ...]
    evaluations: Mapping[dt.date, Evaluation]


@dataclass(frozen=True, kw_only=True)
class _Job:
    day: ServiceDay
    duties: tuple[DutySpan, ...]
    absence_rate: float
    draws: Floats
    played: Ints  # draws that are simulated
    plays: int
    seed: int
    name: str


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A day: the mean evaluation, its share with everybody there, and units in time and all by draw.

    ``model`` has a row for each draw, ``simulated`` one for each that was played.
    """

    evaluation: Evaluation
    full: float
    model: Floats
    simulated: Floats


def promises(
    demands: Mapping[str, StreamDemand],
    duties: Duties,
    *,
    simulated: Mapping[str, float],
    settings: Settings,
    seed: int = 0,
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
        By stream, the share the simulator found for the same plan, for streams without draws. What the model
        is kinder by is taken off before a share is held against the target, not off ``share`` and ``low``.
    settings
        The streams' chances that a duty is not worked (``share`` is the mean over who may be missing) and
        their paid time off the chats.
    seed
        Of the buyers that are simulated in the futures drawn.
    processes
        Processes to use; they do not change the answer.

    Notes
    -----
    The model is kinder in some futures than in others, most where replies are late. So the futures (of large
    days a few that stand for all) are simulated as well, with whoever is missing, and a line through the
    simulator's shares against the model's corrects the model's share of each draw.
    """
    jobs, keys = [], []
    for name, demand in demands.items():
        stream = settings.demand.stream(name)
        played, plays = _plays(demand)
        for date, day in demand.days.items():
            keys.append((name, date))
            jobs.append(
                _Job(
                    day=served_day(day, stream.shrinkage),
                    duties=tuple(on_date(duties, date, name, day.first_min)),
                    absence_rate=stream.absence_rate,
                    draws=_few(demand, date),
                    played=played,
                    plays=plays,
                    seed=seed + date.toordinal(),
                    name=f"{name} {date}",
                )
            )
    with workers(processes, len(jobs)) as pool:
        results = dict(zip(keys, done(pool, _evaluate, jobs), strict=True))
    return {
        name: _promise(
            demand,
            {d: results[name, d] for d in demand.days},
            simulated[name],
            settings.demand.stream(name).confidence,
        )
        for name, demand in demands.items()
    }


def cover_table(
    demands: Mapping[str, StreamDemand],
    duties: Duties,
    seen: Mapping[str, Mapping[dt.date, Any]] | None,
    requirement: pd.DataFrame,
) -> pd.DataFrame:
    """Return the `COVER` table of a plan.

    Parameters
    ----------
    demands, duties, requirement
        What is asked, who is on, and ``requirement.csv``.
    seen
        What the model or the simulator saw by stream and date: anything with `on_time`, `total` and
        `open_sessions` per interval. None: nobody knows who comes, and these columns stay empty.
    """
    asked = "agents_gross" if "agents_gross" in requirement else "agents_net"
    required = requirement.set_index(["stream", "start"])[asked]
    frames = []
    for name, demand in demands.items():
        for date, day in demand.days.items():
            starts = demand.starts[date]
            keys = pd.MultiIndex.from_arrays([[name] * len(starts), starts])
            spans = on_date(duties, date, name, day.first_min)
            frames.append(
                pd.DataFrame(
                    {
                        "stream": name,
                        "start": starts,
                        "required": required.reindex(keys).fillna(0).to_numpy(),
                        "on_duty": on_duty(spans, day.starts_min, day.interval_min),
                        **_seen_then(demand.offered[date], None if seen is None else seen[name][date]),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def _seen_then(offered: Floats, view: Any) -> dict[str, Any]:
    """Return the columns of cover that need to know who comes."""
    if view is None:
        return dict.fromkeys(("offered", "on_time", "open_sessions"), np.nan)
    return {
        "offered": offered,
        "on_time": shares(view.on_time, view.total),
        "open_sessions": view.open_sessions,
    }


def shares(on_time: Floats, total: Floats) -> Floats:
    """Return on time / total per interval; 1 where nothing is counted."""
    return np.where(total > 1e-12, on_time / np.maximum(total, 1e-12), 1.0)


def _few(demand: StreamDemand, date: dt.date) -> Floats:
    """Return at most `MOST_DRAWS` draws of a day that stand for all; the same ones on every day."""
    if not all(len(demand.draws.get(d, ())) for d in demand.days):
        return np.zeros((0, len(demand.days[date].sessions)))
    totals = np.sum([demand.draws[d].sum(axis=1) for d in demand.days], axis=0)
    return np.asarray(demand.draws[date][spread_out(totals, MOST_DRAWS)])


def _plays(demand: StreamDemand) -> tuple[Ints, int]:
    """Return which of the few draws are simulated, and how often each."""
    dates = list(demand.days)
    count = len(_few(demand, dates[0]))
    size = max(1.0, max(float(day.sessions.sum()) for day in demand.days.values()) / LARGE_DAY)
    days = max(FEWEST_PLAYED, round((PLAYED_ALONE if len(dates) == 1 else PLAYED) / size))
    if count <= days:
        return np.arange(count), days // max(1, count)
    totals = np.sum([_few(demand, date).sum(axis=1) for date in dates], axis=0)
    return spread_out(totals, days), 1


@by_content
def _evaluate(job: _Job) -> _Seen:
    """Return what model and simulator see of a day.

    The model evaluates draws with everybody there: what absences cost the simulator says.
    """
    model, on, stops = team_model(job.day, job.duties)
    drawn = [model.evaluate(on, stops, sessions=sessions) for sessions in job.draws]
    sums = np.array([(e.on_time.sum(), e.total.sum()) for e in drawn]).reshape(-1, 2)
    full = model.evaluate(on, stops)

    def evaluate(there: Sequence[DutySpan]) -> Evaluation:
        model, on, stops = team_model(job.day, there)
        return model.evaluate(on, stops)

    mean = mean_over_absences(full, job.duties, job.absence_rate, evaluate, name=job.name)
    return _Seen(evaluation=mean, full=full.share, model=sums, simulated=_simulated(job))


def _simulated(job: _Job) -> Floats:
    """Return the simulator's units in time and all units, a row for each draw played."""
    draws = job.draws[job.played]
    if len(draws) == 0:
        return np.zeros((0, 2))
    name, days = job.name, job.plays * len(draws)
    seen = judge(
        {name: job.day},
        [replace(duty, streams=()) for duty in job.duties],
        seed=job.seed,
        least_days=days,
        most_days=days,
        sessions={name: draws},
        absence_rate=job.absence_rate,
        first_day=len(draws) * (FUTURES // len(draws)),  # draws are taken in turn by the day's number
        threads=1,
    ).streams[name]
    by_play = np.stack([seen.numerators, seen.denominators], axis=1).reshape(job.plays, len(draws), 2)
    return np.asarray(by_play.sum(axis=0))


def _promise(
    demand: StreamDemand, days: Mapping[dt.date, _Seen], simulated: float, confidence: float
) -> Promise:
    first = next(iter(demand.days.values()))
    less = first.rule.metric == "mean_seconds"
    evaluations = {date: seen.evaluation for date, seen in days.items()}
    share = _ratio(
        sum(float(e.on_time.sum()) for e in evaluations.values()),
        sum(float(e.total.sum()) for e in evaluations.values()),
    )
    weights = [float(e.total.sum()) for e in evaluations.values()]
    full = np.average([seen.full for seen in days.values()], weights=weights) if sum(weights) else share
    played, _ = _plays(demand)
    lows, aheads = [], []
    for dates, _ in periods_of(demand):
        drawn = _ratios([days[date].model for date in dates])
        if len(drawn) == 0:
            whole = [evaluations[date] for date in dates]
            part = _ratio(sum(e.on_time.sum() for e in whole), sum(e.total.sum() for e in whole))
            drawn, honest, full = np.array([part]), np.array([part - (share - simulated)]), share
        else:
            honest = _corrected(drawn, played, _ratios([days[date].simulated for date in dates]))
        lows.append(float(np.quantile(drawn - (full - share), 1 - LOW if less else LOW)))
        aheads.append((first.target - honest) / first.target if less else honest - first.target)
    return Promise(
        share=share,
        low=max(lows) if less else min(lows),
        probability=min(float(np.mean(ahead >= 0)) for ahead in aheads),
        ahead=tuple(float(np.quantile(ahead, 1.0 - confidence)) for ahead in aheads),
        evaluations=evaluations,
    )


def _corrected(model: Floats, played: Ints, simulated: Floats) -> Floats:
    """Return the model's shares as the simulator would see them, given its shares of the draws played."""
    known = model[played]
    if len(played) < FEWEST_PLAYED or float(np.std(known)) < SAME:
        return np.asarray(model + float(np.mean(simulated - known)))
    slope, level = np.polyfit(known, simulated, 1)
    return np.asarray(level + slope * model)


def _ratios(sums: Sequence[Floats]) -> Floats:
    """Return units in time over all units of several days together, by draw."""
    total = np.sum(sums, axis=0)
    return np.array([_ratio(above, below) for above, below in total])


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below > 0 else 1.0
