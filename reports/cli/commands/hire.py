"""`paiban hire`: how many people of which pool, weeks to months ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reports.cli.options import Day, Run, history_option, run_as_one, run_options, shop_argument


@click.command("hire", short_help="How many people of which pool, weeks to months ahead.")
@shop_argument
@click.option("--start", type=Day(), metavar="DATE", help="First day.  [default: the day after the history]")
@click.option("--weeks", type=click.IntRange(2, 52), default=12, show_default=True, help="Weeks ahead.")
@click.option(
    "--attrition", type=click.FloatRange(0, 0.99), default=0.04, show_default=True, help="Leaving a month."
)
@click.option(
    "--newcomer-speed",
    type=click.FloatRange(0.05, 1),
    default=0.6,
    show_default=True,
    help="Work of a newcomer in the first week, relative to the average agent.",
)
@click.option(
    "--half-life",
    type=click.FloatRange(0.1, 52),
    default=3.0,
    show_default=True,
    help="Weeks in which what a newcomer lacks halves.",
)
@click.option(
    "--lead-weeks",
    type=click.IntRange(0, 52),
    default=3,
    show_default=True,
    help="From decision to first day.",
)
@history_option
@run_options
@run_as_one
def command(
    shop: Path,
    start: dt.date | None,
    weeks: int,
    attrition: float,
    newcomer_speed: float,
    half_life: float,
    lead_weeks: int,
    history: Path | None,
    run: Run,
) -> int:
    """Set the weeks ahead against the people of agents.csv: who leaves, who must be hired, by when.

    Staff is hired for the ordinary week, part-timers for what promotions ask beyond it; newcomers count by
    their learning curve. Writes hire.csv, hire.json and hire.html.

    \b
    Example:
      paiban hire my-shop --weeks 12
    """
    from reports.cli.hire_run import hire_for_shop
    from scheduling.hiring import HiringTerms

    terms = HiringTerms(
        attrition=attrition,
        newcomer_speed=newcomer_speed,
        half_life_weeks=half_life,
        lead_weeks=lead_weeks,
    )
    return hire_for_shop(shop, start=start, weeks=weeks, terms=terms, history=history, run=run)
