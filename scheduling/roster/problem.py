"""A roster problem with all its data complete, before any solver sees it.

Times are minutes since the first midnight of the span, real time; days and people are counted from 0. Agents
are counted in quarters, so that an agent of speed 1.2 covers five of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.errors import ConfigError, DataError, nearest
from forecast.timegrid import clock_minutes, instant, slots
from scheduling.breaks import Pause, legal_pauses, read_pauses
from scheduling.config import Settings, ShiftTemplate
from scheduling.roster.pay import PayDays, find_pay_days
from scheduling.roster.people import Employee, Wish
from scheduling.roster.rules import Rule, roster_rules

Ints = npt.NDArray[np.int64]
Cell = tuple[int, int]  # person, day

QUARTERS = 4  # speeds closer together than an eighth are more than calibration can tell apart
PEAK_SHARE = 0.8  # clock times whose mean need reaches this share of the busiest one are the peak
LONGEST_PERIOD = dt.timedelta(days=92)  # a quarter: hours before the span may count as far back
FULL_WEEK_HOURS = 40.0  # fairness weight where neither contract nor labour rules name hours


@dataclass(frozen=True, kw_only=True)
class Option:
    """A duty that somebody could work: a template's start on one day, for one stream.

    ``clock_start`` is the wall time it starts at [min since midnight of its day]; ``covered`` are the cover
    rows it is present in when no break is counted, ``lost`` those that each way of taking the break costs.
    """

    day: int
    template: ShiftTemplate
    stream: str
    clock_start: int
    start: int
    end: int
    pauses: tuple[Pause, ...]
    covered: Ints = field(repr=False)
    lost: tuple[Ints, ...] = field(repr=False)
    peak_hours: float = 0.0
    is_weekend: bool = False

    @property
    def paid_min(self) -> int:
        """Paid minutes."""
        return round(self.template.paid_hours * 60)

    @property
    def is_late(self) -> bool:
        """Whether it is a late duty."""
        return self.template.form == "late"


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
    what the shift plan holds.
    """

    start: dt.date
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
    shift_plan: pd.DataFrame | None,
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    settings: Settings,
    *,
    start: dt.date,
    days: int,
    requirement: pd.DataFrame | None = None,
    last_roster: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
) -> RosterProblem:
    """Put a roster problem together; see `scheduling.roster.assign.make_roster` for the parameters.

    The duties of a `published` roster may be worked as well, even where no template has such a start.
    """
    timezone, interval = settings.demand.shop.timezone, settings.demand.shop.interval_min
    plan = _in_span(shift_plan, "date", start, days)
    wanted = _requirement_in_span(requirement, start, days, timezone)
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
    clock = _Clock(start, days, interval, timezone)
    required, wants = _required(wanted, streams, clock)
    peak = _peak_clock(plan, wanted, streams, clock)
    options = tuple(tuple(_options(day, known, streams, settings, clock, peak)) for day in range(days))
    on_plan = _planned(plan, streams, clock)
    # Below the plan but above the requirement is cheap: the plan may hold more than is asked for. Above the
    # plan nothing is asked: where the plan holds less than the requirement, it means to.
    need = np.minimum(wants, on_plan) if not plan.empty and not wanted.empty else np.maximum(wants, on_plan)
    names = {person.employee for person in employees}
    inside = tuple(wish for wish in wishes if wish.employee in names and 0 <= (wish.date - start).days < days)
    return RosterProblem(
        start=start,
        days=days,
        timezone=timezone,
        interval_min=interval,
        settings=settings,
        rules=roster_rules(settings),
        employees=tuple(employees),
        wishes=inside,
        streams=streams,
        options=options,
        need=need,
        plan=np.maximum(on_plan, need),
        required=required if not wanted.empty else on_plan / QUARTERS,
        carried=tuple(_carried(person, last_roster, settings, clock, peak) for person in employees),
        peak_clock=peak,
        last_roster=last_roster,
        pay_days=find_pay_days(settings, start - LONGEST_PERIOD, start + dt.timedelta(days=days)),
    )


