"""Weeks to months ahead: how many people of which pool, with those who leave and newcomers who learn."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scheduling.config import Settings
from scheduling.day import Floats, ServiceDay
from scheduling.demand import StreamDemand
from scheduling.inputs import Inputs
from scheduling.requirement import required_agents
from scheduling.shifts.workers import done, workers

WEEKS_A_MONTH = 365.25 / 12 / 7
USUAL_SHAPE = 1.15  # paid hours of shifts over the hours required, where no plan tells
LEAST_MISSING = 0.05  # hours of a week; less is rounding
USUAL_HOURS = {"staff": 40.0, "part_time": 20.0}  # a week, where nobody says


@dataclass(frozen=True, kw_only=True)
class HiringTerms:
    """What is assumed of people over months.

    Attributes
    ----------
    attrition
        Share of the staff that leaves within a month.
    newcomer_speed
        Work a newcomer does in the first week, relative to the average agent.
    half_life_weeks
        Time in which what a newcomer still lacks halves. [weeks]
    lead_weeks
        From the decision to hire to the first day. [weeks]
    confidence
        The level of a week's demand that is hired for: the quantile of its total over draws.
    """

    attrition: float = 0.04
    newcomer_speed: float = 0.6
    half_life_weeks: float = 3.0
    lead_weeks: int = 3
    confidence: float = 0.8

    def __post_init__(self) -> None:
        """Raise `ValueError` for values that cannot be meant."""
        if not 0 <= self.attrition < 1:
            raise ValueError(f"attrition must be in [0, 1), got {self.attrition:g}")
        if not 0 < self.newcomer_speed <= 1:
            raise ValueError(f"newcomer_speed must be above 0 and at most 1, got {self.newcomer_speed:g}")
        if self.half_life_weeks <= 0 or self.lead_weeks < 0:
            raise ValueError("half_life_weeks must be above 0 and lead_weeks 0 or more")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, got {self.confidence:g}")

    def speed(self, weeks: float) -> float:
        """Return what somebody who came so many weeks ago does, relative to the average agent.

        Examples
        --------
        >>> terms = HiringTerms(newcomer_speed=0.6, half_life_weeks=3.0)
        >>> terms.speed(0), round(terms.speed(3), 2), round(terms.speed(6), 2)
        (0.6, 0.8, 0.9)
        """
        return float(1.0 - (1.0 - self.newcomer_speed) * 2.0 ** (-weeks / self.half_life_weeks))

    def staying(self, weeks: float) -> float:
        """Return the share of people who are still there after so many weeks."""
        return float((1.0 - self.attrition) ** (weeks / WEEKS_A_MONTH))


def weekly_hours(
    demands: Mapping[str, StreamDemand], settings: Settings, terms: HiringTerms, *, processes: int = 2
) -> pd.DataFrame:
    """Return the hours of work that each week asks of people.

    Returns
    -------
    DataFrame
        `week` (its Monday), `days`, `offered`, `hours`, `peak`: consultations before bots; agent-hours on
        duty with time off the chats and absence added, at the wanted level of the week's demand; most agents
        needed at once, all streams together. A week that the span cuts is scaled to seven days.
    """
    jobs, keys = [], []
    for name, demand in demands.items():
        stream = settings.demand.stream(name)
        for monday, dates in _weeks(demand).items():
            level = _level(demand, dates, terms.confidence)
            for date in dates:
                day = demand.days[date]
                scaled = replace(day, sessions=day.sessions * level, settled=day.settled * level)
                jobs.append((scaled, stream.floor, stream.max_unanswered))
                keys.append((name, monday, date))
    with workers(processes, len(jobs)) as pool:
        found = done(pool, _needed, jobs)
    rows = []
    for (name, monday, date), agents in zip(keys, found, strict=True):
        stream = settings.demand.stream(name)
        gross = agents / (1.0 - stream.shrinkage) / (1.0 - stream.absence_rate)
        step = demands[name].days[date].interval_min / 60
        rows.append((monday, date, float(demands[name].offered[date].sum()), gross.sum() * step, gross.max()))
    table = pd.DataFrame(rows, columns=["week", "date", "offered", "hours", "peak"])
    days = table.groupby(["week", "date"], as_index=False).agg(
        offered=("offered", "sum"), hours=("hours", "sum"), peak=("peak", "sum")
    )
    weeks = days.groupby("week", as_index=False).agg(
        days=("date", "nunique"), offered=("offered", "sum"), hours=("hours", "sum"), peak=("peak", "max")
    )
    for column in ("offered", "hours"):
        weeks[column] = weeks[column] * 7 / weeks["days"]
    return weeks


def _weeks(demand: StreamDemand) -> dict[dt.date, list[dt.date]]:
    found: dict[dt.date, list[dt.date]] = {}
    for date in demand.days:
        found.setdefault(date - dt.timedelta(days=date.weekday()), []).append(date)
    return found


def _level(demand: StreamDemand, dates: list[dt.date], confidence: float) -> float:
    """Return the factor on a week's demand that the wanted share of draws stays below."""
    expected = sum(float(demand.days[date].sessions.sum()) for date in dates)
    if expected <= 0 or not all(len(demand.draws.get(date, ())) for date in dates):
        return 1.0
    totals = np.sum([demand.draws[date].sum(axis=1) for date in dates], axis=0)
    return max(1.0, float(np.quantile(totals, confidence)) / expected)


