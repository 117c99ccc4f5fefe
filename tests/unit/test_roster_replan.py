"""Repairing a published roster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
    day,
    wish,
)

from scheduling.roster.absences import Reserve
from scheduling.roster.assign import make_roster
from scheduling.roster.audit import audit
from scheduling.roster.case import RosterCase
from scheduling.roster.replan import Replanned, frontier, replan

SETTINGS = build_settings(streams=(PRE,), templates=(EARLY, LATE))
PEOPLE = build_people(6)
WEEK = RosterCase(
    employees=PEOPLE, wishes=(), settings=SETTINGS, start=MONDAY, days=7, requirement=build_requirement(2)
)


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    """Return a week's roster."""
    result = make_roster(
        WEEK,
        effort="quick",
    )
    assert result.roster is not None
    return result.roster


def repaired(roster: pd.DataFrame, case: RosterCase = WEEK, **details: Any) -> Replanned:
    """Repair the week."""
    return replan(roster, case, **details)


def busiest(roster: pd.DataFrame) -> str:
    """Return who works on Thursday."""
    return str(roster.loc[roster["date"] == day(3), "employee"].iloc[0])


def test_without_absences_nothing_changes(published: pd.DataFrame) -> None:
    answer = repaired(published)
    assert answer.changes.empty
    assert answer.people == 0


def test_an_absent_person_is_replaced_and_the_days_before_stay(published: pd.DataFrame) -> None:
    name = busiest(published)
    absences = [wish(name, d, "leave") for d in (3, 4)]
    answer = repaired(published, absences=absences)
    assert answer.roster is not None
    before = answer.roster[answer.roster["date"] < day(3)].reset_index(drop=True)
    pd.testing.assert_frame_equal(before, published[published["date"] < day(3)].reset_index(drop=True))
    gone = answer.roster[(answer.roster["employee"] == name) & answer.roster["date"].isin([day(3), day(4)])]
    assert gone.empty
    assert audit(answer.roster, PEOPLE, absences, SETTINGS, start=MONDAY, days=7) == []
    assert set(answer.changes.loc[answer.changes["because"] == "absent", "employee"]) == {name}


def test_hours_of_the_published_days_before_count_towards_a_contract_of_the_span() -> None:
    # Counted from the first day that may change, B could have taken two more duties.
    pair = replace(
        WEEK,
        employees=(PEOPLE[0], replace(PEOPLE[1], max_hours_per_span=16)),
        requirement=build_requirement(1, hours=(8, 17)),
    )
    rows = [("B", 0, EARLY), ("B", 1, EARLY), *(("A", d, EARLY) for d in range(2, 7))]
    absences = [wish("A", d, "leave") for d in (3, 4)]
    relaxed = replace(pair, employees=PEOPLE[:2])
    taken = []
    for case in (relaxed, pair):
        repaired_week = repaired(build_roster(rows), case, absences=absences).roster
        assert repaired_week is not None
        taken.append(int((repaired_week["employee"] == "B").sum()))
    assert taken == [4, 2]


def test_a_dear_change_leaves_the_gap_open(published: pd.DataFrame) -> None:
    absences = [wish(busiest(published), 3, "leave")]
    dear = repaired(published, absences=absences, change_price=10_000)
    assert set(dear.changes["because"]) == {"absent"}
    assert dear.people == 0


def test_the_frontier_trades_changes_for_gaps(published: pd.DataFrame) -> None:
    absences = [wish(busiest(published), d, "leave") for d in (3, 4, 5)]
    answers = frontier(
        published,
        WEEK,
        change_prices=(1.0, 10_000.0),
        absences=absences,
    )
    assert len(answers[0].changes) >= len(answers[1].changes)
    short = [answer.result.short["short"].sum() for answer in answers]
    assert short[0] <= short[1]


def test_a_fixed_duty_of_somebody_absent_is_let_go(published: pd.DataFrame) -> None:
    name = busiest(published)
    template = str(
        published.loc[(published["employee"] == name) & (published["date"] == day(3)), "template"].iloc[0]
    )
    answer = replan(
        published,
        replace(WEEK, wishes=[wish(name, 3, "fixed", template)]),
        absences=[wish(name, 3, "leave")],
    )
    assert answer.roster is not None


# One person is needed from 8 to 24: A and B work early, C and D late, Monday to Thursday; E and F are free.
FORMS = {"A": EARLY, "B": EARLY, "C": LATE, "D": LATE}
STANDING = build_roster([(name, d, form) for d in range(4) for name, form in FORMS.items()])
BOTH_EARLY = [wish("A", 3, "leave"), wish("B", 3, "leave")]


def repaired_standing(**details: Any) -> Replanned:
    """Repair the four days on which E and F are free."""
    return repaired(STANDING, replace(WEEK, days=4, requirement=build_requirement(1, days=4)), **details)


def test_however_cheap_a_change_no_published_duty_is_taken_away_to_save_its_pay() -> None:
    answer = repaired_standing(absences=[wish("A", 3, "leave")], change_price=1.0)
    assert answer.changes["employee"].tolist() == [
        "A"
    ]  # B does the work alone; C and D, of whom one would do, stay


@pytest.mark.parametrize("order", ["EF", "FE"])
def test_the_first_reserve_of_the_list_is_called(order: str) -> None:
    reserves = [Reserve(employee=name, order=n) for n, name in enumerate(order, start=1)]
    answer = repaired_standing(absences=BOTH_EARLY, reserves=reserves)
    called = answer.changes.loc[answer.changes["because"] == "reserve", "employee"].tolist()
    assert called == [order[0]]


@pytest.mark.parametrize(("lead", "called"), [(1.0, "E"), (48.0, "F")])
def test_a_reserve_whose_lead_time_is_too_long_is_passed_over(lead: float, called: str) -> None:
    reserves = [Reserve(employee="E", order=1, lead_hours=lead), Reserve(employee="F", order=2)]
    now = pd.Timestamp(day(3), tz="Asia/Shanghai")
    answer = repaired_standing(absences=BOTH_EARLY, reserves=reserves, now=now)
    assert answer.changes.loc[answer.changes["because"] == "reserve", "employee"].tolist() == [called]


def test_cells_edited_by_hand_stand_and_the_rest_is_repaired() -> None:
    gone = (STANDING["employee"] == "A") & (STANDING["date"] == day(3))
    answer = repaired_standing(edited=STANDING[~gone].reset_index(drop=True))
    assert answer.roster is not None
    assert answer.first == day(3)
    edits = answer.changes[answer.changes["because"] == "edited"]
    assert edits[["employee", "date", "after"]].to_numpy().tolist() == [["A", day(3), ""]]
    assert set(answer.changes.loc[answer.changes["because"] == "moved", "employee"]) <= {"E", "F"}
    assert audit(answer.roster, PEOPLE, (), SETTINGS, start=MONDAY, days=4) == []


def test_edits_that_break_a_rule_are_no_roster_and_the_rule_is_named() -> None:
    old = build_roster([("A", 0, EARLY), ("B", 0, LATE)])
    edited = build_roster([("A", 0, LATE), ("A", 1, EARLY), ("B", 0, LATE)])
    answer = repaired(old, edited=edited)
    assert (answer.roster, answer.result.status) == (None, "INFEASIBLE")
    assert any("rest" in conflict.text for conflict in answer.result.conflicts)


def test_days_on_which_nothing_happened_stay(published: pd.DataFrame) -> None:
    answer = repaired(published, absences=[wish(busiest(published), 3, "leave")])
    assert set(answer.changes["date"]) == {day(3)}
