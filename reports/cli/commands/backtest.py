"""`paiban backtest`: how well every model would have forecast this shop's own past."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import Run, history_option, run_as_one, run_options, shop_argument


@click.command("backtest", short_help="Accuracy of every model on the shop's own past.")
@shop_argument
@click.option("--days", type=click.IntRange(1, 42), default=14, show_default=True, help="Days ahead.")
@click.option(
    "--origins", type=click.IntRange(1, 52), default=6, show_default=True, help="Forecasts to make."
)
@history_option
@run_options
@run_as_one
def command(shop: Path, days: int, origins: int, history: Path | None, run: Run) -> int:
    """Forecast the past from rolling origins and compare with what came.

    backtest.csv has one row per stream, model and origin; backtest_buckets.csv the same pooled by week ahead
    and kind of hour (ordinary, peak, promotion, holiday); backtest.png shows both.

    \b
    Example:
      paiban backtest my-shop --days 14 --origins 6 --out results
    """
    from forecast.shop_backtest import backtest_shop
    from forecast.table_files import write_csv
    from reports.charts.backtest import write_backtest_picture
    from reports.cli.outcomes import ExitCode, whole_files
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.progress import Stages
    from reports.stage_tables import backtest_scores, print_backtest
    from reports.words import words
    from scheduling.inputs import read_inputs

    inputs = read_inputs(shop, history=history)
    settings = inputs.settings.demand
    say = words(language(run.lang, settings.shop.language))
    stages = Stages(say, quiet=run.quiet)
    stages("backtest")
    found = backtest_shop(
        inputs.history, settings, calendar=inputs.calendar, days_ahead=days, origins=origins, seed=run.seed
    )
    target = run.out if run.out is not None else shop / "plans" / "backtest"
    with whole_files(target) as folder:
        write_csv(found.table, folder / "backtest.csv")
        write_csv(found.buckets, folder / "backtest_buckets.csv")
        write_backtest_picture(found, folder / "backtest.png", settings, say)
    stages.end()
    if run.as_json:
        tell_json({"scores": backtest_scores(found).to_dict("records")})
    else:
        print_backtest(found, settings, screen(), say)
        click.echo(str(target / "backtest.csv"))
    return ExitCode.FINE
