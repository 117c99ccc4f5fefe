"""Hours that a forecast must reach: those a history shows, and those past midnight."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.config import Shop, ShopSettings, Stream
from forecast.errors import DataError
from forecast.promotions import PromotionCalendar
from scheduling.config import Settings
from scheduling.inputs import Inputs
from scheduling.outlook import forecast_outlook
from scheduling.pipeline import demands_of

START = dt.date(2026, 11, 23)


def inputs_of(history: pd.DataFrame, **stream: Any) -> Inputs:
    """Return the inputs of a shop of one stream."""
    streams = (Stream(id="shop", **stream),) if stream else ()
    demand = ShopSettings(folder=Path("shop"), shop=Shop(), streams=streams)
    return Inputs(settings=Settings(demand=demand), history=history, calendar=PromotionCalendar(), hashes={})


def history_of_all_hours(weeks: int = 5) -> pd.DataFrame:
    """Return hourly counts around the clock until the night before START."""
    start = pd.DatetimeIndex(
        pd.date_range(end="2026-11-22 23:00", periods=weeks * 168, freq="h", tz="Asia/Shanghai")
    )
    offered = 30 + 20 * np.sin(2 * np.pi * (start.hour.to_numpy() - 9) / 24) + start.day.to_numpy() % 4
    return pd.DataFrame({"stream": "shop", "start": start, "offered": np.round(offered)})


def test_an_hour_that_a_weekday_never_saw_is_told_with_what_to_write() -> None:
    history = history_of_all_hours()
    local = history["start"].dt
    gappy = history[(local.hour != 0) | (local.day_of_week != 6)]
    inputs = inputs_of(gappy)
    outlook = forecast_outlook(inputs, start=START, days=7, seed=0)
    told = r'2026-11-29 00:00.*open = \["00:00", "24:00"\].*under \[\[stream\]\] in shop.toml'
    with pytest.raises(DataError, match=told):
        demands_of(outlook, inputs, start=START, days=7)
    stated = inputs_of(gappy, open=("00:00", "24:00"))
    outlook = forecast_outlook(stated, start=START, days=7, seed=0)
    assert len(demands_of(outlook, stated, start=START, days=7)["shop"].days) == 7


def test_a_stream_open_past_midnight_is_forecast_until_it_closes() -> None:
    inputs = inputs_of(history_of_all_hours(), open=("08:00", "26:00"))
    outlook = forecast_outlook(inputs, start=START, days=2, seed=0)
    assert str(outlook.table["start"].max()) == "2026-11-25 01:00:00+08:00"
    assert outlook.draws is not None
    assert outlook.draws["start"].max() == outlook.table["start"].max()
    assert outlook.parts is not None
    assert outlook.parts["start"].tolist() == outlook.table["start"].tolist()
    days = demands_of(outlook, inputs, start=START, days=2)["shop"].days
    assert [len(day.sessions) for day in days.values()] == [36, 36]
