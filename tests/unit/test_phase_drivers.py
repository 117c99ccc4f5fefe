"""What promotions say about chats reaches the forecast table."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
from builders_forecast import END, STREAM, TIMEZONE, known, open_hours, plain_history, sale

from forecast.config import ShopSettings, Stream
from forecast.draws import forecast_shop
from forecast.models import find_model
from forecast.phase_drivers import phase_drivers
from forecast.promotions import promotion_calendar

KICK_OFF = dt.datetime.combine(END, dt.time(20))
HOURS = open_hours(END, 2)


def drivers(*events, stream=STREAM):
    return phase_drivers(HOURS, promotion_calendar(events, timezone=TIMEZONE), stream=stream)


def test_hours_of_a_phase_have_its_values_and_no_others():
    found = drivers(sale(KICK_OFF, hours=3, bot_share=0.5, handle_factor=0.9))
    inside = np.array([hour.date() == END and 20 <= hour.hour < 23 for hour in HOURS])
    assert (found.loc[inside, "bot_share"] == 0.5).all()
    assert (found.loc[inside, "handle_factor"] == 0.9).all()
    assert found[~inside].isna().all(axis=None)


def test_a_column_that_no_phase_sets_is_absent():
    assert list(drivers(sale(KICK_OFF, bot_share=0.5)).columns) == ["bot_share"]
    assert list(drivers(sale(KICK_OFF)).columns) == []
    assert list(drivers(sale(KICK_OFF + dt.timedelta(days=30), bot_share=0.5)).columns) == []


def test_the_phase_that_began_last_decides():
    long = sale(KICK_OFF - dt.timedelta(hours=5), hours=12, bot_share=0.2)
    short = sale(KICK_OFF, hours=1, kind="live", bot_share=0.6)
    found = drivers(short, long).set_index(HOURS)["bot_share"]
    assert found[pd.Timestamp(KICK_OFF, tz=TIMEZONE)] == 0.6
    assert found[pd.Timestamp(KICK_OFF - dt.timedelta(hours=1), tz=TIMEZONE)] == 0.2


def test_an_hour_is_set_by_a_phase_that_covers_its_middle():
    half = drivers(sale(KICK_OFF + dt.timedelta(minutes=30), hours=0.5, bot_share=0.5))
    assert half["bot_share"].count() == 1
    late = drivers(sale(KICK_OFF + dt.timedelta(minutes=40), hours=0.3, bot_share=0.5))
    assert list(late.columns) == []


def test_events_on_other_platforms_say_nothing():
    event = sale(KICK_OFF, bot_share=0.5) | {"channels": ["jd"]}
    assert list(drivers(event, stream=Stream(id="shop", platform="taobao")).columns) == []


def test_the_forecast_table_carries_them():
    series = plain_history(days=60)
    history = pd.DataFrame({"stream": "shop", "start": series.index, "offered": series.to_numpy()})
    ahead = known([sale(KICK_OFF, hours=3, bot_share=0.5)])
    settings = ShopSettings(folder=Path(), streams=(STREAM,))
    table = forecast_shop(
        history,
        settings,
        ahead,
        start=END,
        days=2,
        models={"shop": find_model("seasonal-mean")},
        seed=0,
        draws=20,
    ).table
    assert "handle_factor" not in table
    set_hours = table.loc[table["bot_share"].notna(), "start"]
    assert [hour.hour for hour in set_hours] == [20, 21, 22]
