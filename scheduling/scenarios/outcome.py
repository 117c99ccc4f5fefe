"""What becomes of the base plan under a scenario, and what planning anew would give."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import PlanError
from forecast.timegrid import zone
from scheduling.config import Settings
from scheduling.day import Floats, Ints, on_duty
from scheduling.demand import DayKey, StreamDemand
from scheduling.duties import Duties, duties_of_plan
from scheduling.frames import SHIFT_PLAN
from scheduling.inputs import Inputs
from scheduling.judgement import DOUBTFUL_DAYS, Judged, judge_span, share_of_span
from scheduling.people_limits import named_limits
from scheduling.pipeline import as_served, requirements_by_day, with_templates
from scheduling.plan_folder import PlanFolder
from scheduling.promise import promises
from scheduling.roster.assign import make_roster
from scheduling.roster.people import Employee
from scheduling.scenarios.overrides import Applied, apply
from scheduling.scenarios.standing import Standing, demand_under, people_under
from scheduling.shifts.design import design_span
from scheduling.shifts.effort import EFFORTS, DesignEffort, EffortName
from scheduling.shifts.task import PeopleLimits
from scheduling.shifts.templates import TemplateInstance, template_instances
from scheduling.simulation.estimate import Estimate, ratio
from scheduling.simulation.replicate import StreamJudgement
from scheduling.summary import stream_summaries

MOMENTS = ("date", "start", "end")
HOUR_FIGURES = ("required", "on_duty", "offered", "on_time", "total")
QUICK = replace(  # certified here by the judge of every plan, so the search need not certify
    EFFORTS["quick"], draws=24, final_draws=1, attempts=1, bound_work=0.0, level_rounds=0
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of one scenario.

    ``anew`` asks for the cheapest shifts under it as well; ``is_light`` for the simulator's share alone.
    """

    name: str
    changes: Mapping[str, Any]
    start: dt.date
    days: int
    seed: int = 0
    effort: EffortName = "quick"
    anew: bool = True
    is_light: bool = False


def answer(base: PlanFolder, inputs: Inputs, question: Question) -> dict[str, Any]:
    """Return a scenario's outcome as plain numbers and words (JSON).

    Raises
    ------
    PlanError
        If the scenario cannot be applied or planned.
    """
    streams = sorted(str(name) for name in base.forecast["stream"].unique())
    applied = apply(inputs, question.changes, streams=streams, name=question.name)
    demands = demand_under(base, applied, start=question.start, days=question.days)
    if question.is_light:
        standing = people_under(base, applied, demands)
        judged = judge_span(demands, standing.duties, applied.inputs.settings, seed=question.seed)
        return {**_rate(demands, judged), "cost": float(standing.paid["cost"].sum())}
    design = _designed(base, applied, demands, question) if question.anew or applied.is_planned_anew else None
    return outcome_with(base, applied, demands, question, design)


def outcome_with(
    base: PlanFolder,
    applied: Applied,
    demands: Mapping[str, StreamDemand],
    question: Question,
    design: pd.DataFrame | None,
) -> dict[str, Any]:
    """Return a scenario's outcome, with these shifts as those planned anew; None: nothing is planned anew."""
    kind, standing = _standing(base, applied, demands, question, design)
    held = _figures(demands, standing, applied, question)
    found: dict[str, Any] = {"plan": kind, **held, "notes": list(standing.notes)}
    if design is not None:
        found["anew"] = anew_figures(design, demands, applied, question)
    return found


def anew_figures(
    design: pd.DataFrame,
    demands: Mapping[str, StreamDemand],
    applied: Applied,
    question: Question,
    judged: Judged | None = None,
) -> dict[str, Any]:
    """Return what the judge says of shifts without names, or has said; ``shifts`` are their rows."""
    timezone = applied.inputs.settings.demand.shop.timezone
    people = Standing(duties=duties_of_plan(design, timezone), paid=design)
    shifts = design.assign(**{name: design[name].map(lambda at: at.isoformat()) for name in MOMENTS})
    rows = shifts[SHIFT_PLAN.required].to_numpy(dtype=object).tolist()
    figures = _figures(demands, people, applied, question, judged=judged, with_gaps=False)
    return {**figures, "shifts": rows}


def shifts_of(rows: list[list[Any]], timezone: str) -> pd.DataFrame:
    """Return the rows of `anew_figures` as a `SHIFT_PLAN` table."""
    table = pd.DataFrame(rows, columns=SHIFT_PLAN.required)
    table["date"] = [dt.date.fromisoformat(text) for text in table["date"]]
    for name in ("start", "end"):
        table[name] = pd.to_datetime(table[name], utc=True).dt.tz_convert(zone(timezone))
    return table


# --- the plan


