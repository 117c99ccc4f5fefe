"""The simulator's word on a plan as written."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
from builders_service import service_day

from forecast.config import ShopSettings, Stream
from scheduling.config import Settings
from scheduling.day import DutySpan
from scheduling.demand import StreamDemand
from scheduling.duties import Duties, on_date
from scheduling.judgement import LEAST_JUDGED, is_certified, judge_span, share_of_span

DAY = dt.date(2026, 3, 2)
NEXT = dt.date(2026, 3, 3)
SETTINGS = Settings(demand=ShopSettings(folder=Path(), streams=(Stream(id="a"),)))
TWO: Duties = {DAY: {"a": [DutySpan(start_min=540, end_min=780, streams=("a",))] * 2}}


def demand(target: float) -> StreamDemand:
    day = replace(service_day([40.0] * 8), target=target)
    starts = pd.date_range("2026-03-02 09:00", periods=8, freq="30min", tz="Asia/Shanghai")
    return StreamDemand(
        stream="a", days={DAY: day}, offered={DAY: day.sessions}, draws={}, starts={DAY: starts}
    )


def test_a_share_just_above_its_target_is_simulated_until_it_is_certain() -> None:
    usual = judge_span({"a": demand(0.5)}, TWO, SETTINGS, seed=0, doubtful=3000)["a"]
    share = share_of_span(usual)
    assert usual[DAY].days == LEAST_JUDGED  # far from the target: few days are enough
    near = demand(share.value - 0.5 * share.half_width)
    unsure, sure = (
        judge_span({"a": near}, TWO, SETTINGS, seed=0, doubtful=doubtful)["a"] for doubtful in (0, 6000)
    )
    target = near.days[DAY].target
    assert unsure[DAY].days == LEAST_JUDGED
    assert not is_certified(near, unsure, target=target, max_unanswered=0.01)
    assert sure[DAY].days == 6000
    assert share_of_span(sure).half_width < 0.25 * share.half_width


def test_people_of_the_night_shift_are_there_in_the_morning() -> None:
    night = DutySpan(start_min=1320, end_min=1800, breaks=((1560, 1590),), streams=("a",))
    early = DutySpan(start_min=420, end_min=900, streams=("a",))
    duties: Duties = {DAY: {"a": [early, night]}, NEXT: {"a": [early]}}
    morning = DutySpan(start_min=0, end_min=360, breaks=((120, 150),), streams=("a",))
    assert on_date(duties, NEXT, "a", 0) == [early, morning]
    assert on_date(duties, DAY, "a", 0) == [early, night, morning]  # as on the day before the plan
    assert on_date(duties, NEXT, "a", 480) == [early]
    assert on_date(duties, NEXT + dt.timedelta(days=1), "a", 0) == []
