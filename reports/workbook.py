"""The workbook 排班表.xlsx: a roster to hand out, edit and read back, with the figures behind it.

Text is always written as text, so that nothing a person typed can become a formula.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reports import findings
from reports.workbook_reading import read_roster_workbook
from reports.workbook_roster import write_roster_sheet
from reports.workbook_sheets import (
    write_dingtalk_sheet,
    write_duties_sheet,
    write_fairness_sheet,
    write_hours_sheet,
    write_notes_sheet,
    write_settings_sheet,
    write_shifts_sheet,
)
from reports.workbook_style import new_book

if TYPE_CHECKING:
    from scheduling.pipeline import Plan

__all__ = ["read_roster_workbook", "write_workbook"]


def write_workbook(plan: Plan, path: Path, lang: str) -> None:
    """Write a plan's workbook.

    With people it holds the roster, figures by interval, fairness, notes, an import sheet for DingTalk,
    parameters and every duty with its breaks; without people, how many work each shift instead.

    Parameters
    ----------
    plan
        A finished plan.
    path
        The ``.xlsx`` file.
    lang
        zh or en.
    """
    with new_book(path, "workbook.sheet_roster", lang) as book:
        if plan.roster is None:
            write_hours_sheet(plan, book)
            write_shifts_sheet(plan, book)
            write_notes_sheet(plan, book)
            write_settings_sheet(plan, book)
            return
        write_roster_sheet(plan, plan.roster, book)
        write_hours_sheet(plan, book)
        write_fairness_sheet(plan, book)
        write_notes_sheet(plan, book)
        write_dingtalk_sheet(plan, plan.roster, book)
        write_settings_sheet(plan, book)
        write_duties_sheet(plan.roster, book, findings.timezone(plan))
