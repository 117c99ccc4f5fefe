"""The page compare.html: what-ifs side by side in one file, readable on a phone and without network."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from reports.charts.comparison import comparison_pictures
from reports.comparison import (
    baseline_grid,
    change_texts,
    frontier_grid,
    headline,
    reason_texts,
    scenario_grid,
    state_of,
    tornado_grid,
    worth_grid,
)
from reports.notes import in_words
from reports.pages import render
from reports.words import Words, words

if TYPE_CHECKING:
    from scheduling.scenarios.comparison import Comparison

BADGES = {"met": "met", "certified": "risky", "unanswered": "missed", "missed": "missed", "failed": "missed"}


def write_comparison_page(found: Comparison, path: Path, lang: str) -> None:
    """Write ``compare.html``."""
    path.write_text(comparison_text(found, lang), encoding="utf-8", newline="\n")


def comparison_text(found: Comparison, lang: str) -> str:
    """Return the page; the same comparison gives the same text."""
    say = words(lang)
    failed = sum(not row.is_done for row in found.rows)
    return render(
        "compare.html.j2",
        say,
        title=say("compare.title", shop=found.shop) if found.shop else say("compare.title_plain"),
        span=span_text(found, say),
        state=BADGES[state_of(found.rows[0])],
        headline=headline(found, say),
        failed=say("compare.failed_some", count=failed) if failed else "",
        scenarios=scenario_grid(found, say),
        cards=[
            {
                "name": row.name,
                "note": row.note,
                "state": BADGES[state_of(row)],
                "badge": say(f"compare.state_{state_of(row)}"),
                "changes": change_texts(found, row.changes, say) or [say("compare.nothing_changed")],
                "reasons": reason_texts(found, row, say),
            }
            for row in found.rows
        ],
        pictures=comparison_pictures(found, say),
        frontier=frontier_grid(found, say),
        tornado=tornado_grid(found, say),
        worth=worth_grid(found, say),
        baselines=baseline_grid(found, say),
        notes=[in_words(note, say) for note in found.notes],
    )


def span_text(found: Comparison, say: Words) -> str:
    """Return the days compared and the plan that is the base."""
    last = found.start + dt.timedelta(days=found.days - 1)
    base = (
        say("compare.base_own")
        if found.is_own
        else f"{found.base.folder.parent.name}/{found.base.folder.name}"
    )
    return say("compare.span", span=say.span(found.start, last), days=say.days(found.days), base=base)
