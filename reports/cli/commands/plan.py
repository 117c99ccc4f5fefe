"""`paiban plan`: the whole chain for a span of days."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import LAST_ROSTER, Asked, planning_options, table_option


@click.command("plan", short_help="Plan a span of days, end to end.")
@planning_options(table_option("last", LAST_ROSTER))
def command(asked: Asked, last: Path | None) -> int:
    """Forecast, requirement, shifts, roster, simulation and report.

    \b
    Example:
      paiban plan my-shop --start 2026-12-07 --days 14
    """
    from reports.cli.planning import plan_shop, read_job
    from scheduling.plan_tables import read_roster

    job = read_job(asked)
    timezone = job.inputs.settings.demand.shop.timezone
    return plan_shop(job, last_roster=None if last is None else read_roster(last, timezone))
