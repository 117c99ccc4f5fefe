"""`paiban shifts`: how many people on each shift template and day."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import Asked, planning_options, table_option

FILES = (
    "forecast.csv",
    "draws.parquet",
    "requirement.csv",
    "shift_plan.csv",
    "cover.csv",
    "simulated_cover.csv",
    "summary.json",
)


@click.command("shifts", short_help="How many people on each shift and day.")
@planning_options(
    table_option("requirement", "Agents per interval to cover, instead of designing for the target")
)
def command(asked: Asked, requirement: Path | None) -> int:
    """Build the cheapest early, late and half shifts that meet the target, and have them simulated.

    \b
    Examples:
      paiban shifts my-shop --start 2026-12-07 --days 7
      paiban shifts my-shop --forecast forecast.csv --start 2026-12-07 --days 1 --out results
    """
    from reports.cli.planning import plan_stage, read_job
    from scheduling.plan_tables import read_requirement

    job = read_job(asked)
    timezone = job.inputs.settings.demand.shop.timezone
    table = None if requirement is None else read_requirement(requirement, timezone)
    return plan_stage(job, FILES, requirement=table, with_roster=False)
