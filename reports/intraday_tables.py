"""The running day on the screen: what to expect at the close, and what can still be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from reports.findings import stream_name
from reports.grids import Grid
from reports.notes import in_words
from reports.tables import grid_table
from reports.words import Words
from scheduling.running_day import Close, Today, is_safe

if TYPE_CHECKING:
    import pandas as pd

    from scheduling.outlook import Outlook

Found = Mapping[str, tuple[Today, Close, list[dict[str, Any]]]]


def print_intraday(found: Found, outlook: Outlook, now: pd.Timestamp, console: Console, say: Words) -> None:
    """Print each stream's close, the actions in order, and what to do next."""
    console.print(Text(say("intraday.title", day=say.day(now.date()), time=f"{now:%H:%M}"), style="bold"))
    settings = next(iter(found.values()))[0].settings.demand
    console.print(grid_table(_closes(found, outlook, now, say)))
    for note in outlook.notes:
        console.print(Text(in_words(note, say, label=lambda one: stream_name(settings, one, say))))
    rows = [row for _, _, own in found.values() for row in own]
    if rows:
        console.print(grid_table(_actions(found, say), say("intraday.actions")))
    for name, (today, close, own) in found.items():
        wanted = settings.stream(name).confidence
        if is_safe(today, close):
            continue
        if not own:
            console.print(Text(say("intraday.nothing_called"), style="bold red"))
        elif own[-1]["chance_with"] < wanted:
            label = stream_name(settings, name, say)
            chance = say.share(own[-1]["chance_with"], decimals=0)
            line = say(
                "intraday.still_unsafe", stream=label, chance=chance, wanted=say.share(wanted, decimals=0)
            )
            console.print(Text(line, style="bold red"))
    _say_period(found, console, say)
    if not rows and all(is_safe(today, close) for today, close, _ in found.values()):
        console.print(Text(say("intraday.nothing_spare")))
    console.print(Text(say("intraday.next"), style="bold"))


def _say_period(found: Found, console: Console, say: Words) -> None:
    """Say where a rule counts over longer than the day and the days before are not known."""
    for today, close, _ in found.values():
        period = today.day.rule.period
        if close.period is None and period.kind not in ("natural_day", "last_day"):
            console.print(Text(say("intraday.by_day"), style="yellow"))
            return


def _closes(found: Found, outlook: Outlook, now: pd.Timestamp, say: Words) -> Grid:
    rows = []
    for name, (today, close, _) in found.items():
        own = outlook.table[outlook.table["stream"] == name]
        is_past = own["start"] < now.floor("h")
        metric = today.day.rule.metric
        rows.append(
            (
                stream_name(today.settings.demand, name, say),
                say.number(float(own.loc[is_past, "mean"].sum())),
                say.number(float(own.loc[~is_past, "mean"].sum())),
                say.share(close.share, metric),
                say.share(close.low, metric),
                "—" if close.period is None else say.share(close.period, metric),
                say.share(close.chance, decimals=0),
                say.share(close.unanswered, decimals=2),
                say(f"intraday.{'safe' if is_safe(today, close) else 'unsafe'}"),
            )
        )
    names = ("stream", "seen", "left", "close", "low", "period", "chance", "unanswered", "verdict")
    return Grid(head=tuple(say(f"intraday.{name}") for name in names), rows=tuple(rows), words=(0, 8))


def _actions(found: Found, say: Words) -> Grid:
    rows = [_action(today, row, say) for today, _, own in found.values() for row in own]
    names = ("stream", "action", "who", "hours_of", "paid", "cost", "close", "chance")
    head = tuple(say(f"intraday.{name}") for name in names)
    return Grid(head=head, rows=tuple(rows), words=(0, 1, 2))


def _action(today: Today, row: Mapping[str, Any], say: Words) -> tuple[str, ...]:
    metric = today.day.rule.metric
    close, chance = (
        [row[f"{what}_{which}"] for which in ("without", "with")] for what in ("close", "chance")
    )
    return (
        stream_name(today.settings.demand, today.demand.stream, say),
        say(f"intraday.{row['action']}"),
        str(row["names"]),
        f"{row['start']:%H:%M}–{row['end']:%H:%M}",
        say.number(row["hours"], 1),
        say.money(row["cost"]),
        " → ".join(say.share(one, metric) for one in close),
        " → ".join(say.share(one, decimals=0) for one in chance),
    )
