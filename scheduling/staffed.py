"""Shifts, the people on them and the judge's word: designed again while the chance is not enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from scheduling.config import Settings
from scheduling.demand import StreamDemand
from scheduling.duties import Duties, duties_of_plan, duties_of_roster
from scheduling.judgement import DOUBTFUL_DAYS, Judged, judge_span, share_of_span
from scheduling.promise import Promise, promises
from scheduling.roster.assign import RosterResult
from scheduling.roster.people import Employee
from scheduling.shifts.design import ShiftDesign, design_again

MOST_REPAIRS = 3  # times the shifts are designed again; a roster fills part of what is added by itself

Assign = Callable[[pd.DataFrame, pd.DataFrame], RosterResult | None]


@dataclass(frozen=True, kw_only=True)
class Staffed:
    """Shifts with the people on them, judged.

    Attributes
    ----------
    shift_plan, requirement
        `SHIFT_PLAN` and `REQUIREMENT` tables.
    design
        How the shifts were designed; None where they were given.
    result, roster
        The roster made, and its table (or the one that was given); None where nobody is named.
    duties, judged, promised
        Who is on when, and what simulator and model say of it.
    """

    shift_plan: pd.DataFrame
    requirement: pd.DataFrame
    design: ShiftDesign | None
    result: RosterResult | None
    roster: pd.DataFrame | None
    duties: Duties
    judged: Judged
    promised: Mapping[str, Promise]

    def missing(self, settings: Settings) -> float:
        """Return how much chance the stream that is furthest behind lacks; 0 where none lacks any."""
        return max(
            0.0,
            *(settings.demand.stream(n).confidence - p.probability for n, p in self.promised.items()),
        )


def staffed(
    design: ShiftDesign,
    demands: Mapping[str, StreamDemand],
    employees: Sequence[Employee],
    settings: Settings,
    *,
    assign: Assign,
    seed: int,
    say: Callable[[str], None],
) -> Staffed:
    """Return shifts with the people on them, designed again while their chance is not enough.

    Parameters
    ----------
    design
        The shifts.
    demands, employees, settings
        The shop.
    assign
        Makes the roster of a `SHIFT_PLAN` and a `REQUIREMENT` table, or None where nobody is named.
    seed
        Of the judge.
    say
        Called with the name of each stage as it begins.

    Notes
    -----
    The search of shifts knows people of average speed and a model that is a little kinder than the simulator.
    What the finished roster reaches in the futures drawn is known only after it is made: where that is less
    than wanted, the shifts are chosen for what was missing, a few times at most, and the best roster stays.
    """

    def with_people(design: ShiftDesign) -> Staffed:
        result = assign(design.shift_plan, design.requirement)
        return judged_staff(
            design.shift_plan,
            design.requirement,
            demands,
            employees,
            settings,
            design=design,
            result=result,
            roster=None if result is None else result.roster,
            seed=seed,
            say=say,
        )

    best = latest = with_people(design)
    for _ in range(MOST_REPAIRS):
        if best.missing(settings) <= 1e-9:
            break
        say("shifts")
        again = design_again(design, demands, {name: p.ahead for name, p in latest.promised.items()})
        if again is None:
            break
        latest = with_people(again)
        best = latest if latest.missing(settings) < best.missing(settings) else best
    return best


def judged_staff(
    shift_plan: pd.DataFrame,
    requirement: pd.DataFrame,
    demands: Mapping[str, StreamDemand],
    employees: Sequence[Employee],
    settings: Settings,
    *,
    design: ShiftDesign | None = None,
    result: RosterResult | None = None,
    roster: pd.DataFrame | None = None,
    seed: int,
    say: Callable[[str], None],
) -> Staffed:
    """Return shifts, and the roster where there is one, with what simulator and model say of them."""
    say("simulation")
    timezone = settings.demand.shop.timezone
    if roster is None:
        duties = duties_of_plan(shift_plan, timezone)
    else:
        duties = duties_of_roster(roster, employees, timezone)
    judged = judge_span(demands, duties, settings, seed=seed, doubtful=DOUBTFUL_DAYS)
    return Staffed(
        shift_plan=shift_plan,
        requirement=requirement,
        design=design,
        result=result,
        roster=roster,
        duties=duties,
        judged=judged,
        promised=promises(
            demands,
            duties,
            simulated={name: share_of_span(days).value for name, days in judged.items()},
            seed=seed,
            settings=settings,
        ),
    )
