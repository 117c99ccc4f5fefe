"""What `replan` does: read the plan and what changed, repair, show, judge, write."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reports.cli.options import Run
from reports.cli.outcomes import ExitCode, check_replaceable, no_roster, whole_folder
from reports.cli.speech import language, tell_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from scheduling.inputs import Inputs
    from scheduling.outlook import Outlook
    from scheduling.pipeline import Plan
    from scheduling.plan_folder import PlanFolder
    from scheduling.roster.absences import Absence
    from scheduling.roster.case import RosterCase
    from scheduling.roster.people import Wish
    from scheduling.roster.replan import Replanned


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What the command was told has changed."""

    absent: tuple[str, ...]
    absences: Path | None
    reserves: Path | None
    workbook: Path | None
    forecast: Path | None
    open_from: dt.date | None
    now: str | None
    price: float | None


def replan_plan(what: Path, changes: Changes, *, shop: Path | None, frontier: bool, run: Run) -> ExitCode:
    """Repair a plan and write it beside the one it repairs; return how it ended."""
    from reports.cli.planning import screen
    from reports.progress import Stages
    from reports.replan_tables import print_changes, print_judged
    from reports.words import words
    from scheduling.inputs import read_inputs
    from scheduling.outlook import Outlook, read_outlook
    from scheduling.pipeline import demands_of, requirement_of, with_templates
    from scheduling.plan_folder import find_plan, read_plan, shop_of
    from scheduling.reserve_people import reserve_people, with_called_reserves

    began = time.monotonic()
    folder = find_plan(what)
    target = run.out if run.out is not None else _next_folder(folder)
    check_replaceable(target)
    home = shop if shop is not None else shop_of(folder)
    inputs = read_inputs(home, needs_history=False)
    demand = inputs.settings.demand
    spoken = words(language(run.lang, demand.shop.language))
    plan = read_plan(folder, timezone=demand.shop.timezone)
    stages = Stages(
        spoken,
        quiet=run.quiet,
        expected=("replan", "simulation", "files"),
        stream_days=len(demand.streams) * plan.days,
    )
    roster = plan.roster
    if roster is None:
        raise _problem(folder, "has no roster.csv: a plan of head counts has nobody to move")
    outlook = (
        Outlook(table=plan.forecast, draws=plan.draws)
        if changes.forecast is None
        else read_outlook(changes.forecast, demand, seed=run.seed)
    )
    demands = demands_of(outlook, inputs, start=plan.start, days=plan.days)
    inputs = replace(inputs, settings=with_templates(inputs.settings, demands))
    if changes.forecast is not None:
        stages("requirement")
        plan = replace(plan, requirement=requirement_of(demands, inputs.settings))
    case = plan.case(inputs)
    inputs = with_called_reserves(inputs, home, set(roster["employee"]))
    listed = reserve_people(changes.reserves or home / "reserves.csv", inputs)
    called = [person for person in listed.outsiders if person not in inputs.employees]
    inputs = replace(inputs, employees=(*inputs.employees, *called))
    stages("replan")
    details = _details(changes, home, inputs, plan, run) | {"reserves": listed.reserves}
    case = replace(case, employees=inputs.employees)
    if changes.forecast is not None:
        case = replace(case, shift_plan=None)  # it was for the old forecast
    if frontier:
        return _show_frontier(plan, case, details, run, screen(), spoken)
    answer = _repaired(plan, case, details, changes.price)
    if not run.as_json:  # the judge takes several times as long
        stages.end()
        print_changes(answer, demand, screen(), spoken)
    outsiders = {person.employee for person in called}
    new = _judged(plan, answer, inputs, outlook, case, details["absences"], stages, run, outsiders)
    stages("files")
    _write(new, answer, target, folder, spoken.lang, began)
    stages.end()
    if run.as_json:
        tell_json(_summary(new, answer, plan, target))
    else:
        print_judged(new, plan.summary.get("streams", {}), target, screen(), spoken)
    return ExitCode.FINE if new.target_is_met else ExitCode.TARGET_NOT_MET


def _details(changes: Changes, home: Path, inputs: Inputs, plan: PlanFolder, run: Run) -> dict[str, Any]:
    """Return what `scheduling.roster.replan.replan` is told besides the plan."""
    from forecast.timegrid import zone
    from reports.workbook_reading import read_roster_workbook
    from scheduling.roster.absences import leave_of

    away = leave_of(_absences(changes, home, inputs), start=plan.start, days=plan.days)
    standing = {(w.employee, w.date) for w in inputs.wishes if w.kind == "leave"}
    away = tuple(wish for wish in away if (wish.employee, wish.date) not in standing)
    edited = None
    if changes.workbook is not None:
        edited = read_roster_workbook(changes.workbook, settings=inputs.settings, employees=inputs.employees)
    if not away and edited is None and changes.forecast is None:
        raise click.UsageError(
            "nothing has changed: name who cannot come with --absent NAME:DATE or absences.csv, or give "
            "--workbook or --forecast"
        )
    return {
        "absences": away,
        "edited": edited,
        "open_from": changes.open_from,
        "is_new_demand": changes.forecast is not None,
        "now": _time(changes.now, str(zone(inputs.settings.demand.shop.timezone))),
        "seed": run.seed,
        "effort": run.effort,
    }


