"""The whole chain for a span of days: forecast, requirement, shifts, roster, and the judge's word on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import DataError
from forecast.selection import Forecast, forecast_demand
from scheduling.baselines import BaselineName, baseline_plan
from scheduling.config import Settings
from scheduling.demand import StreamDemand, open_hours, stream_demand
from scheduling.inputs import Inputs
from scheduling.judgement import (
    Judged,
    duties_of_plan,
    duties_of_roster,
    is_certified,
    judge_span,
    pooled,
    share_of_span,
)
from scheduling.promise import Promise, cover_table, promises
from scheduling.requirement import required_agents, requirement_table
from scheduling.roster.assign import RosterResult, make_roster
from scheduling.roster.people import Employee, Wish
from scheduling.service.agent import scaled_to_throughput
from scheduling.shifts.design import ShiftDesign, design_span
from scheduling.shifts.effort import EffortName
from scheduling.shifts.task import PeopleLimits
from scheduling.shifts.templates import TemplateInstance, default_templates, template_instances
from scheduling.simulation.replicate import judge

BASELINES: tuple[BaselineName, ...] = ("daily_ratio", "erlang_c", "erlang_c_slots", "every_interval")
BASELINE_DAYS = 4  # simulated days for each day of a baseline's plan
DRAWS = 200
LIBRARIES = ("paiban", "numpy", "pandas", "statsmodels", "ortools", "numba")

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Demand ahead: forecast table, joint draws, and what was said about them."""

    table: pd.DataFrame
    draws: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
    effects: pd.DataFrame | None = None
    backtest: pd.DataFrame | None = None


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
    notes: list[str] = field(default_factory=list)
    synthetic: bool = False

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
    effort: EffortName = "quick",
    outlook: Outlook | None = None,
    shift_plan: pd.DataFrame | None = None,
    requirement: pd.DataFrame | None = None,
    last_roster: pd.DataFrame | None = None,
    with_roster: bool = True,
    synthetic: bool = False,
    say: Say = lambda _: None,
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
        How long shifts and rosters are searched.
    outlook
        Demand ahead, where it need not be forecast.
    shift_plan, requirement
        `SHIFT_PLAN` and `REQUIREMENT` tables to start from instead of designing shifts.
    last_roster
        `ROSTER` table of the time before.
    with_roster
        Whether named people are assigned, where there are any.
    synthetic
        Whether the shop is made up, to be said wherever the plan is shown.
    say
        Called with the name of each stage as it begins.
    """
    if outlook is None:
        say("forecast")
        outlook = forecast_outlook(inputs, start=start, days=days, seed=seed)
    demands = demands_of(outlook, inputs, start=start, days=days)
    settings = with_templates(inputs.settings, demands)
    instances = template_instances(settings.templates, settings.demand.shop.interval_min)
    timezone = settings.demand.shop.timezone
    design: ShiftDesign | None = None
    if shift_plan is None:
        say("shifts")
        design = design_span(
            demands,
            instances,
            streams={name: settings.demand.stream(name) for name in demands},
            limits=people_limits(settings),
            seed=seed,
            effort=effort,
        )
        shift_plan, needed = design.shift_plan, design.requirement
    else:
        needed = requirement_of(demands, settings) if requirement is None else requirement
    result = None
    if with_roster and inputs.employees:
        say("roster")
        result = make_roster(
            shift_plan,
            inputs.employees,
            inputs.wishes,
            settings,
            start=start,
            days=days,
            requirement=needed,
            last_roster=last_roster,
            seed=seed,
            effort=effort,
        )
    roster = None if result is None else result.roster
    duties = (
        duties_of_plan(shift_plan, timezone)
        if roster is None
        else duties_of_roster(roster, inputs.employees, timezone)
    )
    say("simulation")
    judged = judge_span(demands, duties, settings, seed=seed)
    promised = promises(
        demands,
        duties,
        simulated={name: share_of_span(days_judged).value for name, days_judged in judged.items()},
        absence_rates={name: settings.demand.stream(name).absence_rate for name in demands},
    )
    say("baselines")
    summary = {
        "streams": stream_summaries(
            demands, settings, judged, promised, shift_plan if roster is None else roster
        ),
        "baselines": baselines_of(demands, instances, people_limits(settings), seed=seed),
        "solver": solver_of(design, result),
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
        backtest=outlook.backtest,
        promotions=promotions_in(inputs, start, days),
        requirement=needed,
        shift_plan=shift_plan,
        cover=cover_table(demands, duties, {n: p.evaluations for n, p in promised.items()}, needed),
        simulated_cover=cover_table(demands, duties, judged, needed),
        roster=roster,
        roster_result=result,
        employees=inputs.employees,
        wishes=inputs.wishes,
        summary=summary,
        notes=[*(() if design is None else design.notes), *(() if result is None else result.notes)],
        synthetic=synthetic,
    )


def forecast_outlook(inputs: Inputs, *, start: dt.date, days: int, seed: int) -> Outlook:
    """Forecast every stream of a shop."""
    if inputs.history.empty:
        raise DataError(
            "history.csv: no such file; put hourly counts (time, count) there, or give --history F"
        )
    found = forecast_demand(
        inputs.history,
        inputs.settings.demand,
        calendar=inputs.calendar,
        start=start,
        days=days,
        seed=seed,
        draws=DRAWS,
    )
    return Outlook(
        table=found.table,
        draws=found.draws,
        notes=[f"{name}: {note}" for name, notes in found.notes.items() for note in notes],
        effects=_effects(found),
    )


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


def requirement_of(demands: Mapping[str, StreamDemand], settings: Settings) -> pd.DataFrame:
    """Return ``requirement.csv`` of a span, free of shift shapes."""
    tables = []
    for name, demand in demands.items():
        stream = settings.demand.stream(name)
        for date, day in demand.days.items():
            found = required_agents(day, floor=stream.floor, max_unanswered=stream.max_unanswered)
            tables.append(
                requirement_table(
                    name,
                    demand.starts[date],
                    found,
                    offered=demand.offered[date],
                    shrinkage=stream.shrinkage,
                )
            )
    return pd.concat(tables, ignore_index=True)


def with_templates(settings: Settings, demands: Mapping[str, StreamDemand]) -> Settings:
    """Return settings that name templates: the shop's, else the defaults over the open hours."""
    if settings.templates:
        return settings
    days = [day for demand in demands.values() for day in demand.days.values()]
    opens = (min(day.first_min for day in days), max(day.last_min for day in days))
    return replace(settings, templates=default_templates(opens))


