"""Calendars: one file an agent, updated in place."""

from __future__ import annotations

import dataclasses
import datetime as dt

import icalendar
import pytest
from builders_plan import NAMES, START, build_plan

from reports.ics import file_name, write_calendars


@pytest.fixture(scope="module")
def plan():
    return build_plan(days=4, people=4)


def _events(path):
    return list(icalendar.Calendar.from_ical(path.read_bytes()).events)


def _changed(plan, **columns):
    """Return the plan with the first duty changed."""
    roster = plan.roster.copy()
    for name, value in columns.items():
        roster[name] = [value, *roster[name].iloc[1:]]
    return dataclasses.replace(plan, roster=roster)


def test_everybody_on_the_roster_has_a_file_with_their_duties(plan, tmp_path):
    files = write_calendars(plan, tmp_path, "zh")
    assert {path.stem for path in files} == set(NAMES[:4])
    for path in files:
        mine = plan.roster[plan.roster["employee"] == path.stem]
        assert [event.decoded("DTSTART") for event in _events(path)] == list(mine["start"])


def test_times_carry_the_shops_zone_and_the_zone_is_spelt_out(plan, tmp_path):
    text = b"".join(path.read_bytes() for path in write_calendars(plan, tmp_path, "zh"))
    assert b"DTSTART;TZID=Asia/Shanghai:20261207T090000" in text
    assert b"BEGIN:VTIMEZONE\r\nTZID:Asia/Shanghai\r\n" in text


def test_a_duty_past_midnight_ends_on_the_next_day(plan, tmp_path):
    first = plan.roster["start"].iloc[0]
    late = _changed(plan, end=first.normalize() + dt.timedelta(days=1, hours=2))
    write_calendars(late, tmp_path, "zh")
    event = _events(tmp_path / f"{plan.roster['employee'].iloc[0]}.ics")[0]
    assert event.decoded("DTEND").date() == event.decoded("DTSTART").date() + dt.timedelta(days=1)


def test_writing_the_same_roster_again_changes_nothing(plan, tmp_path):
    before = {path.name: path.read_bytes() for path in write_calendars(plan, tmp_path, "zh")}
    after = {path.name: path.read_bytes() for path in write_calendars(plan, tmp_path, "zh")}
    assert after == before


def test_a_changed_duty_keeps_its_uid_and_raises_its_sequence(plan, tmp_path):
    name = plan.roster["employee"].iloc[0]
    write_calendars(plan, tmp_path, "zh")
    before = _events(tmp_path / f"{name}.ics")
    write_calendars(_changed(plan, breaks="10:00-11:00"), tmp_path, "zh")
    after = _events(tmp_path / f"{name}.ics")
    assert [event["UID"] for event in after] == [event["UID"] for event in before]
    assert [int(event["SEQUENCE"]) for event in after] == [1] + [0] * (len(after) - 1)
    assert after[0].decoded("DTSTAMP") > before[0].decoded("DTSTAMP")


def test_a_dropped_duty_is_cancelled_once_and_stays_so(plan, tmp_path):
    name = plan.roster["employee"].iloc[0]
    dropped = dataclasses.replace(plan, roster=plan.roster.iloc[1:])
    write_calendars(plan, tmp_path, "zh")
    for _ in range(2):
        write_calendars(dropped, tmp_path, "zh")
        first = _events(tmp_path / f"{name}.ics")[0]
        assert (str(first["STATUS"]), int(first["SEQUENCE"])) == ("CANCELLED", 1)


def test_a_duty_that_comes_back_is_a_later_version(plan, tmp_path):
    name = plan.roster["employee"].iloc[0]
    for version in (plan, dataclasses.replace(plan, roster=plan.roster.iloc[1:]), plan):
        write_calendars(version, tmp_path, "zh")
    first = _events(tmp_path / f"{name}.ics")[0]
    assert (str(first["STATUS"]), int(first["SEQUENCE"])) == ("CONFIRMED", 2)


def test_former_duties_outside_the_span_stay(plan, tmp_path):
    name = plan.roster["employee"].iloc[0]
    write_calendars(plan, tmp_path, "zh")
    later = dataclasses.replace(plan, start=START + dt.timedelta(days=30), roster=plan.roster.iloc[:0])
    write_calendars(later, tmp_path, "zh")
    assert {str(event["STATUS"]) for event in _events(tmp_path / f"{name}.ics")} == {"CONFIRMED"}


def test_former_calendars_may_stand_in_another_folder(plan, tmp_path):
    write_calendars(plan, tmp_path / "old", "zh")
    name = plan.roster["employee"].iloc[0]
    moved = _changed(plan, template="晚班")
    write_calendars(moved, tmp_path / "new", "zh", former=tmp_path / "old")
    assert int(_events(tmp_path / "new" / f"{name}.ics")[0]["SEQUENCE"]) == 1


def test_names_that_file_systems_forbid_become_distinct_files():
    assert file_name("a/b") != file_name("a:b")
    assert not set('/\\:*?"<>|') & set(file_name('a/b\\c:d*e?f"g<h>i|j'))


def test_without_a_roster_nothing_is_written(tmp_path):
    plan = build_plan(days=2, with_roster=False)
    assert write_calendars(plan, tmp_path / "calendars", "zh") == []
