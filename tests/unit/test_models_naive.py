"""Yardsticks and the combination."""

import numpy as np
import pandas as pd
import pytest
from builders_forecast import END, STREAM, known, open_hours, plain_history

from forecast.errors import ConfigError, ModelError
from forecast.models import find_model
from forecast.models.combination import Combination, average_quantiles
from forecast.models.naive import SeasonalMean, SeasonalNaive

AHEAD = open_hours(END, 7)


def test_seasonal_naive_repeats_last_week():
    series = plain_history(days=35)
    mean = SeasonalNaive().fit(series, known(), stream=STREAM).mean(AHEAD)
    np.testing.assert_array_equal(mean, series.iloc[-7 * 15 :].to_numpy())


def test_a_gap_last_week_takes_the_week_before():
    series = plain_history(days=35)
    lost = series.index[-7 * 15]
    mean = SeasonalNaive().fit(series.drop(lost), known(), stream=STREAM).mean(AHEAD)
    assert mean[0] == series[lost - pd.Timedelta(days=7)]


def test_seasonal_mean_averages_eight_weeks():
    series = plain_history(days=70)
    mean = SeasonalMean().fit(series, known(), stream=STREAM).mean(AHEAD)
    assert mean[3] == pytest.approx(series.iloc[-8 * 105 + 3 :: 105].mean())


def test_bands_of_the_yardstick_are_its_own_past_errors():
    series = plain_history(days=200, day_sd=0.2)
    model = SeasonalNaive().fit(series.iloc[: -7 * 15], known(), stream=STREAM)
    week = open_hours(END - pd.Timedelta(days=7).to_pytimedelta(), 7)
    low, high = np.quantile(model.draw(week, 500, np.random.default_rng(0)), [0.1, 0.9], axis=0)
    actual = series.iloc[-7 * 15 :].to_numpy()
    assert 0.6 < ((low <= actual) & (actual <= high)).mean() < 0.97


def test_averaged_quantiles_lie_between_the_members():
    rng = np.random.default_rng(0)
    one, two = rng.poisson(10, (400, 3)).astype(float), rng.poisson(30, (400, 3)).astype(float)
    both = average_quantiles([one, two], rng)
    np.testing.assert_allclose(np.median(both, axis=0), 20, atol=1.5)
    assert (np.diff(np.quantile(both, [0.1, 0.5, 0.9], axis=0), axis=0) > 0).all()


def test_a_combination_keeps_the_first_members_days_together():
    series = plain_history(days=100, day_sd=0.2)
    model = find_model("regression+seasonal-mean").fit(series, known(), stream=STREAM)
    paths = model.draw(AHEAD, 400, np.random.default_rng(0))
    assert paths[:, :15].sum(axis=1).std() > 2 * np.sqrt(paths[:, :15].var(axis=0).sum())
    np.testing.assert_allclose(model.parts(AHEAD).prod(axis=1), model.mean(AHEAD))


class Unfit:
    name = "unfit"

    def fit(self, *_, **__):
        raise ModelError("no")


def test_a_member_that_cannot_be_fitted_is_left_out():
    model = Combination(members=(Unfit(), SeasonalNaive())).fit(
        plain_history(days=35), known(), stream=STREAM
    )
    assert model.name == "seasonal-naive"


def test_without_a_member_left_it_is_a_model_error():
    with pytest.raises(ModelError, match="unfit: no"):
        Combination(members=(Unfit(),)).fit(plain_history(days=35), known(), stream=STREAM)


def test_an_unknown_model_names_the_nearest():
    with pytest.raises(ConfigError, match=r"'regresion'; did you mean regression\?"):
        find_model("regresion")
