"""The whole chain for a span of days: forecast, requirement, shifts, roster, and the judge's word on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from forecast.selection import Forecast, forecast_demand
from forecast.timegrid import zone
from scheduling.baselines import BaselineName, baseline_plan
from scheduling.breaks import read_pauses
from scheduling.config import Settings
from scheduling.day import DutySpan, on_duty
from scheduling.demand import StreamDemand, open_hours, stream_demand
from scheduling.inputs import Inputs
from scheduling.roster.assign import RosterResult, make_roster
from scheduling.roster.people import Employee, Wish
from scheduling.service.agent import scaled_to_throughput
from scheduling.shifts.design import ShiftDesign, design_span
from scheduling.shifts.effort import EffortName
from scheduling.shifts.task import PeopleLimits
from scheduling.shifts.templates import TemplateInstance, default_templates, template_instances
from scheduling.simulation.estimate import ratio
from scheduling.simulation.replicate import StreamJudgement, judge

BASELINES: tuple[BaselineName, ...] = ("daily_ratio", "erlang_c", "erlang_c_slots", "every_interval")
JUDGED_DAYS = 16  # simulated days for each day of the plan; the span pools them
BASELINE_DAYS = 4
FRESH = 100_000  # first simulated day of the judge: numbers that no search draws
DRAWS = 200
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
    draws: pd.DataFrame
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
        confidence = {name: self.settings.demand.stream(name).confidence for name in self.summary["streams"]}
        return all(
            s["certified"] and s["probability"] >= confidence[name] - 1e-9
            for name, s in self.summary["streams"].items()
        )


def make_plan(
    inputs: Inputs,
    *,
    start: dt.date,
    days: int,
    seed: int = 0,
    effort: EffortName = "quick",
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
    synthetic
        Whether the shop is made up, to be said wherever the plan is shown.
    say
        Called with the name of each stage as it begins.
    """
    say("forecast")
    forecast = forecast_demand(
        inputs.history,
        inputs.settings.demand,
        calendar=inputs.calendar,
        start=start,
        days=days,
        seed=seed,
        draws=DRAWS,
    )
    demands = demands_of(forecast, inputs, start=start, days=days)
    settings = with_templates(inputs.settings, demands)
    instances = template_instances(settings.templates, settings.demand.shop.interval_min)
    streams = {name: settings.demand.stream(name) for name in demands}
    say("shifts")
    limits = people_limits(settings)
    design = design_span(demands, instances, streams=streams, limits=limits, seed=seed, effort=effort)
    result = None
    if inputs.employees:
        say("roster")
        result = make_roster(
            design.shift_plan,
            inputs.employees,
            inputs.wishes,
            settings,
            start=start,
            days=days,
            requirement=design.requirement,
            seed=seed,
            effort=effort,
        )
    say("simulation")
    roster = None if result is None else result.roster
    duties = (
        duties_of_roster(roster, inputs.employees, settings)
        if roster is not None
        else duties_of_plan(design.shift_plan, settings)
    )
    judged = judge_span(demands, duties, settings, seed=seed)
    summary = summary_of(design, judged, inputs, settings, roster=roster, seed=seed)
    say("baselines")
    summary["baselines"] = baselines_of(demands, instances, limits, seed=seed)
    summary["solver"] = solver_of(design, result)
    return Plan(
        settings=settings,
        start=start,
        days=days,
        seed=seed,
        history=inputs.history,
        forecast=forecast.table,
        draws=forecast.draws,
        forecast_notes=[f"{name}: {note}" for name, notes in forecast.notes.items() for note in notes],
        effects=_effects(forecast),
        backtest=None,
        promotions=_promotions(inputs, start, days),
        requirement=design.requirement,
        shift_plan=design.shift_plan,
        cover=design.cover,
        simulated_cover=simulated_cover(demands, judged, design, duties),
        roster=roster,
        roster_result=result,
        employees=inputs.employees,
        wishes=inputs.wishes,
        summary=summary,
        notes=[*design.notes, *(() if result is None else result.notes)],
        synthetic=synthetic,
    )


def demands_of(forecast: Forecast, inputs: Inputs, *, start: dt.date, days: int) -> dict[str, StreamDemand]:
    """Return what each stream asks of people on each day of the span."""
    demand = inputs.settings.demand
    found: dict[str, StreamDemand] = {}
    for name in sorted(str(stream) for stream in forecast.table["stream"].unique()):
        stream = demand.stream(name)
        past = inputs.history[inputs.history["stream"] == name]
        found[name] = stream_demand(
            forecast.table,
            forecast.draws,
            stream=name,
            settings=demand,
            service=scaled_to_throughput(stream.service),
            opens=stream.open_minutes or open_hours(past, demand.shop.timezone),
            start=start,
            days=days,
        )
    return found


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


