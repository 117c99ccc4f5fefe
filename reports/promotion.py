"""A promotion as files, as a page, and on the screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.table_files import write_csv
from forecast.timegrid import zone
from reports import findings
from reports.charts.pictures import Picture
from reports.comparison import move_text
from reports.grids import Grid
from reports.pages import render
from reports.words import NOTHING, Words, words

if TYPE_CHECKING:
    from scheduling.promotion.plan import Promotion

GAPS_SHOWN = 12
P90_SHOWN = 12
NAMES_SHOWN = 4


def write_promotion(found: Promotion, folder: Path, lang: str) -> None:
    """Write what a promotion has besides the plan's files: tables, ``promo.xlsx`` and ``promo.html``."""
    from reports.promotion_workbook import write_promotion_workbook

    write_csv(found.need, folder / "need.csv")
    write_csv(found.levers, folder / "levers.csv")
    write_csv(found.contingency, folder / "contingency.csv")
    write_csv(found.reserves, folder / "reserve_list.csv")
    write_csv(found.training, folder / "training_list.csv")
    write_csv(found.aftersale, folder / "aftersale.csv")
    write_promotion_workbook(found, folder / "promo.xlsx", lang)
    (folder / "promo.html").write_text(promotion_text(found, lang), encoding="utf-8", newline="\n")


def promotion_summary(found: Promotion) -> dict[str, Any]:
    """Return the part of ``summary.json`` that speaks of the event."""
    cases = found.contingency.groupby("case")["met"].agg(["size", "sum"])
    return {
        "event": found.event.id,
        "gap_hours": round(found.gap_hours, 6),
        "levers": list(found.way),
        "levers_on_time": None if found.way_on_time is None else round(found.way_on_time, 6),
        "levers_cost": None if found.way_cost is None else round(found.way_cost, 6),
        "contingency": {str(c): {"cases": int(n), "met": int(m)} for c, n, m in cases.itertuples()},
    }


def promotion_text(found: Promotion, lang: str) -> str:
    """Return the page; the same promotion gives the same text."""
    say = words(lang)
    event = found.event
    state = findings.overall(findings.verdicts(found.plan))
    return render(
        "promo.html.j2",
        say,
        title=say(
            "promo.title", shop=found.plan.settings.demand.shop.name, event=event.name or event.id
        ).strip(" :"),
        span=span_text(found, say),
        state=state,
        headline=headline(found, say),
        way=way_text(found, say),
        levers=lever_grid(found, say),
        gaps=gap_grid(found, say),
        gaps_text=say("promo.gap_text", shown=min(GAPS_SHOWN, int((found.need["gap"] > 0).sum()))),
        pictures=need_pictures(found, say),
        contingency=contingency_grid(found, say),
        p90_text=p90_text(found, say),
        reserves=reserve_grid(found, say),
        training=training_grid(found, say),
        aftersale=aftersale_grid(found, say),
        has_aftersale=bool(found.aftersale["people"].sum()),
    )


def span_text(found: Promotion, say: Words) -> str:
    """Return the days, the start of the sale, and where the dates come from."""
    days = findings.dates(found.plan)
    event = found.event
    kick_off = event.kick_off.astimezone(zone(findings.timezone(found.plan)))
    return say(
        "promo.span",
        span=say.span(days[0], days[-1]),
        days=say.days(len(days)),
        kick_off=f"{say.day(kick_off.date())} {kick_off:%H:%M}",
        source=event.source or say("promo.no_source"),
        confidence=say(f"promo.confidence_{event.confidence}"),
    )


def headline(found: Promotion, say: Words) -> str:
    """Return the answer in one sentence."""
    rates = [
        say(
            "promo.rate",
            stream=findings.stream_label(found.plan, one.stream, say),
            share=say.share(one.simulated, one.rule.metric),
            target=say.share(one.target, one.rule.metric),
            probability=say.share(one.probability, decimals=0),
        )
        for one in findings.verdicts(found.plan)
    ]
    met = findings.overall(findings.verdicts(found.plan)) == "met"
    key = (
        "promo.headline_missed"
        if not met
        else "promo.headline_met"
        if found.gap_hours
        else "promo.headline_covered"
    )
    return say(key, rates=say("format.list_gap").join(rates), gap=say.number(found.gap_hours, 1))


