"""What the planning commands share: read the shop, plan a span, write it whole, show it."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from reports.cli.options import Asked, Run, planned_span
from reports.cli.outcomes import ExitCode, check_replaceable, no_roster, whole_files, whole_folder
from reports.cli.speech import language, tell_json

if TYPE_CHECKING:
    from rich.console import Console

    from reports.progress import Stages
    from reports.words import Words
    from scheduling.inputs import Inputs
    from scheduling.outlook import Outlook
    from scheduling.pipeline import Plan
    from scheduling.roster.assign import RosterResult

PIPED_WIDTH = 120  # columns where nobody's terminal sets them


@dataclass(kw_only=True)
class Job:
    """A shop, a span of days, and what a command was told about the run.

    ``outlook`` is the forecast that was given, or None where the shop's own is to be made.
    """

    shop: Path
    inputs: Inputs
    start: dt.date
    days: int
    run: Run
    lang: str
    outlook: Outlook | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def target(self) -> Path:
        """Folder for the results."""
        return self.run.out if self.run.out is not None else self.shop / "plans" / self.start.isoformat()

    @cached_property
    def stage_target(self) -> Path:
        """Folder for the results of one stage: never that of a finished plan, whose files fit together."""
        from scheduling.plan_folder import RECORD

        if self.run.out is not None or not (self.target / RECORD).is_file():
            return self.target
        return self.target.with_name(f"{self.target.name}-{click.get_current_context().info_name}")

    stages_after: tuple[str, ...] = ("files",)  # what the command does once there is a plan

    @cached_property
    def stages(self) -> Stages:
        """Tells each stage on stderr as it begins."""
        from reports.progress import PLAN_STAGES, Stages

        people = self.inputs.employees
        return Stages(
            self.words,
            quiet=self.run.quiet,
            expected=[
                *(stage for stage in PLAN_STAGES if people or stage != "roster"),
                *self.stages_after,
            ],
            stream_days=max(1, len(self.inputs.settings.demand.streams)) * self.days,
        )

    @property
    def words(self) -> Words:
        """Messages in the language of the run."""
        from reports.words import words

        return words(self.lang)

    def forecast(self, *, compared: int = 0) -> Outlook:
        """Return the forecast given, else the shop's own; see `scheduling.outlook.forecast_outlook`."""
        if self.outlook is None:
            from scheduling.outlook import forecast_outlook

            self.stages("forecast")
            self.outlook = forecast_outlook(
                self.inputs, start=self.start, days=self.days, seed=self.run.seed, compared=compared
            )
        return self.outlook


def read_job(asked: Asked, *, span: tuple[dt.date, int] | None = None, needs_history: bool = True) -> Job:
    """Read a shop and the tables given in its place.

    Parameters
    ----------
    asked
        The shop, the options of the run, the tables given, and the span; without one, that of the forecast
        given or `span`.
    span
        First day and days of a table that says itself when it is for.
    needs_history
        Whether a shop without a history is an error where no forecast is given.
    """
    from scheduling.inputs import read_inputs
    from scheduling.outlook import read_outlook, span_of

    inputs = read_inputs(
        asked.shop, history=asked.history, needs_history=needs_history and asked.forecast is None
    )
    settings = inputs.settings.demand
    run, start, days = asked.run, asked.start, asked.days
    outlook = None if asked.forecast is None else read_outlook(asked.forecast, settings, seed=run.seed)
    if start is None and asked.week is None:
        if span is None and outlook is not None:
            span = span_of(outlook, settings.shop.timezone)
        if span is not None:
            start, days = span[0], days or span[1]
    first, count = planned_span(start, days, asked.week)
    return Job(
        shop=asked.shop,
        inputs=inputs,
        start=first,
        days=count,
        run=run,
        lang=language(run.lang, settings.shop.language),
        outlook=outlook,
    )


def plan_shop(job: Job, *, synthetic: bool = False, **given: Any) -> ExitCode:
    """Plan a span end to end and write the plan as a folder; return how it ended.

    `given` are tables for `scheduling.pipeline.make_plan` to start from.
    """
    from reports.plan_files import write_plan

    target = job.target
    check_replaceable(target)  # before the minutes that a plan takes
    plan = made(job, synthetic=synthetic, **given)
    job.stages("files")
    with whole_folder(target) as folder:
        write_plan(plan, folder, job.lang, began=job.began, former=target if target.is_dir() else None)
    _show(plan, job, target / "report.html")
    return _ending(plan)


def plan_stage(job: Job, files: tuple[str, ...], **given: Any) -> ExitCode:
    """Run part of the chain and write its files among those that are there; return how it ended."""
    return _written(job, files, made(job, **given))


def roster_stage(job: Job, files: tuple[str, ...], **given: Any) -> ExitCode:
    """Make a roster over the tables given, also where nobody knows who comes; else as `plan_stage`."""
    from scheduling.outlook import outlook_of_requirement
    from scheduling.unjudged import plan_unjudged

    if job.outlook is None and job.inputs.history.empty:
        job.outlook = outlook_of_requirement(given["requirement"])
        if job.outlook is None:
            return _written(job, files, plan_unjudged(job.inputs, **_asked(job), **given))
    return plan_stage(job, files, **given)


def _written(job: Job, files: tuple[str, ...], plan: Plan) -> ExitCode:
    from reports.plan_files import write_stage

    target = job.stage_target
    job.stages("files")
    with whole_files(target) as folder:
        former = target / "calendars"
        write_stage(
            plan, folder, job.lang, files, began=job.began, former=former if former.is_dir() else None
        )
    _show(plan, job, *(target / name for name in files))
    return _ending(plan)


def made(job: Job, *, synthetic: bool = False, **given: Any) -> Plan:
    from scheduling.pipeline import make_plan

    return make_plan(job.inputs, outlook=job.outlook, synthetic=synthetic, **_asked(job), **given)


def _asked(job: Job) -> dict[str, Any]:
    """Return what every kind of plan is told of a run."""
    return {
        "start": job.start,
        "days": job.days,
        "seed": job.run.seed,
        "effort": job.run.asked_effort,
        "say": job.stages,
        "better": job.stages.better,
    }


def _show(plan: Plan, job: Job, *written: Path) -> None:
    from reports.tables import print_plan

    job.stages.end()
    if job.run.as_json:
        tell_json(plan.summary)
        return
    print_plan(plan, screen(), job.lang)
    for path in written:
        if path.exists():
            click.echo(str(path))


def refuse(result: RosterResult, *, as_json: bool) -> NoReturn:
    """End a command at once because no roster keeps the hard rules."""
    if as_json:
        conflicts = [
            {"kind": one.kind, "text": one.text, "price": one.price, "is_proven": one.is_proven}
            for one in result.conflicts
        ]
        tell_json({"solver": {"status": result.status}, "conflicts": conflicts})
    raise no_roster(result.conflicts)


def _ending(plan: Plan) -> ExitCode:
    if plan.roster_result is not None and plan.roster is None:
        raise no_roster(plan.roster_result.conflicts)
    is_fine = plan.target_is_met or not plan.is_judged
    return ExitCode.FINE if is_fine else ExitCode.TARGET_NOT_MET


def screen() -> Console:
    """Return the console that tables are printed on."""
    import sys

    from reports.fitting import Screen

    return Screen() if sys.stdout.isatty() else Screen(width=PIPED_WIDTH)
