"""What `plan` and `demo` share: plan a span, write it whole, show it."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reports.cli.outcomes import ExitCode, NoRosterError, whole_folder

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 120  # columns where nobody's terminal sets them


def plan_shop(
    shop: Path,
    *,
    start: dt.date,
    days: int,
    out: Path | None,
    lang: str | None,
    seed: int,
    effort: Literal["quick", "normal", "thorough"],
    as_json: bool,
    quiet: bool,
    history: Path | None = None,
    synthetic: bool = False,
) -> ExitCode:
    """Plan a shop and write the plan; return how it ended."""
    from reports.cli.options import language
    from reports.plan_files import stage_printer, write_plan
    from reports.tables import print_plan
    from scheduling.inputs import read_inputs
    from scheduling.pipeline import make_plan

    began = time.monotonic()
    inputs = read_inputs(shop, history=history)
    spoken = language(lang, inputs.settings.demand.shop.language)
    plan = make_plan(
        inputs,
        start=start,
        days=days,
        seed=seed,
        effort=effort,
        synthetic=synthetic,
        say=stage_printer(quiet),
    )
    target = out if out is not None else shop / "plans" / start.isoformat()
    with whole_folder(target) as folder:
        write_plan(plan, folder, spoken, began=began, former=target if target.is_dir() else None)
    if as_json:
        click.echo(json.dumps(plan.summary, ensure_ascii=False))
    else:
        print_plan(plan, screen(), spoken)
        click.echo(str(target / "report.html"))
    if plan.roster_result is not None and plan.roster is None:
        raise NoRosterError([str(conflict) for conflict in plan.roster_result.conflicts] or "no roster found")
    return ExitCode.FINE if plan.target_is_met else ExitCode.TARGET_NOT_MET


def screen() -> Console:
    """Return the console that tables are printed on."""
    import sys

    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)
