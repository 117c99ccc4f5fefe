"""Imports, reply rates, calibration and rules on the screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from reports.fitting import FittingTable
from reports.notes import in_words
from reports.words import NOTHING, Words

if TYPE_CHECKING:
    import pandas as pd

    from forecast.logs.loading import Ask
    from forecast.logs.report import ImportReport
    from forecast.replies.measure import Measures
    from forecast.replies.rules import ReplyRule
    from forecast.replies.service_estimates import Calibration

AGENTS_SHOWN = 12
LATE_HOURS_SHOWN = 5
SPANS_SHOWN = 6
VERDICT_STYLES = {"pass": "green", "fail": "bold red", "not_assessed": "yellow"}
FIGURES = (
    "sessions",
    "questions",
    "first_reply_s",
    "mean_reply_s",
    "reply_rate",
    "answer_ratio",
    "session_s",
    "concurrency",
    "most_open",
    "sessions_per_agent_hour",
)
SESSION_FIGURES = (
    "sessions",
    "replied",
    "reply_rate",
    "first_reply_s",
    "mean_reply_s",
    "rounds",
    "session_s",
)
SECONDS = ("first_reply_s", "mean_reply_s", "session_s")


def question(say: Words) -> Ask | None:
    """Return what asks the user at a terminal; None where there is none."""
    import sys

    import click

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(table: str, role: str, answers: Sequence[str]) -> str | None:
        answer: str = click.prompt(
            say("log.ask", table=table, role=say.either(f"log.role_{role}", role)),
            type=click.Choice(list(answers)),
            default=answers[0],
            err=True,
        )
        return answer

    return ask


def print_import(report: ImportReport, console: Console, say: Words) -> None:
    """Print an import: table by table, what was dropped, what the archive holds now."""
    table = FittingTable(say("log.imported"))
    _columns(
        table,
        [say("log.file"), say("log.granularity"), say("log.span")],
        [
            say(f"log.{name}")
            for name in ("days", "gaps", "read", "used", "duplicates", "conflicts", "dropped")
        ],
    )
    for one in report.tables:
        known = not one.granularity or one.known
        table.add_row(
            Text(one.name),
            say("log.kind_") if known else say(f"log.kind_{one.granularity}"),
            span_text(one.first_day, one.last_day),
            *(
                say.number(value)
                for value in (
                    one.days,
                    len(one.missing_days),
                    one.rows_read,
                    one.rows_used,
                    one.duplicates,
                    one.conflicts,
                    sum(one.dropped.values()),
                )
            ),
        )
    console.print(table)
    for one in report.tables:
        if one.columns:
            pairs = say("format.list_gap").join(f"{role} = {header}" for role, header in one.columns.items())
            zone = say("log.zone_offset") if one.zone == "offset" else one.zone
            line = say("log.columns_used", file=one.name, columns=pairs, zone=zone)
            console.print(Text(line, style="dim"))
        if one.dropped:
            told = [say(f"log.reason_{why}", count=count) for why, count in one.dropped.items()]
            reasons = say("format.list_gap").join(told)
            console.print(Text(say("log.dropped_why", file=one.name, reasons=reasons)))
    console.print(archive_table(report.archive, say))
    console.print(say("log.finest"), markup=False)
    console.print(Text(say("log.next_import"), style="bold"))


def archive_table(archive: Any, say: Words) -> FittingTable:
    """Return what a shop's archive holds, by granularity."""
    from forecast.logs.report import USES

    table = FittingTable(say("log.archive"))
    _columns(
        table,
        [say("log.granularity"), say("log.span"), say("log.serves")],
        [say("log.rows"), say("log.days"), say("log.gaps"), say("log.serves_days")],
    )
    for name, facts in archive.items():
        uses = say("format.list_gap").join(say(f"log.use_{use}") for use in USES[name])
        table.add_row(
            say(f"log.kind_{name}"),
            f"{facts['first_day']} – {facts['last_day']}",
            uses,
            *(say.number(facts[key]) for key in ("rows", "days", "missing_days", "serves_days")),
        )
    return table


def print_measures(measures: Measures, rules: Sequence[ReplyRule], console: Console, say: Words) -> None:
    """Print the latest rate of each rule, the other figures, and where replies were late."""
    if measures.rates.empty:
        console.print(say("log.nothing_to_judge"), markup=False)
    else:
        console.print(_rate_table(measures.rates, {rule.id: rule for rule in rules}, say))
    shop = measures.activity.get("shop")
    if shop is not None and len(shop):
        table = FittingTable(say("log.activity"))
        _columns(table, [], [say(f"log.{name}") for name in FIGURES])
        table.add_row(*(_figure(name, float(shop[name].iloc[0]), say) for name in FIGURES))
        console.print(table)
    lists = measures.sessions.get("shop")
    if lists is not None and len(lists):
        table = FittingTable(say("log.session_activity"))
        _columns(table, [], [say(f"log.{name}") for name in SESSION_FIGURES])
        table.add_row(*(_figure(name, float(lists[name].iloc[0]), say) for name in SESSION_FIGURES))
        console.print(table)
        console.print(say("log.few_session_metrics"), markup=False)
    for rule in rules:
        late = measures.late.get(rule.id)
        if late is not None and len(late) and late["late"].sum():
            console.print(_late_table(late, rule.id, say))


def _figure(name: str, value: float, say: Words) -> str:
    if name in SECONDS:
        return say.share(value, "mean_seconds")
    if name == "reply_rate":
        return say.share(value)
    return say.number(value, 0 if name in ("sessions", "questions", "most_open", "replied") else 2)


