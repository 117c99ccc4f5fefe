"""A re-scored workbook on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from reports.grids import Grid
from reports.notes import in_words
from reports.readable_names import stream_name
from reports.roster_rules import breach_words
from reports.stage_tables import stage_grid
from reports.tables import grid_table
from reports.words import Words

if TYPE_CHECKING:
    from reports.workbook_check import WorkbookCheck

MOST_ROWS = 20


def print_workbook_check(found: WorkbookCheck, console: Console, say: Words) -> None:
    """Print each stream's target before and now, the rules broken, and the cells that differ."""
    console.print(Text(say("stage.workbook", file=found.path.name), style="bold"))
    console.print(grid_table(_stream_grid(found, say)))
    if found.violations:
        console.print(grid_table(_violation_grid(found, say), say("stage.violations")))
    else:
        console.print(Text(say("stage.no_violations"), style="green"))
    if found.changes.empty:
        console.print(Text(say("stage.no_changes")))
    else:
        console.print(grid_table(_change_grid(found, say), say("stage.changes")))


def _stream_grid(found: WorkbookCheck, say: Words) -> Grid:
    settings = found.settings.demand
    rows = []
    for name, now in found.streams.items():
        metric = settings.rule(name).metric
        before = found.before.get(name, {}).get("simulated")
        low, high = (say.share(bound, metric) for bound in now["simulated_ci"])
        rows.append(
            (
                stream_name(settings, name, say),
                say.share(now["target"], metric),
                f"{say.share(now['simulated'], metric)} ({low}–{high})",
                say.share(before, metric),
                say.share(now["probability"], decimals=0),
                say.number(now["paid_hours"]),
                say.money(now["cost"]),
            )
        )
    head = ("stream", "target", "simulated", "was", "probability", "paid_hours", "cost")
    return stage_grid(head, rows, say)


def _violation_grid(found: WorkbookCheck, say: Words) -> Grid:
    rows = [
        (
            say("stage.hard" if one.is_hard else "stage.soft"),
            breach_words(one, say),
            one.employee,
            say.short_day(one.date),
            in_words(one.message, say),
        )
        for one in found.violations[:MOST_ROWS]
    ]
    return stage_grid(("kind", "rule", "employee", "date", "message"), rows, say, words=(0, 1, 2, 3, 4))


def _change_grid(found: WorkbookCheck, say: Words) -> Grid:
    nothing = say("stage.nothing_there")
    shown: list[Any] = list(found.changes.head(MOST_ROWS).itertuples())
    rows = [
        (row.employee, say.short_day(row.date), row.before or nothing, row.after or nothing) for row in shown
    ]
    return stage_grid(("employee", "date", "before", "after"), rows, say, words=(0, 1, 2, 3))
