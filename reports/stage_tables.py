"""What each stage of the chain prints when it is run alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from forecast.timegrid import zone
from reports.findings import note_lines, shop_order
from reports.grids import Grid, effects_grid
from reports.notes import in_words, model_words
from reports.readable_names import stream_name
from reports.tables import grid_table
from reports.words import Words

if TYPE_CHECKING:
    from forecast.config import ShopSettings
    from forecast.shop_backtest import ShopBacktest
    from scheduling.inputs import Inputs
    from scheduling.outlook import Outlook

MEANS = ("wape", "mase", "bias", "pinball", "cover80", "cover95")  # over origins
KINDS = {"wape_peak": "top 5 %", "wape_promotion": "promotion", "wape_holiday": "holiday"}  # buckets
SCORES = (*MEANS, *KINDS)
PERCENT = ("wape", "bias", "cover80", "cover95", *KINDS)


def forecast_days(outlook: Outlook, settings: ShopSettings) -> pd.DataFrame:
    """Return one row per stream and day: `total, low, high, busiest, then, then_p90`.

    `low` and `high` are the 10 % and 90 % quantiles of the day's total over the draws, NaN without draws.
    """
    local = zone(settings.shop.timezone)
    table = outlook.table.assign(date=outlook.table["start"].dt.tz_convert(local).dt.date)
    totals = table.groupby(["stream", "date"], sort=True)["mean"].sum().rename("total")
    busiest = table.loc[table.groupby(["stream", "date"], sort=True)["mean"].idxmax()]
    days = totals.to_frame().assign(
        busiest=busiest["start"].dt.tz_convert(local).to_numpy(),
        then=busiest["mean"].to_numpy(),
        then_p90=busiest["p90"].to_numpy() if "p90" in busiest else float("nan"),
        low=float("nan"),
        high=float("nan"),
    )
    if outlook.draws is not None:
        drawn = outlook.draws.assign(date=outlook.draws["start"].dt.tz_convert(local).dt.date)
        sums = drawn.groupby(["stream", "date", "draw"], sort=True)["offered"].sum()
        of_day = sums.groupby(["stream", "date"])
        days["low"], days["high"] = of_day.quantile(0.1), of_day.quantile(0.9)
    return days.reset_index()


def forecast_summary(outlook: Outlook, settings: ShopSettings) -> dict[str, Any]:
    """Return a forecast's days and notes as one JSON object."""
    days = forecast_days(outlook, settings)
    rows = [
        {
            "stream": row.stream,
            "date": str(row.date),
            "total": round(float(row.total), 2),
            "p10": None if pd.isna(row.low) else round(float(row.low), 2),
            "p90": None if pd.isna(row.high) else round(float(row.high), 2),
            "busiest": pd.Timestamp(row.busiest).isoformat(),
        }
        for row in _rows(days)
    ]
    effects = [] if outlook.effects is None else outlook.effects.to_dict("records")
    return {"days": rows, "effects": effects, "notes": list(outlook.notes)}


def print_forecast(outlook: Outlook, settings: ShopSettings, console: Console, say: Words) -> None:
    """Print a forecast by stream and day, what was said about it, and what to do next."""
    days = forecast_days(outlook, settings)
    for stream in shop_order(days["stream"], settings):
        rows = days[days["stream"] == stream]
        head = ("date", "total", "band", "peak", "peak_count", "peak_p90")
        cells = [
            (
                say.day(row.date),
                say.number(row.total),
                say("stage.nothing_there")
                if pd.isna(row.low)
                else f"{say.number(row.low)}–{say.number(row.high)}",
                f"{pd.Timestamp(row.busiest):%H:%M}",
                say.number(row.then),
                say.number(row.then_p90),
            )
            for row in _rows(rows)
        ]
        title = say("stage.forecast", stream=stream_name(settings, stream, say))
        console.print(grid_table(stage_grid(head, cells, say), title))
    if outlook.effects is not None and len(outlook.effects):
        console.print(grid_table(effects_grid(outlook.effects, settings, say), say("report.effects")))
    for note in note_lines(outlook.notes, settings, say):
        console.print(Text(say("stage.note", note=note)))
    console.print(Text(say("stage.next_forecast"), style="bold"))


def requirement_days(table: pd.DataFrame, settings: ShopSettings) -> pd.DataFrame:
    """Return one row per stream and day: `offered, net_hours, gross_hours, most, most_at`."""
    local = zone(settings.shop.timezone)
    hours = settings.shop.interval_min / 60
    rows = table.assign(date=table["start"].dt.tz_convert(local).dt.date)
    grouped = rows.groupby(["stream", "date"], sort=True)
    busiest = rows.loc[grouped["agents_net"].idxmax()]
    return pd.DataFrame(
        {
            "offered": grouped["offered"].sum(),
            "net_hours": grouped["agents_net"].sum() * hours,
            "gross_hours": grouped["agents_gross"].sum() * hours,
            "most": busiest["agents_net"].to_numpy(),
            "most_at": busiest["start"].dt.tz_convert(local).dt.strftime("%H:%M").to_numpy(),
        }
    ).reset_index()


def print_requirement(
    table: pd.DataFrame,
    settings: ShopSettings,
    console: Console,
    say: Words,
    *,
    notes: Sequence[str] = (),
) -> None:
    """Print a requirement by stream and day, and what else is to be said of it."""
    days = requirement_days(table, settings)
    for stream in shop_order(days["stream"], settings):
        rows = days[days["stream"] == stream]
        head = ("date", "offered", "agent_hours", "gross_hours", "most", "most_at")
        cells = [
            (
                say.day(row.date),
                say.number(row.offered),
                say.number(row.net_hours, 1),
                say.number(row.gross_hours, 1),
                say.number(row.most),
                str(row.most_at),
            )
            for row in _rows(rows)
        ]
        title = say("stage.requirement", stream=stream_name(settings, stream, say))
        console.print(grid_table(stage_grid(head, cells, say), title))
    for note in notes:
        console.print(Text(in_words(note, say, label=lambda one: stream_name(settings, one, say))))
    console.print(Text(say("stage.next_require"), style="bold"))


