"""All charts of a plan as pictures: inside the page as SVG, or as PNG files to send around."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure

from reports import findings
from reports.charts.cover import plot_gaps, plot_need_and_cover, plot_reply_rate
from reports.charts.explanation import plot_parts
from reports.charts.forecast import plot_forecast
from reports.charts.roster import plot_roster
from reports.charts.style import data_uri, house_style, new_figure, svg_text
from reports.shift_codes import begin_minutes, shift_codes
from reports.words import Words

if TYPE_CHECKING:
    from scheduling.pipeline import Plan

HISTORY_SHOWN = pd.Timedelta(days=7)
PNG_DPI = 150


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart ready for a page: its kind, what it shows in words, and its source."""

    kind: str
    alt: str
    source: str


def stream_pictures(plan: Plan, stream: str, say: Words) -> dict[str, Picture]:
    """Return a stream's charts by kind: forecast, cover, gaps, rate; parts where the forecast is our own."""
    label = findings.stream_label(plan, stream, say)
    with house_style():
        sources = {
            kind: data_uri(svg_text(figure)) for kind, figure in _stream_figures(plan, stream, say).items()
        }
    return {
        kind: Picture(kind=kind, alt=say(f"report.alt_{kind}", stream=label), source=source)
        for kind, source in sources.items()
    }


def write_pictures(plan: Plan, folder: Path, lang: str) -> list[Path]:
    """Write every chart as PNG: four or five a stream, and the roster.

    Parameters
    ----------
    plan
        A finished plan.
    folder
        Where to write; it is made if it is missing.
    lang
        zh or en.
    """
    from reports.words import words

    say = words(lang)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with house_style():
        figures = {
            f"{kind}-{number}": figure
            for number, stream in enumerate(findings.stream_ids(plan), start=1)
            for kind, figure in _stream_figures(plan, stream, say).items()
        }
        if plan.roster is not None:
            figures["roster"] = _roster_figure(plan, plan.roster, say)
        for name, figure in figures.items():
            figure.savefig(folder / f"{name}.png", dpi=PNG_DPI, metadata={"Software": None})
            written.append(folder / f"{name}.png")
    return written


def _stream_figures(plan: Plan, stream: str, say: Words) -> dict[str, Figure]:
    zone = findings.timezone(plan)
    rule, target = plan.settings.demand.rule(stream), plan.settings.demand.target(stream)
    forecast = plan.forecast[plan.forecast["stream"] == stream]
    history = plan.history[plan.history["stream"] == stream]
    first = forecast["start"].min()
    history = history[(history["start"] >= first - HISTORY_SHOWN) & (history["start"] < first)]
    cover = findings.local_cover(plan)
    cover = cover[cover["stream"] == stream]
    figures = {}
    figures["forecast"], axes = new_figure(height=3.4)
    plot_forecast(axes, forecast, history, promotions=plan.promotions, timezone=zone, say=say)
    figures["cover"], axes = new_figure(height=3.2)
    plot_need_and_cover(axes, cover, promotions=plan.promotions, timezone=zone, say=say)
    figures["gaps"], axes = new_figure(height=1.0 + 0.22 * plan.days)
    plot_gaps(axes, cover, window=rule.window_minutes, say=say)
    figures["rate"], axes = new_figure(height=3.4)
    hours = findings.hour_rows(plan, stream)
    plot_reply_rate(axes, hours, target=target, window=rule.window_minutes, metric=rule.metric, say=say)
    if plan.parts is not None:
        figures["parts"], axes = new_figure(height=3.6)
        plot_parts(axes, plan.parts[plan.parts["stream"] == stream], timezone=zone, say=say)
    return figures


def _roster_figure(plan: Plan, roster: pd.DataFrame, say: Words) -> Figure:
    begin = begin_minutes(roster, findings.timezone(plan))
    templates = plan.settings.templates
    codes = shift_codes(templates, zip(roster["template"], begin, strict=True))
    people = [person.employee for person in plan.employees]
    days = findings.dates(plan)
    figure, axes = new_figure(height=1.0 + 0.25 * len(people))
    plot_roster(
        axes,
        roster.assign(begin=begin),
        people=people,
        days=days,
        forms={template.name: template.form for template in templates},
        codes={(one.template.name, one.begin): one.code for one in codes},
        promotion_days=[day for day in days if any(findings.promotions_on(plan, day))],
        say=say,
    )
    return figure
