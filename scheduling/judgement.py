"""The simulator's word on every stream and day of a plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import numpy as np

from forecast.config import Stream
from scheduling.config import Settings
from scheduling.day import LARGE_DAY
from scheduling.demand import StreamDemand, served_day
from scheduling.duties import Duties, on_date
from scheduling.shifts.judging import unanswered_of
from scheduling.shifts.periods import periods_of
from scheduling.simulation.estimate import Estimate, ratio
from scheduling.simulation.replicate import StreamJudgement, judge

JUDGED_DAYS = 16  # simulated days for each day of the plan; the span pools them
LEAST_JUDGED = 200  # simulated days in all: a plan for a single day is simulated that often
MOST_JUDGED = 3000  # simulations of a day from which on no more are added
FEWEST_JUDGED = 4
DOUBTFUL_DAYS = 3000  # simulated days of a plan whose share is near its target: it was searched to be
LEAST_DOUBTFUL = 500  # of each such period where there are several
NEAR = 2.0  # half widths of the share's interval
FRESH = 100_000  # first simulated day of the judge: numbers that no search draws

Judged = Mapping[str, Mapping[dt.date, StreamJudgement]]


def judge_span(
    demands: Mapping[str, StreamDemand],
    duties: Duties,
    settings: Settings,
    *,
    seed: int,
    days_each: int | None = None,
    doubtful: int = 0,
) -> dict[str, dict[dt.date, StreamJudgement]]:
    """Simulate every stream and day of a plan on buyers that no search has seen.

    Parameters
    ----------
    demands, duties, settings
        What is asked, who is on, and the shop's settings.
    seed
        Of the buyers.
    days_each
        Simulated days for each day of the plan; default: as many as tell a share to about half a point.
    doubtful
        Simulated days, in all, of the days of a period whose share is too near the target to be told from it;
        several such periods share them. 0: no more than the others.

    Notes
    -----
    Where the days simulated leave open whether few enough sessions stay unanswered (a rule of rare days on
    which nobody came to work), more are simulated.
    """
    judged = {}
    for name, demand in demands.items():
        stream = settings.demand.stream(name)
        nominal = days_each or max(JUDGED_DAYS, LEAST_JUDGED // len(demand.days))
        found = _judge_days(demand, duties, stream, demand.days, nominal, seed=seed)
        each = dict.fromkeys(demand.days, nominal)
        near = [dates for dates, _ in periods_of(demand) if _is_near(demand, {d: found[d] for d in dates})]
        for dates in near if doubtful else ():
            enough = max(doubtful // len(near), LEAST_DOUBTFUL) // len(dates)
            if enough > nominal:
                found |= _judge_days(demand, duties, stream, dates, enough, seed=seed)
                each |= dict.fromkeys(dates, enough)
        while nominal < MOST_JUDGED and _is_open(found, stream.max_unanswered):
            nominal *= 4
            fewer = [date for date in demand.days if each[date] < nominal]
            found |= _judge_days(demand, duties, stream, fewer, nominal, seed=seed)
        judged[name] = found
    return judged


def _judge_days(
    demand: StreamDemand,
    duties: Duties,
    stream: Stream,
    dates: Iterable[dt.date],
    nominal: int,
    *,
    seed: int,
) -> dict[dt.date, StreamJudgement]:
    """Simulate days of a stream so many times, a large day less often."""
    judged = {}
    for date in dates:
        day = demand.days[date]
        size = max(1.0, float(day.sessions.sum()) / LARGE_DAY)
        each = max(FEWEST_JUDGED, int(np.ceil(nominal / size)))
        judged[date] = judge(
            {demand.stream: served_day(day, stream.shrinkage)},
            on_date(duties, date, demand.stream, day.first_min),
            seed=seed + date.toordinal(),
            least_days=each,
            most_days=each,
            absence_rate=stream.absence_rate,
            first_day=FRESH,
        ).streams[demand.stream]
    return judged


def _is_near(demand: StreamDemand, judged: Mapping[dt.date, StreamJudgement]) -> bool:
    """Whether the share of a period may lie on either side of its target, or might on other days."""
    share, target = share_of_span(judged), next(iter(demand.days.values())).target
    return abs(share.value - target) < NEAR * share.half_width


def _is_open(judged: Mapping[dt.date, StreamJudgement], max_unanswered: float) -> bool:
    """Whether the share never answered may lie on either side of its limit."""
    share = unanswered_of(list(judged.values()))
    return share.low <= max_unanswered < share.high


def share_of_span(judged: Mapping[dt.date, StreamJudgement]) -> Estimate:
    """Return the share over the span, a ratio of sums, with its error."""
    return ratio([(day.numerators, day.denominators) for day in judged.values()])


def pooled(judged: Mapping[dt.date, StreamJudgement], above: str, below: str) -> float:
    """Return the ratio of two expected sums over the span."""
    top = sum(float(np.mean(getattr(day, above))) for day in judged.values())
    bottom = sum(float(np.mean(getattr(day, below))) for day in judged.values())
    return top / bottom if bottom > 0 else 0.0


def is_certified(
    demand: StreamDemand, judged: Mapping[dt.date, StreamJudgement], *, target: float, max_unanswered: float
) -> bool:
    """Whether in each period of the rule the one-sided 95 % bound meets the target.

    Over the span, few enough of the window's sessions must stay unanswered as well.
    """
    less = next(iter(demand.days.values())).rule.metric == "mean_seconds"
    for dates, _ in periods_of(demand):
        share = share_of_span({date: judged[date] for date in dates})
        if (share.upper > target) if less else (share.lower < target):
            return False
    return pooled(judged, "unanswered_sessions", "window_sessions") <= max_unanswered + 1e-12
