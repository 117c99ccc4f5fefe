"""Ways to close a gap: what each costs, and what it brings in points of reply rate, by the simulator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from forecast.promotions import Event
from scheduling.day import DutySpan, Floats
from scheduling.demand import StreamDemand
from scheduling.inputs import Inputs
from scheduling.judgement import Judged, judge_span
from scheduling.pipeline import with_templates
from scheduling.plan_folder import PlanFolder
from scheduling.promotion.called_in import mean_wage
from scheduling.promotion.training import decide_by
from scheduling.scenarios.keys import combined
from scheduling.scenarios.outcome import Question, pooled_share
from scheduling.scenarios.overrides import apply
from scheduling.scenarios.standing import Standing, demand_under, hour_worth, people_under

OVERTIME_PAY = 1.5  # labour law: 150 % on working days
EXTENDED_A_DAY = 4  # people asked to stay an hour longer, a day
NEWCOMERS = 2
MOST_TOGETHER = 4  # levers pulled at once when the cheapest way to the target is sought


@dataclass(frozen=True, kw_only=True)
class Lever:
    """One way to close a gap: changes as in a scenario, or duties of a form made an hour longer."""

    name: str
    amount: str
    changes: Mapping[str, Any]
    longer: str = ""  # half | full: which duties are made longer


def levers_of(inputs: Inputs) -> list[Lever]:
    """Return the levers that a shop has.

    Two part-timers, two outsourced people and an extra half shift a day only where a template admits them.
    """
    pools = {pool for template in inputs.settings.templates for pool in template.pools} or {
        "staff",
        "part_time",
    }
    forms = {template.form for template in inputs.settings.templates} or {"half", "early"}
    halves = [t for t in inputs.settings.templates if t.form == "half"]
    found = []
    for pool in ("part_time", "outsourced"):
        if pool in pools:
            people = {"add_agents": {"pool": pool, "count": NEWCOMERS}}
            found.append(Lever(name=pool, amount=f"+{NEWCOMERS}", changes=people))
    if halves:
        extra = {"pool": halves[0].pools[0], "count": 1, "templates": [t.name for t in halves]}
        found.append(Lever(name="extra_half", amount="+1", changes={"add_agents": extra}))
    if "half" in forms:
        found.append(Lever(name="longer_half", amount=f"{EXTENDED_A_DAY} x 1 h", changes={}, longer="half"))
    if forms - {"half"}:
        found.append(Lever(name="overtime", amount=f"{EXTENDED_A_DAY} x 1 h", changes={}, longer="full"))
    found.append(Lever(name="bot_share", amount="+0.05", changes={"bot_share_add": 0.05}))
    found.append(Lever(name="cap_up", amount="+1", changes={"reception_cap_add": 1}))
    found.append(Lever(name="cap_down", amount="-1", changes={"reception_cap_add": -1}))
    return found


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """A plan with levers pulled: demand, people, and the simulator's share over the span."""

    demands: Mapping[str, StreamDemand]
    standing: Standing
    judged: Judged
    on_time: float
    low: float
    high: float
    cost: float


def pull(base: PlanFolder, inputs: Inputs, levers: Sequence[Lever], question: Question) -> Pulled:
    """Return the plan with levers pulled, judged on the same random numbers as without."""
    changes: dict[str, Any] = {}
    for lever in levers:
        changes = combined(changes, lever.changes)
    applied = apply(inputs, changes, streams=sorted(set(base.forecast["stream"])), name=question.name)
    demands = demand_under(base, applied, start=question.start, days=question.days)
    standing = people_under(base, applied, demands)
    cost = float(standing.paid["cost"].sum())
    for lever in levers:
        if lever.longer:
            standing, more = _longer(standing, demands, inputs, lever.longer)
            cost += more
    judged = judge_span(demands, standing.duties, applied.inputs.settings, seed=question.seed)
    share = pooled_share([day for of_stream in judged.values() for day in of_stream.values()])
    return Pulled(
        demands=demands,
        standing=standing,
        judged=judged,
        on_time=share.value,
        low=share.low,
        high=share.high,
        cost=cost,
    )


