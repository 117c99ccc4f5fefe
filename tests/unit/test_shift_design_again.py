"""Shifts that are designed once more for what the judge of the whole plan found missing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from builders_service import half_duty, service_day

from forecast.config import Stream
from forecast.replies.rules import Period
from scheduling.demand import StreamDemand
from scheduling.shifts.design import ShiftDesign, design_again, design_span

pytestmark = pytest.mark.slow

DATES = (dt.date(2026, 12, 7), dt.date(2026, 12, 8))
RATES = [90.0, 120.0, 150.0, 180.0, 180.0, 150.0, 120.0, 90.0]
DUTIES = ((540, 780), (540, 660), (600, 720), (660, 780))  # the whole day, and halves of it


def demand() -> StreamDemand:
    day = service_day(RATES, rule={"period": Period(kind="natural_week")}, reply_s=30.0, reception_cap=5)
    rng = np.random.default_rng(3)
    factors = np.exp(0.15 * rng.standard_normal((80, 1)))
    return StreamDemand(
        stream="chat",
        days=dict.fromkeys(DATES, day),
        offered=dict.fromkeys(DATES, day.sessions),
        draws={date: rng.poisson(factors * day.sessions).astype(float) for date in DATES},
        starts={
            date: pd.date_range(f"{date} 09:00", periods=8, freq="30min", tz="Asia/Shanghai")
            for date in DATES
        },
    )


@pytest.fixture(scope="module")
def asked() -> StreamDemand:
    return demand()


def designed(asked: StreamDemand) -> ShiftDesign:
    instances = [half_duty(start, end) for start, end in DUTIES]
    streams = {"chat": Stream(id="chat", confidence=0.8)}
    return design_span({"chat": asked}, instances, streams=streams, effort="quick", processes=1)


def test_a_plan_that_is_behind_gets_more_hours_and_a_better_share(asked: StreamDemand) -> None:
    first = designed(asked)
    before = first.streams["chat"]
    again = design_again(first, {"chat": asked}, {"chat": [-0.02]}, processes=1)
    assert again is not None
    after = again.streams["chat"]
    assert after.paid_hours > before.paid_hours
    assert after.promised_low > before.promised_low
    assert after.certified


def test_a_plan_that_is_not_behind_stays(asked: StreamDemand) -> None:
    assert design_again(designed(asked), {"chat": asked}, {"chat": [0.001]}, processes=1) is None
