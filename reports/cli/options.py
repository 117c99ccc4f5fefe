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
SUMMARY = "Print the summary as one JSON object."
NO_PROGRESS = "No progress on stderr."
LAST_ROSTER = "Roster of the weeks before, for rest, consecutive days and fairness"
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


def day_range(first: str, last: str) -> Callable[[F], F]:
    """Return ``--from --to`` with their help, handed on as `since` and `until`, in this order."""

    def decorated(function: F) -> F:
        @wraps(function)
        def checked(*args: Any, since: dt.date | None, until: dt.date | None, **others: Any) -> Any:
            if since and until and since > until:
                raise click.UsageError(f"--from {since} lies after --to {until}")
            return function(*args, since=since, until=until, **others)

        to = click.option("--to", "until", type=Day(), metavar="DATE", help=last)(checked)
        return click.option("--from", "since", type=Day(), metavar="DATE", help=first)(to)  # type: ignore[return-value]

    return decorated


def speaking_options(json: str = SUMMARY, quiet: str = NO_PROGRESS) -> Callable[[F], F]:
    """Return ``--lang --json -q --debug``, which every command has."""

    def decorated(function: F) -> F:
        for option in (
            click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong."),
            click.option("-q", "--quiet", is_flag=True, help=quiet),
            click.option("--json", "as_json", is_flag=True, help=json),
            click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown."),
        ):
            function = option(function)
        return function

    return decorated


def out_option(what: str = "Folder for the results.") -> Callable[[F], F]:
    """Return ``--out DIR``."""
    return click.option("--out", type=click.Path(path_type=Path), help=what)


def run_options(function: F) -> F:
    """Add what planning commands have: where results go, language, seed, effort, quiet, debug."""
    function = speaking_options()(function)
    function = click.option(
        "--seed", type=int, default=0, show_default=True, help="Seed of all random numbers."
    )(function)
    function = click.option(
        "--effort",
        type=click.Choice(["quick", "normal", "thorough"]),
        help="How long shifts and rosters are searched.  [default: normal for the shifts of one stream's "
        "day or two, else quick]",
    )(function)
    return out_option()(function)


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
    """Hand the options of `run_options` or `speaking_options` to the command as one `Run`; to stand below."""

    @wraps(function)
    def gathered(
        *args: Any,
        lang: str | None,
        as_json: bool,
        quiet: bool,
        debug: bool,  # noqa: ARG001  (read by the program's entry point)
        out: Path | None = None,
        effort: Effort | None = None,
        seed: int = 0,
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


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which shop and days a planning command was asked for, and the tables given in the shop's place."""

    shop: Path
    run: Run
    start: dt.date | None = None
    days: int | None = None
    week: str | None = None
    history: Path | None = None
    forecast: Path | None = None


def planning_options(*tables: Callable[[Any], Any]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return the shop, the span, the tables of the chain and `tables`, and what every run is told.

    The command gets an `Asked`, and the `tables` by their names.
    """

    def decorated(function: Callable[..., int]) -> Callable[..., int]:
        @wraps(function)
        def gathered(
            *args: Any,
            shop: Path,
            run: Run,
            start: dt.date | None,
            days: int | None,
            week: str | None,
            history: Path | None,
            forecast: Path | None,
            **others: Any,
        ) -> int:
            asked = Asked(
                shop=shop, run=run, start=start, days=days, week=week, history=history, forecast=forecast
            )
            return function(*args, asked=asked, **others)

        inner: Any = run_options(run_as_one(gathered))
        for table in reversed(tables):
            inner = table(inner)
        command: Callable[..., int] = shop_argument(span_options(history_option(forecast_option(inner))))
        return command

    return decorated


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
