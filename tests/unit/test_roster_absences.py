"""Tables of who cannot come and who may be called."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from builders_roster import build_people, build_settings

from forecast.errors import DataError
from forecast.promotions import PromotionCalendar
from scheduling.inputs import Inputs
from scheduling.reserve_people import reserve_people
from scheduling.roster.absences import Reserve, leave_of, parse_absence, read_absences

PEOPLE = build_people(3)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_absence_without_an_end_is_one_day(tmp_path: Path) -> None:
    (absence,) = read_absences(written(tmp_path, "employee,date,reason\nA,2026-12-09,flu\n"), PEOPLE)
    assert (absence.date, absence.until, absence.reason) == (absence.date, dt.date(2026, 12, 9), "flu")


def test_every_wrong_row_of_absences_is_named(tmp_path: Path) -> None:
    text = "employee,date,until\nZ,2026-12-09,\nA,soon,\nB,2026-12-09,2026-12-01\n"
    with pytest.raises(DataError) as caught:
        read_absences(written(tmp_path, text), PEOPLE)
    problems = [str(problem) for problem in caught.value.problems]
    assert "table.csv row 2, column employee: 'Z' is not known; known: A, B, C" in problems
    assert "table.csv row 3, column date: 'soon' is not a date; write it as 2026-11-11" in problems
    assert "table.csv row 4, column until: until 2026-12-01 lies before 2026-12-09" in problems


def test_a_typed_absence_names_its_days() -> None:
    absence = parse_absence("B:2026-12-09..2026-12-11", PEOPLE)
    assert (absence.employee, (absence.until - absence.date).days) == ("B", 2)
    assert parse_absence("B:2026-12-09", PEOPLE).until == dt.date(2026, 12, 9)


@pytest.mark.parametrize("text", ["Z:2026-12-09", "B:tomorrow", "B", "B:2026-12-09..2026-12-08"])
def test_an_absence_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(DataError, match="--absent"):
        parse_absence(text, PEOPLE)


def test_a_name_without_a_day_is_told_that_the_day_is_missing() -> None:
    with pytest.raises(DataError, match="--absent B: no date; write NAME:2026-12-10"):
        parse_absence("B", PEOPLE)


def test_absences_become_days_of_leave_inside_the_span() -> None:
    absences = [parse_absence("A:2026-12-06..2026-12-08", PEOPLE), parse_absence("A:2026-12-08", PEOPLE)]
    leave = leave_of(absences, start=dt.date(2026, 12, 7), days=7)
    assert [wish.date.day for wish in leave] == [7, 8]
    assert {wish.kind for wish in leave} == {"leave"}


def test_reserves_are_called_in_the_order_of_their_rows_and_outsiders_become_people(tmp_path: Path) -> None:
    text = "employee,pool,streams,lead_time_h,cost_per_hour\nB,staff,,2,\nZoe,part_time,pre,4,30\n"
    inputs = Inputs(
        settings=build_settings(streams=("pre",)),
        history=pd.DataFrame(),
        calendar=PromotionCalendar(),
        employees=PEOPLE,
        hashes={},
    )
    found = reserve_people(written(tmp_path, text), inputs)
    assert [(one.employee, one.order, one.lead_hours) for one in found.reserves] == [
        ("B", 1, 2.0),
        ("Zoe", 2, 4.0),
    ]
    (zoe,) = found.outsiders
    assert (zoe.pool, zoe.streams, zoe.cost_per_hour) == ("part_time", ("pre",), 30.0)


def test_a_reserve_with_an_order_or_lead_time_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValueError, match="order must be 1 or more"):
        Reserve(employee="A", order=0)
    with pytest.raises(ValueError, match="lead_hours must be 0 or more"):
        Reserve(employee="A", order=1, lead_hours=-2)
