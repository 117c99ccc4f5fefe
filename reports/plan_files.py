"""A plan as files: tables, summary, report, workbook, calendars and the record of the run."""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.table_files import write_csv, write_parquet

if TYPE_CHECKING:
    from scheduling.pipeline import Plan


EVERYTHING = (
    "forecast.csv",
    "draws.parquet",
    "forecast_parts.csv",
    "requirement.csv",
    "shift_plan.csv",
    "cover.csv",
    "simulated_cover.csv",
    "roster.csv",
    "last_roster.csv",
    "calendars",
    "summary.json",
    "report.html",
    "排班表.xlsx",
    "run.json",
)

NEEDS_DEMAND = ("forecast.csv", "simulated_cover.csv")  # of no plan for which nobody knows who comes


def write_plan(plan: Plan, folder: Path, lang: str, *, began: float, former: Path | None = None) -> None:
    """Write everything a plan consists of.

    Parameters
    ----------
    plan
        The plan.
    folder
        An existing, empty folder.
    lang
        Language of report and workbook.
    began
        `time.monotonic()` at the start of the run.
    former
        Folder of the plan this one replaces; calendars are updated from it.
    """
    calendars = None if former is None else former / "calendars"
    write_stage(plan, folder, lang, EVERYTHING, began=began, former=calendars)


def write_stage(
    plan: Plan,
    folder: Path,
    lang: str,
    files: tuple[str, ...],
    *,
    began: float,
    former: Path | None = None,
) -> None:
    """Write some of a plan's files, those that it has.

    Parameters
    ----------
    plan, folder, lang, began
        As for `write_plan`.
    files
        Names of `EVERYTHING`.
    former
        Folder of calendars that these replace.
    """
    tables = {
        "forecast.csv": plan.forecast,
        "forecast_parts.csv": plan.parts,
        "requirement.csv": plan.requirement,
        "shift_plan.csv": plan.shift_plan,
        "cover.csv": plan.cover,
        "simulated_cover.csv": plan.simulated_cover,
        "roster.csv": plan.roster,
        "last_roster.csv": plan.last_roster,
    }
    for name in files:
        path, table = folder / name, tables.get(name)
        if not plan.is_judged and name in NEEDS_DEMAND:
            continue
        if table is not None:
            write_csv(table, path)
        elif name == "draws.parquet" and plan.draws is not None:
            write_parquet(plan.draws, path)
        elif name == "calendars" and plan.roster is not None:
            from reports.ics import write_calendars

            is_there = former is not None and former.is_dir()
            write_calendars(plan, path, lang, former=former if is_there else None)
        elif name == "summary.json":
            write_json(plan.summary, path)
        elif name == "report.html":
            from reports.pages import write_report

            write_report(plan, path, lang)
        elif name == "排班表.xlsx":
            from reports.workbook import write_workbook

            write_workbook(plan, path, lang)
        elif name == "run.json":
            write_json(_record(plan, began), path)


def _record(plan: Plan, began: float) -> dict[str, Any]:
    """Return what a run was asked for, made with, and how long it took."""
    return {
        "start": plan.start.isoformat(),
        "days": plan.days,
        "seed": plan.seed,
        "inputs": plan.summary["inputs"],
        "versions": plan.summary["versions"],
        "solver": plan.summary["solver"],
        "python": platform.python_version(),
        "wall_seconds": round(time.monotonic() - began, 1),
    }


def write_json(content: Any, path: Path) -> None:
    """Write JSON that people can read."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
