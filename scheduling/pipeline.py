"""The whole chain for a span of days: forecast, requirement, shifts, roster, and the judge's word on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import pandas as pd

from forecast.config import Stream
from scheduling.config import Settings
from scheduling.day import ServiceDay
from scheduling.demand import DayKey, StreamDemand, open_hours, stream_demand
from scheduling.frames import SHIFT_PLAN
from scheduling.inputs import Inputs
from scheduling.large_teams import LARGE_TEAM, busiest
from scheduling.outlook import Outlook, forecast_outlook
from scheduling.people_limits import named_limits, people_limits
from scheduling.promise import cover_table
from scheduling.remembered import by_content
from scheduling.requirement import Requirement, required_agents, requirement_table
from scheduling.roster.assign import RosterResult, make_roster
from scheduling.roster.case import RosterCase
from scheduling.roster.needs import in_average_agents
from scheduling.roster.people import Employee, Wish, team_pace
from scheduling.service.agent import scaled_to_throughput
from scheduling.shifts.design import design_span
from scheduling.shifts.effort import EffortName
from scheduling.shifts.given import shifts_over
from scheduling.shifts.periods import periods_of, planning_level
from scheduling.shifts.templates import default_templates, template_instances
from scheduling.solver import Progress
from scheduling.staffed import judged_staff, staffed
from scheduling.summary import baselines_of, cap_notes, limit_notes, solver_of, stream_summaries

FEW_DAYS = 2
LIBRARIES = ("paiban", "numpy", "pandas", "statsmodels", "ortools", "numba")

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A finished plan: every link of the chain, and ``summary.json`` as a dict."""

    settings: Settings
    start: dt.date
    days: int
    seed: int
    history: pd.DataFrame
    forecast: pd.DataFrame
    draws: pd.DataFrame | None
    forecast_notes: list[str]
    effects: pd.DataFrame | None
    backtest: pd.DataFrame | None
    promotions: list[tuple[str, str, pd.Timestamp, pd.Timestamp]]
    requirement: pd.DataFrame
    shift_plan: pd.DataFrame
    cover: pd.DataFrame
    simulated_cover: pd.DataFrame
    roster: pd.DataFrame | None
    roster_result: RosterResult | None
    employees: tuple[Employee, ...]
    wishes: tuple[Wish, ...]
    summary: dict[str, Any]
    last_roster: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
    synthetic: bool = False
    parts: pd.DataFrame | None = None  # why each hour of the forecast is as high as it is
    is_judged: bool = True  # False: nobody knows who comes, so no model and no simulator was asked

    @property
    def target_is_met(self) -> bool:
        """Whether every stream is certified and sure enough."""
        return all(
            stream["certified"]
            and stream["probability"] >= self.settings.demand.stream(name).confidence - 1e-9
            for name, stream in self.summary["streams"].items()
        )


