"""`paiban replan`: a published roster repaired."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reports.cli.options import Day, Run, forecast_option, run_as_one, run_options, table_option


@click.command("replan", short_help="Repair a published roster after absences or changes.")
@click.argument("what", type=click.Path(path_type=Path), default=Path(), metavar="[PLAN | SHOP]")
@click.option(
    "--absent",
    "absent",
    multiple=True,
    metavar="NAME:DATE[..DATE]",
    help="Somebody who cannot come; may be given several times.",
)
@table_option(
    "absences", "Absences: employee, date, until, reason; default: the shop's absences.csv, if there"
)
@table_option(
    "reserves", "Who may be called, in order: employee, lead_time_h, ...; default: the shop's reserves.csv"
)
@click.option(
    "--workbook",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.xlsx",
    help="The 排班表.xlsx as edited by hand: its changed cells stand, the rest is repaired around them.",
)
@forecast_option
@click.option("--from", "open_from", type=Day(), metavar="DATE", help="First day that may change.")
@click.option("--now", metavar="TIME", help="When reserves are called, as 2026-12-09T18:00; for lead times.")
@click.option(
    "--price",
    type=click.FloatRange(min=0),
    default=None,
    help="Price of one changed duty, in money: higher changes less and leaves more gaps (default: 20).",
)
@click.option("--frontier", is_flag=True, help="Only show what several prices would lead to.")
@click.option("--shop", type=click.Path(path_type=Path, file_okay=False), help="The plan's shop folder.")
@run_options
@run_as_one
def command(
    what: Path,
    absent: tuple[str, ...],
    absences: Path | None,
    reserves: Path | None,
    workbook: Path | None,
    forecast: Path | None,
    open_from: dt.date | None,
    now: str | None,
    price: float | None,
    frontier: bool,
    shop: Path | None,
    run: Run,
) -> int:
    """Repair a roster with few changes: absences, a new forecast, or cells edited in the workbook.

    Published duties keep their people unless a change is worth its price. Reserves are called first, in
    their order; then duties of the day are swapped; days off move last. The new plan goes to its own folder
    with changes.csv beside it; the plan it repairs stays as it was.

    \b
    Examples:
      paiban replan my-shop --absent 张三:2026-12-09..2026-12-11
      paiban replan my-shop/plans/2026-12-07 --absences absences.csv --frontier
      paiban replan my-shop --workbook edited.xlsx
    """
    from reports.cli.replan_run import Changes, replan_plan

    return replan_plan(
        what,
        Changes(
            absent=absent,
            absences=absences,
            reserves=reserves,
            workbook=workbook,
            forecast=forecast,
            open_from=open_from,
            now=now,
            price=price,
        ),
        shop=shop,
        frontier=frontier,
        run=run,
    )
