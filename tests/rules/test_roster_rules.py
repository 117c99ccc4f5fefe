"""Each rule of a roster: trivial, just legal, just illegal; and every rule is kept in double entry."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from builders_roster import (
    AFTER,
    EARLY,
    HALF,
    LATE,
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

from forecast.timegrid import instant
from scheduling.config import Labour, Limit, PoolLimit
from scheduling.roster import audit as audit_module
from scheduling.roster import constraints
from scheduling.roster.assign import make_roster
from scheduling.roster.audit import audit
from scheduling.roster.case import RosterCase
from scheduling.roster.rules import Rule


@pytest.mark.parametrize("kind", get_args(Rule))
def test_every_rule_is_posted_and_found_under_its_own_name(kind: type) -> None:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    assert constraints.POST[kind].__name__ == f"post_{snake}"
    assert audit_module.FIND[kind].__name__ == f"find_{snake}"


def test_the_two_entries_share_no_code() -> None:
    folder = Path(audit_module.__file__).parent
    solver_side = ("board", "constraints", "duties", "lawful", "needs", "objective", "problem", "score")
    solver_side += ("search", "tallies", "pay", "variables")
    for path in folder.glob("audit*.py"):
        named = re.findall(r"scheduling\.roster\.(\w+) import", path.read_text(encoding="utf-8"))
        assert not {name for name in named if name.startswith(solver_side)}, path.name
    for path in folder.glob("*.py"):
        if path.name.startswith(("constraints", "lawful", "score", "board")):
            assert "roster.audit" not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize(("used", "left"), [(60, 2), (61, 1), (62, 0)])
def test_a_quarter_that_ends_inside_the_span_takes_no_hours_from_the_next(used: int, left: int) -> None:
    # Best responses gave the whole last week to the new quarter's hours, and kept that unlawful roster.
    first, days = dt.date(2026, 12, 19), 16
    settings = build_settings(
        templates=(EARLY,),
        streams=(PRE,),
        max_hours_per_week=Limit(value=0, mode="off"),
        max_hours_per_quarter=Limit(value=496),
    )
    dates = [first + dt.timedelta(days=d) for d in range(-used, days)]
    asked = pd.DataFrame(
        [(PRE, instant(date, 60 * hour, "Asia/Shanghai"), 1.0) for date in dates for hour in range(8, 17)],
        columns=["stream", "start", "agents_net"],
    )
    rows = [("A", (date - MONDAY).days, EARLY) for date in dates[:used]]
    last = build_roster(rows)
    made = make_roster(
        RosterCase(
            employees=build_people(1),
            wishes=(),
            settings=settings,
            start=first,
            days=days,
            requirement=asked,
            last_roster=last,
        ),
        effort="quick",
    )
    assert made.roster is not None
    assert not audit(made.roster, build_people(1), (), settings, start=first, days=days, last_roster=last)
    assert sum(date.year == 2026 for date in made.roster["date"]) == left
    assert sum(date.year == 2027 for date in made.roster["date"]) > 0


def test_an_empty_roster_breaks_nothing() -> None:
    assert broken_rules(build_roster([])) == []


def test_two_duties_on_one_day_are_found() -> None:
    assert "OneDutyADay" in broken_rules(build_roster([("A", 0, EARLY), ("A", 0, HALF)]))


def test_serving_a_stream_of_another_skill_is_found() -> None:
    people = build_people(1, skills=(PRE,))
    assert broken_rules(build_roster([("A", 0, EARLY)]), people) == []
    assert broken_rules(build_roster([("A", 0, EARLY)], stream=AFTER), people) == ["Qualified"]


def test_named_streams_outrank_skills() -> None:
    people = build_people(1, skills=(PRE,), streams=(AFTER,))
    assert broken_rules(build_roster([("A", 0, EARLY)]), people) == ["Qualified"]


def test_a_template_closed_to_the_pool_is_found() -> None:
    people = build_people(1, pool="part_time")
    assert broken_rules(build_roster([("A", 0, HALF)]), people) == []
    assert broken_rules(build_roster([("A", 0, EARLY)]), people) == ["AllowedTemplate"]


def test_a_template_not_among_the_persons_own_is_found() -> None:
    people = build_people(1, templates=("晚班",))
    assert broken_rules(build_roster([("A", 0, LATE)]), people) == []
    assert broken_rules(build_roster([("A", 0, EARLY)]), people) == ["AllowedTemplate"]


def test_work_outside_employment_is_found() -> None:
    people = build_people(1, starts_on=day(1), ends_on=day(2))
    rows = [("A", d, EARLY) for d in range(4)]
    assert broken_rules(build_roster(rows[1:3]), people) == []
    assert broken_rules(build_roster(rows), people) == ["Employed", "Employed"]


def test_work_on_leave_is_found() -> None:
    assert broken_rules(build_roster([("A", 1, EARLY)]), wishes=(wish("A", 0, "leave"),)) == []
    assert broken_rules(build_roster([("A", 0, EARLY)]), wishes=(wish("A", 0, "leave"),)) == ["OnLeave"]


@pytest.mark.parametrize(
    ("rows", "rules"),
    [
        ([("A", 0, LATE)], []),
        ([("A", 0, EARLY)], ["FixedDuty"]),
        ([("B", 0, LATE)], ["FixedDuty"]),
    ],
)
def test_a_fixed_duty_not_worked_is_found(rows: list, rules: list[str]) -> None:
    assert broken_rules(build_roster(rows), wishes=(wish("A", 0, "fixed", "晚班"),)) == rules


def test_too_many_people_of_a_pool_are_found() -> None:
    settings = build_settings(pools=(PoolLimit(name="staff", max_people=1),))
    assert broken_rules(build_roster([("A", 0, EARLY), ("B", 1, EARLY)]), settings=settings) == []
    assert broken_rules(build_roster([("A", 0, EARLY), ("B", 0, LATE)]), settings=settings) == ["MaxPeople"]


def test_a_long_day_is_found() -> None:
    settings = build_settings(max_hours_per_day=Limit(value=7.5))
    assert broken_rules(build_roster([("A", 0, HALF)]), settings=settings) == []
    assert broken_rules(build_roster([("A", 0, EARLY)]), settings=settings) == ["MaxHoursPerDay"]


def test_forty_four_hours_are_five_full_duties_a_week() -> None:
    assert broken_rules(build_roster([("A", d, EARLY) for d in range(5)])) == []
    assert broken_rules(build_roster([("A", d, EARLY) for d in range(6)])) == ["MaxHoursPerWeek"]


@pytest.mark.parametrize(("start", "rules"), [("08:00", ["MinRest"]), ("10:59", ["MinRest"]), ("11:00", [])])
def test_eleven_hours_lie_between_duties(start: str, rules: list[str]) -> None:
    roster = pd.concat([build_roster([("A", 0, LATE)]), build_roster([("A", 1, EARLY)], start=start)])
    assert broken_rules(roster) == rules


def test_rest_reaches_back_into_the_last_roster() -> None:
    last = build_roster([("A", -1, LATE)])
    assert broken_rules(build_roster([("A", 0, EARLY)]), last_roster=last) == ["MinRest"]


def test_six_days_in_a_row_across_weeks_are_enough() -> None:
    relaxed = build_settings(max_hours_per_week=Limit(value=44, mode="off"))
    rows = [("A", d, EARLY) for d in range(3, 10)]
    assert broken_rules(build_roster(rows[:6]), settings=relaxed) == []
    assert broken_rules(build_roster(rows), settings=relaxed) == ["MaxConsecutiveDays"]


def test_a_week_has_its_rest_days() -> None:
    settings = build_settings(
        rest_days_per_week=Limit(value=2), max_hours_per_week=Limit(value=44, mode="off")
    )
    assert broken_rules(build_roster([("A", d, HALF) for d in range(5)]), settings=settings) == []
    assert broken_rules(build_roster([("A", d, HALF) for d in range(6)]), settings=settings) == [
        "RestDaysPerWeek"
    ]


def test_weekends_of_a_month_are_counted_whichever_day_is_worked() -> None:
    settings = build_settings(max_weekends_per_month=Limit(value=1))
    both_days = [("A", 5, HALF), ("A", 6, HALF)]
    assert broken_rules(build_roster(both_days), settings=settings) == []
    assert broken_rules(build_roster([*both_days, ("A", 13, HALF)]), settings=settings) == [
        "MaxWeekendsPerMonth"
    ]


def test_a_weekend_counts_in_the_month_of_its_saturday() -> None:
    settings = build_settings(max_weekends_per_month=Limit(value=1))
    roster = build_roster([("A", 75, HALF), ("A", 76, HALF), ("A", 82, HALF)])  # Jan 30 and 31, Feb 6
    violations = audit(roster, build_people(1), (), settings, start=day(70), days=14)
    assert violations == []


def test_weekends_before_the_span_count_and_a_begun_one_adds_nothing() -> None:
    settings = build_settings(max_weekends_per_month=Limit(value=1))
    last = build_roster([("A", -2, HALF)])  # the Saturday before
    sunday = build_roster([("A", -1, HALF)])
    people = build_people(1)
    on_sunday = audit(sunday, people, (), settings, start=day(-1), days=7, last_roster=last)
    assert on_sunday == []
    next_one = build_roster([("A", 5, HALF)])
    assert broken_rules(next_one, settings=settings, last_roster=last) == ["MaxWeekendsPerMonth"]


def test_long_and_short_weeks_alternate() -> None:
    settings = build_settings(
        rest_days_per_week=Limit(value=1),
        max_hours_per_week=Limit(value=44, mode="off"),
        max_consecutive_days=Limit(value=6, mode="off"),
        alternate_rest_days=2,
        alternate_from=MONDAY + dt.timedelta(days=2),  # any day of that week
    )
    long_week = [("A", d, HALF) for d in range(5)]
    short_week = [("A", 7 + d, HALF) for d in range(6)]
    assert broken_rules(build_roster(long_week + short_week), settings=settings) == []
    too_long = build_roster([("A", d, HALF) for d in range(6)])
    assert broken_rules(too_long, settings=settings) == ["RestDaysPerWeek"]


def test_the_solver_keeps_long_and_short_weeks() -> None:
    settings = build_settings(
        streams=(PRE,),
        templates=(EARLY,),
        max_hours_per_week=Limit(value=44, mode="off"),
        max_consecutive_days=Limit(value=6, mode="off"),
        alternate_rest_days=4,
        alternate_from=MONDAY + dt.timedelta(days=7),
    )
    people = build_people(1)
    result = make_roster(
        RosterCase(
            employees=people,
            wishes=(),
            settings=settings,
            start=MONDAY,
            days=14,
            requirement=build_requirement(1, days=14, hours=(8, 17)),
        ),
        effort="quick",
    )
    assert result.roster is not None
    assert audit(result.roster, people, (), settings, start=MONDAY, days=14) == []
    weeks = pd.Series([date >= day(7) for date in result.roster["date"]]).value_counts()
    assert (weeks[False], weeks[True]) == (6, 3)


def test_hours_of_a_month_count_from_its_first_day_and_the_last_roster() -> None:
    # MONDAY is 16 November 2026: fourteen days end before the month does.
    settings = build_settings(max_hours_per_month=Limit(value=40))
    rows = [("A", d, EARLY) for d in (0, 1, 2, 3)]
    last = build_roster([("A", -3, EARLY)])
    assert broken_rules(build_roster(rows), settings=settings, last_roster=last) == []
    more = build_roster([*rows, ("A", 7, EARLY)])
    assert broken_rules(more, settings=settings, last_roster=last) == ["MaxHoursPerMonth"]
    older = build_roster([("A", -17, EARLY)])  # October
    assert broken_rules(more, settings=settings, last_roster=older) == []


def test_hours_averaged_over_a_month_allow_a_long_week() -> None:
    settings = build_settings(
        streams=(PRE,),
        templates=(EARLY,),
        max_hours_per_week=Limit(value=44, mode="off"),
        max_hours_per_month=Limit(value=72),
    )
    people = build_people(1)
    requirement = build_requirement(1, days=14, hours=(8, 17))
    result = make_roster(
        RosterCase(
            employees=people, wishes=(), settings=settings, start=MONDAY, days=14, requirement=requirement
        ),
        effort="quick",
    )
    assert result.roster is not None
    assert audit(result.roster, people, (), settings, start=MONDAY, days=14) == []
    assert result.roster["paid_hours"].sum() == 72


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"alternate_rest_days": 2}, "belong together"),
        ({"alternate_rest_days": 9, "alternate_from": MONDAY}, "must be 0 to 7, got 9"),
    ],
)
def test_alternating_weeks_that_cannot_be_meant_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Labour(**fields)


def test_rows_that_name_nobody_and_nothing_are_found() -> None:
    roster = build_roster([("Z", 0, EARLY)]).assign(template="夜班")
    assert sorted(broken_rules(roster)) == ["UnknownPerson", "UnknownTemplate"]


LIMITED = {
    "max_hours_per_day": 7.0,
    "max_hours_per_week": 16.0,
    "max_hours_per_month": 16.0,
    "max_hours_per_quarter": 16.0,
    "min_rest_hours": 16.0,
    "max_consecutive_days": 2.0,
    "rest_days_per_week": 5.0,
    "max_weekends_per_month": 0.0,
}
RULE_OF = {
    "max_hours_per_day": "MaxHoursPerDay",
    "max_hours_per_week": "MaxHoursPerWeek",
    "max_hours_per_month": "MaxHoursPerMonth",
    "max_hours_per_quarter": "MaxHoursPerQuarter",
    "min_rest_hours": "MinRest",
    "max_consecutive_days": "MaxConsecutiveDays",
    "rest_days_per_week": "RestDaysPerWeek",
    "max_weekends_per_month": "MaxWeekendsPerMonth",
}
OTHERS_OFF = {name: Limit(value=0, mode="off") for name in LIMITED}


def judged(name: str, limit: Limit) -> tuple[list[str], float]:
    """Roster one busy person under one labour rule; return what the audit finds and the price of law."""
    settings = build_settings(streams=(PRE,), templates=(EARLY,), **{**OTHERS_OFF, name: limit})
    people = build_people(1)
    result = make_roster(
        RosterCase(
            employees=people,
            wishes=(),
            settings=settings,
            start=MONDAY,
            days=7,
            requirement=build_requirement(1, hours=(8, 17)),
        ),
        effort="quick",
    )
    assert result.roster is not None
    unlimited = audit(
        result.roster,
        people,
        (),
        build_settings(
            streams=(PRE,),
            templates=(EARLY,),
            **{**OTHERS_OFF, name: Limit(value=LIMITED[name], mode="soft", price=1.0)},
        ),
        start=MONDAY,
        days=7,
    )
    return [violation.rule for violation in unlimited], result.terms["labour"]


@pytest.mark.parametrize("name", LIMITED)
def test_a_hard_labour_rule_is_kept_though_cover_suffers(name: str) -> None:
    assert judged(name, Limit(value=LIMITED[name])) == ([], 0)


@pytest.mark.parametrize("name", LIMITED)
def test_a_cheap_soft_labour_rule_is_broken_and_paid_for(name: str) -> None:
    rules, price = judged(name, Limit(value=LIMITED[name], mode="soft", price=3))
    assert set(rules) == {RULE_OF[name]}
    assert price > 0


@pytest.mark.parametrize("name", LIMITED)
def test_a_labour_rule_that_is_off_is_neither_kept_nor_paid_for(name: str) -> None:
    rules, price = judged(name, Limit(value=LIMITED[name], mode="off"))
    assert set(rules) == {RULE_OF[name]}
    assert price == 0
