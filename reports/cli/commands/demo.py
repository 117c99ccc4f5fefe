"""`paiban demo`: a seeded synthetic shop, planned end to end."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import Asked, Run, run_as_one, run_options


@click.command("demo", short_help="Make a synthetic demo shop and plan it.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-shop"))
@run_options
@run_as_one
def command(folder: Path, run: Run) -> int:
    """Write a synthetic shop with a promotion ahead and plan its fortnight.

    \b
    Example:
      paiban demo my-demo
    """
    from forecast.demo_shop import write_demo_shop
    from reports.cli.planning import plan_shop, read_job

    shop = write_demo_shop(folder, seed=run.seed)
    job = read_job(Asked(shop=folder, run=run, start=shop.start, days=shop.days))
    return plan_shop(job, synthetic=True)
