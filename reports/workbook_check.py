"""A hand-edited 排班表.xlsx, scored again: broken rules, target, fairness, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.errors import DataError, Problem
from reports.workbook_reading import read_roster_workbook
from scheduling.duties import duties_of_roster
from scheduling.inputs import read_inputs
from scheduling.judgement import DOUBTFUL_DAYS, judge_span, share_of_span
from scheduling.outlook import Outlook
from scheduling.pipeline import demands_of, with_templates
from scheduling.plan_folder import find_plan, read_plan, shop_of
from scheduling.plan_tables import read_roster
from scheduling.promise import promises
from scheduling.reserve_people import with_called_reserves
from scheduling.roster.audit import audit
from scheduling.roster.audit_book import Violation
from scheduling.roster.audit_pay import with_pay_due
from scheduling.roster.case import RosterCase
from scheduling.roster.problem import build_problem
from scheduling.roster.standing import standing_assignment
from scheduling.roster.tables import fairness_table, short_table
from scheduling.summary import stream_summaries

if TYPE_CHECKING:
    from scheduling.config import Settings

CHANGE_COLUMNS = ["employee", "date", "before", "after"]


@dataclass(frozen=True, kw_only=True)
class WorkbookCheck:
    """What a roster as edited is worth.

    Attributes
    ----------
    path, plan
        The workbook, and the plan it is an edit of.
    roster
        `ROSTER` table of what its cells say.
    violations
        Broken rules, hard ones first.
    streams
        `streams` of ``summary.json`` for this roster: simulated share, certified, cost …
    before
        The same figures of the plan as it was written.
    fairness
        `employee, duties, hours, late, weekend, peak`, one row a person.
    short
        `stream, start, required, on_duty, short`: intervals with fewer agents than required.
    changes
        `employee, date, before, after`: cells that differ from the plan's roster, a day off being empty.
    """

    path: Path
    plan: Path
    settings: Settings
    roster: pd.DataFrame
    violations: tuple[Violation, ...]
    streams: dict[str, Any]
    before: dict[str, Any]
    fairness: pd.DataFrame
    short: pd.DataFrame
    changes: pd.DataFrame

    @property
    def is_lawful(self) -> bool:
        """Whether no hard rule is broken."""
        return not any(violation.is_hard for violation in self.violations)

    @property
    def target_is_met(self) -> bool:
        """Whether every stream is certified and sure enough."""
        return all(
            stream["certified"]
            and stream["probability"] >= self.settings.demand.stream(name).confidence - 1e-9
            for name, stream in self.streams.items()
        )

    @property
    def summary(self) -> dict[str, Any]:
        """The result as one JSON object."""
        return {
            "workbook": str(self.path),
            "plan": str(self.plan),
            "is_lawful": self.is_lawful,
            "target_is_met": self.target_is_met,
            "violations": [
                {
                    "rule": one.rule,
                    "employee": one.employee,
                    "date": one.date.isoformat(),
                    "hard": one.is_hard,
                    "message": one.message,
                }
                for one in self.violations
            ],
            "streams": self.streams,
            "before": self.before,
            "changes": _records(self.changes),
            "fairness": _records(self.fairness),
        }


def check_workbook(
    path: Path, shop: Path | None = None, *, last: Path | None = None, seed: int = 0
) -> WorkbookCheck:
    """Score a workbook again as its cells now stand.

    Parameters
    ----------
    path
        ``排班表.xlsx`` of a plan, edited.
    shop
        The shop folder, or the plan the workbook is of; default: found from where the workbook lies, the
        newest plan where it lies in none.
    last
        ``roster.csv`` of the weeks before; default: what the plan was made with.
    seed
        Seed of the simulation.

    Raises
    ------
    DataError
        With every cell that names no shift and every row that names nobody, or if no plan is found.
    """
    if not path.is_file():
        raise DataError(Problem(file=str(path), message="no such file; check the name and the folder"))
    folder = _plan_of(path, shop)
    is_shop = shop is not None and not (shop / "run.json").is_file()
    home = shop if shop is not None and is_shop else shop_of(folder)
    inputs = read_inputs(home, needs_history=False)
    timezone = inputs.settings.demand.shop.timezone
    plan = read_plan(folder, timezone=timezone)
    if last is not None:
        plan = replace(plan, last_roster=read_roster(last, timezone))
    demands = demands_of(
        Outlook(table=plan.forecast, draws=plan.draws), inputs, start=plan.start, days=plan.days
    )
    settings = with_templates(inputs.settings, demands)
    inputs = replace(inputs, settings=settings)
    case = plan.case(inputs)
    if plan.roster is not None:
        inputs = with_called_reserves(inputs, home, set(plan.roster["employee"]))
    case = replace(case, employees=inputs.employees)
    roster = with_pay_due(
        read_roster_workbook(path, settings=settings, employees=inputs.employees),
        inputs.employees,
        settings,
        last_roster=plan.last_roster,
    )
    duties = duties_of_roster(roster, inputs.employees, timezone)
    judged = judge_span(demands, duties, settings, seed=seed, doubtful=DOUBTFUL_DAYS)
    promised = promises(
        demands,
        duties,
        simulated={name: share_of_span(days).value for name, days in judged.items()},
        seed=seed,
        settings=settings,
    )
    return WorkbookCheck(
        path=path,
        plan=folder,
        settings=settings,
        roster=roster,
        violations=tuple(
            audit(
                roster,
                inputs.employees,
                inputs.wishes,
                settings,
                start=plan.start,
                days=plan.days,
                last_roster=plan.last_roster,
            )
        ),
        streams=stream_summaries(demands, settings, judged, promised, roster),
        before=plan.summary.get("streams", {}),
        changes=find_changes(plan.roster, roster),
        **_shares(case, roster),
    )


def _plan_of(path: Path, shop: Path | None) -> Path:
    """Return the plan folder of a workbook: where it lies, else what `shop` means."""
    if shop is not None and (shop / "run.json").is_file():
        return shop
    if (path.absolute().parent / "run.json").is_file():
        return path.absolute().parent
    return find_plan(shop if shop is not None else shop_of(path))


def _shares(case: RosterCase, roster: pd.DataFrame) -> dict[str, Any]:
    """Return who got what, and which intervals are short."""
    known = roster[roster["employee"].isin([person.employee for person in case.employees])]
    problem = build_problem(case, published=known)
    assignment = standing_assignment(problem, known)
    return {"fairness": fairness_table(problem, assignment), "short": short_table(problem, assignment)}


def find_changes(before: pd.DataFrame | None, after: pd.DataFrame) -> pd.DataFrame:
    """Return the cells whose duty differs, by date and person; other breaks alone are no change."""
    was = {} if before is None else _cells(before)
    now = _cells(after)
    rows = [
        {"employee": key[0], "date": key[1], "before": was.get(key, ""), "after": now.get(key, "")}
        for key in sorted({*was, *now}, key=lambda key: (key[1], key[0]))
        if was.get(key) != now.get(key)
    ]
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def _cells(roster: pd.DataFrame) -> dict[tuple[str, Any], str]:
    """Return each duty in short."""
    rows: Sequence[Any] = list(roster.itertuples())
    return {(row.employee, row.date): f"{row.template} {row.start:%H:%M} {row.stream}" for row in rows}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return list(_plain(frame))


def _plain(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield rows as JSON can hold them."""
    for row in frame.to_dict("records"):
        yield {
            str(name): value if isinstance(value, str | int | float) else str(value)
            for name, value in row.items()
        }
