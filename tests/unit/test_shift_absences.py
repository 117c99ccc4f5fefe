"""Small teams in which now and then everybody is away: sessions that nobody ever answers."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders_service import half_duty, service_day

from forecast.config import Stream
from forecast.replies.rules import Period
from scheduling.demand import StreamDemand
from scheduling.judgement import _is_open, pooled
from scheduling.shifts.design import design_span
from scheduling.shifts.judging import JudgeJob, judge_days

DATES = (dt.date(2026, 12, 7), dt.date(2026, 12, 8))
STREAM = Stream(id="chat", confidence=0.5, absence_rate=0.1, max_unanswered=0.01)


def demand() -> StreamDemand:
    day = service_day([8.0] * 8, rule={"period": Period(kind="natural_week")}, reply_s=30.0, reception_cap=5)
    starts = {
        date: pd.date_range(f"{date} 09:00", periods=8, freq="30min", tz="Asia/Shanghai") for date in DATES
    }
    days = dict.fromkeys(DATES, day)
    return StreamDemand(
        stream="chat",
        days=days,
        offered=dict.fromkeys(DATES, day.sessions),
        draws={date: np.tile(day.sessions, (20, 1)) for date in DATES},
        starts=starts,
    )


@pytest.mark.slow
def test_a_certified_plan_leaves_few_unanswered_though_people_are_away() -> None:
    instances = [half_duty(start, end) for start, end in ((540, 780), (540, 660), (660, 780))]
    design = design_span(
        {"chat": demand()}, instances, streams={"chat": STREAM}, effort="normal", processes=1
    )
    assert design.streams["chat"].certified
    jobs = [
        JudgeJob(task=plan.task, counts=plan.counts, seed=7, first_day=10**6, days=4000)
        for plan in design.days.values()
    ]
    days = judge_days(None, jobs)
    unanswered, sessions = (
        sum(getattr(day, name).mean() for day in days) for name in ("unanswered_sessions", "window_sessions")
    )
    assert unanswered <= STREAM.max_unanswered * sessions


def judged(unanswered: list[float]) -> Any:
    return SimpleNamespace(
        unanswered_sessions=np.array(unanswered), window_sessions=np.full(len(unanswered), 100.0)
    )


def test_more_days_are_asked_for_only_where_the_limit_is_in_doubt() -> None:
    rare = judged([0.0] * 99 + [100.0])  # one day in a hundred nobody came
    assert pooled({DATES[0]: rare}, "unanswered_sessions", "window_sessions") == pytest.approx(0.01)
    assert _is_open({DATES[0]: rare}, 0.01)
    assert not _is_open({DATES[0]: judged([0.0] * 100)}, 0.01)
    assert not _is_open({DATES[0]: judged([30.0, 40.0] * 50)}, 0.01)
