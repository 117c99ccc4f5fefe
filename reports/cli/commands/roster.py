"""`paiban roster`: who works when."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from reports.cli.options import LAST_ROSTER, Asked, planning_options, table_option

FILES = (
    "forecast.csv",
    "draws.parquet",
    "requirement.csv",
    "shift_plan.csv",
    "cover.csv",
    "simulated_cover.csv",
    "roster.csv",
    "last_roster.csv",
    "calendars",
    "summary.json",
    "排班表.xlsx",
    "run.json",
)


@click.command("roster", short_help="Who works when.")
@planning_options(
    table_option("requirement", "Agents per interval to cover"),
    table_option("shift-plan", "Head counts per shift and day to fill, instead of designing them"),
    table_option("last", LAST_ROSTER),
)
def command(asked: Asked, requirement: Path | None, shift_plan: Path | None, last: Path | None) -> int:
    """Assign named people to duties: law first, then cover, wishes, fairness and cost; then simulate it.

    A requirement or a shift plan of your own needs no history: without consultations (a forecast, or offered
    in the requirement) the roster is not simulated.

    \b
    Examples:
      paiban roster my-shop --week 2026-W50
      paiban roster my-shop --requirement requirement.csv
      paiban roster my-shop --shift-plan shift_plan.csv --last plans/2026-11-30/roster.csv
    """
    from forecast.config import read_shop
    from forecast.errors import DataError, Problem
    from reports.cli.planning import read_job, refuse, roster_stage
    from scheduling.plan_tables import (
        read_requirement,
        read_roster,
        read_shift_plan,
        span_of_duties,
        span_of_intervals,
    )

    timezone = read_shop(asked.shop).shop.timezone
    plan = None if shift_plan is None else read_shift_plan(shift_plan, timezone)
    needed = None if requirement is None else read_requirement(requirement, timezone)
    span = None
    if plan is not None:
        span = span_of_duties(plan)
    elif needed is not None:
        span = span_of_intervals(needed, timezone)
    job = read_job(asked, span=span, needs_history=plan is None and needed is None)
    if not job.inputs.employees:
        raise DataError(
            Problem(file="agents.csv", message="no such file; a roster needs people: paiban init shows how")
        )
    return roster_stage(
        job,
        FILES,
        refused=partial(refuse, as_json=job.run.as_json),
        shift_plan=plan,
        requirement=needed,
        last_roster=None if last is None else read_roster(last, timezone),
    )
