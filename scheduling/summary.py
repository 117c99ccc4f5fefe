"""The figures of ``summary.json``: each stream's verdict, the usual methods beside it, how it was solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from scheduling.baselines import BASELINES, baseline_plan
from scheduling.config import Settings
from scheduling.day import LARGE_DAY
from scheduling.demand import StreamDemand, served_day
from scheduling.judgement import Judged, is_certified, pooled, share_of_span
from scheduling.promise import Promise
from scheduling.roster.assign import RosterResult
from scheduling.service.agent import CapAdvice, recommended_cap, scaled_to_throughput
from scheduling.shifts.design import ShiftDesign
from scheduling.shifts.task import PeopleLimits
from scheduling.shifts.templates import TemplateInstance
from scheduling.simulation.replicate import judge

BINDING = 0.7  # of the limit on unanswered sessions, from which on it may be what asks for people
FAR_AHEAD = 0.03  # of the target, where it is not what asks for people
BASELINE_DAYS = 4  # simulated days for each day of a baseline's plan, at least
BASELINES_KNOWN = 60  # simulated days over a span, fewer where days are large


TOLD = (
    *("promised", "promised_low", "probability", "simulated", "simulated_ci", "certified"),
    *("unanswered", "on_time_of_asked", "overtime_hours"),
)


def stream_summaries(
    demands: Mapping[str, StreamDemand],
    settings: Settings,
    judged: Judged,
    promised: Mapping[str, Promise],
    paid: pd.DataFrame,
) -> dict[str, Any]:
    """Return ``streams`` of ``summary.json``; hours and cost are those of `paid`, shift plan or roster.

    ``premium`` is the part of a roster's cost that the law adds to the wage.
    """
    found: dict[str, Any] = {}
    advice = cap_advice(demands, settings)
    for name, demand in demands.items():
        target, promise = settings.demand.target(name), promised[name]
        seen, share = judged[name], share_of_span(judged[name])
        told = {
            "promised": promise.share,
            "promised_low": promise.low,
            "probability": promise.probability,
            "simulated": share.value,
            "simulated_ci": [share.low, share.high],
            "certified": is_certified(
                demand, seen, target=target, max_unanswered=settings.demand.stream(name).max_unanswered
            ),
            "unanswered": pooled(seen, "unanswered_sessions", "window_sessions"),
            "on_time_of_asked": pooled(seen, "rounds_on_time", "rounds_asked"),
            "overtime_hours": sum(day.overtime_hours for day in seen.values()),
        }
        cap = advice[name].cap if name in advice else None
        found[name] = stream_summary(name, settings, paid, told=told, cap=cap)
    return found


def stream_summary(
    name: str,
    settings: Settings,
    paid: pd.DataFrame,
    *,
    told: Mapping[str, Any] | None = None,
    cap: int | None = None,
) -> dict[str, Any]:
    """Return a stream's entry of ``summary.json``: hours and cost of its rows of `paid`, and what is told.

    `told` holds what promise and judge say (`TOLD`); without them it is null.
    """
    rule, own = settings.demand.rule(name), paid[paid["stream"] == name]
    found: dict[str, Any] = _rounded(
        {
            "rule": rule.id,
            "unit": rule.unit,
            "target": settings.demand.target(name),
            **(dict.fromkeys(TOLD) if told is None else {key: told[key] for key in TOLD}),
            "paid_hours": float(own["paid_hours"].sum()),
            "cost": float(own["cost"].sum()),
            "premium": float(own["premium"].sum()) if "premium" in own else 0.0,
            "recommended_cap": cap,
        }
    )
    return found


def cap_advice(names: Iterable[str], settings: Settings) -> dict[str, CapAdvice]:
    """Return the reception cap to recommend for each stream; none under a rule in mean seconds."""
    found = {}
    for name in names:
        rule, target = settings.demand.rule(name), settings.demand.target(name)
        if rule.metric == "share" and 0.0 < target < 1.0:
            service = scaled_to_throughput(settings.demand.stream(name).service)
            found[name] = recommended_cap(service, rule.threshold_s, target)
    return found


def cap_notes(names: Iterable[str], settings: Settings) -> list[str]:
    """Return a line a stream: the cap to recommend, the one that is set, and why."""
    return [
        f"{name}: reception cap {advice.cap} recommended "
        f"(now {int(settings.demand.stream(name).service.reception_cap)}); {advice.reason}"
        for name, advice in cap_advice(names, settings).items()
    ]


def limit_notes(streams: Mapping[str, Mapping[str, Any]], settings: Settings) -> list[str]:
    """Return a line for each stream whose limit on unanswered sessions asks for the people, not its target.

    `streams` are those of ``summary.json``.
    """
    notes = []
    for name, seen in streams.items():
        limit, rule = settings.demand.stream(name).max_unanswered, settings.demand.rule(name)
        if rule.metric != "share" or not limit:
            continue
        if seen["unanswered"] > BINDING * limit and seen["simulated"] > seen["target"] + FAR_AHEAD:
            notes.append(
                f"{name}: max_unanswered ({limit:.1%}) decides how many people there are, not the target: "
                f"{seen['simulated']:.1%} are on time; a larger limit needs fewer people"
            )
    return notes


def baselines_of(
    demands: Mapping[str, StreamDemand],
    instances: tuple[TemplateInstance, ...],
    settings: Settings,
    limits: PeopleLimits,
    *,
    seed: int,
) -> dict[str, Any]:
    """Return paid hours and simulated share of the usual methods over the span, all streams together.

    Each is planned as its guide says, not scaled to the target; people are as often absent as in our plan.
    """
    groups = limits.groups(instances)
    hours = np.array([instance.paid_hours for instance in instances])
    found: dict[str, Any] = {}
    for name in BASELINES:
        paid, on_time, total = 0.0, 0.0, 0.0
        for stream, demand in demands.items():
            known = settings.demand.stream(stream)
            for date, asked in demand.days.items():
                day = served_day(asked, known.shrinkage)
                size = max(1.0, float(day.sessions.sum()) / LARGE_DAY)
                each = max(BASELINE_DAYS, round(BASELINES_KNOWN / len(demand.days) / size))
                counts = baseline_plan(name, day, instances, groups=groups)
                people = [
                    i.duty_span() for i, n in zip(instances, counts, strict=True) for _ in range(int(n))
                ]
                seen = judge(
                    {stream: day},
                    people,
                    seed=seed + date.toordinal(),
                    least_days=each,
                    most_days=each,
                    absence_rate=known.absence_rate,
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
        return roster_figures(result) | {"shifts": _rounded(shifts)}
    rounded: dict[str, Any] = _rounded(shifts)
    return rounded


def roster_figures(result: RosterResult) -> dict[str, Any]:
    """Return how a roster was solved, and what each rank of its objective came to [money]."""
    figures: dict[str, Any] = _rounded(
        {
            "status": str(result.status),
            "objective": result.objective,
            "bound": result.bound,
            "gap": result.gap,
            "stages": {stage.name: stage.value for stage in result.stages},
        }
    )
    return figures


def _rounded(values: Any) -> Any:
    """Round floats so that the same plan gives the same bytes."""
    if isinstance(values, dict):
        return {key: _rounded(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_rounded(value) for value in values]
    return round(float(values), 6) if isinstance(values, float | np.floating) else values
