"""`paiban require`: agents per interval that meet the target."""

from __future__ import annotations

import click

from reports.cli.options import Asked, planning_options
from reports.cli.speech import tell_json


@click.command("require", short_help="Agents per interval that meet the target.")
@planning_options()
def command(asked: Asked) -> int:
    """Find the least agents per interval for the rule's target over its assessed window.

    A good hour may pay for a bad one, within the floor and the limit on unanswered sessions. Demand is
    planned for at the level that the wanted share (confidence) of the forecast's futures stays below.

    \b
    Example:
      paiban require my-shop --start 2026-12-07 --days 7 --out results
    """
    from forecast.table_files import write_csv
    from reports.cli.outcomes import ExitCode, whole_files
    from reports.cli.planning import read_job, screen
    from reports.stage_tables import print_requirement, requirement_days
    from scheduling.pipeline import demands_of, requirement_of
    from scheduling.summary import cap_advice, cap_notes

    job = read_job(asked)
    outlook = job.forecast()
    job.stages("requirement")
    settings = job.inputs.settings
    demands = demands_of(outlook, job.inputs, start=job.start, days=job.days)
    table = requirement_of(demands, settings)
    with whole_files(job.stage_target) as folder:
        write_csv(table, folder / "requirement.csv")
    job.stages.end()
    if job.run.as_json:
        rows = requirement_days(table, settings.demand).to_dict("records")
        caps = {name: advice.cap for name, advice in cap_advice(demands, settings).items()}
        tell_json({"days": rows, "recommended_cap": caps})
    else:
        print_requirement(table, settings.demand, screen(), job.words, notes=cap_notes(demands, settings))
        click.echo(str(job.stage_target / "requirement.csv"))
    return ExitCode.FINE
