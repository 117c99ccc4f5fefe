"""`paiban history`: what the imported logs say about volumes, by hour or by day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reports.cli.options import Run, day_range, out_option, run_as_one, shop_argument, speaking_options

if TYPE_CHECKING:
    import pandas as pd


@click.command("history", short_help="Hourly consultations as the imported logs tell them.")
@shop_argument
@click.option("--daily", is_flag=True, help="By day, with how many agents answered, instead of by hour.")
@day_range("First day.", "Last day.")
@out_option("Folder for history.csv or daily.csv.")
@speaking_options()
@run_as_one
def command(
    shop: Path,
    daily: bool,
    since: dt.date | None,
    until: dt.date | None,
    run: Run,
) -> int:
    """Write the history that planning starts from: consultations offered, per stream and hour.

    Days without a log have no rows; hours spread from daily tables are marked estimated = 1. Where both have
    an hour, imported logs win over the shop's history.csv, which this command leaves alone: results go to
    SHOP/plans/history unless --out says otherwise.

    \b
    Example:
      paiban history my-shop --out results
      paiban history my-shop --daily
    """
    from forecast.config import read_shop
    from forecast.logs.building import daily_of, history_of
    from forecast.logs.shop_logs import shop_log
    from forecast.table_files import write_csv
    from reports.cli.outcomes import ExitCode, whole_files
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.log_tables import print_history
    from reports.words import words

    settings = read_shop(shop)
    say = words(language(run.lang, settings.shop.language))
    with shop_log(settings) as log:
        history = history_of(log)
        by_day = daily_of(log, history)
    days = history["start"].dt.tz_convert(settings.shop.timezone).dt.date
    history = history[_inside(days, since, until)].reset_index(drop=True)
    by_day = by_day[_inside(by_day["date"], since, until)].reset_index(drop=True)
    target = run.out if run.out is not None else shop / "plans" / "history"
    name = "daily.csv" if daily else "history.csv"
    with whole_files(target) as folder:
        write_csv(by_day if daily else history, folder / name)
    if run.as_json:
        tell_json(_summary(history, by_day))
    else:
        print_history(history, by_day, screen(), say)
        click.echo(str(target / name))
    return ExitCode.FINE


def _inside(days: pd.Series, since: dt.date | None, until: dt.date | None) -> list[bool]:
    return [(since is None or day >= since) and (until is None or day <= until) for day in days]


def _summary(history: pd.DataFrame, by_day: pd.DataFrame) -> dict[str, Any]:
    """Return span, totals and missing days by stream."""
    from reports.log_tables import missing_spans

    return {
        str(stream): {
            "first_day": min(own["date"]).isoformat(),
            "last_day": max(own["date"]).isoformat(),
            "hours": int((history["stream"] == stream).sum()),
            "hours_estimated": int(history.loc[history["stream"] == stream, "estimated"].sum()),
            "offered": round(float(own["offered"].sum()), 6),
            "missing": [[first.isoformat(), last.isoformat()] for first, last in missing_spans(own["date"])],
        }
        for stream, own in by_day.groupby("stream", sort=True)
    }
