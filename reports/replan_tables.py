"""A repaired roster on the screen: the changes, the target before and now, what other prices would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from reports.findings import note_lines, solver_text, stream_ids
from reports.grids import Grid
from reports.readable_names import stream_name
from reports.tables import grid_table
from reports.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from forecast.config import ShopSettings
    from scheduling.pipeline import Plan
    from scheduling.roster.replan import Replanned

MOST_ROWS = 40


def print_changes(answer: Replanned, settings: ShopSettings, console: Console, say: Words) -> None:
    """Print the changes."""
    first = answer.first
    console.print(
        Text(
            say(
                "replan.title",
                first=say.day(first),
                changes=len(answer.changes),
                people=answer.people,
                seconds=f"{answer.result.seconds:.1f}",
            ),
            style="bold",
        )
    )
    if answer.changes.empty:
        console.print(Text(say("replan.no_changes")))
    else:
        console.print(grid_table(change_grid(answer, settings, say), say("replan.changes")))


def print_judged(plan: Plan, before: Mapping[str, Any], folder: Path, console: Console, say: Words) -> None:
    """Print what the changes do to each stream's target."""
    console.print(grid_table(_stream_grid(plan, before, say)))
    console.print(Text(solver_text(plan, say)))
    lines = note_lines(plan.notes, plan.settings.demand, say)
    if lines:
        console.print(Text(say("replan.notes")))
        for line in lines:
            console.print(Text(f"  {line}"))
    ending = "met" if plan.target_is_met else "missed"
    console.print(Text(say(f"replan.next_{ending}", folder=str(folder)), style="bold"))


def print_frontier(answers: Sequence[Replanned], console: Console, say: Words) -> None:
    """Print what each price of a change leads to."""
    rows = [
        (
            say.money(answer.price),
            say.number(len(answer.changes)),
            say.number(answer.people),
            say.number(short_hours(answer), 1),
            say.number(answer.result.seconds, 1),
        )
        for answer in answers
    ]
    head = tuple(say(f"replan.{name}") for name in ("price", "count", "people", "short_hours", "seconds"))
    console.print(grid_table(Grid(head=head, rows=tuple(rows), words=()), say("replan.frontier")))


def short_hours(answer: Replanned) -> float:
    """Return the agent-hours below the requirement that a repaired roster leaves."""
    return float(answer.result.short["short"].sum()) * answer.interval_min / 60


def change_grid(answer: Replanned, settings: ShopSettings, say: Words) -> Grid:
    """Return the changes, one a row."""
    off = say("replan.day_off")
    shown: list[Any] = list(answer.changes.head(MOST_ROWS).itertuples())
    rows = tuple(
        (
            row.employee,
            say.day(row.date),
            _duty(row.before, settings, say) or off,
            _duty(row.after, settings, say) or off,
            say(f"replan.because_{row.because}"),
        )
        for row in shown
    )
    head = tuple(say(f"replan.{name}") for name in ("employee", "date", "before", "after", "because"))
    return Grid(head=head, rows=rows, words=tuple(range(len(head))))


def _duty(text: str, settings: ShopSettings, say: Words) -> str:
    """Return a duty as the planner words it, its stream by the name readers know."""
    front, _, stream = text.rpartition(" ")
    known = stream in [one.id for one in settings.streams]
    return f"{front} {stream_name(settings, stream, say)}" if known else text


def _stream_grid(plan: Plan, before: Mapping[str, Any], say: Words) -> Grid:
    settings = plan.settings.demand
    rows = []
    for name in stream_ids(plan):
        now = plan.summary["streams"][name]
        metric = settings.rule(name).metric
        low, high = (say.share(bound, metric) for bound in now["simulated_ci"])
        rows.append(
            (
                stream_name(settings, name, say),
                say.share(now["target"], metric),
                say.share(before.get(name, {}).get("simulated"), metric),
                f"{say.share(now['simulated'], metric)} ({low}–{high})",
                say.share(now["probability"], decimals=0),
                say.number(now["paid_hours"]),
                say.money(now["cost"]),
            )
        )
    names = ("stream", "target", "was", "simulated", "probability", "paid_hours", "cost")
    return Grid(head=tuple(say(f"replan.{name}") for name in names), rows=tuple(rows), words=(0,))
