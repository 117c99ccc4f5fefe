"""What the model promises of any plan."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders_service import service_day

from forecast.config import ShopSettings, Stream
from scheduling.config import Settings
from scheduling.day import DutySpan
from scheduling.demand import StreamDemand
from scheduling.promise import Promise, promises
from scheduling.simulation.replicate import judge

DAY = dt.date(2026, 3, 2)


def demand(rates: list[float], draws: np.ndarray | None = None) -> StreamDemand:
    day = service_day(rates)
    starts = pd.date_range("2026-03-02 09:00", periods=len(rates), freq="30min", tz="Asia/Shanghai")
    return StreamDemand(
        stream="a",
        days={DAY: day},
        offered={DAY: day.sessions},
        draws={} if draws is None else {DAY: draws},
        starts={DAY: starts},
    )


def promised(
    asked: StreamDemand, people: int, *, absence: float = 0.0, simulated: float = 0.95, speed: float = 1.0
) -> Promise:
    duties = [DutySpan(start_min=540, end_min=780, streams=("a",), speed=speed)] * people
    return promises(
        {"a": asked},
        {DAY: {"a": duties}},
        simulated={"a": simulated},
        settings=Settings(
            demand=ShopSettings(folder=Path(), streams=(Stream(id="a", absence_rate=absence),))
        ),
        processes=1,
    )["a"]


def test_absences_take_from_the_promise_what_the_simulator_says_they_take() -> None:
    asked = demand([110.0] * 8)
    duties = [DutySpan(start_min=540, end_min=780, streams=("a",))] * 6
    found = {}
    for rate in (0.0, 0.08):
        seen = judge({"a": asked.days[DAY]}, duties, seed=1, least_days=400, most_days=400, absence_rate=rate)
        found[rate] = seen.streams["a"].share
    lost = promised(asked, 6).share - promised(asked, 6, absence=0.08).share
    assert lost > 0.01
    assert lost == pytest.approx(found[0.0] - found[0.08], abs=0.012)


def test_draws_of_more_demand_lower_the_chance() -> None:
    calm = np.tile(service_day([100.0] * 8).sessions, (40, 1))
    busy = calm * np.linspace(0.8, 2.0, 40)[:, None]
    sure, unsure = promised(demand([100.0] * 8, calm), 6), promised(demand([100.0] * 8, busy), 6)
    assert sure.probability == 1.0
    assert 0.3 < unsure.probability < 1.0
    assert unsure.low < sure.low


def test_what_the_model_is_kinder_by_is_taken_off_the_chance() -> None:
    asked = demand([100.0] * 8)
    share = promised(asked, 6).share
    assert promised(asked, 6, simulated=share).probability == 1.0
    assert promised(asked, 6, simulated=share - 0.2).probability == 0.0


def test_the_chance_is_what_the_simulator_finds_in_the_futures_drawn() -> None:
    calm = service_day([100.0] * 8).sessions
    draws = calm * np.linspace(0.9, 1.9, 60)[:, None]
    asked = demand([100.0] * 8, draws)
    duties = [DutySpan(start_min=540, end_min=780, streams=("a",))] * 6
    seen = judge(
        {"a": asked.days[DAY]}, duties, seed=5, least_days=1200, most_days=1200, sessions={"a": draws}
    ).streams["a"]
    by_draw = [one.reshape(20, 60).sum(axis=0) for one in (seen.numerators, seen.denominators)]
    achieved = float(np.mean(by_draw[0] / by_draw[1] >= asked.days[DAY].target))
    assert 0.2 < achieved < 0.8
    assert promised(asked, 6).probability == pytest.approx(achieved, abs=0.06)
