"""The long view: hours by week, people who leave, newcomers who learn, who to hire by when."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from builders_scenarios import ask, build_base, build_inputs

from reports.cli.hire_run import hiring_page
from reports.words import words
from scheduling.hiring import USUAL_SHAPE, HiringTerms, hiring_table, shape_of, weekly_hours
from scheduling.promotion.levers import pull
from scheduling.roster.people import Employee

MONDAY = dt.date(2026, 12, 7)
TODAY = dt.date(2026, 11, 10)  # nobody new is needed sooner than can be had
STAFF = tuple(Employee(employee=f"staff{n}", max_hours_per_week=40.0) for n in range(5))


def _weeks(*hours: float) -> pd.DataFrame:
    mondays = [MONDAY + dt.timedelta(weeks=n) for n in range(len(hours))]
    return pd.DataFrame({"week": mondays, "days": 7, "offered": 1000.0, "hours": list(hours), "peak": 4.0})


def _table(
    weeks: pd.DataFrame,
    *,
    employees: tuple[Employee, ...] = STAFF,
    today: dt.date = TODAY,
    **terms: float,
) -> pd.DataFrame:
    inputs = build_inputs(employees=employees)
    return hiring_table(weeks, inputs, HiringTerms(**terms), shape=1.0, today=today)  # type: ignore[arg-type]


def test_nobody_is_hired_while_those_there_suffice() -> None:
    table = _table(_weeks(200, 200, 200), attrition=0.0)
    assert table["staff_needed"].tolist() == [5, 5, 5]
    assert table["staff_hired"].sum() == table["part_time_hired"].sum() == 0


def test_who_leaves_is_replaced_and_more_attrition_never_hires_fewer() -> None:
    hired = [_table(_weeks(*[200] * 12), attrition=a)["staff_hired"].sum() for a in (0.0, 0.1, 0.3)]
    assert hired == sorted(hired)
    assert hired[-1] > hired[0]


def test_newcomers_count_by_what_they_have_learnt() -> None:
    table = _table(_weeks(*[240] * 10), attrition=0.0, newcomer_speed=0.5, half_life_weeks=2.0)
    assert table["staff_hired"].tolist() == [2] + [0] * 9  # one more is needed; two halves make it
    effective = table["staff_effective"]
    assert effective.is_monotonic_increasing
    assert effective.iloc[0] == pytest.approx(6.0)
    assert effective.iloc[2] == pytest.approx(5 + 2 * 0.75)


def test_a_promotion_week_is_for_part_timers() -> None:
    table = _table(_weeks(200, 200, 320, 200, 200), attrition=0.0)
    assert table["staff_hired"].sum() == 0
    assert table["extra_hours"].tolist() == [0, 0, 120, 0, 0]
    assert table["part_time_hired"].tolist() == [0, 0, 6, 0, 0]


def test_nobody_new_starts_sooner_than_can_be_had() -> None:
    weeks = _weeks(240, 240, 240, 240, 240)
    late = dt.timedelta(days=14)  # two of the three weeks between decision and first day are over
    table = _table(weeks, today=TODAY + late, attrition=0.0, newcomer_speed=1.0, lead_weeks=3)
    assert table["staff_hired"].tolist() == [0, 0, 1, 0, 0]
    assert table["missing_hours"].tolist() == [40, 40, 0, 0, 0]
    assert table["in_time"].tolist() == [False, False, True, True, True]
    assert table.loc[2, "decide_by"] == MONDAY - dt.timedelta(weeks=1)


def test_part_timers_at_hand_work_what_newcomers_come_too_late_for() -> None:
    part = Employee(employee="part", pool="part_time", max_hours_per_week=30.0)
    table = _table(_weeks(240, 240), employees=(*STAFF, part), today=MONDAY, attrition=0.0)
    assert table["missing_hours"].tolist() == [10, 10]
    assert table["part_time_hired"].sum() == table["staff_hired"].sum() == 0


def test_weekly_hours_carry_time_off_and_absence_and_scale_cut_weeks() -> None:
    plain, lossy = build_inputs(), build_inputs(shrinkage=0.2, absence_rate=0.1)
    base = build_base()
    demands = pull(base, plain, (), ask()).demands
    terms = HiringTerms(confidence=0.5)
    first = weekly_hours(demands, plain.settings, terms, processes=1)
    second = weekly_hours(demands, lossy.settings, terms, processes=1)
    assert first["week"].tolist() == [MONDAY]
    assert first["offered"].iloc[0] == pytest.approx(60.0 * 9 * 7)
    assert second["hours"].iloc[0] == pytest.approx(first["hours"].iloc[0] / 0.8 / 0.9)
    busy = weekly_hours(demands, plain.settings, HiringTerms(confidence=0.95), processes=1)
    assert busy["hours"].iloc[0] >= first["hours"].iloc[0]


def test_the_shape_of_shifts_is_taken_from_a_plan() -> None:
    base = build_base(agents=3)
    need = base.requirement.assign(agents_gross=2.0)
    assert shape_of(base.shift_plan, need, 60) == pytest.approx(1.5)
    assert shape_of(base.shift_plan, need.assign(agents_gross=0.0), 60) == USUAL_SHAPE


@pytest.mark.parametrize("wrong", [{"attrition": 1.0}, {"newcomer_speed": 0.0}, {"half_life_weeks": 0.0}])
def test_terms_that_cannot_be_meant_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HiringTerms(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_long_view_is_a_page_of_its_own(lang: str) -> None:
    table = _table(_weeks(200, 200, 320, 200), attrition=0.05)
    text = hiring_page(table, ["summary"], words(lang), shop="小店", weeks=4)
    assert "https://" not in text
    assert "summary" in text
    assert text.count("<tr>") == 5