Duties = dict[dt.date, dict[str, list[DutySpan]]]


def duties_of_plan(shift_plan: pd.DataFrame, settings: Settings) -> Duties:
    """Return one duty a person of a shift plan, by date and stream."""
    found: Duties = {}
    rows: list[Any] = list(shift_plan.itertuples())
    for row in rows:
        span = _span(row, settings, speed=1.0, cap=None)
        found.setdefault(row.date, {}).setdefault(str(row.stream), []).extend([span] * int(row.agents))
    return found


def duties_of_roster(roster: pd.DataFrame, employees: tuple[Employee, ...], settings: Settings) -> Duties:
    """Return the duties of a roster with each person's speed and reception cap, by date and stream."""
    people = {person.employee: person for person in employees}
    found: Duties = {}
    rows: list[Any] = list(roster.itertuples())
    for row in rows:
        person = people.get(str(row.employee))
        span = _span(
            row,
            settings,
            speed=1.0 if person is None else person.speed,
            cap=None if person is None else person.reception_cap,
        )
        found.setdefault(row.date, {}).setdefault(str(row.stream), []).append(span)
    return found


def _span(row: Any, settings: Settings, *, speed: float, cap: int | None) -> DutySpan:
    day = pd.Timestamp(row.date)
    local = zone(settings.demand.shop.timezone)
    start, end = (
        int((at.tz_convert(local).tz_localize(None) - day) // pd.Timedelta(minutes=1))
        for at in (row.start, row.end)
    )
    return DutySpan(
        start_min=start,
        end_min=end,
        breaks=read_pauses(str(row.breaks or ""), start),
        streams=(str(row.stream),),
        speed=speed,
        reception_cap=cap,
    )


def judge_span(
    demands: Mapping[str, StreamDemand], duties: Duties, settings: Settings, *, seed: int
) -> dict[str, dict[dt.date, StreamJudgement]]:
    """Return the simulator's word on every stream and day of a plan."""
    judged: dict[str, dict[dt.date, StreamJudgement]] = {}
    for name, demand in demands.items():
        absence = settings.demand.stream(name).absence_rate
        for date, day in demand.days.items():
            spans = duties.get(date, {}).get(name, [])
            judged.setdefault(name, {})[date] = judge(
                {name: day},
                spans,
                seed=seed + date.toordinal(),
                least_days=JUDGED_DAYS,
                most_days=JUDGED_DAYS,
                absence_rate=absence,
                first_day=FRESH,
            ).streams[name]
    return judged


def summary_of(
    design: ShiftDesign,
    judged: Mapping[str, Mapping[dt.date, StreamJudgement]],
    inputs: Inputs,
    settings: Settings,
    *,
    roster: pd.DataFrame | None,
    seed: int,
) -> dict[str, Any]:
    """Return ``summary.json`` without baselines and solver."""
    streams: dict[str, Any] = {}
    for name, outcome in design.streams.items():
        rule, target = settings.demand.rule(name), settings.demand.target(name)
        parts = list(judged[name].values())
        estimate = ratio([(day.numerators, day.denominators) for day in parts])
        unanswered = _pooled(parts, "unanswered_sessions", "window_sessions")
        worse = estimate.upper if rule.metric == "mean_seconds" else estimate.lower
        reached = worse <= target if rule.metric == "mean_seconds" else worse >= target
        paid = roster if roster is not None else design.shift_plan
        own = paid[paid["stream"] == name]
        streams[name] = {
            "rule": rule.id,
            "unit": rule.unit,
            "target": target,
            "promised": outcome.promised,
            "promised_low": outcome.promised_low,
            "probability": outcome.probability,
            "simulated": estimate.value,
            "simulated_ci": [estimate.low, estimate.high],
            "certified": bool(reached and unanswered <= settings.demand.stream(name).max_unanswered + 1e-12),
            "unanswered": unanswered,
            "on_time_of_asked": _pooled(parts, "rounds_on_time", "rounds_asked"),
            "overtime_hours": sum(day.overtime_hours for day in parts),
            "paid_hours": float(own["paid_hours"].sum()),
            "cost": float(own["cost"].sum()),
        }
    return {
        "streams": {name: _rounded(values) for name, values in streams.items()},
        "inputs": inputs.hashes,
        "versions": {name: version(name) for name in LIBRARIES},
        "seed": seed,
    }


def _pooled(days: list[StreamJudgement], above: str, below: str) -> float:
    top = sum(float(np.mean(getattr(day, above))) for day in days)
    bottom = sum(float(np.mean(getattr(day, below))) for day in days)
    return top / bottom if bottom > 0 else 0.0


def _rounded(values: Any) -> Any:
    """Round floats so that the same plan gives the same bytes."""
    if isinstance(values, dict):
        return {key: _rounded(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_rounded(value) for value in values]
    return round(float(values), 6) if isinstance(values, float | np.floating) else values


def baselines_of(
    demands: Mapping[str, StreamDemand],
    instances: tuple[TemplateInstance, ...],
    limits: PeopleLimits,
    *,
    seed: int,
) -> dict[str, Any]:
    """Return paid hours and simulated share of the usual methods over the span, all streams together."""
    groups = limits.groups(instances)
    found: dict[str, Any] = {}
    for name in BASELINES:
        paid, parts = 0.0, []
        for stream, demand in demands.items():
            for date, day in demand.days.items():
                counts = baseline_plan(name, day, instances, groups=groups)
                spans = [
                    instance.duty_span()
                    for instance, count in zip(instances, counts, strict=True)
                    for _ in range(int(count))
                ]
                paid += sum(
                    instance.paid_hours * int(count)
                    for instance, count in zip(instances, counts, strict=True)
                )
                parts.append(
                    judge(
                        {stream: day},
                        spans,
                        seed=seed + date.toordinal(),
                        least_days=BASELINE_DAYS,
                        most_days=BASELINE_DAYS,
                        first_day=FRESH,
                    ).streams[stream]
                )
        found[name] = _rounded(
            {"paid_hours": paid, "simulated": _pooled(parts, "numerators", "denominators")}
        )
    return found


def solver_of(design: ShiftDesign, result: RosterResult | None) -> dict[str, Any]:
    """Return how shifts and roster were solved; the roster's figures where there is one."""
    cost = sum(outcome.cost for outcome in design.streams.values())
    bound = sum(outcome.bound for outcome in design.streams.values())
    shifts = {
        "status": "; ".join(sorted({outcome.status for outcome in design.streams.values()})),
        "objective": cost,
        "bound": bound,
        "gap": (cost - bound) / cost if cost > 0 else 0.0,
    }
    if result is None:
        return dict(_rounded(shifts))
    own = {
        "status": str(result.status),
        "objective": result.objective,
        "bound": result.bound,
        "gap": result.gap,
    }
    return dict(_rounded({**own, "shifts": shifts}))


def simulated_cover(
    demands: Mapping[str, StreamDemand],
    judged: Mapping[str, Mapping[dt.date, StreamJudgement]],
    design: ShiftDesign,
    duties: Duties,
) -> pd.DataFrame:
    """Return the `COVER` table as the simulator saw it."""
    frames = []
    required = design.requirement.set_index(["stream", "start"])["agents_net"]
    for name, demand in demands.items():
        for date, day in demand.days.items():
            seen, starts = judged[name][date], demand.starts[date]
            with np.errstate(invalid="ignore", divide="ignore"):
                share = np.where(seen.total > 0, seen.on_time / np.maximum(seen.total, 1e-12), 1.0)
            keys = pd.MultiIndex.from_product([[name], starts])
            frames.append(
                pd.DataFrame(
                    {
                        "stream": name,
                        "start": starts,
                        "required": required.reindex(keys).fillna(0).to_numpy(),
                        "on_duty": on_duty(
                            duties.get(date, {}).get(name, []), day.starts_min, day.interval_min
                        ),
                        "offered": demand.offered[date],
                        "on_time": share,
                        "open_sessions": seen.open_sessions,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def _effects(forecast: Forecast) -> pd.DataFrame:
    rows = [
        (stream, effect.name, effect.kind, effect.factor, effect.source)
        for stream, effects in forecast.effects.items()
        for effect in effects
    ]
    return pd.DataFrame(rows, columns=["stream", "event", "phase", "effect", "source"])


def _promotions(
    inputs: Inputs, start: dt.date, days: int
) -> list[tuple[str, str, pd.Timestamp, pd.Timestamp]]:
    last = start + dt.timedelta(days=days)
    return [
        (event.name or event.id, phase.name or phase.kind, pd.Timestamp(phase.start), pd.Timestamp(phase.end))
        for event in inputs.calendar.events
        for phase in event.phase
        if phase.start.date() < last and phase.end.date() >= start
    ]