def way_text(found: Promotion, say: Words) -> str:
    """Return the levers to pull, or nothing where none are needed."""
    if not found.way:
        return ""
    metric = findings.verdicts(found.plan)[0].rule.metric
    return say(
        "promo.way",
        levers=say("format.list_gap").join(say(f"promo.lever_{name}") for name in found.way),
        cost=say.money(found.way_cost),
        on_time=say.share(found.way_on_time, metric),
    )


# --- grids


def _grid(say: Words, names: Sequence[str], rows: Sequence[Sequence[str]], *words_in: int) -> Grid:
    head = tuple(say(f"promo.{name}") for name in names)
    return Grid(head=head, rows=tuple(tuple(row) for row in rows), words=words_in or (0,))


def lever_grid(found: Promotion, say: Words) -> Grid:
    """Return the levers, cheapest per point first."""
    metric = findings.verdicts(found.plan)[0].rule.metric
    table: list[Any] = found.levers.to_dict("records")
    rows = [
        (
            say(f"promo.lever_{row['lever']}"),
            move_text(row["lever"], str(row["amount"]), say),
            say.money(row["cost"]),
            say.number(row["points"], 2),
            NOTHING if pd.isna(row["cost_per_point"]) else say.money(row["cost_per_point"]),
            say.share(row["on_time"], metric),
            say.day(row["decide_by"]),
            say("format.yes") if row["in_time"] else say("promo.too_late"),
        )
        for row in table
    ]
    names = ("lever", "amount", "cost", "points", "cost_per_point", "on_time", "decide_by", "in_time")
    return _grid(say, names, rows, 0, 6, 7)


def gap_grid(found: Promotion, say: Words) -> Grid:
    """Return the hours with the largest gaps."""
    short = found.need[found.need["gap"] > 0].sort_values(
        ["gap", "start", "stream"], ascending=[False, True, True], kind="stable"
    )
    table: list[Any] = short.head(GAPS_SHOWN).to_dict("records")
    rows = [
        (
            findings.stream_label(found.plan, row["stream"], say),
            _hour(row["start"], say),
            say.number(row["offered"]),
            say.number(row.get("p90")),
            f"{row['need_low']:.0f} / {row['need_mid']:.0f} / {row['need_high']:.0f}",
            say.number(row["required"]),
            say.number(row["on_duty"]),
            say.number(row["gap"], 1),
            say.share(row["on_time"], findings.verdicts(found.plan)[0].rule.metric),
        )
        for row in table
    ]
    names = ("stream", "hour", "offered", "p90", "need_band", "required", "on_duty", "short", "on_time")
    return _grid(say, names, rows, 0, 1)


def _hour(at: pd.Timestamp, say: Words) -> str:
    return f"{say.day(at.date())} {at:%H:%M}"


def shown_cases(found: Promotion) -> pd.DataFrame:
    """Return the cases to show: of the hours at P90 only the worst."""
    table = found.contingency
    busy = table[table["case"] == "p90_hours"].sort_values("without", kind="stable").head(P90_SHOWN)
    return pd.concat([table[table["case"] != "p90_hours"], busy])


def p90_text(found: Promotion, say: Words) -> str:
    """Return how many stretches break at P90."""
    count = int((found.contingency["case"] == "p90_hours").sum())
    return say("promo.p90_rest", count=count, shown=min(count, P90_SHOWN))


