"""A roster problem with all its data complete, before any solver sees it.

Times are minutes since the first midnight of the span, real time; days and people are counted from 0. Agents
are counted in quarters, so that an agent of speed 1.2 covers five of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.errors import ConfigError, DataError, nearest
from forecast.timegrid import instant
from scheduling.config import Settings
from scheduling.roster.case import RosterCase
from scheduling.roster.duties import QUARTERS, Clock, Ints, Option, options_of, peak_hours_of, wall_minutes
from scheduling.roster.meetings import fixed_on
from scheduling.roster.needs import peak_clock, planned, required_agents
from scheduling.roster.pay import PayDays, find_pay_days
from scheduling.roster.people import Employee, Wish
from scheduling.roster.rules import Rule, roster_rules

Cell = tuple[int, int]  # person, day

LONGEST_PERIOD = dt.timedelta(days=92)  # a quarter: hours before the span may count as far back
FULL_WEEK_HOURS = 40.0  # fairness weight where neither contract nor labour rules name hours


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What one person brings along from the roster before the span.

    ``worked`` are days before the span (negative numbers); ``last_end`` is the end of the last duty.
    """

    worked: frozenset[int] = frozenset()
    paid_min: Mapping[int, int] = field(default_factory=dict)
    last_end: int | None = None
    late: int = 0
    weekend: int = 0
    peak_hours: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RosterProblem:
    """Everything a roster is made from.

    ``options`` are the duties of each day. ``need`` and ``plan`` give, for each cover row (stream x
    interval), quarters of agents that must and that should be present: what the requirement asks, and
    what the shift plan holds. ``span_start`` is the first day that counts towards a span's contracted hours.
    """

    start: dt.date
    span_start: dt.date
    days: int
    timezone: str
    interval_min: int
    settings: Settings
    rules: tuple[Rule, ...]
    employees: tuple[Employee, ...]
    wishes: tuple[Wish, ...]
    streams: tuple[str, ...]
    options: tuple[tuple[Option, ...], ...]
    need: Ints
    plan: Ints
    required: npt.NDArray[np.float64]
    carried: tuple[Carried, ...]
    peak_clock: Mapping[str, frozenset[int]]
    last_roster: pd.DataFrame | None = field(default=None, compare=False, repr=False)
    pay_days: PayDays = field(default_factory=PayDays)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Number of each person."""
        return {person.employee: p for p, person in enumerate(self.employees)}

    @cached_property
    def speed(self) -> tuple[int, ...]:
        """Quarters of an agent that each person counts as."""
        return tuple(max(1, round(QUARTERS * person.speed)) for person in self.employees)

    @cached_property
    def weeks(self) -> tuple[tuple[int, ...], ...]:
        """Days of each ISO week that the span touches; days outside the span have numbers outside it."""
        first = -self.start.weekday()
        return tuple(tuple(range(day, day + 7)) for day in range(first, self.days, 7))

    @cached_property
    def leave(self) -> frozenset[Cell]:
        """Cells of leave."""
        return frozenset(self._cell(w) for w in self.wishes if w.kind == "leave")

    @cached_property
    def fixed(self) -> Mapping[Cell, str]:
        """Template of each fixed duty, empty where any duty will do."""
        return {self._cell(w): w.template for w in self.wishes if w.kind == "fixed"}

    @cached_property
    def training(self) -> frozenset[Cell]:
        """Cells whose person has training at a fixed time, and so a duty."""
        return frozenset(
            (p, d)
            for p, person in enumerate(self.employees)
            for d in range(self.days)
            if person.meetings and fixed_on(person, self.date(d), "training")
        )

    @cached_property
    def bound(self) -> frozenset[Cell]:
        """Cells in which a duty must be worked."""
        return self.training.union(self.fixed)

    @cached_property
    def soft_wishes(self) -> tuple[Wish, ...]:
        """Wishes that may be refused."""
        return tuple(w for w in self.wishes if w.kind in ("off", "prefer", "avoid"))

    def _cell(self, wish: Wish) -> Cell:
        return self.position[wish.employee], (wish.date - self.start).days

    def date(self, day: int) -> dt.date:
        """Return the date of a day."""
        return self.start + dt.timedelta(days=day)

    def week_of(self, day: int) -> int:
        """Return the number of a day's ISO week, counted from that of the first day."""
        return (day + self.start.weekday()) // 7

    @property
    def intervals(self) -> int:
        """Intervals of one stream's stretch of cover rows."""
        return len(self.need) // max(1, len(self.streams))


