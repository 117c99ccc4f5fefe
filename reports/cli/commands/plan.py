"""`paiban plan`: the whole chain for a span of days."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import click

from reports.cli.options import planned_span, run_options, shop_argument, span_options


@click.command("plan", short_help="Plan a span of days, end to end.")
@shop_argument
@span_options
@click.option("--history", type=click.Path(path_type=Path), help="Hourly counts instead of history.csv.")
@run_options
def command(
    shop: Path,
    start: dt.date | None,
    days: int,
    week: str | None,
    history: Path | None,
    out: Path | None,
    effort: Literal["quick", "normal", "thorough"],
    seed: int,
    lang: str | None,
    as_json: bool,
    quiet: bool,
    debug: bool,  # noqa: ARG001  (read by the program's entry point)
) -> int:
    """Forecast, requirement, shifts, roster, simulation and report.

    \b
    Example:
      paiban plan my-shop --start 2026-12-07 --days 14
    """
    from reports.cli.planning import plan_shop

    first, count = planned_span(start, days, week)
    return plan_shop(
        shop,
        start=first,
        days=count,
        out=out,
        lang=lang,
        seed=seed,
        effort=effort,
        as_json=as_json,
        quiet=quiet,
        history=history,
    )
