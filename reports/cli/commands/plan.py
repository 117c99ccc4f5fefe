"""`paiban plan`: the whole chain for a span of days."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reports.cli.options import (
    Run,
    forecast_option,
    history_option,
    run_as_one,
    run_options,
    shop_argument,
    span_options,
    table_option,
)


@click.command("plan", short_help="Plan a span of days, end to end.")
@shop_argument
@span_options
@history_option
@forecast_option
@table_option("last", "Roster of the weeks before, for rest, consecutive days and fairness")
@run_options
@run_as_one
def command(
    shop: Path,
    start: dt.date | None,
    days: int | None,
    week: str | None,
    history: Path | None,
    forecast: Path | None,
    last: Path | None,
    run: Run,
) -> int:
    """Forecast, requirement, shifts, roster, simulation and report.

    \b
    Example:
      paiban plan my-shop --start 2026-12-07 --days 14
    """
    from reports.cli.planning import plan_shop, read_job
    from scheduling.plan_tables import read_roster

    job = read_job(shop, run, start=start, days=days, week=week, history=history, forecast=forecast)
    timezone = job.inputs.settings.demand.shop.timezone
    return plan_shop(job, last_roster=None if last is None else read_roster(last, timezone))
