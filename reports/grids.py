"""The plan's tables as rows of text, for page and screen alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.timegrid import zone
from reports import findings
from reports.notes import in_words, model_words
from reports.readable_names import stream_name
from reports.words import NOTHING, Words

if TYPE_CHECKING:
    from forecast.config import ShopSettings
    from scheduling.pipeline import Plan


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table ready to be shown: names of columns, rows of text, and the columns that hold words."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = (0,)


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]], *words: int) -> Grid:
    return Grid(head=tuple(head), rows=tuple(tuple(row) for row in rows), words=words or (0,))


def _heads(say: Words, *names: str) -> list[str]:
    return [say(f"report.{name}") for name in names]


def day_grid(plan: Plan, stream: str, say: Words) -> Grid:
    """Return a stream's figures by day."""
    metric = plan.settings.demand.rule(stream).metric
    rows = [
        (
            say.day(day.date),
            say.number(day.offered),
            NOTHING if day.busiest_start is None else f"{day.busiest_start:%H}{say('report.o_clock')}",
            say.number(day.busiest_p90),
            say.number(day.needed_hours, 1),
            say.number(day.on_duty_hours, 1),
            say.number(day.gap_hours, 1),
            say.share(day.expected, metric),
            say.share(day.simulated, metric),
            say("format.list_gap").join(day.promotions),
        )
        for day in findings.day_rows(plan, stream)
    ]
    return _grid(
        _heads(say, "date", "offered", "busiest", "busiest_p90", "needed_hours", "on_duty_hours")
        + _heads(say, "gap_hours", "expected", "simulated", "promotion"),
        rows,
        *(0, 9),
    )


def gap_grid(plan: Plan, found: Sequence[findings.Gap], say: Words) -> Grid:
    """Return gaps, one a row."""
    rows = [
        (
            findings.stream_label(plan, gap.stream, say),
            say.day(gap.start.date()),
            findings.clock_span(gap.start, gap.end),
            say("report.people", people=gap.people),
            say.number(gap.agent_hours, 1),
            say.share(gap.on_time, plan.settings.demand.rule(gap.stream).metric),
        )
        for gap in found
    ]
    return _grid(
        _heads(say, "stream", "date", "time", "most_missing", "agent_hours", "rate_then"),
        rows,
        *(0, 1, 2),
    )


def hour_grid(plan: Plan, stream: str, say: Words) -> Grid:
    """Return a stream's shares by hour of the day."""
    metric = plan.settings.demand.rule(stream).metric
    rows = [
        (
            f"{row['hour']:02d}–{row['hour'] + 1:02d}",
            say.number(row["offered"], 1),
            say.share(row["promised"], metric),
            say.share(row["simulated"], metric),
            say.share(row["low" if metric == "share" else "high"], metric),
            say("format.yes" if row["in_window"] else "format.no"),
        )
        for row in findings.hour_rows(plan, stream).to_dict("records")
    ]
    return _grid(
        _heads(say, "hour", "offered_a_day", "expected", "simulated", "worst_day", "assessed"),
        rows,
    )


def wish_grid(plan: Plan, say: Words) -> Grid:
    """Return the wishes refused and why."""
    refused: Sequence[Any] = [] if plan.roster_result is None else plan.roster_result.refused_wishes
    rows = [
        (
            wish.employee,
            say.day(wish.date),
            f"{say.either(f'names.wish_{wish.kind}', wish.kind)} {wish.template or ''}".strip(),
            wish.note or "",
            wish_reason(plan, wish, say),
        )
        for wish in refused
    ]
    return _grid(
        [say("names.fairness_employee"), *_heads(say, "date", "wish", "note", "reason")], rows, *range(5)
    )


def wish_reason(plan: Plan, wish: Any, say: Words) -> str:
    """Return why a plan refuses a wish (`scheduling.roster.wishes.RefusedWish`)."""
    return refusal_words(wish, plan.settings.demand, say)


def refusal_words(wish: Any, settings: ShopSettings, say: Words) -> str:
    """Return why a shop's roster refuses a wish."""
    if wish.cause == "needed" and wish.at is not None:
        at = pd.Timestamp(wish.at).tz_convert(zone(settings.shop.timezone))
        return say(
            "report.refused_needed",
            stream=stream_name(settings, wish.stream, say),
            when=f"{say.short_day(at.date())} {at:%H:%M}",
            required=f"{wish.required:g}",
            on_duty=f"{wish.on_duty:g}",
        )
    return say(f"report.refused_{wish.cause}")


def fairness_grid(plan: Plan, say: Words) -> Grid:
    """Return how duties, late duties, weekends and peaks are shared out."""
    if plan.roster_result is None or plan.roster_result.fairness.empty:
        return _grid([], [])
    table = plan.roster_result.fairness
    names = [str(name) for name in table.columns]
    rows = [
        [
            say.number(cell, 0 if float(cell).is_integer() else 1) if _is_number(cell) else str(cell)
            for cell in row
        ]
        for row in table.itertuples(index=False)
    ]
    return _grid([say.either(f"names.fairness_{name}", name) for name in names], rows)


def fairness_ranges(plan: Plan, say: Words) -> str:
    """Return fewest and most of each column of the fairness table, in one sentence's worth."""
    table = pd.DataFrame() if plan.roster_result is None else plan.roster_result.fairness
    ranges = [
        say(
            "report.fairness_range",
            name=say.either(f"names.fairness_{name}", str(name)),
            low=say.number(table[name].min()),
            high=say.number(table[name].max()),
        )
        for name in table.columns
        if pd.api.types.is_numeric_dtype(table[name])
    ]
    return say("format.clause_gap").join(ranges)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) or pd.api.types.is_number(cell)


