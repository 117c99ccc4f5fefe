"""What a repair changes in a roster, cell by cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from scheduling.breaks import pauses_text
from scheduling.roster.people import Employee, Meeting
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.variables import Assignment

CHANGE_COLUMNS = ["employee", "date", "before", "after", "because"]


def edits_between(roster: pd.DataFrame, edited: pd.DataFrame | None) -> dict[tuple[str, dt.date], str]:
    """Return the cells set by hand and their template, empty for a day off."""
    if edited is None:
        return {}

    def duties(frame: pd.DataFrame) -> dict[tuple[str, dt.date], tuple[str, str, pd.Timestamp]]:
        rows = frame.to_dict("records")
        return {
            (str(row["employee"]), pd.Timestamp(row["date"]).date()): (
                str(row["template"]),
                str(row["stream"]),
                row["start"],
            )
            for row in rows
        }

    was, now = duties(roster), duties(edited)
    keys = sorted({*was, *now}, key=lambda key: (key[1], key[0]))
    return {key: now[key][0] if key in now else "" for key in keys if was.get(key) != now.get(key)}


def newly_placed(before: Sequence[Employee], problem: RosterProblem) -> dict[Cell, list[Meeting]]:
    """Return the meetings that had no time before, by the cell that they are in now."""
    found: dict[Cell, list[Meeting]] = {}
    for p, (was, now) in enumerate(zip(before, problem.employees, strict=True)):
        for old, new in zip(was.meetings, now.meetings, strict=True):
            if old.start_min is None and new.start_min is not None:
                found.setdefault((p, (new.date - problem.start).days), []).append(new)
    return found


def change_table(
    problem: RosterProblem,
    old: Assignment,
    new: Assignment,
    causes: Mapping[tuple[str, dt.date], str],
    reserves: Collection[str],
    placed: Mapping[Cell, Sequence[Meeting]],
) -> pd.DataFrame:
    """Return the cells whose duty differs or has a meeting put into it, by date and person.

    Other breaks alone are no change.
    """
    rows = []
    for cell in sorted({*old, *new}, key=lambda cell: (cell[1], cell[0])):
        was, now = old.get(cell), new.get(cell)
        is_same = (was and was[0]) == (now and now[0]) and (was is None) == (now is None)
        if is_same and cell not in placed:
            continue
        name, date = problem.employees[cell[0]].employee, problem.date(cell[1])
        usual = "meeting" if is_same else "reserve" if was is None and name in reserves else "moved"
        rows.append(
            {
                "employee": name,
                "date": date,
                "before": _words(problem, cell, was),
                "after": _words(problem, cell, now, placed.get(cell, ())),
                "because": causes.get((name, date), usual),
            }
        )
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def _words(
    problem: RosterProblem, cell: Cell, duty: tuple[int, int] | None, meetings: Sequence[Meeting] = ()
) -> str:
    """Return a duty in short, with the times of meetings put into it; empty for a day off."""
    if duty is None:
        return ""
    option = problem.options[cell[1]][duty[0]]
    times = pauses_text(tuple((m.start_min or 0, m.end_min or 0) for m in meetings))
    start = f"{option.clock_start // 60:02d}:{option.clock_start % 60:02d}"
    return " ".join(
        part for part in (option.template.name, start, times and f"({times})", option.stream) if part
    )
