"""`paiban history`: what the imported logs say about volumes, by hour or by day."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reports.cli.options import Day, shop_argument

if TYPE_CHECKING:
    import pandas as pd


@click.command("history", short_help="Hourly consultations as the imported logs tell them.")
@shop_argument
@click.option("--daily", is_flag=True, help="By day, with how many agents answered, instead of by hour.")
@click.option("--from", "since", type=Day(), metavar="DATE", help="First day.")
@click.option("--to", "until", type=Day(), metavar="DATE", help="Last day.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for history.csv or daily.csv.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
def command(
    shop: Path,
    daily: bool,
    since: dt.date | None,
    until: dt.date | None,
    out: Path | None,
    as_json: bool,
    lang: str | None,
    quiet: bool,  # noqa: ARG001  (there is no progress to hide)
    debug: bool,  # noqa: ARG001  (read by the program's entry point)
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
    from reports.cli.speech import language
    from reports.log_tables import print_history
    from reports.words import words

    if since and until and since > until:
        raise click.UsageError(f"--from {since} lies after --to {until}")
    settings = read_shop(shop)
    say = words(language(lang, settings.shop.language))
    with shop_log(settings) as log:
        history = history_of(log)
        by_day = daily_of(log, history)
    days = history["start"].dt.tz_convert(settings.shop.timezone).dt.date
    history = history[_inside(days, since, until)].reset_index(drop=True)
    by_day = by_day[_inside(by_day["date"], since, until)].reset_index(drop=True)
    target = out if out is not None else shop / "plans" / "history"
    name = "daily.csv" if daily else "history.csv"
    with whole_files(target) as folder:
        write_csv(by_day if daily else history, folder / name)
    if as_json:
        click.echo(json.dumps(_summary(history, by_day), ensure_ascii=False))
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
