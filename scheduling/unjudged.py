"""A roster over somebody's own requirement or shift plan where nobody knows how many buyers come.

Without a forecast, a history or `offered` in the requirement there is nothing to simulate: people are put
where they are asked for, and what share they answer in time stays unknown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from importlib.metadata import version

import pandas as pd

from forecast.timegrid import slots
from scheduling.config import Settings
from scheduling.day import on_duty
from scheduling.demand import StreamDemand, open_hours, stream_demand
from scheduling.duties import Duties, duties_of_plan, duties_of_roster, on_date
from scheduling.inputs import Inputs
from scheduling.people_limits import people_limits
from scheduling.pipeline import LIBRARIES, Plan, Say, promotions_in, rostered, with_templates
from scheduling.plan_folder import no_forecast
from scheduling.promise import cover_table
from scheduling.roster.assign import RosterResult
from scheduling.service.agent import scaled_to_throughput
from scheduling.shifts.effort import EffortName
from scheduling.shifts.given import shifts_over
from scheduling.shifts.templates import template_instances
from scheduling.solver import Progress
from scheduling.summary import solver_of, stream_summary

NOTE = (
    "not simulated: without a history, a forecast or offered in the requirement nobody knows how many buyers "
    "come; give --forecast F for the reply rate"
)


def plan_unjudged(
    inputs: Inputs,
    *,
    start: dt.date,
    days: int,
    shift_plan: pd.DataFrame | None = None,
    requirement: pd.DataFrame | None = None,
    last_roster: pd.DataFrame | None = None,
    seed: int = 0,
    effort: EffortName | None = None,
    say: Say = lambda _: None,
    better: Callable[[Progress], None] | None = None,
    refused: Callable[[RosterResult], None] = lambda _: None,
) -> Plan:
    """Return a plan with a roster and without a word on reply rates.

    Parameters
    ----------
    inputs
        The shop; its history is not looked at.
    start, days
        The span.
    shift_plan, requirement
        `SHIFT_PLAN` and `REQUIREMENT` tables, at least one of them. A requirement alone is covered interval
        by interval; a plan alone is what is required.
    last_roster, seed, effort, say, better, refused
        As for `scheduling.pipeline.make_plan`.
    """
    grids = grids_of(inputs.settings, shift_plan, requirement, start=start, days=days)
    settings = with_templates(inputs.settings, grids)
    if shift_plan is None:
        assert requirement is not None  # one of the two is given
        say("shifts")
        instances = template_instances(settings.templates, settings.demand.shop.interval_min)
        shift_plan = shifts_over(requirement, grids, instances, people_limits(settings).groups(instances))
    timezone = settings.demand.shop.timezone
    say("roster")
    result = rostered(
        inputs,
        settings,
        start=start,
        days=days,
        shift_plan=shift_plan,
        requirement=requirement,
        last_roster=last_roster,
        seed=seed,
        effort=effort,
        better=better,
        refused=refused,
    )
    planned = duties_of_plan(shift_plan, timezone)
    if requirement is None:
        requirement = _on_plan(grids, planned)
    duties = planned if result.roster is None else duties_of_roster(result.roster, inputs.employees, timezone)
    cover = cover_table(grids, duties, None, requirement)
    paid = shift_plan if result.roster is None else result.roster
    return Plan(
        settings=settings,
        start=start,
        days=days,
        seed=seed,
        history=inputs.history,
        forecast=no_forecast(timezone),
        draws=None,
        forecast_notes=[],
        effects=None,
        backtest=None,
        promotions=promotions_in(inputs, start, days),
        requirement=requirement,
        shift_plan=shift_plan,
        cover=cover,
        simulated_cover=cover,
        roster=result.roster,
        roster_result=result,
        employees=inputs.employees,
        wishes=inputs.wishes,
        last_roster=last_roster,
        summary={
            "streams": {name: stream_summary(name, settings, paid) for name in grids},
            "baselines": {},
            "solver": solver_of(None, result),
            "inputs": inputs.hashes,
            "versions": {name: version(name) for name in LIBRARIES},
            "seed": seed,
        },
        notes=[NOTE, *result.notes],
        is_judged=False,
    )


def grids_of(
    settings: Settings,
    shift_plan: pd.DataFrame | None,
    requirement: pd.DataFrame | None,
    *,
    start: dt.date,
    days: int,
) -> dict[str, StreamDemand]:
    """Return each stream's days and planning grid, with nobody known to come."""
    shop = settings.demand.shop
    whole = slots(start, days + 1, shop.interval_min, shop.timezone)
    named = [table["stream"] for table in (shift_plan, requirement) if table is not None]
    found = {}
    for name in sorted({str(stream) for column in named for stream in column}):
        stream = settings.demand.stream(name)
        found[name] = stream_demand(
            pd.DataFrame({"stream": name, "start": whole, "mean": 0.0}),
            None,
            stream=name,
            settings=settings.demand,
            service=scaled_to_throughput(stream.service),
            opens=stream.open_minutes or _opens(name, shift_plan, requirement, shop.timezone),
            start=start,
            days=days,
        )
    return found


def _opens(
    stream: str, shift_plan: pd.DataFrame | None, requirement: pd.DataFrame | None, timezone: str
) -> tuple[int, int]:
    """Return the wall minutes, in whole hours, between which anybody is asked for or planned."""
    found = []
    if requirement is not None:
        mine = requirement[requirement["stream"] == stream].rename(columns={"agents_gross": "mean"})
        if mine["mean"].sum() > 0 or shift_plan is None:
            found.append(open_hours(mine[["start", "mean"]], timezone))
    if shift_plan is not None:
        mine = shift_plan[shift_plan["stream"] == stream]
        duties = [
            span
            for day in duties_of_plan(mine, timezone).values()
            for spans in day.values()
            for span in spans
        ]
        found += [(duty.start_min // 60 * 60, -(-duty.end_min // 60) * 60) for duty in duties]
    return min(first for first, _ in found), max(last for _, last in found)


def _on_plan(grids: Mapping[str, StreamDemand], planned: Duties) -> pd.DataFrame:
    """Return what a shift plan puts on duty as a `REQUIREMENT` table."""
    frames = [
        pd.DataFrame({"stream": name, "start": grid.starts[date], "agents_net": count, "agents_gross": count})
        for name, grid in grids.items()
        for date, day in grid.days.items()
        for count in [
            on_duty(on_date(planned, date, name, day.first_min), day.starts_min, day.interval_min).astype(
                float
            )
        ]
    ]
    return pd.concat(frames, ignore_index=True)
