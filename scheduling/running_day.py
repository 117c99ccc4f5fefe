"""A day that has begun: the rate to expect at its close, whom to call in, whom to send home.

Hours seen count as they came, the rest is forecast anew from them; the simulator plays every action in the
same futures as the day without it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecast.frames import QUANTILES
from forecast.intraday import Reforecast
from scheduling.config import Settings
from scheduling.day import DutySpan, Floats, ServiceDay
from scheduling.demand import StreamDemand, served_day
from scheduling.promise import FUTURES, MOST_DRAWS
from scheduling.promotion.called_in import LEAST_MIN, best_hours, mean_wage
from scheduling.promotion.levers import OVERTIME_PAY, hours_more
from scheduling.scenarios.standing import hour_worth
from scheduling.shifts.chance import spread_out
from scheduling.simulation.replicate import StreamJudgement, judge

PLAYS = 4  # of each future
NOTICE_MIN = 60  # before which nobody can be asked to stay or to go
LEAST_GAIN = 0.001  # of the share, below which nobody is asked to come or stay
MOST_CALLED = 6
MOST_LONGER = 4
MOST_SENT = 6
ACTIONS = [
    "stream", "action", "names", "start", "end", "hours", "cost", "close_without", "close_with",
    "chance_without", "chance_with", "period_without", "period_with",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OnDuty:
    """Somebody who works a stream today."""

    name: str
    span: DutySpan


@dataclass(frozen=True, kw_only=True)
class Close:
    """What is to be expected of a stream at the close of the day.

    Attributes
    ----------
    share, low
        Mean share on time over the futures and its 10 % quantile (mean seconds and their 90 %).
    chance
        Of the day, or of the period with it where its rate so far is known, to meet the target.
    period
        Share of the period with this day, where its rate so far is known.
    unanswered
        Sessions of the window never answered / all.
    """

    share: float
    low: float
    chance: float
    period: float | None
    unanswered: float


@dataclass(frozen=True, kw_only=True)
class Today:
    """One stream's running day.

    Attributes
    ----------
    demand
        The day as known now (`as_known`).
    on_duty
        Who works it.
    now_min
        The time, in minutes since midnight.
    so_far
        Units on time (their seconds under a rule in mean seconds) and all units of the period before the day.
    on_call
        Who can be called in, in order: `employee, lead_time_h, cost_per_hour, speed, reception_cap`.
    """

    demand: StreamDemand
    on_duty: Sequence[OnDuty]
    now_min: int
    settings: Settings
    seed: int
    so_far: tuple[float, float] | None = None
    on_call: Sequence[Mapping[str, Any]] = ()

    @property
    def date(self) -> dt.date:
        """The day."""
        return next(iter(self.demand.days))

    @property
    def day(self) -> ServiceDay:
        """What the day asks, on average over its futures."""
        return self.demand.days[self.date]

    @property
    def earliest_min(self) -> int:
        """When anything can change: the first interval after the notice."""
        step = self.day.interval_min
        return -(-(self.now_min + NOTICE_MIN) // step) * step


def as_known(
    table: pd.DataFrame, draws: pd.DataFrame, seen: pd.DataFrame, rest: Reforecast, *, now: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return forecast and draws of the running day: what was seen, as it came, and the rest as forecast anew.

    The table has a column more: `came`, empty in hours of which nothing is known.

    Parameters
    ----------
    table, draws
        The plan's forecast: `stream, start, mean, ...` and `stream, start, draw, offered`.
    seen
        Counts, `stream, start, offered`. An hour without a row keeps the plan's forecast.
    rest
        The rest of the day (`forecast.intraday.reforecast_day`).
    now
        The instant, aware.
    """
    midnight, hour = now.normalize(), now.floor("h")
    end = midnight + pd.DateOffset(days=1)

    def part(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
        return frame[(frame["start"] >= first) & (frame["start"] < last)]

    keys = ["stream", "start"]
    counts = part(seen, midnight, hour)[[*keys, "offered"]].rename(columns={"offered": "came"})
    past = part(table, midnight, hour).merge(counts, on=keys, how="left")
    for name in ("mean", *QUANTILES):
        if name in past:
            past[name] = past["came"].fillna(past[name])
    drawn = part(draws, midnight, hour).merge(counts, on=keys, how="left")
    drawn["offered"] = drawn["came"].fillna(drawn["offered"])
    return (
        pd.concat([past, part(rest.table, hour, end)], ignore_index=True),
        pd.concat([drawn.drop(columns="came"), part(rest.draws, hour, end)], ignore_index=True),
    )


def close_of(today: Today, spans: Iterable[DutySpan]) -> Close:
    """Return what the simulator expects at the close of the day with these duties."""
    seen, draws = _played(today, spans)
    above, below = _by_future(seen.numerators, draws), _by_future(seen.denominators, draws)
    shares = above / np.maximum(below, 1e-12)
    less = today.day.rule.metric == "mean_seconds"
    judged, period = shares, None
    if today.so_far is not None:
        each = PLAYS * (len(seen.numerators) // (PLAYS * draws))
        judged = (today.so_far[0] + above / each) / np.maximum(today.so_far[1] + below / each, 1e-12)
        period = float(judged.mean())
    target = today.day.target
    return Close(
        share=float(above.sum() / max(float(below.sum()), 1e-12)),
        low=float(np.quantile(shares, 0.9 if less else 0.1)),
        chance=float(np.mean(judged <= target if less else judged >= target)),
        period=period,
        unanswered=float(seen.unanswered_sessions.sum() / max(float(seen.window_sessions.sum()), 1e-12)),
    )


def _played(today: Today, spans: Iterable[DutySpan]) -> tuple[StreamJudgement, int]:
    """Return the day played in each of its futures, and how many futures there are."""
    demand, date = today.demand, today.date
    stream = today.settings.demand.stream(demand.stream)
    draws = demand.draws.get(date, np.zeros((0, 0)))
    few: Floats = (
        draws[spread_out(draws.sum(axis=1), MOST_DRAWS)] if len(draws) else today.day.sessions[None, :]
    )
    days = PLAYS * len(few) if len(few) > 1 else PLAYS * MOST_DRAWS
    seen = judge(
        {demand.stream: served_day(today.day, stream.shrinkage)},
        [replace(span, streams=()) for span in spans],
        seed=today.seed + date.toordinal(),
        least_days=days,
        most_days=days,
        sessions={demand.stream: few},
        absence_rate=0.0,  # who is there today is known
        first_day=len(few) * (FUTURES // len(few)),
    ).streams[demand.stream]
    return seen, len(few)


def _by_future(values: Floats, futures: int) -> Floats:
    return np.asarray(values.reshape(-1, futures).sum(axis=0))


def is_safe(today: Today, close: Close) -> bool:
    """Whether the close is as sure as the stream wants it, and few enough sessions stay unanswered."""
    stream = today.settings.demand.stream(today.demand.stream)
    return close.chance >= stream.confidence and close.unanswered <= stream.max_unanswered


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to expect of a stream's day, and what can still be done about it.

    Attributes
    ----------
    today
        The running day.
    close, after
        The close with nothing done, and with all of `rows` done.
    rows
        What to do, in order (`ACTIONS`); each row's figures are those of the day with it and those before it.
    """

    today: Today
    close: Close
    rows: Sequence[Mapping[str, Any]]
    after: Close

    @property
    def ends_well(self) -> bool:
        """Whether the close is safe with all of it done."""
        return is_safe(self.today, self.after)


def actions_for(today: Today, *, close: Close | None = None) -> Advice:
    """Return the close to expect with nothing done (`close` where it is known), and what can still be done.

    Where the close is not safe: people called in, in order, each for the hours where he is worth most from
    the time he can be there, then people on duty who stay longer, until it is safe or nobody is left. Where
    it is: people who may go early, least missed first, as long as it stays safe.
    """
    if close is None:
        close = close_of(today, [one.span for one in today.on_duty])
    rows, after = _sent_home(today, close) if is_safe(today, close) else _called(today, close)
    return Advice(today=today, close=close, rows=rows, after=after)


def _called(today: Today, close: Close) -> tuple[list[dict[str, Any]], Close]:
    """Return people to call in and to ask to stay, until the close is safe, and that close."""
    rows: list[dict[str, Any]] = []
    staff = list(today.on_duty)
    now = close
    for person in list(today.on_call)[:MOST_CALLED]:
        there = max(today.earliest_min, today.now_min + round(60 * float(person["lead_time_h"])))
        duty = _best_hours(today, [one.span for one in staff], person, there)
        if duty is None:
            continue
        then = close_of(today, [*(one.span for one in staff), duty])
        if _gain(today, now, then) < LEAST_GAIN:
            continue
        hours = (duty.end_min - duty.start_min) / 60
        staff.append(OnDuty(name=str(person["employee"]), span=duty))
        rows.append(
            _row(today, "call", staff[-1], duty, hours, hours * float(person["cost_per_hour"]), now, then)
        )
        now = then
        if is_safe(today, now):
            return rows, now
    wage = mean_wage(today.settings)
    for _ in range(MOST_LONGER):
        longer = _hour_more(today, staff)
        if longer is None:
            break
        at, duty = longer
        asked = [*staff[:at], replace(staff[at], span=duty), *staff[at + 1 :]]
        then = close_of(today, [one.span for one in asked])
        if _gain(today, now, then) < LEAST_GAIN:
            break
        staff = asked
        rows.append(_row(today, "stay", staff[at], duty, 1.0, wage * OVERTIME_PAY, now, then))
        now = then
        if is_safe(today, now):
            break
    return rows, now


def _gain(today: Today, before: Close, after: Close) -> float:
    """Return by how much the close is better, as a share (of the target in mean seconds).

    Where more sessions stay unanswered than may, fewer of them are a gain as well.
    """
    most = today.settings.demand.stream(today.demand.stream).max_unanswered
    fewer = max(0.0, before.unanswered - max(after.unanswered, most))
    if today.day.rule.metric == "mean_seconds":
        return max(fewer, (before.share - after.share) / today.day.target)
    return max(fewer, after.share - before.share)


def _best_hours(
    today: Today, spans: Sequence[DutySpan], person: Mapping[str, Any], there: int
) -> DutySpan | None:
    """Return the duty of a person called in where it is worth most; None where it helps nothing."""
    worth = hour_worth(today.demand, today.date, list(spans), today.settings)[1]
    return best_hours(person, today.demand.stream, today.day, worth, minutes=LEAST_MIN, earliest_min=there)


def _hour_more(today: Today, staff: Sequence[OnDuty]) -> tuple[int, DutySpan] | None:
    """Return whose duty an hour longer helps most, among those still to end, and that duty."""
    worth = hour_worth(today.demand, today.date, [one.span for one in staff], today.settings)[1]
    options = [
        (gain, -at, longer)
        for at, one in enumerate(staff)
        if one.span.end_min > today.now_min
        for longer, gain in hours_more(one.span, worth, today.demand, today.date)
        if gain > 0 and longer.start_min == one.span.start_min and longer.end_min > today.earliest_min
    ]
    if not options:
        return None
    _, at, longer = max(options, key=lambda option: option[:2])
    return -at, longer


def _sent_home(today: Today, close: Close) -> tuple[list[dict[str, Any]], Close]:
    """Return people who may go at the next hour after the notice, least missed first, and the close then."""
    rows: list[dict[str, Any]] = []
    staff, now = list(today.on_duty), close
    leave = -(-today.earliest_min // 60) * 60
    for _ in range(MOST_SENT):
        loss = hour_worth(today.demand, today.date, [one.span for one in staff], today.settings)[0]
        options = sorted(
            (float(loss[_between(today.day, leave, one.span.end_min)].sum()), at)
            for at, one in enumerate(staff)
            if one.span.start_min < leave < one.span.end_min
        )
        for _, at in options[:2]:
            one = staff[at]
            kept = [*staff[:at], *staff[at + 1 :]]
            if _leaves_nobody(today.day, kept, leave, one.span.end_min):
                continue
            shorter = replace(one.span, end_min=leave, breaks=_until(one.span.breaks, leave))
            then = close_of(today, [*(other.span for other in kept), shorter])
            if not (is_safe(today, then) and _day_meets(today, then)):
                continue
            gone = replace(one.span, start_min=leave, breaks=())
            hours = (one.span.end_min - leave) / 60
            rows.append(_row(today, "go", one, gone, -hours, 0.0, now, then))
            staff, now = [*kept, replace(one, span=shorter)], then
            break
        else:
            break
    return rows, now


def _day_meets(today: Today, close: Close) -> bool:
    """Whether the day by itself reaches the target: a good period is no reason to leave buyers waiting."""
    if today.day.rule.metric == "mean_seconds":
        return close.share <= today.day.target
    return close.share >= today.day.target


def _between(day: ServiceDay, start: int, end: int) -> Any:
    return (day.starts_min >= start) & (day.starts_min < end)


def _until(breaks: tuple[tuple[int, int], ...], end: int) -> tuple[tuple[int, int], ...]:
    return tuple((a, min(b, end)) for a, b in breaks if a < end)


def _leaves_nobody(day: ServiceDay, staff: Sequence[OnDuty], start: int, end: int) -> bool:
    """Whether an interval of the window would have nobody on duty."""
    for at in day.starts_min[_between(day, start, end) & day.window_mask]:
        if not any(
            a <= at and at + day.interval_min <= b for one in staff for a, b in one.span.working_spans
        ):
            return True
    return False


def _row(
    today: Today,
    action: str,
    who: OnDuty,
    span: DutySpan,
    hours: float,
    cost: float,
    before: Close,
    after: Close,
) -> dict[str, Any]:
    at = today.demand.starts[today.date][0] - pd.Timedelta(minutes=today.day.first_min)
    return {
        "stream": today.demand.stream,
        "action": action,
        "names": who.name,
        "start": at + pd.Timedelta(minutes=span.start_min),
        "end": at + pd.Timedelta(minutes=span.end_min),
        "hours": round(hours, 2),
        "cost": round(cost, 2),
        "close_without": round(before.share, 6),
        "close_with": round(after.share, 6),
        "chance_without": round(before.chance, 6),
        "chance_with": round(after.chance, 6),
        "period_without": None if before.period is None else round(before.period, 6),
        "period_with": None if after.period is None else round(after.period, 6),
    }
