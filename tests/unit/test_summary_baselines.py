"""The usual methods beside a plan."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
from builders_service import half_duty, service_day

from forecast.config import ShopSettings, Stream
from scheduling.config import Settings
from scheduling.demand import StreamDemand
from scheduling.shifts.task import PeopleLimits
from scheduling.summary import baselines_of, limit_notes

DAY = dt.date(2026, 3, 2)


def test_people_of_the_usual_methods_are_absent_as_often_as_ours() -> None:
    day = service_day([60.0] * 8)
    starts = pd.date_range("2026-03-02 09:00", periods=8, freq="30min", tz="Asia/Shanghai")
    demand = StreamDemand(
        stream="a", days={DAY: day}, offered={DAY: day.sessions}, draws={}, starts={DAY: starts}
    )
    instances = (half_duty(540, 780), half_duty(540, 660), half_duty(660, 780))
    found = {}
    for rate in (0.0, 0.3):
        streams = (Stream(id="a", absence_rate=rate),)
        settings = Settings(demand=ShopSettings(folder=Path(), streams=streams))
        found[rate] = baselines_of({"a": demand}, instances, settings, PeopleLimits(), seed=0)
    for name, figures in found[0.0].items():
        assert found[0.3][name]["paid_hours"] == figures["paid_hours"]
        assert found[0.3][name]["simulated"] < figures["simulated"]


def test_a_limit_that_asks_for_more_people_than_the_target_is_named() -> None:
    streams = (Stream(id="a"), Stream(id="b"), Stream(id="c"))
    settings = Settings(demand=ShopSettings(folder=Path(), streams=streams))
    seen = {
        "a": {"target": 0.9, "simulated": 0.997, "unanswered": 0.0093},  # impatient buyers
        "b": {"target": 0.9, "simulated": 0.997, "unanswered": 0.001},  # people for busier futures
        "c": {"target": 0.9, "simulated": 0.902, "unanswered": 0.0093},
    }
    (note,) = limit_notes(seen, settings)
    assert note.startswith("a: max_unanswered (1.0%)")
