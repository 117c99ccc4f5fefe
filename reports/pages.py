"""The page report.html: one file with everything inside, that reads without network and without scripts."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from reports import findings, grids
from reports.charts.interactive import chart_data
from reports.charts.pictures import stream_pictures
from reports.readable_names import rule_name
from reports.roster_grid import day_shade, plan_codes, roster_rows
from reports.words import Words, words

if TYPE_CHECKING:
    import pandas as pd

    from scheduling.pipeline import Plan

GAPS_SHOWN = 8


def write_report(plan: Plan, path: Path, lang: str) -> None:
    """Write a plan's report.

    Parameters
    ----------
    plan
        A finished plan.
    path
        The HTML file.
    lang
        zh or en.
    """
    path.write_text(report_text(plan, lang), encoding="utf-8", newline="\n")


def report_text(plan: Plan, lang: str) -> str:
    """Return a plan's report as HTML; the same plan gives the same text."""
    say = words(lang)
    context = _answer(plan, say) | _evidence(plan, say)
    return render("report.html.j2", say, **context)


def render(template: str, say: Words, **context: Any) -> str:
    """Return a page made from a template, with the style sheet and the chart library put in."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    inlined = {
        "css": _asset("templates", "report.css"),
        "script": _asset("templates", "report.js"),
        "library": _asset("assets", "echarts.min.js"),
    }
    return environment.get_template(template).render(say=say, **inlined, **context)


def _asset(folder: str, name: str) -> Markup:
    text = resources.files("reports").joinpath(folder, name).read_text(encoding="utf-8")
    return Markup(text)  # our own files, not anybody's data


def _answer(plan: Plan, say: Words) -> dict[str, Any]:
    """Return what stands at the top: verdicts, costs, gaps, notes."""
    verdicts = findings.verdicts(plan)
    gaps = findings.gaps(plan)
    days = findings.dates(plan)
    shop = plan.settings.demand.shop.name
    return {
        "title": say("report.title", shop=shop) if shop else say("report.title_plain"),
        "span": say(
            "report.span", year=days[0].year, span=say.span(days[0], days[-1]), days=say.days(len(days))
        ),
        "synthetic": plan.synthetic,
        "state": findings.overall(verdicts),
        "headline": headline(plan, say),
        "where": where_text(plan, say),
        "cards": [_card(plan, verdict, say) for verdict in verdicts],
        "is_met": findings.overall(findings.verdicts(plan)) == "met",
        "gaps": grids.gap_grid(plan, gaps[:GAPS_SHOWN], say),
        "gaps_text": say("report.gaps_text", shown=min(GAPS_SHOWN, len(gaps)), count=len(gaps)),
        "notes": findings.note_lines(plan.notes, plan.settings.demand, say),
    }


def headline(plan: Plan, say: Words) -> str:
    """Return the answer in one sentence: met or not, how surely, at what cost."""
    verdicts = findings.verdicts(plan)
    state = findings.overall(verdicts)
    chances = [one.probability for one in verdicts if one.probability is not None]
    key = f"report.headline_{state}"
    if state == "met":
        key += "" if chances and len(verdicts) > 1 else "_one" if chances else "_sure"
    return say(
        key,
        total=len(verdicts),
        names=say("format.clause_gap").join(
            findings.shortfall_text(plan, one, say) for one in verdicts if one.state == state
        ),
        probability=say.share(min(chances, default=None), decimals=0),
        hours=say.number(sum(one.paid_hours or 0.0 for one in verdicts)),
        cost=say.money(sum(one.cost or 0.0 for one in verdicts)),
    )


def where_text(plan: Plan, say: Words) -> str:
    """Return where most people are missing, in one sentence."""
    gaps = findings.gaps(plan)
    if not gaps:
        return say("report.no_gaps")
    largest = gaps[0]
    return say(
        "report.where",
        when=f"{say.day(largest.start.date())} {findings.clock_span(largest.start, largest.end)}",
        stream=findings.stream_label(plan, largest.stream, say),
        people=largest.people,
        gap=say.number(sum(gap.agent_hours for gap in gaps), 1),
    )


def _card(plan: Plan, verdict: findings.Verdict, say: Words) -> dict[str, Any]:
    """Return one stream's verdict as label, big number, lines and warnings."""
    metric = verdict.rule.metric

    def share(value: float | None) -> str:
        return say.share(value, metric)

    hours = say.number(verdict.paid_hours)
    overtime = say.number(verdict.overtime_hours, 1)
    lines = [
        (say("report.target"), share(verdict.target)),
        (say("report.promised"), share(verdict.promised)),
        (say("report.promised_low"), share(verdict.promised_low)),
        (
            say("report.probability", confidence=say.share(verdict.confidence, decimals=0)),
            say.share(verdict.probability, decimals=0),
        ),
        (
            say("report.unanswered", most=say.share(verdict.max_unanswered)),
            say.share(verdict.unanswered, decimals=2),
        ),
        (say("report.on_time_of_asked"), say.share(verdict.on_time_of_asked)),
        (say("report.paid_hours"), say("report.hours", hours=hours)),
        (say("report.overtime_hours"), say("report.hours", hours=overtime)),
        (say("report.cost"), say.money(verdict.cost)),
    ]
    warnings = []
    if verdict.state == "missed":
        warnings.append(say("report.not_certified"))
    if verdict.state == "risky":
        warnings.append(say("report.too_uncertain"))
    if not verdict.agrees:
        warnings.append(
            say("report.disagree", promised=share(verdict.promised), simulated=share(verdict.simulated))
        )
    interval = verdict.simulated_ci
    return {
        "label": findings.stream_label(plan, verdict.stream, say),
        "state": verdict.state,
        "simulated": share(verdict.simulated),
        "big_label": say("report.simulated_rate" if metric == "share" else "report.simulated_seconds"),
        "ci": None if interval is None else say("report.ci", low=share(interval[0]), high=share(interval[1])),
        "lines": lines,
        "warnings": warnings,
    }


