"""`paiban forecast`: consultations per hour with bands, ahead or for the rest of today."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.cli.options import (
    Asked,
    Run,
    history_option,
    run_as_one,
    run_options,
    shop_argument,
    span_options,
)
from reports.cli.speech import tell_json

if TYPE_CHECKING:
    import pandas as pd

    from reports.cli.planning import Job
    from scheduling.outlook import Outlook


@click.command("forecast", short_help="Consultations per hour with bands.")
@shop_argument
@span_options
@click.option(
    "--now",
    metavar="TIME",
    help="Forecast the rest of the day from the hours seen before this time, as 2026-11-11T14:00.",
)
@click.option(
    "--compare",
    is_flag=True,
    help="Compare models on each stream's own past and take the best; takes half as much time again.",
)
@click.option(
    "--pictures",
    is_flag=True,
    help="Draw what each hour is made of, a PNG a stream; the report of a plan has the same pictures.",
)
@history_option
@run_options
@run_as_one
def command(
    shop: Path,
    start: dt.date | None,
    days: int | None,
    week: str | None,
    now: str | None,
    compare: bool,
    pictures: bool,
    history: Path | None,
    run: Run,
) -> int:
    """Forecast every stream; forecast.csv has means and bands, draws.parquet joint sample paths.

    \b
    Examples:
      paiban forecast my-shop --start 2026-12-07 --days 14 --out results
      paiban forecast my-shop --now 2026-11-11T14:00
      paiban forecast my-shop --week 2026-W50 --compare
    """
    from forecast.selection import ORIGINS
    from forecast.table_files import write_csv, write_parquet
    from reports.cli.outcomes import ExitCode, whole_files
    from reports.cli.planning import read_job, screen
    from reports.stage_tables import forecast_summary, print_forecast

    at = None if now is None else _instant(now)
    if at is not None and (start is not None or week is not None):
        raise click.UsageError("--now says itself which day it is for; leave out --start and --week")
    first = start if at is None else at.date()
    span = days if at is None else days or 1
    job = read_job(Asked(shop=shop, run=run, start=first, days=span, week=week, history=history))
    settings = job.inputs.settings.demand
    outlook = job.forecast(compared=ORIGINS if compare else 0) if at is None else _rest_of_day(job, at)
    target = job.stage_target
    if at is not None and run.out is None:
        target = shop / "plans" / f"forecast-{at:%Y-%m-%dT%H%M}"
    with whole_files(target) as folder:
        write_csv(outlook.table, folder / "forecast.csv")
        if outlook.draws is not None:
            write_parquet(outlook.draws, folder / "draws.parquet")
        if outlook.parts is not None and outlook.effects is not None:
            write_csv(outlook.parts, folder / "forecast_parts.csv")
            write_csv(outlook.effects, folder / "forecast_effects.csv")
            if pictures:
                _draw(outlook.parts, folder, job)
    job.stages.end()
    if run.as_json:
        tell_json(forecast_summary(outlook, settings))
    else:
        print_forecast(outlook, settings, screen(), job.words)
        click.echo(str(target / "forecast.csv"))
    return ExitCode.FINE


def _draw(parts: pd.DataFrame, folder: Path, job: Job) -> None:
    """Write the pictures of the forecast's parts."""
    from reports.charts.explanation import write_part_pictures
    from reports.readable_names import stream_name

    settings = job.inputs.settings.demand
    write_part_pictures(
        parts,
        folder,
        titles={str(name): stream_name(settings, str(name), job.words) for name in parts["stream"].unique()},
        timezone=settings.shop.timezone,
        say=job.words,
    )


def _instant(text: str) -> dt.datetime:
    """Return the wall time or instant of ``--now``."""
    try:
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise click.UsageError(f"--now: {text!r} is not a time; write it as 2026-11-11T14:00") from None


def _rest_of_day(job: Job, at: dt.datetime) -> Outlook:
    """Forecast the rest of the running day anew from the hours seen; its parts explain what is left."""
    from dataclasses import replace

    import pandas as pd

    from forecast.explanation import forecast_parts
    from forecast.intraday import forecast_now
    from forecast.timegrid import zone
    from scheduling.outlook import outlook_of

    local = zone(job.inputs.settings.demand.shop.timezone)
    now = pd.Timestamp(at)
    job.stages("forecast")
    morning, rest = forecast_now(
        job.inputs.history,
        job.inputs.settings.demand,
        calendar=job.inputs.calendar,
        now=now.tz_localize(local) if now.tz is None else now.tz_convert(local),
        days=job.days,
        seed=job.run.seed,
        overrides=job.inputs.overrides,
        traffic=job.inputs.traffic,
    )
    outlook = outlook_of(morning, job.inputs.calendar)
    return replace(
        outlook,
        table=rest.table,
        draws=rest.draws,
        parts=forecast_parts(rest.table, morning.parts),
        notes=[*rest.notes, *outlook.notes],
    )
