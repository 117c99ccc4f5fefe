"""The base plan under a scenario: its demand, its people, and those who come on top or are missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ConfigError
from forecast.frames import QUANTILES
from forecast.timegrid import zone
from scheduling.breaks import pauses_text
from scheduling.config import Settings
from scheduling.day import DutySpan, Floats
from scheduling.demand import StreamDemand, served_day
from scheduling.duties import Duties, duties_of_plan, duties_of_roster
from scheduling.outlook import Outlook
from scheduling.pace import team_model
from scheduling.pipeline import demands_of, with_templates
from scheduling.plan_folder import PlanFolder
from scheduling.scenarios.keys import AddedAgents
from scheduling.scenarios.overrides import MOST_BOTS, Applied
from scheduling.service.value import value_tables
from scheduling.shifts.templates import TemplateInstance, template_instances

PAID = ["stream", "template", "pool", "agents", "paid_hours", "cost"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Who is on under a scenario, and what that costs.

    ``paid`` has one row a duty, or one a row of the shift plan, with the columns `PAID`.
    """

    duties: Duties
    paid: pd.DataFrame
    notes: tuple[str, ...] = ()


def demand_under(base: PlanFolder, applied: Applied, *, start: dt.date, days: int) -> dict[str, StreamDemand]:
    """Return what each stream asks under a scenario: the base's forecast and draws, scaled."""
    factors = _factors(base.forecast, applied)
    table = base.forecast.copy()
    for name in ("mean", *QUANTILES):
        if name in table:
            table[name] = table[name] * factors
    if "bot_share" in table and applied.bots:
        table.loc[table["stream"].isin(applied.bots), "bot_share"] = np.nan
    if "bot_share" in table and applied.bots_add:
        more = table["stream"].map(applied.bots_add).astype(float).fillna(0.0)
        table["bot_share"] = (table["bot_share"] + more).clip(0.0, MOST_BOTS)
    draws = base.draws
    if draws is not None and not np.all(factors == 1.0):
        draws = draws.assign(offered=draws["offered"] * _factors(draws, applied))
    return demands_of(Outlook(table=table, draws=draws), applied.inputs, start=start, days=days)


def _factors(rows: pd.DataFrame, applied: Applied) -> Floats:
    """Return the factor on each row's consultations."""
    found = rows["stream"].map(applied.volume).astype(float).fillna(1.0).to_numpy().copy()
    if not applied.events:
        return np.asarray(found)
    platforms = {s.id: s.platform for s in applied.inputs.settings.demand.streams}
    starts = rows["start"]
    for event in applied.inputs.calendar.events:
        factor = applied.events.get(event.id, 1.0)
        if factor == 1.0:
            continue
        inside = np.zeros(len(rows), dtype=bool)
        for phase in event.phase:
            inside |= ((starts >= phase.start) & (starts < phase.end)).to_numpy()
        concerned = rows["stream"].map({s: event.concerns(p) for s, p in platforms.items()})
        found[inside & concerned.fillna(False).to_numpy(dtype=bool)] *= factor
    return np.asarray(found)


def people_under(
    base: PlanFolder,
    applied: Applied,
    demands: Mapping[str, StreamDemand],
    *,
    shift_plan: pd.DataFrame | None = None,
    roster: pd.DataFrame | None = None,
) -> Standing:
    """Return the base plan's people under a scenario.

    Parameters
    ----------
    base, applied, demands
        The base plan, the scenario, what it asks.
    shift_plan, roster
        Tables to hold instead of the base's.
    """
    settings, inputs = applied.inputs.settings, applied.inputs
    timezone = settings.demand.shop.timezone
    days = set(next(iter(demands.values())).days)
    kept = base.roster if roster is None and shift_plan is None else roster
    if kept is not None:
        rows = kept[~kept["employee"].isin(applied.removed) & kept["date"].isin(days)]
        duties = duties_of_roster(rows, inputs.employees, timezone)
        pools = {person.employee: person.pool for person in inputs.employees}
        paid = rows.assign(pool=rows["employee"].map(pools).fillna("staff"), agents=1)[PAID]
    else:
        rows = base.shift_plan if shift_plan is None else shift_plan
        rows = rows[rows["date"].isin(days)]
        duties, paid = duties_of_plan(rows, timezone), rows[PAID]
    pay = [applied.pay.get((t, p), 1.0) for t, p in zip(paid["template"], paid["pool"], strict=True)]
    if shift_plan is None:
        paid = paid.assign(cost=paid["cost"] * pay)
    standing = Standing(duties=_with_caps(duties, applied), paid=paid.reset_index(drop=True))
    if applied.fewer:
        standing = _without(standing, rows, applied.fewer, demands, settings)
    if applied.added:
        standing = with_added(standing, applied.added, demands, settings)
    return standing