def shift_plan_grid(plan: Plan, say: Words) -> Grid:
    """Return how many people work each shift on each day."""
    days = findings.dates(plan)
    zone = findings.timezone(plan)
    frame = plan.shift_plan.assign(
        span=[
            findings.clock_span(start.tz_convert(zone), end.tz_convert(zone))
            for start, end in zip(plan.shift_plan["start"], plan.shift_plan["end"], strict=True)
        ]
    )
    table = frame.pivot_table(
        index=["stream", "template", "span", "pool"],
        columns="date",
        values="agents",
        aggfunc="sum",
        sort=False,
    ).reindex(columns=days)
    rows = [
        [
            " ".join(
                (
                    findings.stream_label(plan, stream, say),
                    template,
                    span,
                    say.either(f"names.pool_{pool}", pool),
                )
            ),
            *("" if pd.isna(count) else say.number(count) for count in counts),
        ]
        for (stream, template, span, pool), counts in sorted(
            zip(table.index, table.to_numpy(), strict=True), key=lambda item: item[0]
        )
    ]
    rows.append([say("report.total"), *(say.number(count) for count in table.sum().to_numpy())])
    heads = [f"{say.short_day(day)} {say.weekday(day)}" for day in days]
    return _grid([say("report.shift"), *heads], rows)


def baseline_grid(plan: Plan, say: Words) -> Grid:
    """Return this plan beside those that simpler ways of planning would make."""
    baselines = plan.summary.get("baselines") or {}
    if not baselines:
        return _grid([], [])
    streams = plan.summary["streams"].values()
    own_hours = sum(figures.get("paid_hours") or 0.0 for figures in streams)
    own = " / ".join(say.share(verdict.simulated, verdict.rule.metric) for verdict in findings.verdicts(plan))
    metrics = {verdict.rule.metric for verdict in findings.verdicts(plan)}
    metric = metrics.pop() if len(metrics) == 1 else "share"
    rows = [[say("report.this_plan"), say.number(own_hours), NOTHING, own]]
    for name, figures in baselines.items():
        hours = figures.get("paid_hours")
        against = (
            NOTHING if hours is None or not own_hours else f"{hours / own_hours - 1:+.0%}".replace("-", "−")
        )
        rows.append(
            [
                say.either(f"names.baseline_{name}", name),
                say.number(hours),
                against,
                say.share(figures.get("simulated"), metric),
            ]
        )
    return _grid(_heads(say, "method", "paid_hours", "against_plan", "simulated_head"), rows)


def effect_grid(plan: Plan, say: Words) -> Grid:
    """Return what holidays, promotions and overrides do to demand, and how that is known."""
    return effects_grid(plan.effects, plan.settings.demand, say)


def override_grid(plan: Plan, say: Words) -> Grid:
    """Return what a manager changed in the forecast by hand."""
    effects = plan.effects
    return effects_grid(
        None if effects is None else effects[effects["phase"] == "override"], plan.settings.demand, say
    )


def effects_grid(effects: pd.DataFrame | None, settings: ShopSettings, say: Words) -> Grid:
    """Return one row an effect on a forecast: its size, and where that comes from."""
    if effects is None or effects.empty:
        return _grid([], [])
    rows = [
        (
            stream_name(settings, str(row["stream"]), say),
            in_words(str(row["event"]), say),
            say.either(f"names.effect_{row['phase']}", str(row["phase"])),
            NOTHING if pd.isna(row["effect"]) else f"×{row['effect']:.2f}",
            in_words(str(row["source"]), say),
        )
        for row in effects.to_dict("records")
    ]
    return _grid(_heads(say, "stream", "event", "phase", "effect", "source"), rows, 0, 1, 2, 4)


def backtest_grid(plan: Plan, say: Words) -> Grid:
    """Return the accuracy of each model, a mean over origins, best first."""
    if plan.backtest is None or plan.backtest.empty:
        return _grid([], [])
    table = plan.backtest.groupby(["stream", "model"], sort=False).agg(
        origins=("origin", "nunique"),
        wape=("wape", "mean"),
        bias=("bias", "mean"),
        cover80=("cover80", "mean"),
    )
    rows = [
        (
            findings.stream_label(plan, str(row["stream"]), say),
            model_words(str(row["model"]), say),
            say.number(row["origins"]),
            say.share(row["wape"]),
            f"{row['bias']:+.1%}".replace("-", "−"),
            say.share(row["cover80"], decimals=0),
        )
        for row in table.reset_index().sort_values(["stream", "wape"]).to_dict("records")
    ]
    return _grid(
        [*_heads(say, "stream", "model", "origins"), "WAPE", *_heads(say, "bias", "cover80")], rows, 0, 1
    )


def input_grid(plan: Plan, say: Words) -> Grid:
    """Return what went in: fingerprints of files, versions, the seed."""
    rows = [(str(name), str(value)) for name, value in sorted((plan.summary.get("inputs") or {}).items())]
    rows += [(str(name), str(value)) for name, value in sorted((plan.summary.get("versions") or {}).items())]
    rows.append((say("report.seed"), str(plan.seed)))
    return _grid(_heads(say, "input", "fingerprint"), rows, 0, 1)