def _evidence(plan: Plan, say: Words) -> dict[str, Any]:
    """Return what stands below the answer."""
    fairness = grids.fairness_grid(plan, say)
    return {
        "streams": [_stream_part(plan, stream, say) for stream in findings.stream_ids(plan)],
        "roster": None if plan.roster is None else _roster_part(plan, plan.roster, say),
        "shift_plan": grids.shift_plan_grid(plan, say) if plan.roster is None else None,
        "shift_plan_text": say("report.no_roster_text" if plan.employees else "report.shift_plan_text"),
        "fairness": fairness,
        "fairness_text": say("report.fairness_text", ranges=grids.fairness_ranges(plan, say))
        if fairness.rows
        else "",
        "wishes": grids.wish_grid(plan, say),
        "baselines": grids.baseline_grid(plan, say),
        "effects": grids.effect_grid(plan, say),
        "backtest": grids.backtest_grid(plan, say),
        "methods": [
            say(f"report.methods_{name}") for name in ("forecast", "model", "simulation", "probability")
        ],
        "forecast_notes": findings.note_lines(plan.forecast_notes, plan.settings.demand, say),
        "solver": findings.solver_text(plan, say),
        "inputs": grids.input_grid(plan, say),
        "data": chart_data(plan, say),
    }


def _stream_part(plan: Plan, stream: str, say: Words) -> dict[str, Any]:
    """Return one stream's forecast, cover and reply rates."""
    rule, target = plan.settings.demand.rule(stream), plan.settings.demand.target(stream)
    days = findings.day_rows(plan, stream)
    busiest = max(
        (day for day in days if day.busiest_mean is not None), key=lambda day: day.busiest_mean or 0
    )
    window = "–".join(rule.window)
    return {
        "id": stream,
        "label": findings.stream_label(plan, stream, say),
        "rule": say(
            "report.rule_text" if rule.metric == "share" else "report.rule_mean_text",
            name=rule_name(rule, say) or rule.id,
            id=rule.id,
            unit=say(f"names.unit_{rule.unit}"),
            seconds=f"{rule.threshold_s:g}",
            window=window,
            target=say.share(target, rule.metric),
        ),
        "forecast_text": say(
            "report.forecast_text",
            total=say.number(sum(day.offered for day in days)),
            when=f"{say.day(busiest.date)} {busiest.busiest_start:%H:%M}",
            mean=say.number(busiest.busiest_mean),
            p90=say.number(busiest.busiest_p90),
        ),
        "rate_title": say("report.rate" if rule.metric == "share" else "report.rate_seconds"),
        "rate_text": say(
            "report.rate_text" if rule.metric == "share" else "report.rate_seconds_text",
            window=window,
            threshold=f"{rule.threshold_s:g}",
            target=say.share(target, rule.metric),
        ),
        "pictures": stream_pictures(plan, stream, say),
        "days": grids.day_grid(plan, stream, say),
        "gaps": grids.gap_grid(plan, findings.gaps(plan, stream), say),
        "hours": grids.hour_grid(plan, stream, say),
    }


def _roster_part(plan: Plan, roster: pd.DataFrame, say: Words) -> dict[str, Any]:
    """Return the roster as groups of rows of cells."""
    days = findings.dates(plan)
    rows = roster_rows(plan, roster, say)
    shades = [day_shade(plan, day) for day in days]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        cells = [
            {"code": cell.text, "form": cell.form, "shade": shade}
            for cell, shade in zip(row.cells, shades, strict=True)
        ]
        groups.setdefault(row.group, []).append(
            {"name": row.employee, "cells": cells, "hours": say.number(row.paid_hours)}
        )
    people = [sum(bool(row.cells[i].form) for row in rows) for i in range(len(days))]
    return {
        "text": say("report.roster_text", people=len(rows), duties=len(roster)),
        "codes": [
            {
                "code": one.code,
                "form": one.template.form,
                "text": say("report.code_text", name=one.template.name, span=one.span),
            }
            for one in plan_codes(plan)
        ],
        "days": [
            {"date": say.short_day(day), "weekday": say.weekday(day), "shade": shade, "people": count}
            for day, shade, count in zip(days, shades, people, strict=True)
        ],
        "groups": [{"label": label, "rows": members} for label, members in groups.items()],
        "hours": say.number(sum(row.paid_hours for row in rows)),
    }