def contingency_grid(found: Promotion, say: Words, cases: pd.DataFrame | None = None) -> Grid:
    """Return the cases with and without their remedy: those to show, or those given."""
    table: list[Any] = (shown_cases(found) if cases is None else cases).to_dict("records")
    rows = []
    for row in table:
        metric = found.plan.settings.demand.rule(row["stream"]).metric
        start, end = (at.tz_convert(zone(findings.timezone(found.plan))) for at in (row["start"], row["end"]))
        when = (
            f"{say.day(start.date())} {findings.clock_span(start, end)}"
            if (end - start) <= pd.Timedelta(days=1)
            else say.span(start.date(), (end - dt.timedelta(seconds=1)).date())
        )
        rows.append(
            (
                say(f"promo.case_{row['case']}"),
                findings.stream_label(found.plan, row["stream"], say),
                when,
                f"{say.share(row['without'], metric)} ({say.share(row['check_without'], metric)})",
                f"{say.share(row['with'], metric)} ({say.share(row['check_with'], metric)})",
                remedy_text(row, say),
                say.money(row["cost"]),
                say(f"promo.verdict_{_verdict(row)}"),
            )
        )
    names = ("case", "stream", "when", "without", "with", "remedy", "cost", "verdict")
    return _grid(say, names, rows, 0, 1, 2, 5, 7)


def _verdict(row: Any) -> str:
    if not row["met"]:
        return "no"
    return "yes" if row["people"] or row["longer"] else "fine"


def remedy_text(row: Any, say: Words) -> str:
    """Return whom to call and who stays longer; over several days a person may be called more than once."""
    parts = []
    names = [*dict.fromkeys(name for name in str(row["names"]).split(";") if name and name != "nan")]
    if row["people"]:
        calls = int(row["people"])
        shown = say("format.list_gap").join(names[:NAMES_SHOWN]) + ("…" if len(names) > NAMES_SHOWN else "")
        key = "promo.call_text" if calls == len(names) else "promo.calls_text"
        parts.append(say(key, people=len(names), calls=calls, names=shown))
    if row["longer"]:
        parts.append(say("promo.longer_text", count=int(row["longer"])))
    if not parts:
        parts.append(say("promo.fine_text" if row["met"] else "promo.nothing_text"))
    return say("format.clause_gap").join(parts)


def reserve_grid(found: Promotion, say: Words) -> Grid:
    """Return each day's reserves in order."""
    rows = []
    for date in findings.dates(found.plan):
        own: list[Any] = found.reserves[found.reserves["date"] == date].to_dict("records")
        names = [f"{row['employee']} ({row['lead_time_h']:g})" for row in own]
        rows.append((say.day(date), say("format.list_gap").join(names)))
    return _grid(say, ("date", "order"), rows, 0, 1)


def training_grid(found: Promotion, say: Words) -> Grid:
    """Return what is to be taught to whom by when."""
    table: list[Any] = found.training.to_dict("records")
    rows = [
        (
            say.either(f"promo.course_{row['course']}", row["course"]),
            say("promo.pool_all") if row["pool"] == "all" else say(f"names.pool_{row['pool']}"),
            say.number(row["people"]),
            say.number(row["hours"], 1),
            say.day(row["deadline"]),
            say("format.yes") if row["in_time"] else say("promo.too_late"),
        )
        for row in table
    ]
    return _grid(say, ("course", "pool", "people", "hours", "deadline", "in_time"), rows, 0, 1, 4, 5)


def aftersale_grid(found: Promotion, say: Words) -> Grid:
    """Return people for after-sales by day."""
    table: list[Any] = found.aftersale.to_dict("records")
    rows = [
        (
            say.day(row["date"]),
            say("format.yes") if row["is_selling"] else "",
            say.number(row["people"]),
            say.share(row["share"], decimals=0),
        )
        for row in table
    ]
    return _grid(say, ("date", "selling", "people", "share"), rows, 0, 1)


def need_pictures(found: Promotion, say: Words) -> list[Picture]:
    """Return one picture a stream: need with its band, and people on duty, hour by hour."""
    from reports.charts.promotion import plot_need
    from reports.charts.style import data_uri, house_style, new_figure, svg_text

    pictures = []
    with house_style():
        for stream in findings.stream_ids(found.plan):
            label = findings.stream_label(found.plan, stream, say)
            figure, axes = new_figure(height=3.2)
            own = found.need[found.need["stream"] == stream]
            plot_need(
                axes,
                own,
                promotions=found.plan.promotions,
                timezone=findings.timezone(found.plan),
                say=say,
                title=label,
            )
            alt = say("promo.alt_need", stream=label)
            pictures.append(Picture(kind="need", alt=alt, source=data_uri(svg_text(figure))))
    return pictures
