"""Options that several commands share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

DAYS = 7
Effort = Literal["quick", "normal", "thorough"]

F = TypeVar("F", bound=Callable[..., Any])


class Day(click.ParamType[dt.date]):
    """A calendar day written as 2026-11-11."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """Return the day or fail with what to write instead."""
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is not a date; write it as 2026-11-11", param, ctx)


def shop_argument(function: F) -> F:
    """Add the shop folder, by default the current one."""
    return click.argument(
        "shop", type=click.Path(path_type=Path, file_okay=False), default=Path(), required=False
    )(function)


def span_options(function: F) -> F:
    """Add ``--start --days`` and ``--week``."""
    for option in (
        click.option("--week", metavar="YYYY-Www", help="An ISO week, instead of --start and --days."),
        click.option("--days", type=click.IntRange(1, 366), help="Days to plan.  [default: 7]"),
        click.option("--start", type=Day(), metavar="DATE", help="First day."),
    ):
        function = option(function)
    return function


def run_options(function: F) -> F:
    """Add what every command has: where results go, language, seed, effort, quiet, debug."""
    for option in (
        click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong."),
        click.option("-q", "--quiet", is_flag=True, help="No progress on stderr."),
        click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object."),
        click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown."),
        click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random numbers."),
        click.option(
            "--effort",
            type=click.Choice(["quick", "normal", "thorough"]),
            help="How long shifts and rosters are searched.  [default: normal for the shifts of one stream's "
            "day or two, else quick]",
        ),
        click.option("--out", type=click.Path(path_type=Path), help="Folder for the results."),
    ):
        function = option(function)
    return function


@dataclass(frozen=True, kw_only=True)
class Run:
    """What every command is told: where results go, how hard to search, and how to speak."""

    out: Path | None
    asked_effort: Effort | None
    seed: int
    lang: str | None
    as_json: bool
    quiet: bool

    @property
    def effort(self) -> Effort:
        """How hard to search where nothing was said: quick."""
        return self.asked_effort or "quick"


def run_as_one(function: F) -> F:
    """Hand the options of `run_options` to the command as one `Run`; to stand right below it."""

    @wraps(function)
    def gathered(
        *args: Any,
        out: Path | None,
        effort: Effort | None,
        seed: int,
        lang: str | None,
        as_json: bool,
        quiet: bool,
        debug: bool,  # noqa: ARG001  (read by the program's entry point)
        **others: Any,
    ) -> Any:
        run = Run(out=out, asked_effort=effort, seed=seed, lang=lang, as_json=as_json, quiet=quiet)
        return function(*args, run=run, **others)

    return gathered  # type: ignore[return-value]


def table_option(name: str, what: str) -> Callable[[F], F]:
    """Return an option for somebody's own table in the place of the shop's."""
    return click.option(
        f"--{name}",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help=f"{what} (CSV, Excel or Parquet).",
    )


def history_option(function: F) -> F:
    """Add ``--history F``."""
    return table_option("history", "Hourly counts instead of the shop's logs and history.csv")(function)


def forecast_option(function: F) -> F:
    """Add ``--forecast F``."""
    return table_option(
        "forecast",
        "Forecast instead of the shop's own: stream, start, mean; a draws.parquet beside it is used",
    )(function)


def planned_span(start: dt.date | None, days: int | None, week: str | None) -> tuple[dt.date, int]:
    """Return first day and number of days, from either way to give them."""
    from forecast.timegrid import week_start

    if week is not None:
        if start is not None:
            raise click.UsageError("give either --week or --start and --days, not both")
        try:
            return week_start(week), 7
        except ValueError as error:
            raise click.UsageError(f"--week: {error}") from None
    if start is None:
        raise click.UsageError("which days? give --start 2026-12-07 --days 14, or --week 2026-W50")
    return start, DAYS if days is None else days
