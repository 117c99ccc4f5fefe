"""`paiban promo`: staffing and plan B for one event of the promotion calendar."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reports.cli.options import (
    LAST_ROSTER,
    Day,
    Run,
    forecast_option,
    history_option,
    run_as_one,
    run_options,
    shop_argument,
    table_option,
)


@click.command("promo", short_help="Staff one promotion: need, gap, levers, reserves, plan B.")
@shop_argument
@click.option("--event", "event_id", required=True, metavar="ID", help="Id of the event in promotions.toml.")
@click.option(
    "--today",
    type=Day(),
    metavar="DATE",
    help="Day from which lead times and deadlines are counted.  [default: the day after the history]",
)
@history_option
@forecast_option
@table_option("last", LAST_ROSTER)
@run_options
@run_as_one
def command(
    shop: Path,
    event_id: str,
    today: dt.date | None,
    history: Path | None,
    forecast: Path | None,
    last: Path | None,
    run: Run,
) -> int:
    """Plan a promotion from its first phase to the end of its after-sales wave.

    Writes what `plan` writes, and need.csv, levers.csv, contingency.csv, reserve_list.csv,
    training_list.csv, promo.html and promo.xlsx. Reads reserves.csv (who can be called in) and training.csv
    (courses) where the shop has them.

    \b
    Example:
      paiban promo my-shop --event d12-2026
    """
    from reports.cli.promo_run import promote_shop

    return promote_shop(shop, event_id, today=today, history=history, forecast=forecast, last=last, run=run)
