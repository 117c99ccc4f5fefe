"""What `explain` does: read the plan, ask its roster, show the answers."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reports.cli.options import Run
from reports.cli.outcomes import ExitCode
from reports.cli.speech import language, tell_json

if TYPE_CHECKING:
    import pandas as pd

    from reports.explain_tables import Answers
    from scheduling.roster.explain import Explainer
    from scheduling.roster.wishes import RefusedWish

WORST_GAPS = 3
LEAST_SHORT = 0.1  # agents; with less the figures shown may be alike
TIMES_THE_MOVES = {"quick": 1, "normal": 4, "thorough": 16}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked; nothing: an overview."""

    employee: str | None
    day: dt.date | None
    stream: str | None
    at: str | None


def answer(what: Path, question: Question, *, shop: Path | None, run: Run) -> ExitCode:
    """Answer a question about a finished plan's roster."""
    from forecast.errors import DataError, Problem
    from reports.cli.planning import screen
    from reports.explain_tables import Answers
    from reports.words import words
    from scheduling.inputs import read_inputs
    from scheduling.outlook import Outlook
    from scheduling.pipeline import demands_of, with_templates
    from scheduling.plan_folder import find_plan, read_plan, shop_of
    from scheduling.reserve_people import with_called_reserves
    from scheduling.roster.explain import GRANT_MOVES, explainer
    from scheduling.unjudged import grids_of

    folder = find_plan(what, needs_forecast=False)
    home = shop if shop is not None else shop_of(folder)
    inputs = read_inputs(home, needs_history=False)
    plan = read_plan(folder, timezone=inputs.settings.demand.shop.timezone, needs_forecast=False)
    if plan.roster is None:
        raise DataError(
            Problem(file=str(folder), message="has no roster.csv: head counts alone, nobody to ask about")
        )
    people = with_called_reserves(inputs, home, set(plan.roster["employee"])).employees
    if len(plan.forecast):
        outlook = Outlook(table=plan.forecast, draws=None)
        demands = demands_of(outlook, inputs, start=plan.start, days=plan.days)
    else:  # a roster over a requirement of somebody's own
        tables = plan.shift_plan, plan.requirement
        demands = grids_of(inputs.settings, *tables, start=plan.start, days=plan.days)
    settings = with_templates(inputs.settings, demands)
    asked = explainer(
        plan.roster,
        replace(plan.case(replace(inputs, settings=settings)), employees=people),
        seed=run.seed,
        moves=GRANT_MOVES * TIMES_THE_MOVES[run.effort],
    )
    say = words(language(run.lang, settings.demand.shop.language))
    show = None if run.as_json else Answers(settings, screen(), say)
    if show is not None and not run.quiet:
        first, last = plan.start, plan.start + dt.timedelta(days=plan.days - 1)
        show.title(folder.name, first, last, len(plan.roster), plan.roster["employee"].nunique())
    found: dict[str, Any] = {}
    if question.employee is not None and question.day is not None:
        found |= _person(asked, question.employee, question.day, show)
    if question.stream is not None and question.at is not None:
        found |= _gap(asked, question.stream, question.at, show)
    if not found:
        found = _overview(asked, plan.roster, show)
        if show is not None:
            show.line("next", plan=str(folder))
    if run.as_json:
        tell_json(found)
    if run.out is not None:
        run.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, ensure_ascii=False, default=str, indent=1)
        (run.out / "explanation.json").write_text(text + "\n", encoding="utf-8")
    return ExitCode.FINE


def _person(asked: Explainer, name: str, day: dt.date, show: Answers | None) -> dict[str, Any]:
    """Answer why somebody works or is off on a day, and what their wishes for it would cost."""
    found: dict[str, Any] = {}
    if asked.works(name, day):
        duty = asked.duty(name, day)
        found["duty"] = asdict(duty)
        if show is not None:
            show.duty(duty)
    else:
        off = asked.day_off(name, day)
        found["day_off"] = asdict(off)
        if show is not None:
            show.day_off(off)
    if asked.has_wish(name, day):
        wishes = asked.wish(name, day)
        found["wishes"] = [asdict(wish) for wish in wishes]
        for wish in wishes if show is not None else ():
            show.wish(wish)  # type: ignore[union-attr]
    return found


def _gap(asked: Explainer, stream: str, at: str, show: Answers | None) -> dict[str, Any]:
    """Answer why people are missing at one time."""
    gap = asked.gap(stream, _instant(at, asked.search.problem.timezone))
    if show is not None:
        show.gap(gap)
    return {"gap": asdict(gap)}


def _instant(text: str, timezone: str) -> pd.Timestamp:
    import pandas as pd

    try:
        at = pd.Timestamp(text)
    except ValueError:
        raise click.UsageError(f"--at {text!r} is not a time; write it as 2026-12-11T20:00") from None
    return at.tz_localize(timezone) if at.tzinfo is None else at.tz_convert(timezone)


def _overview(asked: Explainer, roster: pd.DataFrame, show: Answers | None) -> dict[str, Any]:
    """Explain the worst gaps, and name every refused wish with its reason."""
    from scheduling.roster.tables import short_table
    from scheduling.roster.wishes import refused_wishes

    short = short_table(asked.search.problem, asked.assignment)
    short = short[short["short"] >= LEAST_SHORT]
    worst = short.sort_values(["short", "start"], ascending=[False, True]).head(WORST_GAPS)
    gaps = [asked.gap(str(stream), at) for stream, at in zip(worst["stream"], worst["start"], strict=True)]
    refused = refused_wishes(asked.search, asked.assignment)
    if show is not None:
        show.line("no_gaps") if short.empty else show.line("gaps", count=len(short))
        for gap in gaps:
            show.gap(gap)
        show.refused(refused, [_reason(wish, show) for wish in refused])
    return {
        "duties": len(roster),
        "short_intervals": len(short),
        "gaps": [asdict(gap) for gap in gaps],
        "refused_wishes": [asdict(wish) for wish in refused],
    }


def _reason(wish: RefusedWish, show: Answers) -> str:
    from reports.grids import refusal_words

    return refusal_words(wish, show.settings.demand, show.say)
