"""The figures behind the page's live charts, as plain lists for the script in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reports import findings
from reports.charts.forecast import Promotion
from reports.charts.style import wall_times
from reports.words import Words

if TYPE_CHECKING:
    from scheduling.pipeline import Plan

CHART_WORDS = ("mean", "on_duty", "required", "short", "spare", "promised", "simulated", "worst_to_best_day")


def chart_data(plan: Plan, say: Words) -> dict[str, Any]:
    """Return everything the live charts draw.

    Times are wall times ``YYYY-MM-DDTHH:MM``; missing numbers are None.
    """
    return {
        "words": {name: say(f"chart.{name}") for name in CHART_WORDS}
        | {
            "all_days": say("report.all_days"),
            "day_choice": say("report.day_choice"),
            "band": say("chart.band", low=10, high=90),
            "target": say("report.target"),
            "seconds": say("format.seconds", seconds="%s"),
        },
        "days": [{"date": day.isoformat(), "label": say.day(day)} for day in findings.dates(plan)],
        "promotions": [_phase(plan, promotion) for promotion in plan.promotions],
        "interval_min": plan.settings.demand.shop.interval_min,
        "streams": {stream: _stream_data(plan, stream) for stream in findings.stream_ids(plan)},
    }


def _phase(plan: Plan, promotion: Promotion) -> dict[str, str]:
    name, phase, start, end = promotion
    first, last = _stamps(pd.Series([pd.Timestamp(start), pd.Timestamp(end)]), plan)
    return {"name": findings.promotion_label(name, phase), "start": first, "end": last}


def _stamps(starts: pd.Series, plan: Plan) -> list[str]:
    return [f"{at:%Y-%m-%dT%H:%M}" for at in wall_times(starts, findings.timezone(plan))]


def _number(value: float) -> float | None:
    return None if pd.isna(value) else round(float(value), 4)


def _numbers(values: pd.Series, decimals: int) -> list[float | None]:
    return [None if pd.isna(value) else round(float(value), decimals) for value in values]


def _stream_data(plan: Plan, stream: str) -> dict[str, Any]:
    """Return one stream's forecast by hour and its cover by interval."""
    rule = plan.settings.demand.rule(stream)
    forecast = plan.forecast[plan.forecast["stream"] == stream]
    cover, judged = (findings.local_cover(plan, simulated=simulated) for simulated in (False, True))
    cover = cover[cover["stream"] == stream]
    judged = judged[judged["stream"] == stream].set_index("start").reindex(cover["start"])
    bands = {name: _numbers(forecast[name], 1) for name in ("p10", "p90") if name in forecast}
    return {
        "metric": rule.metric,
        "target": plan.settings.demand.target(stream),
        "window": rule.window_minutes,
        "forecast": {
            "start": _stamps(forecast["start"], plan),
            "mean": _numbers(forecast["mean"], 1),
            **bands,
        },
        "hours": [
            {"hour": row["hour"], "low": _number(row["low"]), "high": _number(row["high"])}
            for row in findings.hour_rows(plan, stream).to_dict("records")
        ],
        "cover": {
            "start": _stamps(cover["start"], plan),
            "required": _numbers(cover["required"], 2),
            "on_duty": _numbers(cover["on_duty"], 2),
            "offered": _numbers(cover["offered"], 2),
            "promised": _numbers(cover["on_time"], 4),
            "simulated": _numbers(judged["on_time"], 4),
        },
    }
