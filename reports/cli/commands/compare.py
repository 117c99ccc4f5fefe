"""`paiban compare`: what-ifs side by side."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import click

from reports.cli.options import run_options, shop_argument, span_options


@click.command("compare", short_help="What-ifs side by side, on the same random numbers.")
@shop_argument
@span_options
@click.option(
    "--scenarios",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of scenarios.  [default: the shop's scenarios.toml]",
)
@click.option("--history", type=click.Path(path_type=Path), help="Hourly counts instead of history.csv.")
@click.option(
    "--no-anew", is_flag=True, help="Only what becomes of the plan in force; nothing is planned anew."
)
@click.option("--no-beside", is_flag=True, help="No sensitivity, worth of one more agent, nor frontier.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=None, help="Scenarios at once.  [default: the processors]"
)
@run_options
def command(
    shop: Path,
    start: dt.date | None,
    days: int,
    week: str | None,
    scenarios: Path | None,
    history: Path | None,
    no_anew: bool,
    no_beside: bool,
    jobs: int | None,
    out: Path | None,
    effort: Literal["quick", "normal", "thorough"],
    seed: int,
    lang: str | None,
    as_json: bool,
    quiet: bool,
    debug: bool,  # noqa: ARG001  (read by the program's entry point)
) -> int:
    """Judge every scenario of scenarios.toml: the plan in force under it, and the cheapest plan for it.

    A scenario says only what differs; `like` starts it from others. Without --start the span is that of the
    plan that the file names as base. Scenarios run in parallel; one that fails takes no other down, and a run
    that was stopped goes on where it was.

    \b
    Example:
      paiban compare my-shop --start 2026-12-07 --days 14 --out my-shop/plans/what-ifs
    """
    from reports.cli.compare_run import compare_shop
    from reports.cli.options import planned_span

    first, count = (None, days) if start is None and week is None else planned_span(start, days, week)
    return compare_shop(
        shop,
        scenarios=scenarios,
        start=first,
        days=count,
        history=history,
        anew=not no_anew,
        beside=not no_beside,
        jobs=jobs,
        out=out,
        lang=lang,
        seed=seed,
        effort=effort,
        as_json=as_json,
        quiet=quiet,
    )
