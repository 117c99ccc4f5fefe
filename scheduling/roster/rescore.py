"""A roster that stands, scored again over its whole span: what it costs, whom it burdens, what it refuses."""

from __future__ import annotations

import pandas as pd

from scheduling.roster.assign import RosterResult, result_of
from scheduling.roster.case import RosterCase
from scheduling.roster.improve import Found
from scheduling.roster.placing import unheld_notes
from scheduling.roster.standing import standing


def rescored(
    roster: pd.DataFrame,
    case: RosterCase,
) -> RosterResult:
    """Return what a roster comes to as it stands; nothing is searched, so there is no bound.

    Raises
    ------
    DataError
        If the roster names people or duties that the shop does not have.
    """
    search, assignment = standing(roster, case)
    found = Found(status="FEASIBLE", assignment=assignment, bound=0.0, notes=unheld_notes(search.problem))
    return result_of(search, found, seconds=0.0)
