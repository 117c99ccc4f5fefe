"""A roster that stands, scored again over its whole span: what it costs, whom it burdens, what it refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from scheduling.config import Settings
from scheduling.roster.assign import RosterResult, result_of
from scheduling.roster.improve import Found
from scheduling.roster.people import Employee, Wish
from scheduling.roster.placing import unheld_notes
from scheduling.roster.standing import standing


def rescored(
    roster: pd.DataFrame,
    shift_plan: pd.DataFrame | None,
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    settings: Settings,
    *,
    start: dt.date,
    days: int,
    requirement: pd.DataFrame | None = None,
    last_roster: pd.DataFrame | None = None,
) -> RosterResult:
    """Return what a roster comes to as it stands; nothing is searched, so there is no bound.

    Parameters are those of `scheduling.roster.assign.make_roster`.

    Raises
    ------
    DataError
        If the roster names people or duties that the shop does not have.
    """
    search, assignment = standing(
        roster,
        shift_plan,
        employees,
        wishes,
        settings,
        start=start,
        days=days,
        requirement=requirement,
        last_roster=last_roster,
    )
    found = Found(status="FEASIBLE", assignment=assignment, bound=0.0, notes=unheld_notes(search.problem))
    return result_of(search, found, seconds=0.0)
