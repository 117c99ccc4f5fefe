"""`paiban simulate`: the judge's word on any shift plan or roster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reports.cli.options import Asked, planning_options, table_option
from reports.cli.speech import tell_json


@click.command("simulate", short_help="Judge a shift plan or roster, reply by reply.")
@planning_options(
    table_option("requirement", "Agents per interval that the cover is held against"),
    table_option("shift-plan", "Shift plan to judge"),
    table_option("roster", "Roster to judge"),
)
def command(asked: Asked, requirement: Path | None, shift_plan: Path | None, roster: Path | None) -> int:
    """Simulate every buyer, question and reply of a plan, ours or a spreadsheet's.

    Without --shift-plan and --roster the shop's newest finished plan is judged, against its own forecast.
    simulation.json holds shares with their intervals of confidence, simulated_cover.csv the intervals.

    \b
    Examples:
      paiban simulate my-shop --shift-plan shift_plan.csv --forecast forecast.csv
      paiban simulate my-shop --roster roster.csv --start 2026-12-07 --days 7
    """
    from forecast.config import read_shop
    from forecast.table_files import write_csv
    from reports.cli.outcomes import ExitCode, whole_files
    from reports.cli.planning import made, read_job, screen
    from reports.plan_files import write_json
    from reports.tables import verdict_table
    from scheduling.plan_folder import find_plan
    from scheduling.plan_tables import (
        read_requirement,
        read_roster,
        read_shift_plan,
        span_of_duties,
    )

    if shift_plan is not None and roster is not None:
        raise click.UsageError("give either --shift-plan or --roster, not both")
    if shift_plan is None and roster is None:
        newest = find_plan(asked.shop)
        rostered = (newest / "roster.csv").is_file()
        roster = newest / "roster.csv" if rostered else None
        shift_plan = None if rostered else newest / "shift_plan.csv"
        if asked.forecast is None and asked.history is None:
            asked = replace(asked, forecast=newest / "forecast.csv")
        requirement = newest / "requirement.csv" if requirement is None else requirement
    timezone = read_shop(asked.shop).shop.timezone
    plan = None if shift_plan is None else read_shift_plan(shift_plan, timezone)
    people = None if roster is None else read_roster(roster, timezone)
    worked = plan if plan is not None else people
    assert worked is not None
    job = read_job(asked, span=span_of_duties(worked))
    found = made(
        job,
        shift_plan=plan,
        roster=people,
        requirement=None if requirement is None else read_requirement(requirement, timezone),
        with_roster=False,
        with_baselines=False,
    )
    result = {
        "start": job.start.isoformat(),
        "days": job.days,
        **{key: found.summary[key] for key in ("streams", "inputs", "versions", "seed")},
    }
    with whole_files(job.stage_target) as folder:
        write_json(result, folder / "simulation.json")
        write_csv(found.simulated_cover, folder / "simulated_cover.csv")
    job.stages.end()
    if job.run.as_json:
        tell_json(result)
    else:
        screen().print(verdict_table(found, job.words))
        click.echo(str(job.stage_target / "simulation.json"))
    return ExitCode.FINE if found.target_is_met else ExitCode.TARGET_NOT_MET
