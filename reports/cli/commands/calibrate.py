"""`paiban calibrate`: what an agent can do, estimated from the imported logs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reports.cli.options import Run, day_range, out_option, run_as_one, shop_argument, speaking_options

HEAD = "# Written by paiban calibrate from {source}, {first} to {last}. What shop.toml says wins.\n\n"


@click.command("calibrate", short_help="Service parameters from the imported logs.")
@shop_argument
@day_range("First day to learn from.", "Last day to learn from.")
@out_option("Folder for service.toml; default: the shop, where plans read it.")
@speaking_options(json="Print the estimates as one JSON object.")
@run_as_one
def command(
    shop: Path,
    since: dt.date | None,
    until: dt.date | None,
    run: Run,
) -> int:
    """Estimate rounds, work on a reply, thinking, auto-close, patience, bot share, speeds and caps.

    Messages tell all of them, session lists some, daily tables only throughput; the finest that was imported
    is used. Every value has its standard error; what cannot be told is left out and said. Accounts that
    agents.csv lists are put together by person.

    \b
    Example:
      paiban calibrate my-shop
      paiban calibrate my-shop --from 2026-10-01 --to 2026-10-31 --json
    """
    import tomli_w

    from forecast.config import read_shop
    from forecast.logs.calibrating import calibrate_store
    from forecast.logs.shop_logs import shop_log
    from reports.cli.outcomes import ExitCode, whole_files
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.log_tables import print_calibration
    from reports.words import words

    settings = read_shop(shop)
    say = words(language(run.lang, settings.shop.language))
    with shop_log(settings, since=since, until=until) as log:
        learnt = calibrate_store(log)
    tables = learnt.calibration.to_toml()
    span = {"first": learnt.first_day.isoformat(), "last": learnt.last_day.isoformat()}
    target = run.out if run.out is not None else shop
    with whole_files(target) as folder:
        text = HEAD.format(source=f"{learnt.granularity} logs", **span) + tomli_w.dumps(tables)
        (folder / "service.toml").write_text(text, encoding="utf-8")
    if learnt.shortened and not run.quiet:
        note = say("log.latest_only", days=learnt.days, count=say.number(learnt.rows))
        click.echo(say("log.warning", text=note), err=True)
    if run.as_json:
        summary = {**tables, "notes": list(learnt.calibration.notes), "from": learnt.granularity, **span}
        tell_json(summary)
    else:
        title = say("log.calibrated", source=say(f"log.kind_{learnt.granularity}"), **span)
        print_calibration(learnt.calibration, title, screen(), say)
        click.echo(say("log.next_calibrate", path=target / "service.toml"))
    return ExitCode.FINE