def _absences(changes: Changes, home: Path, inputs: Inputs) -> list[Absence]:
    from scheduling.roster.absences import parse_absence, read_absences

    found = [parse_absence(text, inputs.employees) for text in changes.absent]
    path = changes.absences if changes.absences is not None else home / "absences.csv"
    if changes.absences is not None or path.is_file():
        found += read_absences(path, inputs.employees)
    return found


def _time(text: str | None, timezone: str) -> pd.Timestamp | None:
    import pandas as pd

    if text is None:
        return None
    try:
        at = pd.Timestamp(text)
    except ValueError:
        raise click.UsageError(f"--now {text!r} is not a time; write it as 2026-12-09T18:00") from None
    return at.tz_localize(timezone) if at.tzinfo is None else at.tz_convert(timezone)


def _problem(folder: Path, message: str) -> Exception:
    from forecast.errors import DataError, Problem

    return DataError(Problem(file=str(folder), message=message))


def _repaired(plan: PlanFolder, case: RosterCase, details: dict[str, Any], price: float | None) -> Replanned:
    from scheduling.roster.replan import CHANGE_PRICE, replan

    assert plan.roster is not None
    answer = replan(
        plan.roster,
        case,
        change_price=CHANGE_PRICE if price is None else price,
        **details,
    )
    if answer.roster is None:
        raise no_roster(answer.result.conflicts)
    return answer


def _show_frontier(
    plan: PlanFolder,
    case: RosterCase,
    details: dict[str, Any],
    run: Run,
    console: Any,
    say: Any,
) -> ExitCode:
    """Repair at several prices and show what each leads to; nothing is written."""
    from reports.replan_tables import print_frontier, short_hours
    from scheduling.roster.replan import FRONTIER

    answers = [_repaired(plan, case, details, price) for price in FRONTIER]
    if run.as_json:
        rows = [
            {
                "price": answer.price,
                "changes": len(answer.changes),
                "people": answer.people,
                "short_hours": short_hours(answer),
            }
            for answer in answers
        ]
        tell_json({"frontier": rows})
    else:
        print_frontier(answers, console, say)
    return ExitCode.FINE


def _judged(
    plan: PlanFolder,
    answer: Replanned,
    inputs: Inputs,
    outlook: Outlook,
    case: RosterCase,
    absences: Sequence[Wish],
    say: Any,
    run: Run,
    outsiders: set[str],
) -> Plan:
    """Return the whole plan with the repaired roster, judged as it now stands."""
    from scheduling.pipeline import make_plan, shift_plan_of
    from scheduling.roster.rescore import rescored
    from scheduling.summary import roster_figures

    assert answer.roster is not None
    working = set(answer.roster["employee"])
    team = tuple(p for p in inputs.employees if p.employee in working or p.employee not in outsiders)
    inputs = replace(inputs, employees=team)
    wishes: tuple[Wish, ...] = (*inputs.wishes, *absences)
    held = case.shift_plan if case.shift_plan is not None else shift_plan_of(answer.roster, team)
    new = make_plan(
        replace(inputs, wishes=wishes),
        start=plan.start,
        days=plan.days,
        seed=run.seed,
        outlook=outlook,
        roster=answer.roster,
        shift_plan=held,
        requirement=plan.requirement,
        last_roster=plan.last_roster,
        with_baselines=False,
        say=say,
    )
    result = rescored(
        answer.roster,
        replace(case, employees=team, wishes=wishes),
    )
    summary = new.summary | {
        "baselines": plan.summary.get("baselines", {}) if outlook.draws is plan.draws else {},
        "solver": roster_figures(answer.result),
        "replan": {
            "of": plan.folder.name,
            "changes": len(answer.changes),
            "people": answer.people,
            "price": answer.price,
        },
    }
    notes = [*new.notes, *result.notes, *answer.notes]
    return replace(new, roster_result=result, summary=summary, notes=notes)


def _next_folder(folder: Path) -> Path:
    """Return the first free name after a plan's: 2026-12-07-r1, then -r2 …"""
    stem, _, tail = folder.name.rpartition("-r")
    name = stem if stem and tail.isdigit() else folder.name
    number = 1
    while (target := folder.parent / f"{name}-r{number}").exists():
        number += 1
    return target


def _write(new: Plan, answer: Replanned, target: Path, former: Path, lang: str, began: float) -> None:
    from forecast.table_files import write_csv
    from reports.plan_files import write_plan

    with whole_folder(target) as folder:
        write_plan(new, folder, lang, began=began, former=former)
        write_csv(answer.changes, folder / "changes.csv")


def _summary(new: Plan, answer: Replanned, plan: PlanFolder, target: Path) -> dict[str, Any]:
    """Return the result as one JSON object."""
    return {
        "folder": str(target),
        "of": str(plan.folder),
        "seconds": round(answer.result.seconds, 2),
        "changes": [
            {name: str(value) for name, value in row.items()} for row in answer.changes.to_dict("records")
        ],
        "people": answer.people,
        "price": answer.price,
        "notes": new.notes,
        "target_is_met": new.target_is_met,
        "streams": new.summary["streams"],
        "before": plan.summary.get("streams", {}),
    }
