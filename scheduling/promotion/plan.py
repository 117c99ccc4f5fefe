"""A finished plan of an event's days with what a promotion needs besides: gap, levers, plan B, training."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.promotions import Event
from forecast.timegrid import zone
from scheduling.inputs import Inputs
from scheduling.pipeline import Plan
from scheduling.plan_folder import PlanFolder
from scheduling.promotion.contingency import contingency_cases, contingency_table
from scheduling.promotion.event import NAMES, need_bands, phase_of, selling_days
from scheduling.promotion.levers import Pulled, cheapest_way, lever_table
from scheduling.promotion.remedies import Board, Case
from scheduling.promotion.reserves import Reserve, reserve_table
from scheduling.promotion.training import Course, training_table
from scheduling.scenarios.outcome import Question

AFTERSALE = "aftersale"


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """An event's plan and what goes with it.

    Attributes
    ----------
    plan, event
        The plan of the event's days, and the event.
    need
        `stream, start, phase, offered, p10, p90`, `need_low, need_mid, need_high, required, on_duty, gap,
        on_time`, one row an hour: agents are the most needed and the fewest on duty within it.
    levers, way
        `lever_table`, and the levers that together reach the target where the plan misses it.
    way_on_time, way_cost
        Share over the span and extra cost with those levers pulled.
    contingency, reserves, training
        As `contingency_table`, `reserve_table`, `training_table` return them.
    board, cases
        What the contingency table was made of, where it was made here: the plan, and who is on in each row.
    aftersale
        `date, is_selling, people, share`: people on duty for after-sales, and their share of all; by day.
    today
        The day from which deadlines are counted.
    """

    plan: Plan
    event: Event
    need: pd.DataFrame
    levers: pd.DataFrame
    way: tuple[str, ...]
    way_on_time: float | None
    way_cost: float | None
    contingency: pd.DataFrame
    reserves: pd.DataFrame
    training: pd.DataFrame
    aftersale: pd.DataFrame
    today: dt.date
    board: Board | None = None
    cases: tuple[Case, ...] = ()

    @property
    def gap_hours(self) -> float:
        """Agent-hours short of the requirement in the assessed hours."""
        return float(self.need["gap"].sum())


def plan_promotion(
    plan: Plan,
    inputs: Inputs,
    event: Event,
    *,
    reserves: Sequence[Reserve] = (),
    courses: Sequence[Course] = (),
    today: dt.date,
    say: Callable[[str], None] = lambda _: None,
) -> Promotion:
    """Return an event's plan with what a promotion needs besides.

    Parameters
    ----------
    plan
        The finished plan of the event's days.
    inputs, event
        The shop, and the event.
    reserves, courses
        Who can be called in besides the rostered people, and what has to be taught.
    today
        The day on which decisions can be taken at the earliest.
    say
        Told each stage as it begins.
    """
    settings = plan.settings
    timezone = settings.demand.shop.timezone
    base = base_of(plan)
    question = Question(
        name=event.id, changes={}, start=plan.start, days=plan.days, seed=plan.seed, anew=False
    )
    say("levers")
    levers, plain = lever_table(base, inputs, event, question, today=today)
    way: list[str] = []
    pulled: Pulled | None = None
    if not plan.target_is_met:
        target = max(settings.demand.target(name) for name in plain.demands)
        way, pulled = cheapest_way(base, inputs, levers, question, target=target)
    say("need")
    bands = need_bands(plain.demands, settings)
    heads = {
        date: sum(len(spans) for spans in of_day.values()) for date, of_day in plain.standing.duties.items()
    }
    dates = sorted(next(iter(plain.demands.values())).days)
    on_call = reserve_table(
        reserves,
        plan.employees,
        plan.wishes,
        plan.roster,
        settings,
        dates=dates,
        heads=heads,
        streams=list(plain.demands),
    )
    say("contingency")
    board = Board(
        demands=plain.demands,
        duties=plain.standing.duties,
        judged=plain.judged,
        settings=settings,
        reserves=on_call,
        seed=plan.seed,
    )
    cases = contingency_cases(board, plan.forecast, inputs.calendar, event)
    return Promotion(
        plan=plan,
        event=event,
        need=need_table(plan, bands, event),
        levers=levers,
        way=tuple(way),
        way_on_time=None if pulled is None else pulled.on_time,
        way_cost=None if pulled is None else pulled.cost - plain.cost,
        contingency=contingency_table(board, cases),
        reserves=on_call,
        training=training_table(courses, event, _people(plan, on_call), timezone=timezone, today=today),
        aftersale=aftersale_table(plan, event),
        today=today,
        board=board,
        cases=tuple(cases),
    )


def base_of(plan: Plan) -> PlanFolder:
    """Return a plan in memory as one read from its folder."""
    return PlanFolder(
        folder=Path(),
        start=plan.start,
        days=plan.days,
        seed=plan.seed,
        forecast=plan.forecast,
        draws=plan.draws,
        requirement=plan.requirement,
        shift_plan=plan.shift_plan,
        roster=plan.roster,
        last_roster=plan.last_roster,
        summary=plan.summary,
    )


def need_table(plan: Plan, bands: pd.DataFrame, event: Event) -> pd.DataFrame:
    """Return ``need.csv``: demand and agents needed with their bands, on duty, missing, hour by hour."""
    frame = plan.simulated_cover.merge(bands, on=["stream", "start"], how="left")
    local = frame["start"].dt.tz_convert(zone(plan.settings.demand.shop.timezone))
    minute = local.dt.hour * 60 + local.dt.minute
    inside = pd.Series(False, index=frame.index)
    for name in frame["stream"].unique():
        first, last = plan.settings.demand.rule(name).window_minutes
        mine = frame["stream"] == name
        inside |= mine & (((minute - first) % 1440) < last - first)
    step = plan.settings.demand.shop.interval_min / 60
    frame["gap"] = (frame["required"] - frame["on_duty"]).clip(lower=0).where(inside, 0.0) * step
    frame["weighted"] = frame["on_time"] * frame["offered"]
    frame["hour"] = local.dt.floor("h")
    hours = frame.groupby(["stream", "hour"], as_index=False).agg(
        offered=("offered", "sum"),
        **{name: (name, "max") for name in NAMES},
        required=("required", "max"),
        on_duty=("on_duty", "min"),
        gap=("gap", "sum"),
        weighted=("weighted", "sum"),
    )
    hours["on_time"] = (hours["weighted"] / hours["offered"].where(hours["offered"] > 0)).fillna(1.0)
    hours = hours.rename(columns={"hour": "start"})
    told = [name for name in ("p10", "p90") if name in plan.forecast]
    hours = hours.merge(plan.forecast[["stream", "start", *told]], on=["stream", "start"], how="left")
    hours["phase"] = [phase_of(event, at) for at in hours["start"]]
    columns = ["stream", "start", "phase", "offered", *told, *NAMES, "required", "on_duty", "gap", "on_time"]
    return hours[columns]


def aftersale_table(plan: Plan, event: Event) -> pd.DataFrame:
    """Return how many people each day have for after-sales alone, and what share of all that is."""
    streams = plan.settings.demand
    own = {name for name in plan.forecast["stream"].unique() if streams.stream(name).skill == AFTERSALE}
    duties = plan.roster if plan.roster is not None else plan.shift_plan
    agents = duties["agents"] if "agents" in duties else pd.Series(1, index=duties.index)
    selling = selling_days(event, streams.shop.timezone)
    rows: list[dict[str, Any]] = []
    for offset in range(plan.days):
        date = plan.start + dt.timedelta(days=offset)
        today = duties["date"] == date
        people = int(agents[today & duties["stream"].isin(own)].sum())
        everybody = int(agents[today].sum())
        rows.append(
            {
                "date": date,
                "is_selling": date in selling,
                "people": people,
                "share": round(people / everybody, 4) if everybody else math.nan,
            }
        )
    return pd.DataFrame(rows)


def _people(plan: Plan, reserves: pd.DataFrame) -> dict[str, list[str]]:
    """Return the names of those on duty in the event and of its reserves, by pool."""
    found: dict[str, list[str]] = {}
    pools: dict[str, str] = {person.employee: person.pool for person in plan.employees}
    names = [] if plan.roster is None else [str(name) for name in plan.roster["employee"]]
    pools |= dict(zip(reserves["employee"].astype(str), reserves["pool"].astype(str), strict=True))
    for name in dict.fromkeys([*names, *reserves["employee"].astype(str)]):
        found.setdefault(pools.get(name, "staff"), []).append(name)
    return found
