"""Open hours: stated, or learnt from what was ever logged."""

import numpy as np
import pandas as pd
import pytest
from builders_forecast import STREAM, TIMEZONE, plain_history

from forecast.config import Stream
from forecast.open_hours import OpenHours, find_open_hours
from forecast.timegrid import slots


def learnt(series):
    return np.array(find_open_hours(series, stream=STREAM, timezone=TIMEZONE).week).reshape(7, 24)


def with_night_zeros(series):
    grid = slots(series.index[0].date(), (series.index[-1] - series.index[0]).days + 1, 60, TIMEZONE)
    return series.reindex(grid, fill_value=0.0)


@pytest.mark.parametrize("shape", [lambda s: s, with_night_zeros])
def test_hours_that_never_saw_anything_are_closed(shape):
    week = learnt(shape(plain_history(days=28)))
    assert not week[:, :9].any()
    assert week[:, 9:].all()


def test_a_closed_weekday_is_closed_with_or_without_rows():
    series = plain_history(days=28)
    sunday = series.index.day_of_week == 6
    assert not learnt(series[~sunday])[6].any()
    assert not learnt(series.where(~sunday, 0.0))[6].any()


def test_a_weekday_opened_once_long_ago_is_closed():
    series = plain_history(days=140)
    saturdays = series.index[series.index.day_of_week == 5]
    later = saturdays[saturdays > saturdays[0] + pd.Timedelta(days=1)]
    assert not learnt(series.where(~series.index.isin(later), 0.0))[5].any()
    assert learnt(series.where(~series.index.isin(later[:-24]), 0.0))[5, 9:].all()


def test_an_outage_in_a_short_history_closes_nothing():
    series = plain_history(days=16)
    series.iloc[-40:-34] = 0.0
    assert learnt(series)[:, 9:].all()


def test_a_thin_shop_is_not_closed_where_it_was_unlucky():
    series = plain_history(days=28, per_hour=0.4)
    assert learnt(series)[:, 9:].all()


def test_many_missing_hours_close_nothing():
    series = plain_history(days=28).sample(frac=0.6, random_state=0).sort_index()
    assert learnt(series)[:, 9:].all()


def test_stated_hours_win_and_may_run_past_midnight():
    stream = Stream(id="night", open=("18:30", "26:00"))
    week = find_open_hours(plain_history(days=28), stream=stream, timezone=TIMEZONE)
    stamps = pd.DatetimeIndex(
        [pd.Timestamp("2026-03-02", tz=TIMEZONE) + pd.Timedelta(hours=h) for h in (1, 2, 17, 18, 23)]
    )
    assert week.is_open(stamps).tolist() == [True, False, False, True, True]


def test_a_week_has_168_hours():
    with pytest.raises(ValueError, match="168"):
        OpenHours(timezone=TIMEZONE, week=(True,))
