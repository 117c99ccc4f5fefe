"""Hours that people have contracted: of a day, a week, and all days planned together."""

from __future__ import annotations

import datetime as dt

import pytest
from builders_roster import (
    EARLY,
    HALF,
    MONDAY,
    PRE,
    broken_rules,
    build_people,
    build_requirement,
    build_roster,
    build_settings,
    day,
    wish,
)

from scheduling.roster.assign import RosterResult, make_roster
from scheduling.roster.audit import audit
from scheduling.roster.case import RosterCase
from scheduling.roster.people import Wish


def test_more_contract_hours_than_allowed_are_found() -> None:
    people = build_people(1, max_hours_per_week=16)
    assert broken_rules(build_roster([("A", d, EARLY) for d in range(2)]), people) == []
    assert broken_rules(build_roster([("A", d, EARLY) for d in range(3)]), people) == ["ContractHours"]


def test_hours_of_a_begun_week_count() -> None:
    people = build_people(1, max_hours_per_week=16)
    settings = build_settings()
    last = build_roster([("A", 0, EARLY), ("A", 1, EARLY)])
    violations = audit(build_roster([("A", 2, EARLY)]), people, (), settings, start=day(2), last_roster=last)
    assert [(v.rule, v.amount) for v in violations] == [("ContractHours", 8.0)]


def test_a_longer_day_than_the_contract_allows_is_found() -> None:
    people = build_people(1, max_hours_per_day=7.5)
    assert broken_rules(build_roster([("A", 0, HALF)]), people) == []
    assert broken_rules(build_roster([("A", 0, EARLY)]), people) == ["ContractDayHours"]
    assert broken_rules(build_roster([("A", 0, EARLY)]), build_people(1, max_hours_per_day=8)) == []


def test_hours_of_the_whole_span_are_added_up_and_those_before_are_not() -> None:
    people = build_people(1, max_hours_per_span=24)
    rows = [("A", d, EARLY) for d in (0, 4, 8, 12)]
    last = build_roster([("A", -1, EARLY)])
    assert broken_rules(build_roster(rows[:3]), people, last_roster=last) == []
    assert broken_rules(build_roster(rows), people) == ["ContractSpanHours"]


def test_hours_of_a_spans_first_days_count_when_its_rest_is_audited() -> None:
    people = build_people(1, max_hours_per_span=16)
    last = build_roster([("A", d, EARLY) for d in (-1, 0, 1)])

    def broken(span_start: dt.date | None) -> list[tuple[str, float]]:
        violations = audit(
            build_roster([("A", 2, EARLY)]),
            people,
            (),
            build_settings(),
            start=day(2),
            days=5,
            last_roster=last,
            span_start=span_start,
        )
        return [(v.rule, v.amount) for v in violations]

    assert broken(None) == []
    assert broken(MONDAY) == [("ContractSpanHours", 8.0)]


def contracted(days: int, *wishes: Wish, **contract: float) -> RosterResult:
    """Roster one person under a contract, a day's duty asked for on each of some days."""
    return make_roster(
        RosterCase(
            employees=build_people(1, **contract),
            wishes=wishes,
            settings=build_settings(streams=(PRE,)),
            start=MONDAY,
            days=days,
            requirement=build_requirement(1, days=days, hours=(8, 24)),
        ),
        effort="quick",
    )


@pytest.mark.parametrize(("hours", "duties"), [(24, 3), (23, 2), (7, 1), (3, 0)])
def test_a_contract_of_hours_for_the_span_is_kept_to_its_last_whole_duty(hours: float, duties: int) -> None:
    roster = contracted(14, max_hours_per_span=hours, templates=("早班", "半班")).roster
    assert roster is not None
    assert roster["paid_hours"].sum() <= hours
    assert (roster["paid_hours"] == (8 if hours >= 8 else 4)).sum() == duties


def test_a_contract_of_hours_a_day_leaves_the_shorter_duties() -> None:
    roster = contracted(7, max_hours_per_day=4).roster
    assert roster is not None
    assert set(roster["template"]) == {"半班"}


def test_a_fixed_duty_longer_than_the_contract_allows_is_named() -> None:
    result = contracted(7, wish("A", 0, "fixed", "早班"), max_hours_per_day=4)
    assert result.roster is None
    assert result.conflicts[0].text == "A has a fixed 早班 on 2026-11-16 but the contract allows 4 h a day"
    assert "A's contract limits the hours of 2026-11-16" in result.conflicts[1].text


def test_fixed_duties_beyond_the_contract_of_the_span_are_named() -> None:
    fixed = [wish("A", d, "fixed", "早班") for d in (0, 7, 12)]
    assert contracted(14, *fixed[:2], max_hours_per_span=16).roster is not None
    result = contracted(14, *fixed, max_hours_per_span=16)
    assert result.roster is None
    (core,) = [conflict for conflict in result.conflicts if conflict.kind == "core"]
    assert "A's contract limits the hours of the whole span" in core.text


def test_too_few_contract_hours_are_soft() -> None:
    people = build_people(1, min_hours_per_week=16)
    violations = audit(build_roster([("A", 0, EARLY)]), people, (), build_settings(), start=MONDAY, days=7)
    assert [(v.rule, v.is_hard, v.amount) for v in violations] == [("LeastHours", False, 8.0)]
