"""A roster as a grid of cells: who stands in which row, what stands in which cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reports import findings
from reports.shift_codes import ShiftCode, begin_minutes, shift_codes
from reports.words import Words

if TYPE_CHECKING:
    from scheduling.pipeline import Plan


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One person on one day: a duty's code and form, or a mark for a day off or leave, or nothing."""

    text: str = ""
    form: str = ""
    paid_hours: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One person's days, and the group (skills) they belong to."""

    group: str
    employee: str
    cells: tuple[Cell, ...]

    @property
    def paid_hours(self) -> float:
        """Paid hours over all days."""
        return sum(cell.paid_hours for cell in self.cells)


def plan_codes(plan: Plan) -> list[ShiftCode]:
    """Return the codes of every template and start that the shop has or the roster uses."""
    used: Iterable[tuple[str, int]] = ()
    if plan.roster is not None:
        used = zip(plan.roster["template"], begin_minutes(plan.roster, findings.timezone(plan)), strict=True)
    return shift_codes(plan.settings.templates, used)


def roster_rows(plan: Plan, roster: pd.DataFrame, say: Words) -> list[Row]:
    """Return a row a person, grouped by skill in the order of the shop's list of people."""
    codes = {(one.template.name, one.begin): one for one in plan_codes(plan)}
    begin = begin_minutes(roster, findings.timezone(plan))
    duties: dict[tuple[str, dt.date], Cell] = {}
    for employee, day, template, minute, hours in zip(
        roster["employee"], roster["date"], roster["template"], begin, roster["paid_hours"], strict=True
    ):
        code = codes.get((template, minute))
        duties[employee, day] = Cell(
            text=template if code is None else code.code,
            form="" if code is None else code.template.form,
            paid_hours=float(hours),
        )
    rests = _granted_rests(plan, say)
    days = findings.dates(plan)
    rows = [
        Row(
            group=group,
            employee=name,
            cells=tuple(duties.get((name, day)) or rests.get((name, day)) or Cell() for day in days),
        )
        for name, group in _people(plan, roster, say)
    ]
    order = list(dict.fromkeys(row.group for row in rows))
    return sorted(rows, key=lambda row: order.index(row.group))


def _people(plan: Plan, roster: pd.DataFrame, say: Words) -> Iterator[tuple[str, str]]:
    """Yield name and group: the people of the list, then those only the roster names."""
    listed = set()
    for person in plan.employees:
        listed.add(person.employee)
        names = [say.either(f"names.skill_{skill}", skill) for skill in person.skills]
        names = names or [findings.stream_label(plan, stream, say) for stream in person.streams]
        yield person.employee, say("format.list_gap").join(names) or say("names.skill_")
    for name in dict.fromkeys(roster["employee"]):
        if name not in listed:
            yield name, say("names.others")


def _granted_rests(plan: Plan, say: Words) -> dict[tuple[str, dt.date], Cell]:
    """Return the marks of days off and leave that were wished for; duties on such days outrank them."""
    return {
        (wish.employee, wish.date): Cell(text=say(f"names.cell_{wish.kind}"))
        for wish in plan.wishes
        if wish.kind in ("off", "leave")
    }


def day_shade(plan: Plan, day: dt.date) -> str:
    """Return how a day's column is shaded: promotion, weekend or not at all."""
    if any(findings.promotions_on(plan, day)):
        return "promotion"
    return "weekend" if day.weekday() >= 5 else ""
