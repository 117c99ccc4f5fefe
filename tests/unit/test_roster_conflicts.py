"""Why there is no roster: counts, cores, relaxations."""

from __future__ import annotations

import pandas as pd
import pytest
from builders_roster import (
    EARLY,
    LATE,
    MONDAY,
    PRE,
    build_people,
    build_requirement,
    build_roster,
    build_settings,
    wish,
)

from scheduling.config import PoolLimit, Settings
from scheduling.roster.assign import RosterResult, make_roster
from scheduling.roster.case import RosterCase
from scheduling.roster.people import Wish

SETTINGS = build_settings(streams=(PRE,))


def rostered(
    *wishes: Wish, settings: Settings = SETTINGS, last_roster: pd.DataFrame | None = None
) -> RosterResult:
    """Make a roster of a week for three people."""
    return make_roster(
        RosterCase(
            employees=build_people(3),
            wishes=wishes,
            settings=settings,
            start=MONDAY,
            days=7,
            requirement=build_requirement(1, hours=(9, 17)),
            last_roster=last_roster,
        ),
        effort="quick",
    )


def test_a_fixed_duty_on_leave_is_named_by_counting() -> None:
    result = rostered(wish("A", 0, "leave"), wish("A", 0, "fixed", "早班"))
    assert (result.status, result.roster) == ("INFEASIBLE", None)
    assert result.conflicts[0].kind == "count"
    assert result.conflicts[0].text == "A has a fixed 早班 on 2026-11-16 but is on leave that day"


def test_the_core_names_both_duties_and_the_rest_between() -> None:
    result = rostered(wish("A", 0, "fixed", "晚班"), wish("A", 1, "fixed", "早班"))
    (core,) = [conflict for conflict in result.conflicts if conflict.kind == "core"]
    assert sorted(reason.name for reason in core.reasons) == ["FixedDuty", "FixedDuty", "MinRest"]
    assert "A needs 11 h of rest before the duty of 2026-11-17" in core.text


def test_the_cheapest_relaxation_gives_up_one_announced_duty() -> None:
    result = rostered(wish("A", 0, "fixed", "晚班"), wish("A", 1, "fixed", "早班"))
    relaxations = [conflict for conflict in result.conflicts if conflict.kind == "relaxation"]
    assert [relaxation.price for relaxation in relaxations] == [60, 60, 400]
    assert all(relaxation.is_proven for relaxation in relaxations)
    assert [r.name for r in relaxations[0].reasons] == ["FixedDuty"]
    assert len({relaxation.reasons for relaxation in relaxations}) == 3


def test_six_fixed_duties_a_week_conflict_with_forty_four_hours() -> None:
    result = rostered(*(wish("A", d, "fixed", "早班") for d in range(6)))
    (core,) = [conflict for conflict in result.conflicts if conflict.kind == "core"]
    assert sum(reason.name == "FixedDuty" for reason in core.reasons) == 6
    assert "MaxHoursPerWeek" in {reason.name for reason in core.reasons}


def test_a_crowd_of_fixed_duties_is_counted() -> None:
    settings = build_settings(streams=(PRE,), pools=(PoolLimit(name="staff", max_people=1),))
    result = rostered(wish("A", 0, "fixed"), wish("B", 0, "fixed"), settings=settings)
    assert result.status == "INFEASIBLE"
    assert result.conflicts[0].text == ("2026-11-16: 2 fixed duties of pool staff (A, B), at most 1 allowed")


def test_two_separate_conflicts_both_stand_in_the_relaxation() -> None:
    result = rostered(
        wish("A", 0, "leave"),
        wish("A", 0, "fixed", "早班"),
        wish("B", 0, "fixed", "晚班"),
        wish("B", 1, "fixed", "早班"),
    )
    cheapest = next(conflict for conflict in result.conflicts if conflict.kind == "relaxation")
    assert {reason.employee for reason in cheapest.reasons} == {"A", "B"}
    assert cheapest.price == 120


def test_the_last_roster_can_bar_a_fixed_duty() -> None:
    result = rostered(wish("A", 0, "fixed", "早班"), last_roster=build_roster([("A", -1, LATE)]))
    assert result.status == "INFEASIBLE"
    assert any("MinRest" in {r.name for r in conflict.reasons} for conflict in result.conflicts)


@pytest.mark.parametrize("wishes", [(), (wish("A", 0, "fixed", "早班"),)])
def test_where_a_roster_exists_no_conflict_is_named(wishes: tuple[Wish, ...]) -> None:
    result = rostered(*wishes)
    assert result.roster is not None
    assert result.conflicts == ()


def test_a_template_of_another_pool_cannot_be_fixed() -> None:
    settings = build_settings(streams=(PRE,), templates=(EARLY, LATE))
    people = build_people(1, pool="outsourced")
    result = make_roster(
        RosterCase(
            employees=people,
            wishes=(wish("A", 0, "fixed", "早班"),),
            settings=settings,
            start=MONDAY,
            days=1,
            requirement=build_requirement(1, days=1),
        )
    )
    assert result.conflicts[0].text == "A has a fixed 早班 on 2026-11-16, which is closed to pool outsourced"