def make_plan(
    inputs: Inputs,
    *,
    start: dt.date,
    days: int,
    seed: int = 0,
    effort: EffortName | None = None,
    outlook: Outlook | None = None,
    shift_plan: pd.DataFrame | None = None,
    requirement: pd.DataFrame | None = None,
    last_roster: pd.DataFrame | None = None,
    roster: pd.DataFrame | None = None,
    with_roster: bool = True,
    with_baselines: bool = True,
    synthetic: bool = False,
    say: Say = lambda _: None,
    better: Callable[[Progress], None] | None = None,
    refused: Callable[[RosterResult], None] = lambda _: None,
) -> Plan:
    """Plan a span of days, end to end.

    Parameters
    ----------
    inputs
        The shop.
    start, days
        First local day and number of days.
    seed
        Same inputs and seed, same plan.
    effort
        How long shifts and rosters are searched; by default quick, for shifts as `usual_effort` says.
    outlook
        Demand ahead, where it need not be forecast.
    shift_plan, requirement
        `SHIFT_PLAN` and `REQUIREMENT` tables to start from instead of designing shifts; a requirement
        alone is covered interval by interval.
    last_roster
        `ROSTER` table of the time before.
    roster
        `ROSTER` table of the span, to be judged as it is.
    with_roster
        Whether named people are assigned, where there are any.
    with_baselines
        Whether the usual methods are planned and simulated beside.
    synthetic
        Whether the shop is made up, to be said wherever the plan is shown.
    say
        Called with the name of each stage as it begins.
    better
        Called with each better roster that the search finds.
    refused
        Called where no roster keeps the hard rules; unless it raises, head counts alone are planned.
    """
    if outlook is None:
        say("forecast")
        outlook = forecast_outlook(inputs, start=start, days=days, seed=seed)
    demands = demands_of(outlook, inputs, start=start, days=days)
    settings = with_templates(inputs.settings, demands)
    instances = template_instances(settings.templates, settings.demand.shop.interval_min)
    if roster is not None:
        shift_plan = shift_plan_of(roster, inputs.employees) if shift_plan is None else shift_plan
    elif shift_plan is None and requirement is not None:
        say("shifts")
        groups = people_limits(settings).groups(instances)
        shift_plan = shifts_over(requirement, demands, instances, groups)

    def assign(shifts: pd.DataFrame, needed: pd.DataFrame) -> RosterResult | None:
        if roster is not None or not (with_roster and inputs.employees):
            return None
        say("roster")
        return rostered(
            inputs,
            settings,
            start=start,
            days=days,
            shift_plan=shifts,
            requirement=needed,
            last_roster=last_roster,
            seed=seed,
            effort=effort,
            better=better,
            refused=refused,
        )

    if shift_plan is None:
        say("shifts")
        design = design_span(
            demands,
            instances,
            streams={name: as_served(settings.demand.stream(name), inputs.employees) for name in demands},
            limits=named_limits(settings, inputs.employees, inputs.wishes, demands, instances),
            seed=seed,
            effort=effort or usual_effort(demands),
        )
        staff = staffed(design, demands, inputs.employees, settings, assign=assign, seed=seed, say=say)
    else:
        needed = requirement_of(demands, settings) if requirement is None else requirement
        made = assign(shift_plan, needed)
        staff = judged_staff(
            shift_plan,
            needed,
            demands,
            inputs.employees,
            settings,
            result=made,
            roster=roster if made is None else made.roster,
            seed=seed,
            say=say,
        )
    baselines: dict[str, Any] = {}
    if with_baselines:
        say("baselines")
        baselines = baselines_of(demands, instances, settings, people_limits(settings), seed=seed)
    summary: dict[str, Any] = {
        "streams": stream_summaries(
            demands,
            settings,
            staff.judged,
            staff.promised,
            staff.shift_plan if staff.roster is None else staff.roster,
        ),
        "baselines": baselines,
        "solver": solver_of(staff.design, staff.result),
        "inputs": inputs.hashes,
        "versions": {name: version(name) for name in LIBRARIES},
        "seed": seed,
    }
    return Plan(
        settings=settings,
        start=start,
        days=days,
        seed=seed,
        history=inputs.history,
        forecast=outlook.table,
        draws=outlook.draws,
        forecast_notes=outlook.notes,
        effects=outlook.effects,
        parts=outlook.parts,
        backtest=outlook.backtest,
        promotions=promotions_in(inputs, start, days),
        requirement=staff.requirement,
        shift_plan=staff.shift_plan,
        cover=cover_table(
            demands,
            staff.duties,
            {n: p.evaluations for n, p in staff.promised.items()},
            staff.requirement,
        ),
        simulated_cover=cover_table(demands, staff.duties, staff.judged, staff.requirement),
        roster=staff.roster,
        roster_result=staff.result,
        employees=inputs.employees,
        wishes=inputs.wishes,
        last_roster=last_roster,
        summary=summary,
        notes=[
            *(() if staff.design is None else staff.design.notes),
            *(() if staff.result is None else staff.result.notes),
            *limit_notes(summary["streams"], settings),
            *cap_notes(demands, settings),
        ],
        synthetic=synthetic,
    )


def usual_effort(demands: Mapping[str, StreamDemand]) -> EffortName:
    """Return how long shifts are searched where nobody says: longer for a day or two of a small team."""
    days = [day for demand in demands.values() for day in demand.days.values()]
    return "normal" if len(days) <= FEW_DAYS and max(map(busiest, days)) < 2 * LARGE_TEAM else "quick"


def demands_of(outlook: Outlook, inputs: Inputs, *, start: dt.date, days: int) -> dict[str, StreamDemand]:
    """Return what each stream asks of people on each day of the span."""
    demand = inputs.settings.demand
    found: dict[str, StreamDemand] = {}
    for name in sorted(str(stream) for stream in outlook.table["stream"].unique()):
        stream = demand.stream(name)
        past = inputs.history if inputs.history.empty else inputs.history[inputs.history["stream"] == name]
        told = outlook.table[outlook.table["stream"] == name] if past.empty else past
        found[name] = stream_demand(
            outlook.table,
            outlook.draws,
            stream=name,
            settings=demand,
            service=scaled_to_throughput(stream.service),
            opens=stream.open_minutes or open_hours(told, demand.shop.timezone),
            start=start,
            days=days,
        )
    return found


