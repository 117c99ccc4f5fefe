"""What `promo` does: plan the event's days, work out what a promotion needs besides, write and show it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.cli.options import Asked, Run
from reports.cli.outcomes import ExitCode, check_replaceable, no_roster, whole_folder
from reports.cli.speech import tell_json

if TYPE_CHECKING:
    from reports.cli.planning import Job
    from scheduling.promotion.plan import Promotion


def promote_shop(
    shop: Path,
    event_id: str,
    *,
    today: dt.date | None,
    history: Path | None,
    forecast: Path | None,
    last: Path | None,
    run: Run,
) -> ExitCode:
    """Plan one event and write everything; return how it ended."""
    from reports.cli.planning import made, read_job
    from reports.plan_files import write_plan
    from reports.promotion import promotion_summary, write_promotion
    from scheduling.plan_tables import read_roster
    from scheduling.promotion.event import event_span
    from scheduling.promotion.plan import plan_promotion
    from scheduling.promotion.reserves import read_reserves
    from scheduling.promotion.training import read_courses

    asked = Asked(shop=shop, run=run, history=history, forecast=forecast)
    job = read_job(asked, span=(dt.date.min, 1))
    job.stages_after = ("levers", "need", "contingency", "files")
    timezone = job.inputs.settings.demand.shop.timezone
    event = job.inputs.calendar.event(event_id)
    job.start, job.days = event_span(event, timezone)
    if run.out is None:
        job.run = dataclasses.replace(run, out=shop / "plans" / f"promo-{event_id}")
    target = job.target
    check_replaceable(target)  # before the minutes that a plan takes
    streams = [stream.id for stream in job.inputs.settings.demand.streams]
    reserves = read_reserves(shop / "reserves.csv", streams)
    courses = read_courses(shop / "training.csv")
    plan = made(job, last_roster=None if last is None else read_roster(last, timezone))
    found = plan_promotion(
        plan,
        job.inputs,
        event,
        reserves=reserves,
        courses=courses,
        today=today or _first_free_day(job),
        say=job.stages,
    )
    plan.summary["promotion"] = promotion_summary(found)
    plan.summary["inputs"] |= {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (shop / "reserves.csv", shop / "training.csv")
        if path.is_file()
    }
    job.stages("files")
    with whole_folder(target) as folder:
        write_plan(plan, folder, job.lang, began=job.began, former=target if target.is_dir() else None)
        write_promotion(found, folder, job.lang)
    job.stages.end()
    _show(found, job)
    if plan.roster_result is not None and plan.roster is None:
        raise no_roster(plan.roster_result.conflicts)
    return ExitCode.FINE if plan.target_is_met else ExitCode.TARGET_NOT_MET


def _first_free_day(job: Job) -> dt.date:
    """Return the day after the history, or the event's first day where that lies before it."""
    past = job.inputs.history
    if past.empty:
        return job.start
    last: dt.date = past["start"].max().date()
    return min(last + dt.timedelta(days=1), job.start)


def _show(found: Promotion, job: Job) -> None:
    from reports.cli.planning import screen
    from reports.promotion import contingency_grid, headline, lever_grid, way_text
    from reports.tables import grid_table, print_plan

    if job.run.as_json:
        tell_json(found.plan.summary)
        return
    console, say = screen(), job.words
    print_plan(found.plan, console, job.lang)
    console.print(grid_table(lever_grid(found, say), say("promo.levers")))
    console.print(grid_table(contingency_grid(found, say), say("promo.contingency")))
    console.print(headline(found, say), markup=False, style="bold")
    if way := way_text(found, say):
        console.print(way, markup=False)
    console.print(say("promo.next"), markup=False)
    click.echo(str(job.target / "promo.html"))