def people_limits(settings: Settings) -> PeopleLimits:
    """Return the limits on people a day, by template and pool."""
    return PeopleLimits(
        templates={t.name: t.max_people for t in settings.templates if t.max_people is not None},
        pools={p.name: p.max_people for p in settings.pools if p.max_people is not None},
    )


def stream_summaries(
    demands: Mapping[str, StreamDemand],
    settings: Settings,
    judged: Judged,
    promised: Mapping[str, Promise],
    paid: pd.DataFrame,
) -> dict[str, Any]:
    """Return ``streams`` of ``summary.json``; hours and cost are those of `paid`, shift plan or roster."""
    found: dict[str, Any] = {}
    for name, demand in demands.items():
        rule, target = settings.demand.rule(name), settings.demand.target(name)
        seen, share = judged[name], share_of_span(judged[name])
        own = paid[paid["stream"] == name]
        found[name] = {
            "rule": rule.id,
            "unit": rule.unit,
            "target": target,
            "promised": promised[name].share,
            "promised_low": promised[name].low,
            "probability": promised[name].probability,
            "simulated": share.value,
            "simulated_ci": [share.low, share.high],
            "certified": is_certified(
                demand, seen, target=target, max_unanswered=settings.demand.stream(name).max_unanswered
            ),
            "unanswered": pooled(seen, "unanswered_sessions", "window_sessions"),
            "on_time_of_asked": pooled(seen, "rounds_on_time", "rounds_asked"),
            "overtime_hours": sum(day.overtime_hours for day in seen.values()),
            "paid_hours": float(own["paid_hours"].sum()),
            "cost": float(own["cost"].sum()),
        }
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def baselines_of(
    demands: Mapping[str, StreamDemand],
    instances: tuple[TemplateInstance, ...],
    limits: PeopleLimits,
    *,
    seed: int,
) -> dict[str, Any]:
    """Return paid hours and simulated share of the usual methods over the span, all streams together."""
    groups = limits.groups(instances)
    hours = np.array([instance.paid_hours for instance in instances])
    found: dict[str, Any] = {}
    for name in BASELINES:
        paid, on_time, total = 0.0, 0.0, 0.0
        for stream, demand in demands.items():
            for date, day in demand.days.items():
                counts = baseline_plan(name, day, instances, groups=groups)
                people = [
                    i.duty_span() for i, n in zip(instances, counts, strict=True) for _ in range(int(n))
                ]
                seen = judge(
                    {stream: day},
                    people,
                    seed=seed + date.toordinal(),
                    least_days=BASELINE_DAYS,
                    most_days=BASELINE_DAYS,
                ).streams[stream]
                paid += float(counts @ hours)
                on_time += float(seen.numerators.mean())
                total += float(seen.denominators.mean())
        found[name] = {"paid_hours": paid, "simulated": on_time / total if total > 0 else 1.0}
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def solver_of(design: ShiftDesign | None, result: RosterResult | None) -> dict[str, Any]:
    """Return how the plan was solved: the roster's figures where there is one, the shifts' beside them."""
    shifts: dict[str, Any] = {"status": "GIVEN", "objective": None, "bound": None, "gap": None}
    if design is not None:
        cost = sum(outcome.cost for outcome in design.streams.values())
        bound = sum(outcome.bound for outcome in design.streams.values())
        shifts = {
            "status": ", ".join(sorted({outcome.status for outcome in design.streams.values()})),
            "objective": cost,
            "bound": bound,
            "gap": (cost - bound) / cost if cost > 0 else 0.0,
        }
    if result is not None:
        shifts = {
            "status": str(result.status),
            "objective": result.objective,
            "bound": result.bound,
            "gap": result.gap,
            "shifts": shifts,
        }
    rounded: dict[str, Any] = _rounded(shifts)
    return rounded


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


def _effects(forecast: Forecast) -> pd.DataFrame:
    rows = [
        (stream, effect.name, effect.kind, effect.factor, effect.source)
        for stream, effects in forecast.effects.items()
        for effect in effects
    ]
    return pd.DataFrame(rows, columns=["stream", "event", "phase", "effect", "source"])


def _rounded(values: Any) -> Any:
    """Round floats so that the same plan gives the same bytes."""
    if isinstance(values, dict):
        return {key: _rounded(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_rounded(value) for value in values]
    return round(float(values), 6) if isinstance(values, float | np.floating) else values
