"""What the answers to questions about a roster look like."""

from __future__ import annotations

import datetime as dt
import io

from builders_roster import MONDAY, PRE, build_settings
from rich.console import Console

from reports.explain_tables import Answers
from reports.words import words
from scheduling.roster.reasons import Alternative, DutyReasons, GapReasons

AT = dt.datetime.combine(MONDAY, dt.time(9))


def other(name: str, bar: str, cost: float | None = None) -> Alternative:
    """Return somebody else on the duty."""
    return Alternative(employee=name, bar=bar, message=bar, extra_cost=cost)  # type: ignore[arg-type]


def shown(*others: Alternative) -> str:
    """Return the answer to why A works, as printed in English."""
    console = Console(file=io.StringIO(), width=120)
    reasons = DutyReasons(
        employee="A",
        date=MONDAY,
        template="早班",
        stream=PRE,
        start=AT,
        cost_without=100.0,
        alternatives=others,
    )
    Answers(build_settings(streams=(PRE,)), console, words("en")).duty(reasons)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_who_works_already_is_counted_and_takes_no_row() -> None:
    text = shown(other("Bea", "none", 30.0), other("Cid", "works already"), other("Dan", "works already"))
    assert "Bea" in text
    assert "Cid" not in text
    assert "2 more: works already 2" in text


def test_where_nobody_else_could_no_table_is_printed() -> None:
    text = shown(other("Cid", "works already"), other("Dan", "on leave"))
    assert "Nobody else could: works already 1; on leave 1" in text
    assert "Somebody else instead" not in text


def test_agents_needed_are_told_to_a_tenth() -> None:
    console = Console(file=io.StringIO(), width=120)
    gap = GapReasons(stream=PRE, at=AT, required=7.6457, on_duty=5.0, people={"none": 1}, cheapest=None)
    Answers(build_settings(streams=(PRE,)), console, words("en")).gap(gap)
    assert "7.6 needed, 5 on duty" in console.file.getvalue()  # type: ignore[attr-defined]
