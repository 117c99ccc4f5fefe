"""Targets that no number of people meets."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from builders_service import half_duty, service_day

from forecast.config import Stream
from scheduling.demand import StreamDemand
from scheduling.requirement import required_agents
from scheduling.service.shop import DayModel
from scheduling.shifts.design import ShiftDesign, design_span

DAY = dt.date(2026, 12, 7)
SHIFTS = [half_duty(540, 780), half_duty(540, 660), half_duty(660, 780)]
SLOW = {"rule": {"threshold_s": 40.0}, "reply_s": 30.0, "reply_cv": 1.0}  # a fifth of replies takes longer
WORK_H = 4 * 60.0 * 5 * 30.0 / 3600


def designed(**day: object) -> ShiftDesign:
    asked = service_day([60.0] * 8, **day)  # type: ignore[arg-type]
    starts = pd.date_range("2026-12-07 09:00", periods=8, freq="30min", tz="Asia/Shanghai")
    demand = StreamDemand(
        stream="a", days={DAY: asked}, offered={DAY: asked.sessions}, draws={}, starts={DAY: starts}
    )
    streams = {"a": Stream(id="a", confidence=0.5)}
    return design_span({"a": demand}, SHIFTS, streams=streams, effort="quick", processes=1)


def test_the_requirement_comes_near_the_best_there_is_without_people_in_plenty() -> None:
    day = service_day([60.0] * 8, **SLOW)
    best = DayModel(day).evaluate(np.full(8, 60)).share
    assert best < day.target
    needed = required_agents(day, floor=0.5, max_unanswered=0.01)
    assert not needed.is_met
    assert needed.evaluation.share == pytest.approx(0.98 * best, abs=0.01)
    model = DayModel(day)
    for interval in range(8):  # nobody is there for nothing
        fewer = needed.agents - (np.arange(8) == interval)
        assert model.evaluate(fewer).share < 0.98 * best
    assert 0.5 * needed.agents.sum() <= 5 * WORK_H


def test_shifts_for_a_target_beyond_reach_cost_no_fortune_and_say_so() -> None:
    design = designed(**SLOW)
    plan, outcome = design.days["a", DAY], design.streams["a"]
    assert outcome.status == "out_of_reach"
    assert not outcome.certified
    assert plan.paid_hours < 5 * WORK_H
    assert outcome.simulated > 0.96 * plan.task.best.share
    assert any("any number of people" in note for note in design.notes)


def test_last_minutes_without_anybody_to_take_a_session_do_not_fill_the_shop() -> None:
    design = designed(no_new_last_min=10.0)  # whoever comes in the last ten minutes is never answered
    plan, outcome = design.days["a", DAY], design.streams["a"]
    assert plan.task.best.unanswered_share > 0.03
    assert outcome.status == "out_of_reach"
    assert plan.paid_hours < 3 * WORK_H
    assert outcome.unanswered < plan.task.best.unanswered_share + 0.015
