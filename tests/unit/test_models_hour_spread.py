"""Bands as wide as past errors were: by class of hours, with the shape that they had."""

import numpy as np
import pandas as pd
import pytest
from builders_forecast import END, STREAM, hours_before, known, open_hours, true_means

from forecast.models.hour_drift import CLASSES
from forecast.models.hour_spread import SHARES, find_hour_spreads, stretch_paths
from forecast.models.regression import CalendarRegression


def test_errors_as_foretold_change_nothing():
    errors = np.random.default_rng(0).normal(size=24_000)
    stretch = find_hour_spreads(errors, np.tile(np.arange(24), 1000))
    assert stretch == pytest.approx(np.ones((CLASSES, len(SHARES))), abs=0.15)


def test_heavy_tails_narrow_the_middle_and_keep_the_ends():
    errors = np.random.default_rng(0).standard_t(2, 24_000) * 0.6
    stretch = find_hour_spreads(errors, np.tile(np.arange(24), 1000))[:24].mean(axis=0)
    assert stretch[0] < stretch[1] < 1 <= stretch[2] < stretch[3]


def test_a_few_errors_hardly_move_a_width():
    stretch = find_hour_spreads(np.full(4, 3.0), np.full(4, 9))
    assert stretch[9].max() < 1.2


def test_stretched_paths_keep_their_order_and_their_median():
    paths = np.random.default_rng(1).poisson(500.0, (300, 3)).astype(float)
    moved = stretch_paths(paths, np.array([[0.5] * 4, [1.0] * 4, [1.5] * 4]))
    assert (np.diff(np.take_along_axis(moved, np.argsort(paths, axis=0), axis=0), axis=0) >= 0).all()
    assert np.median(moved, axis=0) == pytest.approx(np.median(paths, axis=0), abs=1)
    assert (moved.std(axis=0) / paths.std(axis=0)).round(1).tolist() == [0.5, 1.0, 1.5]


def test_thin_hours_are_left_to_counting():
    paths = np.random.default_rng(1).poisson(0.4, (300, 1)).astype(float)
    assert (stretch_paths(paths, np.full((1, 4), 0.5)) == paths).all()


def test_a_steady_noon_is_narrower_than_a_wild_morning():
    starts = hours_before(days=200)
    rng = np.random.default_rng(3)
    morning = starts.hour.to_numpy() < 12
    luck = np.where(morning, 0.15, 0.04) * rng.normal(size=len(starts))
    counts = rng.poisson(true_means(starts, 2000.0) * np.exp(luck)).astype(float)
    ahead = open_hours(END, 7)
    model = CalendarRegression().fit(pd.Series(counts, index=starts), known(), stream=STREAM)
    low, high = np.quantile(model.draw(ahead, 400, rng), [0.1, 0.9], axis=0)
    width = np.log(high / low)
    early = ahead.hour.to_numpy() < 12
    assert width[early].mean() == pytest.approx(2 * 1.28 * 0.15, rel=0.2)
    assert width[~early].mean() == pytest.approx(2 * 1.28 * 0.05, rel=0.2)  # counting adds to 0.04
