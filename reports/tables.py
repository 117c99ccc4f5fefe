"""A plan on the screen: tables whose columns stay aligned with Chinese in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from reports import findings, grids
from reports.fitting import FittingTable
from reports.words import Words, words

if TYPE_CHECKING:
    from scheduling.pipeline import Plan

GAPS_SHOWN = 5
STATE_STYLES = {"met": "bold green", "risky": "bold yellow", "missed": "bold red", "unjudged": "bold"}


def print_plan(plan: Plan, console: Console, lang: str) -> None:
    """Print a plan: each stream's verdict and days, the gaps, the wishes refused, what to do next.

    Parameters
    ----------
    plan
        A finished plan.
    console
        Where to print. Rich leaves colours out when the output is piped or ``NO_COLOR`` is set.
    lang
        zh or en.
    """
    say = words(lang)
    days = findings.dates(plan)
    shop = plan.settings.demand.shop.name
    title = say("screen.title", shop=shop, span=say.span(days[0], days[-1])).strip()
    if plan.synthetic:
        title += f" [{say('format.synthetic')}]"
    console.print(Text(title, style="bold"))
    console.print(verdict_table(plan, say))
    for verdict in findings.verdicts(plan):
        if verdict.state not in ("met", "unjudged"):
            console.print(
                Text(findings.shortfall_text(plan, verdict, say), style=STATE_STYLES[verdict.state])
            )
    for stream in findings.stream_ids(plan):
        console.print(day_table(plan, stream, say))
    _print_overrides(plan, console, say)
    _print_gaps(plan, console, say)
    _print_roster_answer(plan, console, say)
    _print_end(plan, console, say)


def verdict_table(plan: Plan, say: Words) -> FittingTable:
    """Return one row a stream: met or not, promised, simulated, how surely, at what cost."""
    names = ("verdict", "target", "simulated", "promised", "probability", "unanswered", "paid_hours", "cost")
    table = FittingTable()
    table.add_column(say("screen.stream"), words=True)
    for name in names:
        table.add_column(say(f"screen.{name}"), words=name == "verdict")
    for one in findings.verdicts(plan):
        metric = one.rule.metric
        simulated = say.share(one.simulated, metric)
        if one.simulated_ci is not None:
            low, high = (say.share(bound, metric) for bound in one.simulated_ci)
            simulated += f" ({low}–{high})"
        table.add_row(
            Text(findings.stream_label(plan, one.stream, say)),
            Text(say(f"report.state_{one.state}"), style=STATE_STYLES[one.state]),
            say.share(one.target, metric),
            simulated,
            say.share(one.promised, metric),
            say.share(one.probability, decimals=0),
            say.share(one.unanswered, decimals=2),
            say.number(one.paid_hours),
            say.money(one.cost),
        )
    return table


def day_table(plan: Plan, stream: str, say: Words) -> FittingTable:
    """Return a stream's figures by day; days with gaps stand out."""
    grid = grids.day_grid(plan, stream, say)
    table = FittingTable(findings.stream_label(plan, stream, say))
    _add_columns(table, grid)
    for day, row in zip(findings.day_rows(plan, stream), grid.rows, strict=True):
        table.add_row(*row, style="red" if day.gap_hours > 0 else None)
    return table


def grid_table(grid: grids.Grid, title: str = "") -> FittingTable:
    """Return any grid as a table for the screen."""
    table = FittingTable(title)
    _add_columns(table, grid)
    for row in grid.rows:
        table.add_row(*row)
    return table


def _add_columns(table: FittingTable, grid: grids.Grid) -> None:
    """Add a grid's columns, words to the left and figures to the right."""
    for position, name in enumerate(grid.head):
        table.add_column(name, words=position in grid.words)


def _print_overrides(plan: Plan, console: Console, say: Words) -> None:
    """Print what a manager changed in the forecast by hand, if anything."""
    grid = grids.override_grid(plan, say)
    if grid.rows:
        console.print(grid_table(grid, say("screen.overrides")))


def _print_gaps(plan: Plan, console: Console, say: Words) -> None:
    found = findings.gaps(plan)
    if not found:
        console.print(say("screen.no_gaps"), markup=False)
        return
    total = say.number(sum(gap.agent_hours for gap in found), 1)
    shown = min(GAPS_SHOWN, len(found))
    grid = grids.gap_grid(plan, found[:shown], say)
    console.print(grid_table(grid, say("screen.gaps", total=total, shown=shown)))
    if findings.overall(findings.verdicts(plan)) == "met":
        console.print(Text(say("report.gaps_made_up")))


def _print_roster_answer(plan: Plan, console: Console, say: Words) -> None:
    if plan.roster is None or plan.roster_result is None:
        return
    premium = float(plan.roster["premium"].sum()) if "premium" in plan.roster else 0.0
    if premium > 0:
        console.print(say("screen.premium", money=say.money(premium)), markup=False)
    wishes = grids.wish_grid(plan, say)
    if wishes.rows:
        console.print(grid_table(wishes, say("screen.wishes")))
    if solver := findings.solver_text(plan, say):
        console.print(solver, markup=False)
    if grids.fairness_grid(plan, say).rows:
        console.print(say("screen.fairness", ranges=grids.fairness_ranges(plan, say)), markup=False)


def _print_end(plan: Plan, console: Console, say: Words) -> None:
    if plan.notes:
        console.print(say("screen.notes"), markup=False)
        for note in findings.note_lines(plan.notes, plan.settings.demand, say):
            console.print(Text(f"  {note}"))
    console.print(Text(say(f"screen.next_{_ending(plan)}"), style="bold"))


def _ending(plan: Plan) -> str:
    """Return what comes next: a roster to mend, a target to meet, people to name, or a plan to hand out."""
    if plan.roster is None and plan.roster_result is not None:
        return "conflicts"
    state = findings.overall(findings.verdicts(plan))
    if state != "met":
        return "unjudged" if state == "unjudged" else "missed"
    if plan.roster is not None:
        return "met"
    return "shifts" if plan.employees else "plan"
