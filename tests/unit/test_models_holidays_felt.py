"""Holidays act where the past felt them, and only there."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from builders_forecast import END, STREAM, known, open_hours, plain_history

from forecast.config import read_shop
from forecast.models.regression import NOT_FELT, OTHERS_FELT, CalendarRegression
from forecast.special_days import SpecialDays, find_special_days

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


def year_with_holidays_of(country, factor=0.6):
    series = plain_history(days=364, day_sd=0.06)
    days = find_special_days(country, first=series.index[0].date(), last=END)
    on_holiday = np.isin(series.index.date, list(days.holidays))
    return (series * np.where(on_holiday, factor, 1.0)).round(), days


@pytest.fixture
def chinas():
    return find_special_days("CN", first=END - dt.timedelta(days=364), last=END)


def test_a_history_that_follows_another_countrys_holidays_is_believed_where_nobody_named_them(chinas):
    series, own = year_with_holidays_of("US")
    assumed = dataclasses.replace(known(), special_days=chinas, holidays_assumed=True)
    model = CalendarRegression().fit(series, assumed, stream=STREAM)
    assert model.learnt.layout.known.special_days == own
    assert OTHERS_FELT.format("US") in model.notes
    assert model.notes != fit(series, chinas).notes  # named ones stay


@pytest.mark.parametrize("country", ["CN", "none"])
def test_no_other_countrys_holidays_are_taken_without_need(chinas, country):
    series, _ = year_with_holidays_of(country)
    assumed = dataclasses.replace(known(), special_days=chinas, holidays_assumed=True)
    notes = CalendarRegression().fit(series, assumed, stream=STREAM).notes
    assert notes == fit(series, chinas).notes
    assert (NOT_FELT in notes) == (country == "none")


def test_a_shop_closed_on_holidays_follows_them(chinas):
    series, own = year_with_holidays_of("GB", factor=0.0)
    assumed = dataclasses.replace(known(), special_days=chinas, holidays_assumed=True)
    model = CalendarRegression().fit(series[series > 0], assumed, stream=STREAM)
    assert model.learnt.layout.known.special_days == own


@pytest.mark.parametrize(
    ("text", "named"), [("", False), ('[shop]\nname = "a"\n', False), ('[shop]\nholidays = "CN"\n', True)]
)
def test_holidays_are_named_where_shop_toml_names_them(tmp_path, text, named):
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    assert read_shop(tmp_path).holidays_named is named