def rostered(
    inputs: Inputs,
    settings: Settings,
    *,
    start: dt.date,
    days: int,
    shift_plan: pd.DataFrame,
    requirement: pd.DataFrame | None,
    last_roster: pd.DataFrame | None,
    seed: int,
    effort: EffortName | None,
    better: Callable[[Progress], None] | None,
    refused: Callable[[RosterResult], None],
) -> RosterResult:
    """Put the shop's people on a shift plan and over a requirement; parameters as for `make_plan`."""
    needed = None if requirement is None else in_average_agents(requirement, inputs.employees, settings)
    result = make_roster(
        RosterCase(
            employees=inputs.employees,
            wishes=inputs.wishes,
            settings=settings,
            start=start,
            days=days,
            shift_plan=shift_plan,
            requirement=needed,
            last_roster=last_roster,
        ),
        seed=seed,
        effort=effort or "quick",
        progress=better,
    )
    if result.roster is None:
        refused(result)
    return result


def as_served(stream: Stream, employees: Sequence[Employee]) -> Stream:
    """Return a stream for which people of this team's speed are planned: slower ones as more time lost."""
    pace = team_pace(employees, stream)
    return replace(stream, shrinkage=max(0.0, 1.0 - (1.0 - stream.shrinkage) * pace))


def requirement_of(demands: Mapping[str, StreamDemand], settings: Settings) -> pd.DataFrame:
    """Return ``requirement.csv`` of a span, free of shift shapes, for the wanted chance over the draws."""
    tables = [
        requirement_table(
            name,
            demands[name].starts[date],
            found,
            offered=demands[name].offered[date],
            shrinkage=settings.demand.stream(name).shrinkage,
        )
        for (name, date), found in requirements_by_day(demands, settings).items()
    ]
    return pd.concat(tables, ignore_index=True)


def requirements_by_day(demands: Mapping[str, StreamDemand], settings: Settings) -> dict[DayKey, Requirement]:
    """Return what each stream and day requires, at the level of demand the wanted chance asks for."""
    found: dict[DayKey, Requirement] = {}
    for name, demand in demands.items():
        stream = settings.demand.stream(name)
        for dates, _ in periods_of(demand):
            level = planning_level(demand, dates, stream.confidence)
            for date in dates:
                day = demand.days[date]
                busy = replace(day, sessions=day.sessions * level, settled=day.settled * level)
                found[name, date] = _required((busy, stream.floor, stream.max_unanswered))
    return found


@by_content
def _required(asked: tuple[ServiceDay, float, float]) -> Requirement:
    """Return what a day requires, given with its floor and most unanswered."""
    day, floor, most = asked
    return required_agents(day, floor=floor, max_unanswered=most)


def shift_plan_of(roster: pd.DataFrame, employees: Sequence[Employee]) -> pd.DataFrame:
    """Return the head counts of a roster as a `SHIFT_PLAN` table; strangers to the shop count as staff."""
    pools = {person.employee: person.pool for person in employees}
    rows = roster.assign(pool=roster["employee"].map(pools).fillna("staff"), agents=1)
    key = ["stream", "date", "template", "start", "end", "breaks", "pool"]
    rows["breaks"] = rows["breaks"].fillna("")
    summed = rows.groupby(key, as_index=False, sort=True)[["agents", "paid_hours", "cost"]].sum()
    return summed[SHIFT_PLAN.required]


def with_templates(settings: Settings, demands: Mapping[str, StreamDemand]) -> Settings:
    """Return settings that name templates: the shop's, else the defaults over the open hours."""
    if settings.templates:
        return settings
    days = [day for demand in demands.values() for day in demand.days.values()]
    opens = (min(day.first_min for day in days), max(day.last_min for day in days))
    return replace(settings, templates=default_templates(opens))


def promotions_in(
    inputs: Inputs, start: dt.date, days: int
) -> list[tuple[str, str, pd.Timestamp, pd.Timestamp]]:
    """Return the promotion phases that touch a span: event, phase, start, end."""
    last = start + dt.timedelta(days=days)
    return [
        (event.name or event.id, phase.name or phase.kind, pd.Timestamp(phase.start), pd.Timestamp(phase.end))
        for event in inputs.calendar.events
        for phase in event.phase
        if phase.start.date() < last and phase.end.date() >= start
    ]