def lever_table(
    base: PlanFolder, inputs: Inputs, event: Event, question: Question, *, today: dt.date
) -> tuple[pd.DataFrame, Pulled]:
    """Return what every lever brings, and the plan without any.

    Returns
    -------
    DataFrame
        `lever, amount, cost, points, cost_per_point, on_time, decide_by, in_time`: extra cost over the span,
        percentage points of the share over the span and all streams (for a rule in seconds the seconds
        gained), and the last day to decide. Cheapest per point first; those that bring nothing last.
    """
    timezone = inputs.settings.demand.shop.timezone
    plain = pull(base, inputs, (), question)
    is_seconds = next(iter(next(iter(plain.demands.values())).days.values())).rule.metric == "mean_seconds"
    rows = []
    for lever in levers_of(inputs):
        pulled = pull(base, inputs, (lever,), question)
        gained = plain.on_time - pulled.on_time if is_seconds else 100 * (pulled.on_time - plain.on_time)
        cost = pulled.cost - plain.cost
        last = decide_by(lever.name, event, timezone)
        rows.append(
            {
                "lever": lever.name,
                "amount": lever.amount,
                "cost": round(cost, 2),
                "points": round(gained, 4),
                "cost_per_point": round(cost / gained, 2) if gained > 0 else None,
                "on_time": round(pulled.on_time, 6),
                "decide_by": last,
                "in_time": last >= today,
            }
        )
    rows.sort(key=lambda row: (row["cost_per_point"] is None, row["cost_per_point"] or 0.0, row["lever"]))
    return pd.DataFrame(rows), plain


def cheapest_way(
    base: PlanFolder,
    inputs: Inputs,
    table: pd.DataFrame,
    question: Question,
    *,
    target: float,
) -> tuple[list[str], Pulled | None]:
    """Return the levers to pull, cheapest per point first, until the share reaches the target.

    Only levers that can still be decided are pulled, at most `MOST_TOGETHER`; the second value is the plan
    with them, None where nothing helps.
    """
    known = {lever.name: lever for lever in levers_of(inputs)}
    pulled: Pulled | None = None
    names: list[str] = []
    useful = table[table["in_time"] & table["cost_per_point"].notna()]
    for name in useful["lever"]:
        if len(names) == MOST_TOGETHER or (name == "cap_down" and "cap_up" in names):
            break
        names.append(str(name))
        pulled = pull(base, inputs, [known[n] for n in names], question)
        if pulled.low >= target:
            break
    return names, pulled


# --- longer duties


def _longer(
    standing: Standing, demands: Mapping[str, StreamDemand], inputs: Inputs, form: str
) -> tuple[Standing, float]:
    """Return the plan with the best duties of each day an hour longer, and what that costs.

    An hour at the end or, where the shop then closes or it is worth more, at the beginning. Nobody gets more
    than one. The hour is paid at 150 %.
    """
    settings = with_templates(inputs.settings, demands)
    wage = mean_wage(settings)
    longest_half = max((t.hours for t in settings.templates if t.form == "half"), default=5.0)
    duties: dict[dt.date, dict[str, list[DutySpan]]] = {}
    extended = 0
    for date, of_day in standing.duties.items():
        duties[date] = {stream: list(spans) for stream, spans in of_day.items()}
        options: list[tuple[float, str, int, DutySpan]] = []
        for stream, spans in of_day.items():
            if date not in demands[stream].days:
                continue
            worth = hour_worth(demands[stream], date, spans, inputs.settings)[1]
            for place, span in enumerate(spans):
                is_half = span.end_min - span.start_min <= 60 * longest_half
                if is_half != (form == "half"):
                    continue
                options += [
                    (gain, stream, place, longer)
                    for longer, gain in hours_more(span, worth, demands[stream], date)
                    if gain > 0
                ]
        options.sort(key=lambda option: (-option[0], option[1], option[2]))
        taken: set[tuple[str, int]] = set()
        for _, stream, place, longer in options:
            if len(taken) < EXTENDED_A_DAY and (stream, place) not in taken:
                taken.add((stream, place))
                duties[date][stream][place] = longer
        extended += len(taken)
    return replace(standing, duties=duties), extended * wage * OVERTIME_PAY


def hours_more(
    span: DutySpan, worth: Floats, demand: StreamDemand, date: dt.date
) -> list[tuple[DutySpan, float]]:
    """Return a duty an hour longer at either side within the open hours, with what the hour is worth."""
    day = demand.days[date]
    found = []
    for start, end in ((span.start_min, span.end_min + 60), (span.start_min - 60, span.end_min)):
        if start < day.first_min or end > day.last_min:
            continue
        new = (span.end_min, end) if end > span.end_min else (start, span.start_min)
        inside = (day.starts_min >= new[0]) & (day.starts_min + day.interval_min <= new[1])
        found.append((replace(span, start_min=start, end_min=end), float(worth[inside].sum())))
    return found
