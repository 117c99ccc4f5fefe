"""`paiban intraday`: a day that has begun, its rate at the close, whom to call or send home."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import Run, history_option, run_as_one, run_options, table_option


@click.command("intraday", short_help="The running day: rate at close, whom to call or send home.")
@click.argument("what", type=click.Path(path_type=Path), default=Path(), metavar="[PLAN | SHOP]")
@click.option("--now", metavar="TIME", required=True, help="The time, as 2026-12-11T18:00.")
@click.option(
    "--so-far",
    "so_far",
    multiple=True,
    metavar="[STREAM=]SHARE:UNITS",
    help="The period's rate before today, as 0.912:52340 (rounds, sessions ...); then it is what must hold.",
)
@table_option(
    "reserves", "Who may be called, in order: employee, lead_time_h, ...; default: the shop's reserves.csv"
)
@history_option
@click.option("--shop", type=click.Path(path_type=Path, file_okay=False), help="The plan's shop folder.")
@run_options
@run_as_one
def command(
    what: Path,
    now: str,
    so_far: tuple[str, ...],
    reserves: Path | None,
    history: Path | None,
    shop: Path | None,
    run: Run,
) -> int:
    """Say what to expect at the close of the running day, and what can still be done about it.

    Hours seen come from the history (or the imported logs); the rest of the plan's forecast follows them.
    Where the target is in doubt: whom to call in and who should stay, in order; where it is safe: who may go
    early. Each with what the simulator says of it. Writes intraday.csv, and the day's forecast.csv.

    \b
    Examples:
      paiban intraday my-shop --now 2026-12-11T18:00
      paiban intraday my-shop --now 2026-12-11T18:00 --so-far taobao-presale=0.912:52340
    """
    from reports.cli.intraday_run import advise

    return advise(what, now=now, so_far=so_far, reserves=reserves, history=history, shop=shop, run=run)