def build_problem(
    case: RosterCase,
    *,
    published: pd.DataFrame | None = None,
) -> RosterProblem:
    """Put a roster problem together.

    The duties of a `published` roster may be worked as well, even where no template has such a start.
    """
    start, days, settings = case.start, case.days, case.settings
    timezone, interval = settings.demand.shop.timezone, settings.demand.shop.interval_min
    plan = _in_span(case.shift_plan, "date", start, days)
    wanted = _requirement_in_span(case.requirement, start, days, timezone)
    if plan.empty and wanted.empty:
        raise DataError(
            f"neither the shift plan nor the requirement has a row from {start} for {days} days; "
            "a roster needs one of them"
        )
    standing = _in_span(published, "date", start, days)
    _check_templates(plan, settings, "shift plan")
    _check_templates(standing, settings, "roster")
    known = pd.concat([frame for frame in (plan, standing) if not frame.empty] or [plan])
    streams = tuple(sorted({*plan.get("stream", ()), *wanted.get("stream", ()), *standing.get("stream", ())}))
    clock = Clock(start, days, interval, timezone)
    required, wants = required_agents(wanted, streams, clock)
    peak = peak_clock(plan, wanted, streams, clock)
    meetings = [
        {fixed_on(person, start + dt.timedelta(days=day)) for person in case.employees if person.meetings}
        for day in range(days)
    ]
    options = tuple(
        tuple(options_of(day, known, streams, settings, clock, peak, meetings[day])) for day in range(days)
    )
    on_plan = planned(plan, streams, clock)
    # Below the plan but above the requirement is cheap: the plan may hold more than is asked for. Above the
    # plan nothing is asked: where the plan holds less than the requirement, it means to.
    need = np.minimum(wants, on_plan) if not plan.empty and not wanted.empty else np.maximum(wants, on_plan)
    names = {person.employee for person in case.employees}
    inside = tuple(
        wish for wish in case.wishes if wish.employee in names and 0 <= (wish.date - start).days < days
    )
    return RosterProblem(
        start=start,
        span_start=case.span_start or start,
        days=days,
        timezone=timezone,
        interval_min=interval,
        settings=settings,
        rules=roster_rules(settings),
        employees=tuple(case.employees),
        wishes=inside,
        streams=streams,
        options=options,
        need=need,
        plan=np.maximum(on_plan, need),
        required=required if not wanted.empty else on_plan / QUARTERS,
        carried=tuple(_carried(person, case.last_roster, settings, clock, peak) for person in case.employees),
        peak_clock=peak,
        last_roster=case.last_roster,
        pay_days=find_pay_days(settings, start - LONGEST_PERIOD, start + dt.timedelta(days=days)),
    )


def _in_span(frame: pd.DataFrame | None, column: str, start: dt.date, days: int) -> pd.DataFrame:
    """Return the rows whose day lies in the span; an empty frame for no frame."""
    if frame is None or frame.empty:
        return pd.DataFrame()
    dates = pd.to_datetime(frame[column]).dt.date
    inside = (dates >= start) & (dates < start + dt.timedelta(days=days))
    return frame.assign(**{column: dates})[inside].reset_index(drop=True)


def _requirement_in_span(
    requirement: pd.DataFrame | None, start: dt.date, days: int, timezone: str
) -> pd.DataFrame:
    if requirement is None or requirement.empty:
        return pd.DataFrame()
    begin = instant(start, 0, timezone)
    end = instant(start + dt.timedelta(days=days + 1), 0, timezone)
    inside = (requirement["start"] >= begin) & (requirement["start"] < end)
    return requirement[inside].reset_index(drop=True)


def _check_templates(plan: pd.DataFrame, settings: Settings, table: str) -> None:
    known = [template.name for template in settings.templates]
    if not known:
        raise ConfigError("shop.toml: no [[template]] is named; a roster needs at least one")
    unknown = sorted(set(plan.get("template", ())) - set(known))
    if unknown:
        raise DataError(
            [f"{table}: no template is called {name!r}{nearest(name, known)}" for name in unknown]
        )


def _carried(
    person: Employee,
    last_roster: pd.DataFrame | None,
    settings: Settings,
    clock: Clock,
    peak: Mapping[str, frozenset[int]],
) -> Carried:
    """Return what a person brings along from the duties before the span."""
    if last_roster is None or last_roster.empty:
        return Carried()
    mine = last_roster[last_roster["employee"] == person.employee]
    forms = {template.name: template.form for template in settings.templates}
    paid: dict[int, int] = {}
    late = weekend = 0
    peak_hours, last_end = 0.0, None
    for row in mine.to_dict("records"):
        date = pd.Timestamp(row["date"]).date()
        day = (date - clock.start).days
        if day >= 0:
            continue
        paid[day] = paid.get(day, 0) + round(60 * float(row["paid_hours"]))
        late += forms.get(row["template"]) == "late"
        weekend += date.weekday() >= 5
        begin, end = (wall_minutes(row[name], date, clock.timezone) for name in ("start", "end"))
        peak_hours += peak_hours_of(begin, end, peak.get(row["stream"], frozenset()), clock.interval_min)
        last_end = max(clock.since(row["end"]), -(10**9) if last_end is None else last_end)
    return Carried(
        worked=frozenset(paid),
        paid_min=paid,
        last_end=last_end,
        late=late,
        weekend=weekend,
        peak_hours=peak_hours,
    )
