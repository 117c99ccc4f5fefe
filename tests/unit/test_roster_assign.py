"""Making rosters: plans filled, shortage reported, wishes weighed, fairness, history, time zones."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from builders_roster import (
    AFTER,
    EARLY,
    LATE,
    MONDAY,
    PRE,
    build_people,
    build_requirement,
    build_roster,
    build_settings,
    build_shift_plan,
    day,
    wish,
)

from forecast.errors import DataError
from forecast.frames import check_frame
from forecast.timegrid import instant
from scheduling.breaks import legal_pauses, pauses_text, read_pauses
from scheduling.config import ShiftTemplate
from scheduling.frames import ROSTER
from scheduling.roster.assign import RosterResult, make_roster
from scheduling.roster.audit import audit
from scheduling.roster.case import RosterCase

ONE_STREAM = build_settings(streams=(PRE,))


def rostered(
    plan: pd.DataFrame | None = None, people: Any = 3, wishes: Any = (), progress: Any = None, **details: Any
) -> RosterResult:
    """Make a roster of a week with little effort."""
    team = build_people(people) if isinstance(people, int) else people
    told = {"start": MONDAY, "days": 7, "settings": ONE_STREAM} | details
    case = RosterCase(shift_plan=plan, employees=team, wishes=wishes, **told)
    return make_roster(case, effort="quick", progress=progress)


PLAN = build_shift_plan(
    [(d, EARLY, "08:00", "12:00-13:00", 1) for d in range(5)]
    + [(d, LATE, "15:00", "18:00-19:00", 1) for d in range(5)]
)


def test_a_plan_for_enough_people_is_filled_exactly() -> None:
    result = rostered(PLAN)
    assert result.status in ("OPTIMAL", "FEASIBLE")
    assert result.roster is not None
    check_frame(result.roster, ROSTER)
    assert result.short.empty
    counts = result.roster.groupby(["template", "date"]).size()
    assert sorted(counts) == [1] * 10
    assert set(result.roster["breaks"]) == {"12:00-13:00", "18:00-19:00"}
    assert result.terms["paid_time"] == pytest.approx(10 * 8 * 25)


def test_rostered_time_is_paid_time_plus_breaks() -> None:
    roster = rostered(PLAN).roster
    assert roster is not None
    on_site = (roster["end"] - roster["start"]) / pd.Timedelta(hours=1)
    assert list(on_site - 1) == list(roster["paid_hours"])


def test_missing_people_are_reported_interval_by_interval() -> None:
    plan = build_shift_plan([(0, EARLY, "08:00", "12:00-13:00", 3)])
    result = rostered(plan, people=2, days=1)
    assert len(result.short) == 8
    assert set(result.short["short"]) == {1.0}
    assert set(result.short["required"]) == {3.0}
    assert set(result.short["on_duty"]) == {2.0}
    assert result.short["start"].iloc[0] == instant(MONDAY, 8 * 60, "Asia/Shanghai")


def test_nobody_at_all_is_a_roster_with_everything_short() -> None:
    result = rostered(PLAN, people=())
    assert result.roster is not None
    assert result.roster.empty
    check_frame(result.roster, ROSTER)
    assert result.short["short"].sum() == 80


def test_shortage_is_spread_so_that_no_hour_loses_more_than_a_quarter() -> None:
    two_days = build_requirement(20, days=2, hours=(8, 17))
    result = rostered(people=25, days=2, requirement=two_days)
    missing = result.short.groupby(result.short["start"].dt.date)["short"].max()
    assert result.roster is not None
    assert missing.max() <= 5


def test_other_starts_of_the_templates_are_used_where_people_are_short() -> None:
    plan = build_shift_plan([(0, EARLY, "08:00", "12:00-13:00", 1), (0, LATE, "15:00", "18:00-19:00", 1)])
    alone = rostered(plan, people=1, days=1)
    assert alone.roster is not None
    assert len(alone.roster) == 1
    assert not alone.short.empty


def test_a_fast_agent_covers_more_than_one() -> None:
    requirement = build_requirement(2, days=1, hours=(19, 23))
    slow = rostered(people=1, days=1, requirement=requirement)
    fast = rostered(people=build_people(1, speed=2.0), days=1, requirement=requirement)
    assert slow.short["short"].sum() == pytest.approx(4)
    assert fast.short.empty


def test_short_of_the_plan_but_not_of_the_requirement_is_no_gap() -> None:
    plan = build_shift_plan([(0, EARLY, "08:00", "12:00-13:00", 2)])
    result = rostered(plan, people=1, days=1, requirement=build_requirement(1, days=1, hours=(8, 11)))
    assert result.short.empty
    assert result.terms["below_plan"] > 0


def test_leave_and_fixed_duties_bind() -> None:
    result = rostered(PLAN, wishes=(wish("A", 0, "leave"), wish("B", 0, "fixed", "晚班")))
    assert result.roster is not None
    monday = result.roster[result.roster["date"] == MONDAY].set_index("employee")["template"]
    assert "A" not in monday.index
    assert monday["B"] == "晚班"


def test_the_heavier_of_two_wishes_is_granted() -> None:
    plan = build_shift_plan([(0, EARLY, "08:00", "12:00-13:00", 1)])
    result = rostered(
        plan, people=2, days=1, wishes=(wish("A", 0, "off", weight=5), wish("B", 0, "off", weight=1))
    )
    assert result.roster is not None
    assert list(result.roster["employee"]) == ["B"]
    assert [(w.employee, w.cause) for w in result.refused_wishes] == [("B", "needed")]
    assert "without B there would be 0" in result.refused_wishes[0].reason


def test_no_wish_outweighs_an_agent_missing_for_an_hour() -> None:
    plan = build_shift_plan([(0, EARLY, "08:00", "12:00-13:00", 1)])
    result = rostered(plan, people=1, days=1, wishes=(wish("A", 0, "off", weight=10),))
    assert result.short.empty


def test_a_refused_wish_for_a_duty_names_the_rule_that_bars_it() -> None:
    settings = build_settings(streams=(PRE,))
    last = build_roster([("A", -1, LATE)])
    result = rostered(
        build_shift_plan([(0, LATE, "15:00", "18:00-19:00", 1)]),
        people=build_people(1, templates=("早班",)),
        wishes=(wish("A", 0, "prefer", "早班"),),
        settings=settings,
        days=1,
        last_roster=last,
    )
    (refused,) = result.refused_wishes
    assert (refused.cause, refused.rule) == ("rules", "MinRest")


def test_late_duties_are_shared_out_and_earlier_ones_count() -> None:
    plan = build_shift_plan([(d, LATE, "15:00", "18:00-19:00", 1) for d in range(4)])
    even = rostered(plan, people=2)
    assert sorted(even.fairness["late"]) == [2, 2]
    last = build_roster([("A", d, LATE) for d in (-7, -6, -5, -4)])
    after = rostered(plan, people=2, last_roster=last)
    late = after.fairness.set_index("employee")["late"]
    assert late["A"] < late["B"]
    assert list(after.fairness["late_before"]) == [4, 0]


def test_part_time_contracts_get_a_smaller_share() -> None:
    people = (*build_people(1, max_hours_per_week=40), replace(build_people(2)[1], max_hours_per_week=20))
    plan = build_shift_plan([(d, EARLY, "08:00", "12:00-13:00", 1) for d in range(6)])
    hours = rostered(plan, people=people).fairness.set_index("employee")["hours"]
    assert hours["A"] == 2 * hours["B"]


def test_who_gets_few_hours_without_a_claim_is_named() -> None:
    fast = build_people(4)[:3]
    slow = replace(build_people(4)[3], speed=0.25)
    plan = build_shift_plan([(d, EARLY, "08:00", "12:00-13:00", 3) for d in range(5)])
    notes = rostered(plan, people=(*fast, slow)).notes
    assert [note for note in notes if note.startswith("few paid hours")] == [
        "few paid hours, against what is usual in the pool: D 0/40. "
        "Without min_hours_per_week in agents.csv nobody has a claim to hours"
    ]
    claims = replace(slow, min_hours_per_week=8)
    assert not any("few paid hours" in note for note in rostered(plan, people=(*fast, claims)).notes)


def test_two_streams_are_served_by_who_can() -> None:
    settings = build_settings()
    people = (
        replace(build_people(1)[0], skills=(PRE,)),
        replace(build_people(2)[1], skills=(AFTER,)),
    )
    requirement = pd.concat(
        [build_requirement(1, days=2, hours=(9, 18), stream=name) for name in (PRE, AFTER)]
    )
    result = rostered(people=people, settings=settings, days=2, requirement=requirement)
    assert result.roster is not None
    assert dict(zip(result.roster["employee"], result.roster["stream"], strict=True)) == {
        "A": PRE,
        "B": AFTER,
    }


def test_work_past_midnight_belongs_to_its_day() -> None:
    night = ShiftTemplate(
        name="夜班", form="late", starts=("20:00",), hours=6, break_min=60, break_after_hours=(4, 5)
    )
    settings = build_settings(streams=(PRE,), templates=(night,))
    requirement = build_requirement(1, days=1, hours=(20, 26))
    result = rostered(settings=settings, days=1, people=1, requirement=requirement)
    assert result.roster is not None
    row = result.roster.iloc[0]
    assert row["date"] == MONDAY
    assert row["end"] == instant(day(1), 120, "Asia/Shanghai")
    assert row["breaks"] in ("24:00-01:00", "00:00-01:00", "01:00-02:00")
    start = 20 * 60
    assert read_pauses(row["breaks"], start) in legal_pauses(night, start, 60)


def test_a_day_on_which_clocks_change_is_covered_hour_by_hour() -> None:
    berlin = "Europe/Berlin"
    sunday = dt.date(2026, 10, 25)
    early_night = ShiftTemplate(name="夜班", form="late", starts=("00:00",), hours=4)
    settings = build_settings(streams=(PRE,), timezone=berlin, templates=(early_night,))
    starts = pd.date_range(instant(sunday, 0, berlin), periods=5, freq="h")
    requirement = pd.DataFrame({"stream": PRE, "start": starts, "agents_net": 1.0})
    result = make_roster(
        RosterCase(
            employees=build_people(1),
            wishes=(),
            settings=settings,
            start=sunday,
            days=1,
            requirement=requirement,
        ),
        effort="quick",
    )
    assert result.short.empty
    assert result.roster is not None
    elapsed = result.roster["end"].iloc[0] - result.roster["start"].iloc[0]
    assert elapsed == pd.Timedelta(hours=5)


def test_the_audit_agrees_with_a_week_of_everything() -> None:
    people = (
        *build_people(5),
        *(
            replace(p, employee=f"P{p.employee}", pool="part_time", max_hours_per_week=20)
            for p in build_people(2)
        ),
    )
    wishes = (wish("A", 2, "leave"), wish("B", 3, "fixed", "晚班"), wish("C", 5, "off", weight=3))
    result = rostered(people=people, wishes=wishes, requirement=build_requirement(2))
    assert result.roster is not None
    found = audit(result.roster, people, wishes, ONE_STREAM, start=MONDAY, days=7)
    assert found == []
    assert [stage.name for stage in result.stages][:2] == ["law", "cover"]
    assert sum(stage.value for stage in result.stages) == pytest.approx(result.objective)


def test_progress_reports_fall() -> None:
    seen: list[float] = []
    rostered(PLAN, progress=lambda report: seen.append(report.objective))
    assert seen == sorted(seen, reverse=True)
    assert seen


def test_ctrl_c_keeps_the_best_roster_so_far() -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    result = rostered(PLAN, progress=interrupt)
    assert (result.status, result.bound) == ("FEASIBLE", 0)
    assert result.roster is not None
    assert not result.roster.empty
    assert result.notes[0].startswith("interrupted")


def test_a_plan_outside_the_span_is_refused() -> None:
    with pytest.raises(DataError, match="neither the shift plan nor the requirement has a row"):
        rostered(PLAN, start=day(70))


def test_a_plan_of_unknown_templates_is_refused() -> None:
    with pytest.raises(DataError, match="shift plan: no template is called '早斑'; known: 半班, 早班, 晚班"):
        rostered(PLAN.assign(template="早斑"))


@pytest.mark.parametrize(
    ("text", "start", "pause"),
    [
        ("12:00-13:00", 480, ((720, 780),)),
        ("", 480, ()),
        (None, 480, ()),
        (float("nan"), 480, ()),
        ("00:30-01:00", 1200, ((1470, 1500),)),
    ],
)
def test_breaks_are_read_from_their_text(text: str, start: int, pause: tuple) -> None:
    assert read_pauses(text, start) == pause


def test_breaks_are_written_as_they_are_read() -> None:
    assert read_pauses(pauses_text(((660, 675), (900, 930))), 480) == ((660, 675), (900, 930))
