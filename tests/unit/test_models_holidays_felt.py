"""Holidays act where the past felt them, and only there."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from builders_forecast import END, STREAM, known, open_hours, plain_history

from forecast.models.regression import NOT_FELT, CalendarRegression
from forecast.special_days import SpecialDays

AHEAD = open_hours(END, 14)
PAST = [END - dt.timedelta(days=back) for back in (30, 31, 32, 80, 120, 121, 150, 190, 191, 240)]
COMING = END + dt.timedelta(days=3)
SPECIAL = SpecialDays(holidays=dict.fromkeys([*PAST, COMING], "Festival"))


def history(factor: float, days: int = 300) -> pd.Series:
    series = plain_history(days=days, day_sd=0.06)
    on_holiday = np.isin(series.index.date, PAST)
    return (series * np.where(on_holiday, factor, 1.0)).round()


def fit(series, special=SPECIAL):
    return CalendarRegression().fit(series, dataclasses.replace(known(), special_days=special), stream=STREAM)


@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_holidays_that_were_felt_act(factor):
    model = fit(history(factor))
    (effect,) = model.effects(AHEAD)
    assert effect.factor == pytest.approx(factor, abs=0.12)
    assert NOT_FELT not in model.notes


def test_holidays_that_nobody_felt_are_ordinary_days_and_said_so():
    model, without = fit(history(1.0)), fit(history(1.0), SpecialDays())
    assert model.effects(AHEAD) == ()
    assert model.mean(AHEAD) == pytest.approx(without.mean(AHEAD))
    assert NOT_FELT in model.notes


def test_holidays_that_the_history_never_saw_are_believed():
    model = fit(history(1.0, days=25))
    assert [effect.examples for effect in model.effects(AHEAD)] == [0]
    assert NOT_FELT not in model.notes
