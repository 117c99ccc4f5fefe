"""Shifts that were found for one scenario, tried under the others.

Each search stops at its limit on work, so that two scenarios differ by what was found as well as by what they
change. Where another scenario's shifts meet the target under this one and cost less, they are taken: then a
change that makes things easier never costs more than none, nor does one that makes them harder cost less.
Where a search found nothing that meets the target, dearer shifts are taken as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scheduling.demand import StreamDemand
from scheduling.duties import duties_of_plan
from scheduling.inputs import Inputs
from scheduling.judgement import Judged, is_certified, judge_span
from scheduling.pipeline import with_templates
from scheduling.plan_folder import PlanFolder
from scheduling.scenarios.outcome import (
    Question,
    anew_figures,
    counts_of,
    limits_under,
    outcome_with,
    shifts_of,
)
from scheduling.scenarios.overrides import Applied, apply
from scheduling.scenarios.standing import demand_under
from scheduling.shifts.tables import counts_table
from scheduling.shifts.templates import template_instances

TRIED = 0.95  # times the cost of what was found: two searches rarely differ by more
LEAST_SAVED = 0.005  # in money


def exchanged(
    base: PlanFolder,
    inputs: Inputs,
    question: Question,
    own: Mapping[str, Any],
    others: Sequence[list[list[Any]]],
) -> dict[str, Any]:
    """Return a scenario's outcome with the cheapest shifts known that meet the target under it.

    Parameters
    ----------
    base, inputs, question
        As for `outcome.answer`.
    own
        The scenario's outcome as it was searched for.
    others
        Rows of the shifts planned anew for all scenarios; the base plan's own are tried as well.

    Notes
    -----
    Dearer shifts are taken to meet what cheaper ones meet, so that halving the list finds the border.
    """
    streams = sorted(str(name) for name in base.forecast["stream"].unique())
    applied = apply(inputs, question.changes, streams=streams, name=question.name)
    demands = demand_under(base, applied, start=question.start, days=question.days)
    timezone = applied.inputs.settings.demand.shop.timezone
    tables = [base.shift_plan, *(shifts_of(rows, timezone) for rows in others)]
    cost, is_met = own["anew"]["cost"], own["anew"]["met"]
    between = (TRIED * cost, cost - LEAST_SAVED if is_met else math.inf)
    searched = shifts_of(own["anew"]["shifts"], timezone)
    known = _within(tables, searched, applied, demands, between=between)
    judged = [(table, _judged(table, applied, demands, question)) for table in known]
    likely = [(table, seen) for table, seen in judged if _is_certified(seen, applied, demands)]
    best: tuple[pd.DataFrame, dict[str, Any]] | None = None
    low, high = 0, len(likely)
    while low < high:
        middle = (low + high) // 2
        table, seen = likely[middle]
        figures = anew_figures(table, demands, applied, question, seen)
        if figures["met"]:
            best, high = (table, figures), middle
        else:
            low = middle + 1
    if best is None:
        return dict(own)
    if applied.is_planned_anew:
        return outcome_with(base, applied, demands, question, best[0])
    return {**own, "anew": best[1]}


def _within(
    tables: Sequence[pd.DataFrame],
    own: pd.DataFrame,
    applied: Applied,
    demands: Mapping[str, StreamDemand],
    *,
    between: tuple[float, float],
) -> list[pd.DataFrame]:
    """Return the plans of such a cost that a scenario's templates and limits allow, cheapest first.

    Where the scenario's own plan has more people than are named (no plan of theirs meets it), others may too.
    """
    settings = with_templates(applied.inputs.settings, demands)
    instances = template_instances(settings.templates, settings.demand.shop.interval_min)
    dates = list(next(iter(demands.values())).days)
    limits = limits_under(applied, settings, demands, instances)
    limits = limits.without_names(limits.broken_by(counts_of(own, demands, instances), instances))
    found: dict[bytes, pd.DataFrame] = {}
    for table in tables:
        counts = counts_of(table, demands, instances)
        wanted = int(table.loc[table["date"].isin(set(dates)), "agents"].sum())
        if sum(int(of_day.sum()) for of_day in counts.values()) != wanted:
            continue  # duties that nobody may work under this scenario
        if limits.broken_by(counts, instances):
            continue
        priced = counts_table({key: (instances, of_day) for key, of_day in counts.items()}, demands)
        if between[0] <= priced["cost"].sum() <= between[1]:
            nobody = np.zeros(len(instances), dtype=np.int64)
            key = b"".join(counts.get((name, date), nobody).tobytes() for name in demands for date in dates)
            found[key] = priced
    return sorted(found.values(), key=lambda table: float(table["cost"].sum()))


def _judged(
    table: pd.DataFrame, applied: Applied, demands: Mapping[str, StreamDemand], question: Question
) -> Judged:
    """Return what the judge says of shifts under a scenario."""
    settings = applied.inputs.settings
    duties = duties_of_plan(table, settings.demand.shop.timezone)
    return judge_span(demands, duties, settings, seed=question.seed)


def _is_certified(judged: Judged, applied: Applied, demands: Mapping[str, StreamDemand]) -> bool:
    """Whether every stream is certified."""
    settings = applied.inputs.settings
    return all(
        is_certified(
            demand,
            judged[name],
            target=next(iter(demand.days.values())).target,
            max_unanswered=settings.demand.stream(name).max_unanswered,
        )
        for name, demand in demands.items()
    )