def backtest_scores(found: ShopBacktest) -> pd.DataFrame:
    """Return the mean of each score over the origins, per stream and model, best pinball first.

    The error of the busiest hours by forecast, of promotions and of holidays is pooled over the origins; NaN
    where there was no such hour.
    """
    grouped = found.table.groupby(["stream", "model"], sort=True)
    scores = grouped[list(MEANS)].mean().assign(origins=grouped["origin"].nunique())
    pooled = found.buckets.set_index(["stream", "model"])
    for name, bucket in KINDS.items():
        scores[name] = pooled.loc[pooled["bucket"] == bucket, "wape"]
    return scores.reset_index().sort_values(["stream", "pinball"], kind="stable", ignore_index=True)


def print_backtest(found: ShopBacktest, settings: ShopSettings, console: Console, say: Words) -> None:
    """Print the scores of every model, by stream and by kind of hour."""
    scores = backtest_scores(found)
    cells = [
        (
            stream_name(settings, stream, say),
            model_words(str(row.model), say),
            say.number(row.origins),
            *(_score(getattr(row, name), name, say) for name in SCORES),
        )
        for stream in shop_order(scores["stream"], settings)
        for row in _rows(scores[scores["stream"] == stream])
    ]
    grid = stage_grid(("stream", "model", "origins", *SCORES), cells, say, words=(0, 1))
    console.print(grid_table(grid, say("stage.backtest")))
    for stream, models in found.failures.items():
        for model, reason in models.items():
            told = {"model": model_words(model, say), "reason": in_words(reason, say)}
            console.print(Text(say("stage.failed", stream=stream_name(settings, stream, say), **told)))
    console.print(Text(say("stage.next_backtest"), style="bold"))


def inputs_summary(inputs: Inputs) -> dict[str, Any]:
    """Return what a shop's inputs hold as one JSON object."""
    history = inputs.history
    return {
        "streams": [stream.id for stream in inputs.settings.demand.streams],
        "history_rows": len(history),
        "promotions": len(inputs.calendar.events),
        "people": len(inputs.employees),
        "wishes": len(inputs.wishes),
        "people_with_times": sum(bool(person.available) for person in inputs.employees),
        "meetings": sum(len(person.meetings) for person in inputs.employees),
        "overrides": len(inputs.overrides),
        "traffic": len(inputs.traffic),
        "inputs": inputs.hashes,
    }


def print_inputs(inputs: Inputs, console: Console, say: Words) -> None:
    """Print what each input holds."""
    settings = inputs.settings.demand
    streams = [stream.id for stream in settings.streams] or sorted(inputs.history["stream"].unique())
    rules = sorted({settings.rule(stream).id for stream in streams})
    gap = say("format.list_gap")
    named = sum(bool(person.available) for person in inputs.employees)
    meetings = sum(len(person.meetings) for person in inputs.employees)
    counted = {
        "agents": say("stage.holds_people", people=len(inputs.employees)),
        "wishes": say("stage.holds_wishes", wishes=len(inputs.wishes)),
        "availability": say("stage.holds_availability", people=named),
        "meetings": say("stage.holds_meetings", meetings=meetings),
        "promotions": say("stage.holds_events", events=len(inputs.calendar.events)),
        "overrides": say("stage.holds_overrides", overrides=len(inputs.overrides)),
        "traffic": say("stage.holds_traffic", rows=len(inputs.traffic)),
    }
    there = {name.partition(".")[0]: name for name in inputs.hashes}
    cells = [
        ("shop.toml", say("stage.holds_shop", streams=gap.join(streams), rules=gap.join(rules))),
        (there.get("history", "history"), _history_line(inputs, say)),
        *(
            (there.get(name, name), text if name in there else say("stage.none"))
            for name, text in counted.items()
        ),
    ]
    console.print(grid_table(stage_grid(("file", "what"), cells, say, words=(0, 1))))
    console.print(Text(say("stage.checked"), style="bold green"))
    console.print(Text(say("stage.next_check", shop=settings.folder)))


def _history_line(inputs: Inputs, say: Words) -> str:
    history, timezone = inputs.history, inputs.settings.demand.shop.timezone
    starts = history["start"].dt.tz_convert(zone(timezone))
    expected = sum(
        ((of_stream.max().date() - of_stream.min().date()).days + 1) * of_stream.dt.hour.nunique()
        for _, of_stream in starts.groupby(history["stream"])
    )
    return say(
        "stage.holds_history",
        first=f"{starts.min():%Y-%m-%d}",
        last=f"{starts.max():%Y-%m-%d}",
        streams=history["stream"].nunique(),
        hours=say.number(len(history)),
        missing=say.number(max(0, expected - len(history))),
    )


def _score(value: float, name: str, say: Words) -> str:
    return say.share(value) if name in PERCENT else say.number(value, 2)


def stage_grid(
    head: Sequence[str], rows: Sequence[tuple[str, ...]], say: Words, *, words: tuple[int, ...] = (0,)
) -> Grid:
    """Return rows of text under the heads that the catalogue `stage` has for them."""
    return Grid(head=tuple(say(f"stage.{name}") for name in head), rows=tuple(rows), words=words)


def _rows(frame: pd.DataFrame) -> list[Any]:
    return list(frame.itertuples(index=False))