def _rate_table(rates: pd.DataFrame, rules: dict[str, ReplyRule], say: Words) -> FittingTable:
    latest = rates.groupby(["rule", "scope", "id"], sort=False).tail(1)
    table = FittingTable(say("log.last_periods"))
    _columns(
        table,
        [say("log.rule"), say("log.scope"), say("log.who"), say("log.period")],
        [say("log.on_time"), say("log.of"), say("log.share"), say("log.target"), say("log.verdict")],
    )
    for (_, scope), own in latest.groupby(["rule", "scope"], sort=False):
        worst = own.sort_values("share").head(AGENTS_SHOWN) if scope == "agent" else own
        for row in worst.itertuples():
            metric = rules[str(row.rule)].metric
            seconds = metric == "mean_seconds"
            table.add_row(
                str(row.rule),
                say(f"log.scope_{row.scope}"),
                Text(str(row.id)),
                f"{row.period_start} – {row.period_end}",
                NOTHING if seconds else say.number(float(str(row.numerator))),
                say.number(float(str(row.denominator))),
                say.share(float(str(row.share)), metric),
                say.share(float(str(row.target)), metric),
                Text(say(f"log.verdict_{row.verdict}"), style=VERDICT_STYLES[str(row.verdict)]),
            )
    return table


def _late_table(late: pd.DataFrame, rule: str, say: Words) -> FittingTable:
    names = ("questions", "late", "late_queue", "late_agent", "late_unknown")
    table = FittingTable(say("log.late", rule=rule))
    heads = ["late_questions", "late_count", *names[2:]]
    _columns(table, [say("log.late_hour")], [say(f"log.{name}") for name in heads])
    worst = late.sort_values("late", ascending=False).head(LATE_HOURS_SHOWN).sort_values("hour")
    for row in worst.to_dict("records"):
        table.add_row(f"{int(row['hour']):02d}:00", *(say.number(float(row[name])) for name in names))
    return table


def print_calibration(calibration: Calibration, title: str, console: Console, say: Words) -> None:
    """Print service parameters by stream with their errors, agents, and what could not be told."""
    table = FittingTable(title)
    _columns(
        table,
        [say("log.stream"), say("log.parameter")],
        [say("log.value"), say("log.error"), say("log.values")],
    )
    for stream in calibration.streams:
        counts = dict(stream.values)
        for name, one in stream.service.items():
            table.add_row(
                Text(stream.id),
                name,
                f"{one.value:.4g}",
                f"± {one.se:.2g}",
                say.number(counts.get(name)),
            )
    console.print(table)
    if calibration.agents:
        agents = FittingTable()
        _columns(
            agents,
            [say("log.agent")],
            [
                say("log.speed"),
                say("log.error"),
                say("log.reception_cap"),
                say("log.cap_reached"),
                say("log.replies"),
            ],
        )
        for agent in calibration.agents[:AGENTS_SHOWN]:
            agents.add_row(
                Text(agent.employee),
                say.number(agent.speed.value if agent.speed else None, 2),
                f"± {agent.speed.se:.2g}" if agent.speed else NOTHING,
                say.number(agent.reception_cap),
                say("log.yes" if agent.cap_is_binding else "log.no"),
                say.number(agent.replies),
            )
        console.print(agents)
    for note in calibration.notes:
        console.print(Text(f"  {in_words(note, say)}"))


def span_text(first: dt.date | None, last: dt.date | None) -> str:
    """Return first and last day as one text."""
    if first is None or last is None:
        return NOTHING
    return first.isoformat() if first == last else f"{first.isoformat()} – {last.isoformat()}"


def _columns(table: FittingTable, words: Sequence[str], figures: Sequence[str]) -> None:
    """Add columns of words to the left and of figures to the right."""
    for name in words:
        table.add_column(name, words=True)
    for name in figures:
        table.add_column(name)


def print_history(history: pd.DataFrame, by_day: pd.DataFrame, console: Console, say: Words) -> None:
    """Print a history: each stream's span, volume, estimated hours and missing days."""
    table = FittingTable(say("log.history_title"))
    names = ("days", "history_hours", "history_estimated", "history_offered", "history_per_day")
    _columns(table, [say("log.stream"), say("log.span")], [say(f"log.{name}") for name in names])
    for stream, own in by_day.groupby("stream", sort=True):
        hours = history[history["stream"] == stream]
        table.add_row(
            Text(str(stream)),
            span_text(min(own["date"]), max(own["date"])),
            say.number(len(own)),
            say.number(len(hours)),
            say.number(float(hours["estimated"].sum())),
            say.number(float(own["offered"].sum())),
            say.number(float(own["offered"].mean()), 1),
        )
    console.print(table)
    for stream, own in by_day.groupby("stream", sort=True):
        spans = missing_spans(own["date"])
        if spans:
            shown = ", ".join(span_text(first, last) for first, last in spans[:SPANS_SHOWN])
            more = f" +{len(spans) - SPANS_SHOWN}" if len(spans) > SPANS_SHOWN else ""
            console.print(Text(say("log.history_gap", stream=stream, spans=shown + more)))


def missing_spans(days: pd.Series) -> list[tuple[dt.date, dt.date]]:
    """Return first and last day of each gap between days."""
    one = dt.timedelta(days=1)
    present = sorted(set(days))
    return [(before + one, after - one) for before, after in pairwise(present) if after - before > one]
