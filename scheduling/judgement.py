"""Plans and rosters as duties, and the simulator's word on every stream and day of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.config import Stream
from forecast.timegrid import zone
from scheduling.breaks import read_pauses
from scheduling.config import Settings
from scheduling.day import LARGE_DAY, DutySpan
from scheduling.demand import StreamDemand, served_day
from scheduling.promise import Duties
from scheduling.roster.meetings import merged
from scheduling.roster.people import Employee
from scheduling.shifts.judging import unanswered_of
from scheduling.shifts.periods import periods_of
from scheduling.simulation.estimate import Estimate, ratio
from scheduling.simulation.replicate import StreamJudgement, judge

JUDGED_DAYS = 16  # simulated days for each day of the plan; the span pools them
LEAST_JUDGED = 200  # simulated days in all: a plan for a single day is simulated that often
MOST_JUDGED = 3000  # simulations of a day from which on no more are added
FEWEST_JUDGED = 4
FRESH = 100_000  # first simulated day of the judge: numbers that no search draws

Judged = Mapping[str, Mapping[dt.date, StreamJudgement]]


def duties_of_plan(shift_plan: pd.DataFrame, timezone: str) -> Duties:
    """Return one duty a person of a shift plan, by date and stream."""
    found: dict[dt.date, dict[str, list[DutySpan]]] = {}
    rows: list[Any] = list(shift_plan.itertuples())
    for row in rows:
        span = _span(row, timezone, speed=1.0, cap=None)
        found.setdefault(row.date, {}).setdefault(str(row.stream), []).extend([span] * int(row.agents))
    return found


def duties_of_roster(roster: pd.DataFrame, employees: Sequence[Employee], timezone: str) -> Duties:
    """Return the duties of a roster with each person's speed and reception cap, by date and stream."""
    people = {person.employee: person for person in employees}
    found: dict[dt.date, dict[str, list[DutySpan]]] = {}
    rows: list[Any] = list(roster.itertuples())
    for row in rows:
        person = people.get(str(row.employee))
        span = _span(
            row,
            timezone,
            speed=1.0 if person is None else person.speed,
            cap=None if person is None else person.reception_cap,
        )
        found.setdefault(row.date, {}).setdefault(str(row.stream), []).append(span)
    return found


def _span(row: Any, timezone: str, *, speed: float, cap: int | None) -> DutySpan:
    day, local = pd.Timestamp(row.date), zone(timezone)
    start, end = (
        int((at.tz_convert(local).tz_localize(None) - day) // pd.Timedelta(minutes=1))
        for at in (row.start, row.end)
    )
    return DutySpan(
        start_min=start,
        end_min=end,
        breaks=merged((*read_pauses(row.breaks, start), *read_pauses(getattr(row, "meetings", None), start))),
        streams=(str(row.stream),),
        speed=speed,
        reception_cap=cap,
    )


def judge_span(
    demands: Mapping[str, StreamDemand],
    duties: Duties,
    settings: Settings,
    *,
    seed: int,
    days_each: int | None = None,
) -> dict[str, dict[dt.date, StreamJudgement]]:
    """Simulate every stream and day of a plan on buyers that no search has seen.

    Where those days leave open whether few enough sessions stay unanswered (a rule of rare days on which
    nobody came to work), more are simulated.
    """
    judged = {}
    for name, demand in demands.items():
        stream = settings.demand.stream(name)
        of_stream = {date: list(of_day.get(name, ())) for date, of_day in duties.items()}
        nominal = days_each or max(JUDGED_DAYS, LEAST_JUDGED // len(demand.days))
        judged[name] = _judge_days(demand, of_stream, stream, nominal, seed=seed)
        while nominal < MOST_JUDGED and _is_open(judged[name], stream.max_unanswered):
            nominal *= 4
            judged[name] = _judge_days(demand, of_stream, stream, nominal, seed=seed)
    return judged


def _judge_days(
    demand: StreamDemand,
    duties: Mapping[dt.date, list[DutySpan]],
    stream: Stream,
    nominal: int,
    *,
    seed: int,
) -> dict[dt.date, StreamJudgement]:
    """Simulate each day of a stream so many times, a large day less often."""
    judged = {}
    for date, day in demand.days.items():
        size = max(1.0, float(day.sessions.sum()) / LARGE_DAY)
        each = max(FEWEST_JUDGED, int(np.ceil(nominal / size)))
        judged[date] = judge(
            {demand.stream: served_day(day, stream.shrinkage)},
            duties.get(date, []),
            seed=seed + date.toordinal(),
            least_days=each,
            most_days=each,
            absence_rate=stream.absence_rate,
            first_day=FRESH,
        ).streams[demand.stream]
    return judged


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
