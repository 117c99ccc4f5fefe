"""Who is named and can work binds the shifts: nobody is planned who is not there or cannot serve."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders_service import half_duty, service_day

from forecast.config import ShopSettings, Stream
from scheduling.config import PoolLimit, Settings
from scheduling.demand import StreamDemand
from scheduling.people_limits import named_limits
from scheduling.roster.availability import AvailableTime
from scheduling.roster.people import Employee, Wish
from scheduling.shifts.design import PeopleLimits, ShiftDesign, design_span
from scheduling.shifts.sharing import shared_limits
from scheduling.shifts.task import DayTask

DAY = dt.date(2026, 12, 7)
NEXT = DAY + dt.timedelta(days=1)
STREAMS = {name: Stream(id=name, skill=name, confidence=0.5) for name in ("pre", "after")}
STAFF = [half_duty(540, 780), half_duty(540, 660), half_duty(660, 780)]
CHEAP = [replace(one, pool="part_time", cost=0.6 * one.cost) for one in STAFF]
SHIFTS = [*STAFF, *CHEAP]
SETTINGS = Settings(
    demand=ShopSettings(folder=Path("shop"), streams=tuple(STREAMS.values())),
    pools=(PoolLimit(name="part_time", max_people=3),),
)


def demands(*dates: dt.date, hourly: float = 90.0) -> dict[str, StreamDemand]:
    day = service_day([hourly] * 8)
    return {
        name: StreamDemand(
            stream=name,
            days=dict.fromkeys(dates, day),
            offered=dict.fromkeys(dates, day.sessions),
            draws={},
            starts={
                date: pd.date_range(f"{date} 09:00", periods=8, freq="30min", tz="Asia/Shanghai")
                for date in dates
            },
        )
        for name in STREAMS
    }


def people(count: int, **details: object) -> list[Employee]:
    return [Employee(employee=f"{details}{number}", **details) for number in range(count)]  # type: ignore[arg-type]


def limits(employees: list[Employee], *wishes: Wish) -> PeopleLimits:
    return named_limits(SETTINGS, employees, wishes, demands(DAY, NEXT), SHIFTS)


def designed(employees: list[Employee]) -> ShiftDesign:
    asked = demands(DAY)
    return design_span(
        asked,
        SHIFTS,
        streams=STREAMS,
        limits=named_limits(SETTINGS, employees, (), asked, SHIFTS),
        effort="quick",
        processes=1,
    )


def planned(design: ShiftDesign, stream: str, pool: str) -> int:
    plan = design.shift_plan
    return int(plan.loc[(plan["stream"] == stream) & (plan["pool"] == pool), "agents"].sum())


def test_people_count_where_they_are_there_and_can_serve() -> None:
    found = limits(
        [
            *people(4),
            *people(2, streams=("pre",)),
            Employee(employee="sick"),
            Employee(employee="left", ends_on=DAY),
            Employee(employee="nights", available=(AvailableTime(day=0, start_min=1200, end_min=1440),)),
            Employee(employee="elsewhere", templates=("夜班",)),
            *people(1, pool="part_time", skills=("pre",)),
        ],
        Wish(employee="sick", date=DAY, kind="leave"),
        Wish(employee="left", date=DAY, kind="off"),
    )
    assert found.there == {DAY: {"part_time": 1, "staff": 7}, NEXT: {"part_time": 1, "staff": 7}}
    assert found.able["pre", DAY] == {"part_time": 1, "staff": 7}
    assert found.able["after", DAY] == {"part_time": 0, "staff": 5}
    assert found.pools == {"part_time": 3}


def test_where_nobody_is_named_the_shop_alone_says_how_many() -> None:
    assert limits([]) == PeopleLimits(pools={"part_time": 3})
    staff_only = limits(people(5, streams=("pre",)))
    assert "part_time" not in staff_only.there[DAY]
    assert [limit for _, limit in staff_only.groups_of(SHIFTS, ("pre", DAY))] == [3, 5]
    assert ("after", DAY) not in staff_only.able


def test_nobody_is_planned_for_a_stream_that_they_cannot_serve() -> None:
    """Part-timers without the skill stood on the plan, and the roster made up for them with dearer people."""
    staff, part_timers = people(12), people(3, pool="part_time", streams=("pre",))
    design = designed([*staff, *part_timers])
    assert planned(design, "after", "part_time") == 0
    assert 0 < planned(design, "pre", "part_time") <= 3
    assert all(outcome.certified for outcome in design.streams.values())
    assert planned(designed([]), "after", "part_time") > 0


def test_people_who_serve_several_streams_are_planned_once() -> None:
    needed = planned(designed([]), "pre", "staff") + planned(designed([]), "after", "staff")
    both = people(needed + 1)
    design = designed([*both, *people(3, pool="part_time")])
    assert planned(design, "pre", "staff") + planned(design, "after", "staff") <= len(both)


def test_shifts_for_too_few_people_say_how_many_it_takes() -> None:
    few, unnamed = designed(people(2)), designed([])
    assert all(outcome.certified for outcome in few.streams.values())
    assert few.shift_plan["agents"].sum() == pytest.approx(unnamed.shift_plan["agents"].sum(), abs=1)


def test_parts_of_what_is_left_go_to_who_can_use_them() -> None:
    everybody, own = [(np.array([0]), 5), (np.array([1]), 9)], [[5, 9], [1, 9]]
    limits_of = [
        [(members, most) for (members, _), most in zip(everybody, mine, strict=True)] for mine in own
    ]
    parts = shared_limits(everybody, [np.array([2, 5]), np.array([1, 6])], [10.0, 90.0], own=limits_of)
    assert parts is not None
    assert [part[0][1] for part in parts] == [4, 1]


def test_a_plan_with_too_many_people_is_cut_to_the_limits_and_no_further() -> None:
    task = DayTask(
        day=service_day(), instances=tuple(SHIFTS), groups=((np.array([3, 4, 5]), 3), (np.array([0]), 2))
    )
    cut = task.within_limits(np.array([4, 1, 1, 5, 1, 0]))
    assert cut.tolist() == [2, 1, 1, 2, 1, 0]
    assert task.fits(cut)
    assert task.room(cut).tolist() == [1, 2]
