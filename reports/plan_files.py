"""A plan as files: tables, summary, report, workbook, calendars and the record of the run."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.table_files import write_csv, write_parquet

if TYPE_CHECKING:
    from scheduling.pipeline import Plan


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
    from reports.ics import write_calendars
    from reports.pages import write_report
    from reports.workbook import write_workbook

    write_csv(plan.forecast, folder / "forecast.csv")
    if plan.draws is not None:
        write_parquet(plan.draws, folder / "draws.parquet")
    write_csv(plan.requirement, folder / "requirement.csv")
    write_csv(plan.shift_plan, folder / "shift_plan.csv")
    write_csv(plan.cover, folder / "cover.csv")
    write_csv(plan.simulated_cover, folder / "simulated_cover.csv")
    if plan.roster is not None:
        write_csv(plan.roster, folder / "roster.csv")
        calendars = None if former is None else former / "calendars"
        write_calendars(
            plan,
            folder / "calendars",
            lang,
            former=calendars if calendars is not None and calendars.is_dir() else None,
        )
    write_json(plan.summary, folder / "summary.json")
    write_report(plan, folder / "report.html", lang)
    write_workbook(plan, folder / "排班表.xlsx", lang)
    write_json(
        {
            "start": plan.start.isoformat(),
            "days": plan.days,
            "seed": plan.seed,
            "inputs": plan.summary["inputs"],
            "versions": plan.summary["versions"],
            "solver": plan.summary["solver"],
            "python": platform.python_version(),
            "wall_seconds": round(time.monotonic() - began, 1),
        },
        folder / "run.json",
    )


def write_json(content: Any, path: Path) -> None:
    """Write JSON that people can read."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def stage_printer(quiet: bool) -> Callable[[str], None]:
    """Return a function that names each stage on stderr as it begins."""
    import click

    began = time.monotonic()

    def say(stage: str) -> None:
        if not quiet:
            click.echo(f"· {stage} …  {time.monotonic() - began:.0f} s", err=True)

    return say