def _with_caps(duties: Duties, applied: Applied) -> Duties:
    """Return duties whose reception caps are the scenario's."""
    if not applied.caps and not applied.cap_add:
        return duties

    def changed(stream: str, duty: DutySpan) -> DutySpan:
        if stream in applied.caps:
            return replace(duty, reception_cap=None)
        if duty.reception_cap is not None and stream in applied.cap_add:
            return replace(duty, reception_cap=max(1, duty.reception_cap + applied.cap_add[stream]))
        return duty

    return {
        date: {stream: [changed(stream, duty) for duty in spans] for stream, spans in of_day.items()}
        for date, of_day in duties.items()
    }


# --- people who are missing, where the shop names nobody


def _without(
    standing: Standing,
    rows: pd.DataFrame,
    fewer: Mapping[str, int],
    demands: Mapping[str, StreamDemand],
    settings: Settings,
) -> Standing:
    """Return the plan without so many duties a day of a pool: each time the one that is worth least."""
    duties = {date: {s: list(spans) for s, spans in of.items()} for date, of in standing.duties.items()}
    plan: list[Any] = rows.reset_index(drop=True).to_dict("records")
    paid: list[Any] = standing.paid.to_dict("records")
    whole = [max(int(row["agents"]), 1) for row in plan]
    gone = [0] * len(plan)
    for date in sorted(duties):
        for pool, count in fewer.items():
            for _ in range(count):
                worth = {
                    stream: hour_worth(demand, date, duties[date].get(stream, []), settings)[0]
                    for stream, demand in demands.items()
                }
                least: tuple[float, int, DutySpan] | None = None
                for position, row in enumerate(plan):
                    if row["date"] != date or row["pool"] != pool or gone[position] >= whole[position]:
                        continue
                    span = _span_of(row, duties[date][row["stream"]], settings.demand.shop.timezone)
                    if span is None:
                        continue
                    value = _over(worth[row["stream"]], span, demands, row["stream"], date)
                    if least is None or value < least[0]:
                        least = (value, position, span)
                if least is None:
                    break
                duties[date][plan[least[1]]["stream"]].remove(least[2])
                gone[least[1]] += 1
    for position, row in enumerate(paid):
        left = (whole[position] - gone[position]) / whole[position]
        row.update(
            agents=row["agents"] - gone[position],
            paid_hours=row["paid_hours"] * left,
            cost=row["cost"] * left,
        )
    return replace(
        standing,
        duties=duties,
        paid=pd.DataFrame([row for row in paid if row["agents"] > 0], columns=PAID),
    )


def _span_of(row: Any, spans: Sequence[DutySpan], timezone: str) -> DutySpan | None:
    """Return the duty of a row of the shift plan among those on that day."""
    local = row["start"].tz_convert(zone(timezone))
    begin = local.hour * 60 + local.minute
    text = row["breaks"] if isinstance(row["breaks"], str) else ""
    return next((s for s in spans if s.start_min == begin and pauses_text(s.breaks) == text), None)


# --- people who come on top