def _designed(
    base: PlanFolder, applied: Applied, demands: Mapping[str, StreamDemand], question: Question
) -> pd.DataFrame:
    """Return the cheapest shifts under a scenario; the base's own where its changes do not bear on them."""
    dates = set(next(iter(demands.values())).days)
    if applied.keys and not applied.keys - {"labour", "remove_agents"}:
        return base.shift_plan[base.shift_plan["date"].isin(dates)].reset_index(drop=True)
    settings = with_templates(applied.inputs.settings, demands)
    instances = template_instances(settings.templates, settings.demand.shop.interval_min)
    return design_span(
        demands,
        instances,
        streams={name: as_served(settings.demand.stream(name), applied.inputs.employees) for name in demands},
        limits=limits_under(applied, settings, demands, instances),
        seed=question.seed,
        effort=_effort(question.effort),
        starts={k: [c] for k, c in counts_of(base.shift_plan, demands, instances).items()},
        processes=1,
    ).shift_plan


def limits_under(
    applied: Applied,
    settings: Settings,
    demands: Mapping[str, StreamDemand],
    instances: Sequence[TemplateInstance],
) -> PeopleLimits:
    """Return the limits on people under a scenario: those who come on top are there as well."""
    employees = list(applied.inputs.employees)
    named = {person.pool for person in employees}
    for people in applied.added:
        if people.pool in named:
            one = Employee(employee="+", pool=people.pool, streams=people.streams, templates=people.templates)
            employees += [one] * people.count
    return named_limits(settings, employees, applied.inputs.wishes, demands, instances)


def _effort(name: EffortName) -> DesignEffort:
    return QUICK if name == "quick" else EFFORTS[name]


def counts_of(
    shift_plan: pd.DataFrame, demands: Mapping[str, StreamDemand], instances: Sequence[TemplateInstance]
) -> dict[DayKey, Ints]:
    """Return a shift plan as counts per instance; duties that no instance has are left out."""
    place: dict[tuple[Any, ...], int] = {
        (i.template, i.pool, i.start_min, i.end_min, i.breaks): k for k, i in enumerate(instances)
    }
    found: dict[DayKey, Ints] = {}
    for name, demand in demands.items():
        timezone = str(next(iter(demand.starts.values())).tz)
        own = shift_plan[shift_plan["stream"] == name]
        for date in demand.days:
            counts = np.zeros(len(instances), dtype=np.int64)
            rows = own[own["date"] == date]
            spans = [
                (row, duties_of_plan(rows.loc[[at]], timezone)[date][name][0]) for at, row in rows.iterrows()
            ]
            for row, span in spans:
                key = (row["template"], row["pool"], span.start_min, span.end_min, span.breaks)
                if key in place:
                    counts[place[key]] += int(row["agents"])
            if counts.any():
                found[name, date] = counts
    return found


def _standing(
    base: PlanFolder,
    applied: Applied,
    demands: Mapping[str, StreamDemand],
    question: Question,
    design: pd.DataFrame | None,
) -> tuple[str, Standing]:
    """Return how the plan came about, and who is on: held, rostered anew, or planned anew."""
    shifts = design if applied.is_planned_anew else None
    if base.roster is None or not applied.inputs.employees:
        kind = "held" if shifts is None else "anew"
        notes = (
            ("labour rules bind people by name; the base plan names nobody",)
            if applied.is_rostered_anew
            else ()
        )
        standing = people_under(base, applied, demands, shift_plan=shifts)
        return kind, Standing(duties=standing.duties, paid=standing.paid, notes=notes)
    if shifts is None and not applied.is_rostered_anew:
        return "held", people_under(base, applied, demands)
    settings = with_templates(applied.inputs.settings, demands)
    plan = base.shift_plan if shifts is None else shifts
    result = make_roster(
        replace(
            base.case(replace(applied.inputs, settings=settings)),
            start=question.start,
            days=question.days,
            shift_plan=plan[plan["date"].isin(set(next(iter(demands.values())).days))],
        ),
        seed=question.seed,
        effort=question.effort,
    )
    if result.roster is None:
        raise PlanError(
            [conflict.text for conflict in result.conflicts] or f"no roster found ({result.status})"
        )
    return ("rostered" if shifts is None else "anew"), people_under(
        base, applied, demands, roster=result.roster
    )


# --- figures


