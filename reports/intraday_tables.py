"""The running day on the screen: what to expect at the close, and what can still be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from reports.findings import shop_order
from reports.grids import Grid
from reports.notes import in_words
from reports.readable_names import stream_name
from reports.tables import grid_table
from reports.words import NOTHING, Words
from scheduling.running_day import Advice, Today, is_safe

if TYPE_CHECKING:
    import pandas as pd

    from scheduling.outlook import Outlook

Found = Mapping[str, Advice]


def print_intraday(found: Found, outlook: Outlook, now: pd.Timestamp, console: Console, say: Words) -> None:
    """Print each stream's close, the actions in order, and what to do next."""
    console.print(Text(say("intraday.title", day=say.day(now.date()), time=f"{now:%H:%M}"), style="bold"))
    settings = next(iter(found.values())).today.settings.demand
    found = {name: found[name] for name in shop_order(found, settings)}
    console.print(grid_table(_closes(found, outlook, now, say)))
    for note in outlook.notes:
        console.print(Text(in_words(note, say, label=lambda one: stream_name(settings, one, say))))
    has_rows = any(advice.rows for advice in found.values())
    if has_rows:
        console.print(grid_table(_actions(found, say), say("intraday.actions")))
    for advice in found.values():
        for line in unsafe_lines(advice, say):
            console.print(Text(line, style="bold red"))
    _say_period(found, console, say)
    if not has_rows and all(advice.ends_well for advice in found.values()):
        console.print(Text(say("intraday.nothing_spare")))
    console.print(Text(say("intraday.next"), style="bold"))


def unsafe_lines(advice: Advice, say: Words) -> list[str]:
    """Return what a close still lacks with everything done: surety, or answers; nothing where it is safe."""
    if advice.ends_well:
        return []
    if not advice.rows:
        return [say("intraday.nothing_called")]
    demand, name = advice.today.settings.demand, advice.today.demand.stream
    stream, label, after = demand.stream(name), stream_name(demand, name, say), advice.after
    lines = []
    if after.chance < stream.confidence:
        chance, wanted = (say.share(value, decimals=0) for value in (after.chance, stream.confidence))
        lines.append(say("intraday.still_unsafe", stream=label, chance=chance, wanted=wanted))
    if after.unanswered > stream.max_unanswered:
        unanswered, most = (
            say.share(value, decimals=2) for value in (after.unanswered, stream.max_unanswered)
        )
        lines.append(say("intraday.still_unanswered", stream=label, unanswered=unanswered, most=most))
    return lines


def _say_period(found: Found, console: Console, say: Words) -> None:
    """Say where a rule counts over longer than the day and the days before are not known."""
    for advice in found.values():
        period = advice.today.day.rule.period
        if advice.close.period is None and period.kind not in ("natural_day", "last_day"):
            console.print(Text(say("intraday.by_day"), style="yellow"))
            return


def _closes(found: Found, outlook: Outlook, now: pd.Timestamp, say: Words) -> Grid:
    rows = []
    for name, advice in found.items():
        today, close = advice.today, advice.close
        own = outlook.table[outlook.table["stream"] == name]
        is_past = own["start"] < now.floor("h")
        metric = today.day.rule.metric
        rows.append(
            (
                stream_name(today.settings.demand, name, say),
                say.number(float(own["came"].sum())) if own["came"].notna().any() else NOTHING,
                say.number(float(own.loc[~is_past, "mean"].sum())),
                say.share(close.share, metric),
                say.share(close.low, metric),
                NOTHING if close.period is None else say.share(close.period, metric),
                say.share(close.chance, decimals=0),
                say.share(close.unanswered, decimals=2),
                say(f"intraday.{'safe' if is_safe(today, close) else 'unsafe'}"),
            )
        )
    names = ("stream", "seen", "left", "close", "low", "period", "chance", "unanswered", "verdict")
    return Grid(head=tuple(say(f"intraday.{name}") for name in names), rows=tuple(rows), words=(0, 8))


def _actions(found: Found, say: Words) -> Grid:
    rows = [_action(advice.today, row, say) for advice in found.values() for row in advice.rows]
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
