"""Laws that every forecast model keeps."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from builders_forecast import END, STREAM, hours_before, known, open_hours, plain_history, sale, true_means
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.models import known_models

AHEAD = open_hours(END, 7)
MODELS = sorted(known_models())


def fit(name, series, knowledge=None):
    return known_models()[name].fit(series, knowledge or known(), stream=STREAM)


@pytest.mark.parametrize("name", MODELS)
def test_a_periodic_series_is_forecast_exactly(name):
    starts = hours_before(days=63)
    series = pd.Series(np.round(true_means(starts, 400.0)), index=starts)
    np.testing.assert_allclose(fit(name, series).mean(AHEAD), np.round(true_means(AHEAD, 400.0)), rtol=0.005)


@pytest.mark.parametrize("name", MODELS)
def test_rows_of_another_order_change_nothing(name):
    series = plain_history(days=35)
    shuffled = series.sample(frac=1.0, random_state=0)
    np.testing.assert_allclose(fit(name, shuffled).mean(AHEAD), fit(name, series).mean(AHEAD))


@pytest.mark.parametrize("name", MODELS)
def test_mean_and_parts_agree_and_paths_are_whole_counts(name):
    model = fit(name, plain_history(days=35))
    paths = model.draw(AHEAD, 50, np.random.default_rng(0))
    assert paths.shape == (50, len(AHEAD))
    assert (paths >= 0).all()
    assert (paths == np.round(paths)).all()
    np.testing.assert_allclose(model.parts(AHEAD).prod(axis=1), model.mean(AHEAD))


@settings(max_examples=8, deadline=None)
@given(factor=st.sampled_from([0.2, 0.5, 3.0, 10.0]), seed=st.integers(0, 50))
def test_a_shop_ten_times_as_large_is_forecast_ten_times_as_large(factor, seed):
    series = plain_history(days=42, per_hour=200.0, seed=seed)
    one = fit("regression", series).mean(AHEAD)
    other = fit("regression", (series * factor).round()).mean(AHEAD)
    np.testing.assert_allclose(other / one, factor, rtol=0.08)


@pytest.mark.parametrize("past", [0, 1])
def test_a_day_is_forecast_alike_wherever_the_days_asked_for_end(past):
    """A phase that is cut by the end of the horizon, or has begun before it, is told of as a whole."""
    told = {"multiplier": {"low": 2.0, "mid": 3.0, "high": 4.5}}
    events = [sale(dt.datetime.combine(END - dt.timedelta(days=20), dt.time(20)))] * past
    events.append(sale(dt.datetime.combine(END + dt.timedelta(days=1), dt.time(20)), hours=120.0, **told))
    model = fit("regression", plain_history(days=63), known(events))
    whole = pd.Series(model.mean(AHEAD), index=AHEAD)
    for part in (AHEAD, AHEAD[:45], AHEAD[40:]):
        assert model.ahead(part) is model.ahead(part)  # worked out once for mean, paths and parts
        np.testing.assert_allclose(model.mean(part), whole[part], rtol=1e-9)
        np.testing.assert_allclose(model.parts(part).prod(axis=1), whole[part], rtol=1e-9)
        spread = model.draw(part, 400, np.random.default_rng(0)).mean(axis=0)
        np.testing.assert_allclose(spread.sum(), whole[part].sum(), rtol=0.08)


@settings(max_examples=6, deadline=None)
@given(days=st.integers(1, 400))
def test_a_promotion_keeps_its_shape_when_its_date_moves(days):
    """Phase clocks, never dates: the same event on another week of a plain shop does the same."""
    given_multiplier = {"multiplier": {"low": 2.0, "mid": 3.0, "high": 4.5}}
    moment = dt.datetime.combine(END, dt.time(20)) + dt.timedelta(days=7 * days)
    later = open_hours(moment.date(), 3)
    event = known([sale(moment, **given_multiplier)])
    first = known([sale(dt.datetime.combine(END, dt.time(20)), **given_multiplier)])
    series = plain_history(days=42)
    one = fit("regression", series, first).parts(open_hours(END, 3))["promotion"].to_numpy()
    other = fit("regression", series, event).parts(later)["promotion"].to_numpy()
    np.testing.assert_allclose(one, other, rtol=2e-3)