def _figures(
    demands: Mapping[str, StreamDemand],
    standing: Standing,
    applied: Applied,
    question: Question,
    *,
    judged: Judged | None = None,
    with_gaps: bool = True,
) -> dict[str, Any]:
    """Return the columns of ``compare.csv`` and what stands behind them."""
    settings = applied.inputs.settings
    if judged is None:
        doubtful = DOUBTFUL_DAYS if with_gaps else 0  # as `plan` judged it; searched shifts are all in doubt
        judged = judge_span(demands, standing.duties, settings, seed=question.seed, doubtful=doubtful)
    promised = promises(
        demands,
        standing.duties,
        simulated={name: share_of_span(seen).value for name, seen in judged.items()},
        seed=question.seed,
        settings=settings,
        processes=1,
    )
    streams = stream_summaries(demands, settings, judged, promised, standing.paid)
    found = {
        "agent_days": int(standing.paid["agents"].sum()),
        "paid_hours": round(float(standing.paid["paid_hours"].sum()), 6),
        "cost": round(float(standing.paid["cost"].sum()), 6),
        **_rate(demands, judged),
        "probability": min(stream["probability"] for stream in streams.values()),
        "certified": all(stream["certified"] for stream in streams.values()),
        "met": all(
            stream["certified"] and stream["probability"] >= settings.demand.stream(name).confidence - 1e-9
            for name, stream in streams.items()
        ),
        "streams": streams,
    }
    if with_gaps:
        hours = hour_table(demands, standing.duties, judged, required_under(demands, applied))
        short = (hours["required"] - hours["on_duty"]).clip(lower=0) * hours["in_window"]
        step = next(iter(next(iter(demands.values())).days.values())).interval_min / 60
        found |= {
            "gap_hours": round(float(short.sum()) * step, 6),
            **_worst_hour(hours),
            "hours": _rows(hours),
        }
    return found


def pooled_share(days: Sequence[StreamJudgement]) -> Estimate:
    """Return the share over any judged days, a ratio of sums."""
    return ratio([(day.numerators, day.denominators) for day in days])


def _rate(demands: Mapping[str, StreamDemand], judged: Judged) -> dict[str, Any]:
    """Return the share over all streams (mean seconds where every rule is in seconds)."""
    metric = {name: next(iter(demand.days.values())).rule.metric for name, demand in demands.items()}
    shares = [name for name in demands if metric[name] == "share"] or list(demands)
    share = pooled_share([day for name in shares for day in judged[name].values()])
    return {
        "on_time": round(share.value, 6),
        "on_time_ci": [round(share.low, 6), round(share.high, 6)],
        "metric": "share" if metric[shares[0]] == "share" else "mean_seconds",
        "by_stream": {name: round(share_of_span(judged[name]).value, 6) for name in demands},
    }


def required_under(demands: Mapping[str, StreamDemand], applied: Applied) -> dict[DayKey, Floats]:
    """Return people of this team needed per interval, time off the chats included, for the wanted chance."""
    settings = applied.inputs.settings
    return {
        key: found.agents
        / (1.0 - as_served(settings.demand.stream(key[0]), applied.inputs.employees).shrinkage)
        for key, found in requirements_by_day(demands, settings).items()
    }


def hour_table(
    demands: Mapping[str, StreamDemand],
    duties: Duties,
    judged: Judged,
    required: Mapping[DayKey, Floats],
) -> pd.DataFrame:
    """Return one row per stream and interval: need, people, and what the simulator saw.

    Columns `stream, start, required, on_duty, offered, on_time, total, in_window`; `on_time` and `total` are
    units of the rule.
    """
    parts = []
    for name, demand in demands.items():
        for date, day in demand.days.items():
            spans = list(duties.get(date, {}).get(name, ()))
            parts.append(
                pd.DataFrame(
                    {
                        "stream": name,
                        "start": demand.starts[date],
                        "required": required[name, date],
                        "on_duty": on_duty(spans, day.starts_min, day.interval_min),
                        "offered": demand.offered[date],
                        "on_time": judged[name][date].on_time,
                        "total": judged[name][date].total,
                        "in_window": day.window_mask,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _worst_hour(hours: pd.DataFrame) -> dict[str, Any]:
    """Return start and share of the hour with the lowest share, all streams together."""
    seen = hours[hours["in_window"] & (hours["total"] > 0)]
    if seen.empty:
        return {"worst_hour": None, "worst_share": None}
    sums = seen.groupby(seen["start"].dt.floor("h"))[["on_time", "total"]].sum()
    share = sums["on_time"] / sums["total"]
    at = pd.Timestamp(str(share.idxmin()))
    return {"worst_hour": at.isoformat(), "worst_share": round(float(share.min()), 6)}


def _rows(hours: pd.DataFrame) -> list[list[Any]]:
    """Return the table as rows of JSON: stream, start, required, on duty, offered, on time, total."""
    figures = hours[list(HOUR_FIGURES)].astype(float).round(4).to_numpy().tolist()
    keys = zip(hours["stream"].tolist(), hours["start"].tolist(), strict=True)
    return [[stream, at.isoformat(), *row] for (stream, at), row in zip(keys, figures, strict=True)]
