"""`paiban explain`: questions to a finished roster."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reports.cli.options import Day, Run, run_as_one, run_options


@click.command("explain", short_help="Why this person, why this gap, why this wish was refused.")
@click.argument("what", type=click.Path(path_type=Path), default=Path(), metavar="[PLAN | SHOP]")
@click.option("--employee", metavar="NAME", help="Whose day is asked about; with --date.")
@click.option("--date", "day", type=Day(), metavar="DATE", help="The day asked about.")
@click.option("--stream", metavar="ID", help="The stream that is short; with --at.")
@click.option("--at", "at", metavar="TIME", help="When it is short, as 2026-12-11T20:00.")
@click.option("--shop", type=click.Path(path_type=Path, file_okay=False), help="The plan's shop folder.")
@run_options
@run_as_one
def command(
    what: Path,
    employee: str | None,
    day: dt.date | None,
    stream: str | None,
    at: str | None,
    shop: Path | None,
    run: Run,
) -> int:
    """Explain a plan's roster: by default the newest plan of the shop.

    Without a question: the worst gaps with the cheapest way to close each, and every wish refused with its
    reason. With --employee and --date: why they work or are off, who could instead, and what granting their
    wish would cost (found by searching a roster that grants it; --effort says how long). With --stream and
    --at: where everybody is who could close that gap. Costs are in money, by the roster's own prices.

    \b
    Examples:
      paiban explain my-shop
      paiban explain my-shop --employee 张三 --date 2026-12-11
      paiban explain my-shop/plans/2026-12-07 --stream taobao-presale --at 2026-12-11T20:00
    """
    from reports.cli.explain_run import Question, answer

    if (employee is None) != (day is None):
        raise click.UsageError("a person's day takes both: --employee NAME --date 2026-12-11")
    if (stream is None) != (at is None):
        raise click.UsageError("a gap takes both: --stream ID --at 2026-12-11T20:00")
    return answer(what, Question(employee=employee, day=day, stream=stream, at=at), shop=shop, run=run)
