"""What a roster is made, judged, explained and repaired from: one value for every question about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from scheduling.config import Settings
from scheduling.roster.people import Employee, Wish


@dataclass(frozen=True, kw_only=True)
class RosterCase:
    """People, rules, span and need of one roster; `dataclasses.replace` makes a variant.

    Attributes
    ----------
    employees, wishes
        The people, and what they want; wishes of other people or days are passed over.
    settings
        Templates, labour rules, limits of pools, time zone and length of an interval.
    start
        First local day of the span.
    days
        Length of the span. [days]
    shift_plan
        `SHIFT_PLAN` table, one row a template start, stream and day: how many people on each. [people]
        None where there is only a requirement. Other starts that the templates allow may be used as well.
    requirement
        `stream, start, agents_gross` (or `agents_net`), one row an interval: agents of average speed needed.
        [agents] With a plan, people missing from the plan where the requirement still holds cost little.
        None: the plan is the requirement.
    last_roster
        `ROSTER` table of the time before, one row a duty: rest, runs of days, hours of a begun week and
        counts of late, weekend and peak duties are carried on from it. None: nothing is known.
    span_start
        First day that counts towards hours contracted for a span, where its last part is planned again.
        None: `start`.
    """

    employees: Sequence[Employee]
    wishes: Sequence[Wish]
    settings: Settings
    start: dt.date
    days: int
    shift_plan: pd.DataFrame | None = None
    requirement: pd.DataFrame | None = None
    last_roster: pd.DataFrame | None = None
    span_start: dt.date | None = None
