"""What `hire` does: forecast the weeks ahead, set them against the people, write and show the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reports.cli.options import Run
from reports.cli.outcomes import ExitCode, whole_files

if TYPE_CHECKING:
    import pandas as pd

    from reports.grids import Grid
    from reports.words import Words
    from scheduling.hiring import HiringTerms
    from scheduling.inputs import Inputs


def hire_for_shop(
    shop: Path,
    *,
    start: dt.date | None,
    weeks: int,
    terms: HiringTerms,
    history: Path | None,
    run: Run,
) -> ExitCode:
    """Write ``hire.csv``, ``hire.json`` and ``hire.html`` and show it."""
    from forecast.table_files import write_csv
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.plan_files import write_json
    from reports.progress import Stages
    from reports.tables import grid_table
    from reports.words import words
    from scheduling.hiring import hiring_table, weekly_hours
    from scheduling.inputs import read_inputs
    from scheduling.outlook import forecast_outlook
    from scheduling.pipeline import demands_of

    inputs = read_inputs(shop, history=history)
    say = words(language(run.lang, inputs.settings.demand.shop.language))
    stages = Stages(say, quiet=run.quiet)
    last: dt.date = inputs.history["start"].max().date()
    today = last + dt.timedelta(days=1)
    first = start or today
    stages("forecast")
    outlook = forecast_outlook(inputs, start=first, days=7 * weeks, seed=run.seed)
    demands = demands_of(outlook, inputs, start=first, days=7 * weeks)
    stages("requirement")
    shape, source = _shape(shop, inputs)
    table = hiring_table(
        weekly_hours(demands, inputs.settings, terms), inputs, terms, shape=shape, today=today
    )
    figures = hiring_figures(table, inputs, terms, shape=shape, source=source, today=today)
    texts = hiring_texts(figures, say)
    target = run.out if run.out is not None else shop / "plans" / f"hire-{first.isoformat()}"
    with whole_files(target) as folder:
        write_csv(table, folder / "hire.csv")
        write_json(figures, folder / "hire.json")
        text = hiring_page(table, texts, say, shop=inputs.settings.demand.shop.name, weeks=weeks)
        (folder / "hire.html").write_text(text, encoding="utf-8", newline="\n")
    stages.end()
    if run.as_json:
        tell_json({"weeks": table.to_dict("records")})
        return ExitCode.FINE
    console = screen()
    console.print(grid_table(hiring_grid(table, say), say("hire.title", weeks=weeks)))
    for line in texts:
        console.print(line, markup=False)
    console.print(say("hire.next"), markup=False)
    click.echo(str(target / "hire.html"))
    return ExitCode.FINE


def _shape(shop: Path, inputs: Inputs) -> tuple[float, str]:
    """Return paid over required hours of the shop's newest plan and its name; the usual value without one."""
    from forecast.errors import DataError
    from scheduling.hiring import USUAL_SHAPE, shape_of
    from scheduling.plan_folder import find_plan, read_plan

    shop_settings = inputs.settings.demand.shop
    try:
        folder = find_plan(shop)
        plan = read_plan(folder, timezone=shop_settings.timezone)
    except DataError:
        return USUAL_SHAPE, ""
    return shape_of(plan.shift_plan, plan.requirement, shop_settings.interval_min), folder.name


def hiring_grid(table: pd.DataFrame, say: Words) -> Grid:
    """Return the weeks as rows of text."""
    from reports.grids import Grid

    rows: list[Any] = table.to_dict("records")
    names = ("week", "offered", "hours", "staff", "staff_hired", "part_time", "part_time_hired", "decide_by")
    return Grid(
        head=tuple(say(f"hire.{name}") for name in names),
        rows=tuple(
            (
                say.day(row["week"]),
                say.number(row["offered"]),
                say.number(row["hours"]),
                f"{row['staff_needed']} / {row['staff_effective']:.1f}",
                str(row["staff_hired"] or ""),
                f"{row['part_time_needed']} / {row['part_time_at_hand']}",
                str(row["part_time_hired"] or ""),
                _decide(row, say),
            )
            for row in rows
        ),
        words=(0, 7),
    )


def _decide(row: Any, say: Words) -> str:
    if not row["in_time"]:
        return say("hire.late", hours=say.number(row["missing_hours"]))
    return say.day(row["decide_by"]) if row["staff_hired"] or row["part_time_hired"] else ""


def hiring_figures(
    table: pd.DataFrame, inputs: Inputs, terms: HiringTerms, *, shape: float, source: str, today: dt.date
) -> dict[str, Any]:
    """Return ``hire.json``: the weeks in sum, and what was assumed; ``shape_from`` is the plan it is from."""
    staff = sum(person.pool == "staff" for person in inputs.employees)
    late = table[~table["in_time"]]
    return {
        "staff_steady": int(table["staff_needed"].max()),
        "staff_leaving": round(staff * (1 - terms.staying(len(table))), 2),
        "staff_hired": int(table["staff_hired"].sum()),
        "part_time_most": int(table["part_time_needed"].max()),
        "weeks_missing": len(late),
        "missing_hours": round(float(late["missing_hours"].sum()), 1),
        "soonest_start": (today + dt.timedelta(weeks=terms.lead_weeks)).isoformat(),
        **asdict(terms),
        "shape": round(shape, 4),
        "shape_from": source,
    }


def hiring_texts(figures: Mapping[str, Any], say: Words) -> list[str]:
    """Return the long view in sentences: who is to be hired, what nobody can do in time, what was assumed."""
    summary = say(
        "hire.summary",
        steady=figures["staff_steady"],
        leaving=say.number(figures["staff_leaving"], 1),
        staff=figures["staff_hired"],
        part=figures["part_time_most"],
    )
    missing = say(
        "hire.missing",
        weeks=figures["weeks_missing"],
        hours=say.number(figures["missing_hours"]),
        soonest=say.day(dt.date.fromisoformat(figures["soonest_start"])),
    )
    source = figures["shape_from"]
    assumed = say(
        "hire.terms",
        attrition=say.share(figures["attrition"], decimals=0),
        speed=say.share(figures["newcomer_speed"], decimals=0),
        half=f"{figures['half_life_weeks']:g}",
        lead=figures["lead_weeks"],
        confidence=say.share(figures["confidence"], decimals=0),
        shape=f"{figures['shape']:.2f}",
        source=say("hire.shape_plan", plan=source) if source else say("hire.shape_usual"),
    )
    return [summary, *([missing] if figures["weeks_missing"] else []), assumed]


def hiring_page(table: pd.DataFrame, texts: list[str], say: Words, *, shop: str, weeks: int) -> str:
    """Return the long view as a page of its own."""
    from reports.charts.hiring import plot_hiring
    from reports.charts.pictures import Picture
    from reports.charts.style import data_uri, house_style, new_figure, svg_text
    from reports.pages import render

    with house_style():
        figure, axes = new_figure(height=3.4)
        plot_hiring(axes, table, say)
        picture = Picture(kind="hire", alt=say("hire.alt"), source=data_uri(svg_text(figure)))
    title = say("hire.title_of", shop=shop, weeks=weeks) if shop else say("hire.title", weeks=weeks)
    return render(
        "hire.html.j2",
        say,
        title=title,
        texts=texts,
        picture=picture,
        weeks=hiring_grid(table, say),
    )
