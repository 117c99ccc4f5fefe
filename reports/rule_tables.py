"""Reply-rate rules on the screen: a list, and one put in sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from reports.fitting import FittingTable
from reports.readable_names import rule_name
from reports.words import NOTHING, Words

if TYPE_CHECKING:
    from forecast.replies.rules import ReplyRule


def print_rules(
    rules: Sequence[ReplyRule], console: Console, say: Words, *, own: Collection[str], day: dt.date | None
) -> None:
    """Print rules as a table, the shop's own marked."""
    title = say("log.rules_all") if day is None else say("log.rules_title", day=day.isoformat())
    table = FittingTable(title)
    for name in ("id", "name", "unit", "window"):
        table.add_column(say(f"log.{name}"), words=True)
    for name in ("within", "passes"):
        table.add_column(say(f"log.{name}"))
    table.add_column(say("log.in_force"), words=True)
    table.add_column(say("log.grade"), words=True)
    for rule in rules:
        table.add_row(
            rule.id,
            rule_name(rule, say) or NOTHING,
            say(f"log.unit_{rule.unit}"),
            f"{rule.window[0]}–{rule.window[1]}",
            say.share(rule.threshold_s, "mean_seconds", 0),
            say.share(rule.pass_line, rule.metric, 0),
            _in_force(rule, say),
            say("log.own_rule") if rule.id in own else rule.grade or NOTHING,
        )
    console.print(table)
    console.print(say("log.grades"), markup=False)
    console.print(Text(say("log.next_rules"), style="bold"))


def explain_rule(rule: ReplyRule, console: Console, say: Words, *, own: bool) -> None:
    """Print what a rule counts, when, whose replies, over which period, and where the line is."""
    origin = say("log.own_rule") if own else f"{say('log.grade')} {rule.grade}" if rule.grade else ""
    platform = say.either(f"names.platform_{rule.platform}", "")
    head = " · ".join(part for part in (rule.id, rule_name(rule, say), platform, origin) if part)
    console.print(Text(head, style="bold"))
    for line in _sentences(rule, say):
        console.print(Text(f"  {line}"))
    if rule.source:
        console.print(Text(f"  {say('log.source')}{say('format.colon')}{rule.source}", style="dim"))


def _sentences(rule: ReplyRule, say: Words) -> Iterator[str]:
    unit, gap = say(f"log.unit_{rule.unit}"), say("format.list_gap")
    if rule.metric == "mean_seconds":
        yield say("log.explain_mean", unit=unit)
    else:
        yield say("log.explain_share", unit=unit, seconds=f"{rule.threshold_s:g}")
    if rule.unit in ("session", "buyer_day"):
        yield say(f"log.explain_{rule.pass_if}")
    by = say(f"log.by_{rule.window_by}")
    yield say("log.explain_window", start=rule.window[0], end=rule.window[1], by=by)
    yield say(f"log.explain_clock_{rule.clock}")
    who = gap.join(say(f"log.sender_{name}") for name in rule.counts_as_reply)
    yield say("log.explain_counts", who=who)
    yield say(f"log.explain_population_{rule.population}")
    yield say(f"log.explain_unanswered_{rule.unanswered}")
    yield say(f"log.explain_offline_{rule.offline}")
    if rule.session_gap_min:
        yield say("log.explain_gap", minutes=f"{rule.session_gap_min:g}")
    if rule.period.kind == "rolling":
        key = "recent" if rule.period.weighting == "recent" else "rolling"
        yield say(f"log.explain_{key}", days=rule.period.days)
    else:
        yield say(f"log.explain_{rule.period.kind}")
    if rule.min_sample:
        yield say("log.explain_min_sample", count=rule.min_sample)
    if rule.exclude:
        tags = (say.either(f"names.tag_{tag}", tag) for tag in rule.exclude)
        yield say("log.explain_exclude", tags=gap.join(tags))
    for span in rule.exempt_spans:
        yield say("log.explain_exemption", first=span.start, last=span.end, why=span.why)
    named = {say.either(f"names.line_{name}", name): line for name, line in rule.targets.items()}
    lines = gap.join(f"{name} {say.share(line, rule.metric, 0)}" for name, line in named.items())
    yield say("log.explain_targets", lines=lines or say.share(rule.pass_line, rule.metric, 0))
    yield f"{say('log.in_force')}{say('format.colon')}{_in_force(rule, say)}"


def _in_force(rule: ReplyRule, say: Words) -> str:
    first, last = rule.effective_from, rule.effective_to
    if first is not None and last is not None:
        return say("log.since_until", first=first.isoformat(), last=last.isoformat())
    if first is not None:
        return say("log.since", day=first.isoformat())
    if last is not None:
        return say("log.until", day=last.isoformat())
    return say("log.always")
