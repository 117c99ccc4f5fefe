"""`paiban compare`: what-ifs side by side."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reports.cli.options import (
    DAYS,
    Run,
    history_option,
    run_as_one,
    run_options,
    shop_argument,
    span_options,
)


@click.command("compare", short_help="What-ifs side by side, on the same random numbers.")
@shop_argument
@span_options
@click.option(
    "--scenarios",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Scenarios.  [default: the shop's scenarios.toml]",
)
@history_option
@click.option("--no-anew", is_flag=True, help="Only what becomes of the plan in force; nothing planned anew.")
@click.option("--no-beside", is_flag=True, help="No sensitivity, worth of one more agent, nor frontier.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=None, help="Scenarios at once.  [default: the processors]"
)
@run_options
@run_as_one
def command(
    shop: Path,
    start: dt.date | None,
    days: int | None,
    week: str | None,
    scenarios: Path | None,
    history: Path | None,
    no_anew: bool,
    no_beside: bool,
    jobs: int | None,
    run: Run,
) -> int:
    """Judge every scenario of scenarios.toml: the plan in force under it, and the cheapest plan for it.

    A scenario says only what differs; `like` starts it from others. Without --start the span is that of the
    plan that the file names as base, else of the newest plan. Scenarios run in parallel; one that fails takes
    no other down, and a run that was stopped goes on where it was.

    \b
    Example:
      paiban compare my-shop --start 2026-12-07 --days 14 --out my-shop/plans/what-ifs
    """
    from reports.cli.compare_run import compare_shop
    from reports.cli.options import planned_span

    asked = start is not None or week is not None
    first, count = planned_span(start, days, week) if asked else (None, days or DAYS)
    return compare_shop(
        shop,
        scenarios=scenarios,
        start=first,
        days=count,
        history=history,
        anew=not no_anew,
        beside=not no_beside,
        jobs=jobs,
        run=run,
    )