def with_added(
    standing: Standing,
    added: Sequence[AddedAgents],
    demands: Mapping[str, StreamDemand],
    settings: Settings,
) -> Standing:
    """Return the plan with people on top, each where the model says one more is worth most.

    Everybody works as many days of a week as the labour rules allow, the days on which that brings most.

    Raises
    ------
    ConfigError
        If no template can be worked by the pool.
    """
    settings = with_templates(settings, demands)
    instances = template_instances(settings.templates, settings.demand.shop.interval_min)
    duties = {
        date: {stream: list(standing.duties.get(date, {}).get(stream, ())) for stream in demands}
        for date in next(iter(demands.values())).days
    }
    rows: list[tuple[str, str, str, int, float, float]] = []
    worth: dict[tuple[str, dt.date], Floats] = {}
    for people in added:
        able = [
            i
            for i in instances
            if i.pool == people.pool and (not people.templates or i.template in people.templates)
        ]
        if not able:
            names = sorted({i.template for i in instances if i.pool == people.pool})
            raise ConfigError(
                f"scenarios.toml: add_agents: pool {people.pool} may work none of the templates; "
                f"templates of that pool: {', '.join(names) or 'none'}"
            )
        for _ in range(people.count):
            for date, stream, instance in _days_worked(people, able, demands, duties, worth, settings):
                duties[date][stream].append(
                    replace(
                        instance.duty_span((stream,)), speed=people.speed, reception_cap=people.reception_cap
                    )
                )
                worth.pop((stream, date), None)
                cost = (
                    instance.cost
                    if people.cost_per_hour is None
                    else instance.paid_hours * people.cost_per_hour
                )
                rows.append((stream, instance.template, people.pool, 1, instance.paid_hours, cost))
    paid = pd.concat([standing.paid, pd.DataFrame(rows, columns=PAID)], ignore_index=True)
    return replace(standing, duties=duties, paid=paid)


def _days_worked(
    people: AddedAgents,
    instances: Sequence[TemplateInstance],
    demands: Mapping[str, StreamDemand],
    duties: Mapping[dt.date, Mapping[str, Sequence[DutySpan]]],
    worth: dict[tuple[str, dt.date], Floats],
    settings: Settings,
) -> list[tuple[dt.date, str, TemplateInstance]]:
    """Return one person's duties over the span."""
    best: dict[dt.date, tuple[float, str, TemplateInstance]] = {}
    for date in duties:
        for stream, demand in demands.items():
            if people.streams and stream not in people.streams:
                continue
            if (stream, date) not in worth:
                worth[stream, date] = hour_worth(demand, date, duties[date].get(stream, []), settings)[1]
            for instance in instances:
                gain = _over(worth[stream, date], instance.duty_span(), demands, stream, date)
                if date not in best or gain > best[date][0]:
                    best[date] = (gain, stream, instance)
    worked: set[dt.date] = set()
    labour = settings.labour
    for date in sorted(best, key=lambda d: (-best[d][0], d)):
        hours = [best[d][2].paid_hours for d in worked if d.isocalendar()[:2] == date.isocalendar()[:2]]
        whole_week = sum(d.isocalendar()[:2] == date.isocalendar()[:2] for d in best) == 7
        most = 7 - (labour.rest_days_per_week.value if labour.rest_days_per_week.mode == "hard" else 0)
        if whole_week and len(hours) >= most:
            continue
        limit = labour.week_limit
        if limit.mode == "hard" and sum(hours) + best[date][2].paid_hours > limit.value + 1e-9:
            continue
        run = labour.max_consecutive_days
        if run.mode == "hard" and _longest_run({*worked, date}) > run.value:
            continue
        worked.add(date)
    return [(date, best[date][1], best[date][2]) for date in sorted(worked)]


def _longest_run(dates: set[dt.date]) -> int:
    numbers = sorted(date.toordinal() for date in dates)
    runs = [list(group) for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return max((len(run) for run in runs), default=0)


def hour_worth(
    demand: StreamDemand, date: dt.date, spans: Sequence[DutySpan], settings: Settings
) -> tuple[Floats, Floats]:
    """Return what one agent fewer costs and one more brings in each interval of a day.

    Both in units of the rule above the target (seconds below it under a rule in seconds), by the model.
    """
    day = served_day(demand.days[date], settings.demand.stream(demand.stream).shrinkage)
    model, on, stops = team_model(day, spans)
    candidates = np.maximum(0, on[:, None] + np.array([-1, 0, 1]))
    tables = value_tables(model, on, stops, candidates=candidates)
    surplus = tables.surplus
    return surplus[:, 1] - surplus[:, 0], surplus[:, 2] - surplus[:, 1]


def _over(
    worth: Floats, span: DutySpan, demands: Mapping[str, StreamDemand], stream: str, date: dt.date
) -> float:
    """Return the sum of a worth by interval over the spans that a duty works."""
    day = demands[stream].days[date]
    inside = np.zeros(len(worth), dtype=bool)
    for start, end in span.working_spans:
        inside |= (day.starts_min >= start) & (day.starts_min + day.interval_min <= end)
    return float(worth[inside].sum())