def _needed(job: tuple[ServiceDay, float, float]) -> Floats:
    day, floor, most = job
    return required_agents(day, floor=floor, max_unanswered=most).agents.astype(float)


def shape_of(shift_plan: pd.DataFrame, requirement: pd.DataFrame, interval_min: int) -> float:
    """Return paid hours of a plan's shifts over the hours it requires; shifts never fit exactly."""
    column = "agents_gross" if "agents_gross" in requirement else "agents_net"
    hours = float(requirement[column].sum()) * interval_min / 60
    return max(1.0, float(shift_plan["paid_hours"].sum()) / hours) if hours > 0 else USUAL_SHAPE


def hiring_table(
    weeks: pd.DataFrame, inputs: Inputs, terms: HiringTerms, *, shape: float, today: dt.date
) -> pd.DataFrame:
    """Return how many people of which pool to take on in which week.

    Parameters
    ----------
    weeks
        `weekly_hours`.
    inputs
        The shop; the people in ``agents.csv`` are those at hand.
    terms, shape, today
        What is assumed, `shape_of`, and the first day on which one can decide.

    Returns
    -------
    DataFrame
        One row a week: `week, offered, hours` (paid hours needed), `peak`, `staff_needed` (full-time people
        for the steady part: the median week's hours), `staff_at_hand` (those there today who have not left,
        in average agents), `staff_hired` (starters of that week), `staff_effective` (with newcomers by their
        speed), `extra_hours` (beyond the staff's), `part_time_needed, part_time_at_hand, part_time_hired`,
        `missing_hours` (that nobody can work), `decide_by, in_time`.

    Notes
    -----
    Of n people at hand n (1 - a)^(weeks / 4.35) stay. A newcomer does s(t) = 1 - (1 - s0) 2^(-t/h) after t
    weeks. Staff is hired for the steady part only, so that nobody is idle after a promotion; what a week asks
    beyond it is part-timers' work. Nobody new starts sooner than `lead_weeks` from today: what those there
    cannot do before that is missing, and the week is not in time.
    """
    per_staff = _hours_a_week(inputs, "staff")
    per_part = _hours_a_week(inputs, "part_time")
    there = [p for p in inputs.employees if p.pool == "staff"]
    parts = sum(p.pool == "part_time" for p in inputs.employees)
    steady = math.ceil(float(weeks["hours"].median()) * shape / per_staff - 1e-9)
    starters: list[tuple[int, int]] = []
    temporary = 0
    rows = []
    for number, week in enumerate(weeks.itertuples()):
        monday: dt.date = week.week  # type: ignore[assignment]
        hours = float(week.hours) * shape  # type: ignore[arg-type]
        left = terms.staying(number)
        pace = sum(p.speed for p in there if p.is_employed(monday)) * left
        new = sum(n * terms.speed(number - at) * terms.staying(number - at) for at, n in starters)
        last = monday - dt.timedelta(weeks=terms.lead_weeks)
        can_start = last >= today
        lacking = max(0, math.ceil((steady - pace - new) / terms.newcomer_speed - 1e-9))
        hired = lacking if can_start else 0
        if hired:
            starters.append((number, hired))
            new += hired * terms.newcomer_speed
        extra = max(0.0, hours - (pace + new) * per_staff)
        wanted = math.ceil(extra / per_part - 1e-9)
        more = max(0, wanted - parts - temporary) if can_start else 0
        temporary += more
        missing = max(0.0, extra - (parts + temporary) * per_part)
        rows.append(
            {
                "week": monday,
                "offered": round(float(week.offered), 1),  # type: ignore[arg-type]
                "hours": round(hours, 1),
                "peak": round(float(week.peak), 1),  # type: ignore[arg-type]
                "staff_needed": steady,
                "staff_at_hand": round(pace, 2),
                "staff_hired": hired,
                "staff_effective": round(pace + new, 2),
                "extra_hours": round(extra, 1),
                "part_time_needed": wanted,
                "part_time_at_hand": parts,
                "part_time_hired": more,
                "missing_hours": round(missing, 1),
                "decide_by": last,
                "in_time": missing < LEAST_MISSING,
            }
        )
    return pd.DataFrame(rows)


def _hours_a_week(inputs: Inputs, pool: str) -> float:
    """Return what one person of a pool works a week: the mean of those there, at most what the law allows."""
    own = [p.max_hours_per_week for p in inputs.employees if p.pool == pool and p.max_hours_per_week]
    usual = float(np.mean(own)) if own else USUAL_HOURS[pool]
    limit = inputs.settings.labour.week_limit
    return min(usual, limit.value) if limit.mode == "hard" else usual
