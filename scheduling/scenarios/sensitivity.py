"""What a plan is sensitive to, what one more agent is worth by hour, and cost against rate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scheduling.config import Settings
from scheduling.day import DutySpan, Floats, leaving, on_duty
from scheduling.demand import StreamDemand, served_day
from scheduling.duties import duties_of_plan
from scheduling.inputs import Inputs
from scheduling.judgement import FRESH, judge_span
from scheduling.pace import team_model
from scheduling.people_limits import people_limits
from scheduling.pipeline import with_templates
from scheduling.plan_folder import PlanFolder
from scheduling.scenarios.outcome import Question, pooled_share
from scheduling.scenarios.overrides import apply
from scheduling.scenarios.standing import demand_under, hour_worth, people_under
from scheduling.shifts.task import PeopleLimits
from scheduling.shifts.templates import TemplateInstance, template_instances
from scheduling.simulation.same_days import judge_many

FRONTIER = (-0.20, -0.15, -0.10, -0.05, 0.0, 0.05, 0.10, 0.15)  # of the plan's cost
FRONTIER_DAYS = 8  # simulated days for each day of a point
CHECKED = 4  # hours of each stream worth most, and as many of the others, whose worth the simulator checks
CHECKED_DAYS = 400
MOST_STEPS = 400


@dataclass(frozen=True, kw_only=True)
class Lever:
    """An input moved down and up by what is ordinary for it; ``steps`` says how far, in figures."""

    name: str
    steps: tuple[str, str]
    low: Mapping[str, Any]
    high: Mapping[str, Any]


def levers(inputs: Inputs, streams: Sequence[str], *, start: dt.date, days: int) -> list[Lever]:
    """Return the inputs whose influence is shown, with how far each is moved.

    Volume and work by a tenth; promotions ahead by a fifth of their multiplier; the bots' share and absence
    by five points (absence not below none); everybody's reception cap by one; buyers' thinking and the time
    a finished chat keeps its slot by a fifth.
    """
    demand = inputs.settings.demand
    services = {name: demand.stream(name).service for name in streams}

    def scaled(key: str, factor: float) -> dict[str, Any]:
        return {key: {n: getattr(services[n], key) * factor for n in streams}}

    def absent(add: float) -> dict[str, Any]:
        return {"absence_rate": {n: max(0.0, demand.stream(n).absence_rate + add) for n in streams}}

    found = [
        Lever(name="volume", steps=("×0.9", "×1.1"), low={"volume": 0.9}, high={"volume": 1.1}),
        Lever(
            name="reply_factor", steps=("×0.9", "×1.1"), low={"reply_factor": 0.9}, high={"reply_factor": 1.1}
        ),
        Lever(name="rounds", steps=("×0.9", "×1.1"), low=_rounds(services, 0.9), high=_rounds(services, 1.1)),
        Lever(
            name="bot_share",
            steps=("-0.05", "+0.05"),
            low={"bot_share_add": -0.05},
            high={"bot_share_add": 0.05},
        ),
        Lever(name="absence_rate", steps=("-0.05", "+0.05"), low=absent(-0.05), high=absent(0.05)),
        Lever(
            name="reception_cap_add",
            steps=("-1", "+1"),
            low={"reception_cap_add": -1},
            high={"reception_cap_add": 1},
        ),
        Lever(
            name="think_s", steps=("×0.8", "×1.2"), low=scaled("think_s", 0.8), high=scaled("think_s", 1.2)
        ),
        Lever(
            name="auto_close_s",
            steps=("×0.8", "×1.2"),
            low=scaled("auto_close_s", 0.8),
            high=scaled("auto_close_s", 1.2),
        ),
    ]
    last = start + dt.timedelta(days=days)
    ahead = [e.id for e in inputs.calendar.events if e.start.date() < last and e.end.date() >= start]
    if ahead:
        low, high = ({"promotion_multiplier": dict.fromkeys(ahead, f)} for f in (0.8, 1.2))
        found.insert(1, Lever(name="promotion_multiplier", steps=("×0.8", "×1.2"), low=low, high=high))
    return found


def _rounds(services: Mapping[str, Any], factor: float) -> dict[str, Any]:
    return {"rounds": {name: max(1.0, service.rounds * factor) for name, service in services.items()}}


# --- one more agent


def agent_worth(base: PlanFolder, inputs: Inputs, question: Question) -> dict[str, Any]:
    """Return what one more agent in each hour brings to the stream's rate over the span.

    Rows of `stream, start, points, model, simulated`, in points of the share (seconds under such a rule): for
    some hours what the simulator says, on common random numbers; for all what the model says, and that scaled
    by a factor of the stream such that both agree over the hours simulated (`points`).

    Notes
    -----
    The model is kindest where many replies are late, so it finds more to mend there than there is. Simulated
    are the hours worth most by the model, and others spread evenly over what all others are worth.
    """
    applied = apply(inputs, {}, streams=sorted(set(base.forecast["stream"])), name=question.name)
    demands = demand_under(base, applied, start=question.start, days=question.days)
    standing = people_under(base, applied, demands)
    judged = judge_span(demands, standing.duties, applied.inputs.settings, seed=question.seed)
    rows: list[dict[str, Any]] = []
    for name, demand in demands.items():
        units = sum(float(np.mean(day.denominators)) for day in judged[name].values())
        shrinkage = applied.inputs.settings.demand.stream(name).shrinkage
        spans = {date: list(standing.duties.get(date, {}).get(name, ())) for date in demand.days}
        found = [
            (date, at, gain / units if units > 0 else 0.0)
            for date in demand.days
            for at, gain in _hour_gains(demand, date, spans[date], shrinkage).items()
        ]
        simulated = {
            place: _simulated_worth(
                demand,
                found[place][0],
                spans[found[place][0]],
                found[place][1],
                units,
                question.seed,
                shrinkage,
            )
            for place in _checked([worth for _, _, worth in found])
        }
        by_model = sum(found[place][2] for place in simulated)
        factor = max(0.0, sum(simulated.values()) / by_model) if by_model > 0 else 1.0
        rows += [
            {
                "stream": name,
                "start": at.isoformat(),
                "points": round(factor * worth, 6),
                "model": round(worth, 6),
                "simulated": simulated.get(place),
            }
            for place, (_, at, worth) in enumerate(found)
        ]
    return {"rows": rows}


def _checked(worth: Sequence[float]) -> list[int]:
    """Return the places of the hours worth most, and of others spread evenly over what those are worth."""
    order = sorted((place for place, value in enumerate(worth) if value > 0), key=lambda at: -worth[at])
    most, others = order[:CHECKED], order[CHECKED:]
    if not others:
        return most
    reached = np.cumsum([worth[place] for place in others])
    wanted = (np.arange(CHECKED) + 0.5) * reached[-1] / CHECKED
    return most + [others[at] for at in dict.fromkeys(np.searchsorted(reached, wanted).tolist())]


def _hour_gains(
    demand: StreamDemand, date: dt.date, spans: list[DutySpan], shrinkage: float
) -> dict[pd.Timestamp, float]:
    """Return what the model says one more agent brings in each hour of a day, in units above the target."""
    model, on, stops = team_model(served_day(demand.days[date], shrinkage), spans)
    starts, interval = model.day.starts_min, model.day.interval_min
    plain = model.run(on, stops)
    without = model.summary(plain).surplus

    def gain(more: DutySpan) -> float:
        one = [more]
        run = model.rerun(plain, on + on_duty(one, starts, interval), stops + leaving(one, starts))
        return model.summary(run).surplus - without

    return {at: gain(_one_hour(demand, date, at)) for at in demand.starts[date].floor("h").unique()}


def _one_hour(demand: StreamDemand, date: dt.date, at: pd.Timestamp) -> DutySpan:
    """Return the duty of somebody who is on for one hour."""
    day = demand.days[date]
    begin = int(day.starts_min[int(np.flatnonzero(demand.starts[date].floor("h") == at)[0])])
    return DutySpan(start_min=begin, end_min=min(begin + 60, day.last_min))


def _simulated_worth(
    demand: StreamDemand,
    date: dt.date,
    spans: list[DutySpan],
    at: pd.Timestamp,
    units: float,
    seed: int,
    shrinkage: float,
) -> float:
    """Return what the simulator says one more agent in that hour brings, in points over the span."""
    day = demand.days[date]
    more = [*spans, _one_hour(demand, date, at)]
    served = served_day(day, shrinkage)
    seen = judge_many(served, [spans, more], seed=seed + date.toordinal(), days=CHECKED_DAYS, first_day=FRESH)
    sign = -1.0 if day.rule.metric == "mean_seconds" else 1.0
    surplus = sign * (seen.numerator - day.target * seen.denominator)
    return round(float((surplus[1] - surplus[0]).mean()) / units, 6) if units > 0 else 0.0


# --- cost against rate


def frontier(base: PlanFolder, inputs: Inputs, question: Question) -> dict[str, Any]:
    """Return what the rate would be for less and for more money, duties taken and added one by one.

    Rows of `cost, paid_hours, on_time, low, high`. From the base's head counts the duty that costs least
    rate for its money goes first, and the one that brings most for its money comes first, by the model;
    every point is simulated.
    """
    applied = apply(inputs, {}, streams=sorted(set(base.forecast["stream"])), name=question.name)
    demands = demand_under(base, applied, start=question.start, days=question.days)
    settings = with_templates(applied.inputs.settings, demands)
    dates = set(next(iter(demands.values())).days)
    plan = base.shift_plan[base.shift_plan["date"].isin(dates)]
    whole = float(plan["cost"].sum())
    rows = []
    for side in (-1, 1):
        walk = _Walk(plan, demands, settings, side=side)
        for step in sorted((s for s in FRONTIER if s * side > 0 or (s == 0 and side > 0)), key=abs):
            walk.until(whole * (1 + step))
            rows.append({"step": step, **walk.point(settings, question.seed)})
    rows.sort(key=lambda row: row["cost"])
    return {"rows": rows}


class _Walk:
    """A plan that loses (or gains) one duty after another."""

    def __init__(
        self, plan: pd.DataFrame, demands: Mapping[str, StreamDemand], settings: Settings, *, side: int
    ) -> None:
        self.demands, self.settings, self.side = demands, settings, side
        instances = template_instances(settings.templates, settings.demand.shop.interval_min)
        self.instances, self.limits = instances, people_limits(settings)
        known = {(i.template, i.pool, i.start_min, i.end_min, i.breaks): i for i in instances}
        timezone = settings.demand.shop.timezone
        self.held: dict[tuple[str, dt.date], list[TemplateInstance]] = {
            (name, date): [] for name, demand in demands.items() for date in demand.days
        }
        for at, row in plan.iterrows():
            span = duties_of_plan(plan.loc[[at]], timezone)[row["date"]][row["stream"]][0]
            key = (row["template"], row["pool"], span.start_min, span.end_min, span.breaks)
            one = known.get(key) or _as_instance(row, span)
            self.held[row["stream"], row["date"]] += [one] * int(row["agents"])
        self.worth: dict[tuple[str, dt.date], tuple[Floats, Floats]] = {}

    @property
    def cost(self) -> float:
        return sum(one.cost for held in self.held.values() for one in held)

    def until(self, cost: float) -> None:
        """Take or add duties while the cost stays on this side of what is wanted."""
        for _ in range(MOST_STEPS):
            step = self._best_step()
            if step is None:
                return
            key, one = step
            if (self.cost + self.side * one.cost - cost) * self.side > 1e-9:
                return
            if self.side < 0:
                self.held[key].remove(one)
            else:
                self.held[key].append(one)
            del self.worth[key]

    def _best_step(self) -> tuple[tuple[str, dt.date], TemplateInstance] | None:
        best: tuple[float, tuple[str, dt.date], TemplateInstance] | None = None
        for key, held in self.held.items():
            if key not in self.worth:
                spans = [one.duty_span() for one in held]
                self.worth[key] = hour_worth(self.demands[key[0]], key[1], spans, self.settings)
            lost, won = self.worth[key]
            day = self.demands[key[0]].days[key[1]]
            for one in sorted(set(held), key=repr) if self.side < 0 else self._room(key[1]):
                inside = np.zeros(len(lost), dtype=bool)
                for start, end in one.duty_span().working_spans:
                    inside |= (day.starts_min >= start) & (day.starts_min + day.interval_min <= end)
                rate = float((lost if self.side < 0 else won)[inside].sum()) / max(one.cost, 1e-9)
                value = self.side * rate
                if best is None or value > best[0]:
                    best = (value, key, one)
        return None if best is None else (best[1], best[2])

    def _room(self, date: dt.date) -> list[TemplateInstance]:
        """Return the instances that the limits on people leave room for on a day."""
        held = [one for (_, day), of in self.held.items() if day == date for one in of]
        return [one for one in self.instances if _fits(one, held, self.limits)]

    def point(self, settings: Settings, seed: int) -> dict[str, Any]:
        """Return cost, hours and the simulator's rate of the plan as it stands."""
        duties: dict[dt.date, dict[str, list[DutySpan]]] = {}
        for (name, date), held in self.held.items():
            duties.setdefault(date, {})[name] = [one.duty_span((name,)) for one in held]
        judged = judge_span(self.demands, duties, settings, seed=seed, days_each=FRONTIER_DAYS)
        days = [day for of_stream in judged.values() for day in of_stream.values()]
        share = pooled_share(days)
        paid = sum(one.paid_hours for held in self.held.values() for one in held)
        return {
            "cost": round(self.cost, 6),
            "paid_hours": round(paid, 6),
            "on_time": round(share.value, 6),
            "low": round(share.low, 6),
            "high": round(share.high, 6),
        }


def _fits(one: TemplateInstance, held: Sequence[TemplateInstance], limits: PeopleLimits) -> bool:
    of_pool = limits.pools.get(one.pool)
    if of_pool is not None and sum(other.pool == one.pool for other in held) >= of_pool:
        return False
    of_template = limits.templates.get(one.template)
    return of_template is None or sum(other.template == one.template for other in held) < of_template


def _as_instance(row: Any, span: DutySpan) -> TemplateInstance:
    """Return a row of the shift plan that no template gives as an instance of its own."""
    each = 1.0 / max(int(row["agents"]), 1)
    return TemplateInstance(
        template=str(row["template"]),
        form="half",
        start_min=span.start_min,
        end_min=span.end_min,
        breaks=span.breaks,
        pool=str(row["pool"]),
        paid_hours=float(row["paid_hours"]) * each,
        cost=float(row["cost"]) * each,
    )