class _Clock:
    """Wall times of the span's days as real minutes, and the cover rows they fall in."""

    def __init__(self, start: dt.date, days: int, interval_min: int, timezone: str) -> None:
        self.start, self.days, self.interval_min, self.timezone = start, days, interval_min, timezone
        self.origin = instant(start, 0, timezone)
        self.starts = slots(start, days + 1, interval_min, timezone)
        self._known: dict[tuple[int, int], int] = {}

    def minutes(self, day: int, wall_min: int) -> int:
        """Return the real minutes from the first midnight to a wall time of a day."""
        key = (day, wall_min)
        if key not in self._known:
            at = instant(self.start + dt.timedelta(days=day), wall_min, self.timezone)
            self._known[key] = self.since(at)
        return self._known[key]

    def since(self, at: pd.Timestamp) -> int:
        """Return the real minutes from the first midnight to an instant."""
        return int((at - self.origin) // pd.Timedelta(minutes=1))

    def whole_intervals(self, begin: int, end: int) -> Ints:
        """Return the intervals that lie wholly inside a stretch of minutes."""
        first, last = -(-begin // self.interval_min), end // self.interval_min
        return np.arange(max(first, 0), min(last, len(self.starts)), dtype=np.int64)

    def touched_intervals(self, begin: int, end: int) -> Ints:
        """Return the intervals that a stretch of minutes touches."""
        first, last = begin // self.interval_min, -(-end // self.interval_min)
        return np.arange(max(first, 0), min(last, len(self.starts)), dtype=np.int64)


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


def _options(
    day: int,
    plan: pd.DataFrame,
    streams: Sequence[str],
    settings: Settings,
    clock: _Clock,
    peak: Mapping[str, frozenset[int]],
) -> list[Option]:
    """Return a day's duties: those planned and every other start that the templates allow."""
    date = clock.start + dt.timedelta(days=day)
    planned: dict[tuple[str, str, int], set[Pause]] = {}
    if not plan.empty:
        for row in plan[plan["date"] == date].to_dict("records"):
            start_min = _wall(row["start"], date, clock.timezone)
            key = (str(row["stream"]), str(row["template"]), start_min)
            planned.setdefault(key, set()).add(read_pauses(row["breaks"], start_min))
    keys = set(planned)
    for template in settings.templates:
        keys |= {(s, template.name, clock_minutes(at)) for s in streams for at in template.starts}
    templates = {template.name: template for template in settings.templates}
    order = {template.name: place for place, template in enumerate(settings.templates)}
    return [
        _option(
            day,
            templates[name],
            stream,
            start_min,
            planned.get((stream, name, start_min), set()),
            streams,
            clock,
            peak,
        )
        for stream, name, start_min in sorted(keys, key=lambda key: (key[0], order[key[1]], key[2]))
    ]


def _option(
    day: int,
    template: ShiftTemplate,
    stream: str,
    start_min: int,
    planned_pauses: set[Pause],
    streams: Sequence[str],
    clock: _Clock,
    peak: Mapping[str, frozenset[int]],
) -> Option:
    end_min = start_min + round(template.hours * 60)
    start, end = clock.minutes(day, start_min), clock.minutes(day, end_min)
    pauses = tuple(sorted({*legal_pauses(template, start_min, clock.interval_min), *planned_pauses}))
    first_row = streams.index(stream) * len(clock.starts)
    covered = clock.whole_intervals(start, end)
    lost = tuple(
        np.intersect1d(
            covered,
            np.concatenate(
                [clock.touched_intervals(clock.minutes(day, a), clock.minutes(day, b)) for a, b in pause]
                or [covered[:0]]
            ),
        )
        for pause in pauses
    )
    return Option(
        day=day,
        template=template,
        stream=stream,
        clock_start=start_min,
        start=start,
        end=end,
        pauses=pauses,
        covered=covered + first_row,
        lost=tuple(rows + first_row for rows in lost),
        peak_hours=_peak_hours(start_min, end_min, peak[stream], clock.interval_min),
        is_weekend=(clock.start + dt.timedelta(days=day)).weekday() >= 5,
    )


def _wall(at: pd.Timestamp, date: dt.date, timezone: str) -> int:
    wall = at.tz_convert(timezone).tz_localize(None)
    return int((wall - pd.Timestamp(date)) // pd.Timedelta(minutes=1))


def _peak_hours(start_min: int, end_min: int, peak: frozenset[int], interval_min: int) -> float:
    """Return the hours on site inside the peak."""
    tonight = {at + 1440 for at in peak} | peak
    inside = sum(start_min <= at and at + interval_min <= end_min for at in tonight)
    return inside * interval_min / 60


def _planned(plan: pd.DataFrame, streams: Sequence[str], clock: _Clock) -> Ints:
    """Return the quarters of agents that the shift plan has on duty in each cover row."""
    count = np.zeros((len(streams), len(clock.starts)), dtype=np.int64)
    for row in plan.to_dict("records"):
        day = (row["date"] - clock.start).days
        start_min = _wall(row["start"], row["date"], clock.timezone)
        present = clock.whole_intervals(clock.since(row["start"]), clock.since(row["end"]))
        for a, b in read_pauses(row["breaks"], start_min):
            away = clock.touched_intervals(clock.minutes(day, a), clock.minutes(day, b))
            present = np.setdiff1d(present, away)
        count[streams.index(str(row["stream"])), present] += round(QUARTERS * float(row["agents"]))
    return count.ravel()


def _required(
    wanted: pd.DataFrame, streams: Sequence[str], clock: _Clock
) -> tuple[npt.NDArray[np.float64], Ints]:
    """Return agents required in each cover row (gross where told), and the same in whole quarters."""
    asked = "agents_gross" if "agents_gross" in wanted else "agents_net"
    required = np.zeros((len(streams), len(clock.starts)))
    for stream, at, agents in zip(
        wanted.get("stream", ()), wanted.get("start", ()), wanted.get(asked, ()), strict=True
    ):
        place = clock.since(at) // clock.interval_min
        if 0 <= place < len(clock.starts):
            required[streams.index(str(stream)), place] = agents
    return required.ravel(), np.ceil(QUARTERS * required.ravel() - 1e-6).astype(np.int64)


def _peak_clock(
    plan: pd.DataFrame, wanted: pd.DataFrame, streams: Sequence[str], clock: _Clock
) -> dict[str, frozenset[int]]:
    """Return the wall times [min since midnight] of each stream's peak."""
    _, wants = _required(wanted, streams, clock)
    curve = (wants if not wanted.empty else _planned(plan, streams, clock)).reshape(len(streams), -1)
    local = clock.starts.tz_convert(clock.timezone)
    walls = (local.hour * 60 + local.minute).to_numpy()
    found = {}
    for stream, values in zip(streams, curve, strict=True):
        means = {int(wall): float(values[walls == wall].mean()) for wall in np.unique(walls)}
        most = max(means.values())
        found[stream] = frozenset(w for w, mean in means.items() if most > 0 and mean >= PEAK_SHARE * most)
    return found


def _carried(
    person: Employee,
    last_roster: pd.DataFrame | None,
    settings: Settings,
    clock: _Clock,
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
        begin, end = (_wall(row[name], date, clock.timezone) for name in ("start", "end"))
        peak_hours += _peak_hours(begin, end, peak.get(row["stream"], frozenset()), clock.interval_min)
        last_end = max(clock.since(row["end"]), -(10**9) if last_end is None else last_end)
    return Carried(
        worked=frozenset(paid),
        paid_min=paid,
        last_end=last_end,
        late=late,
        weekend=weekend,
        peak_hours=peak_hours,
    )
