"""Scores against values worked out by hand, by brute force or by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from forecast.accuracy import (
    LOSS_LEVELS,
    SCORED_LEVELS,
    draw_quantiles,
    hour_scores,
    naive_scale,
    noise_floor,
    pool_scores,
    randomised_pit,
)


def flat(values: list[float]) -> np.ndarray:
    """Return quantiles that are the same at every level."""
    return np.tile(np.array(values), (len(SCORED_LEVELS), 1))


def test_scores_of_a_point_forecast_are_those_worked_out_by_hand() -> None:
    actual = np.array([10.0, 20.0, 0.0])
    hours = hour_scores(
        actual, mean=np.array([12.0, 16.0, 1.0]), quantiles=flat([11.0, 18.0, 1.0]), scale=2.0
    )
    scores = pool_scores(hours).iloc[0]
    assert scores["hours"] == 3
    assert scores["wape"] == pytest.approx((1 + 2 + 1) / 30)
    assert scores["bias"] == pytest.approx((2 - 4 + 1) / 30)
    assert scores["mase"] == pytest.approx(4 / 6)
    # a point forecast's pinball loss, averaged over symmetric levels, is half its absolute error
    assert scores["pinball"] == pytest.approx(4 / 2 / 3)
    assert scores["wql"] == pytest.approx(scores["wape"])
    assert scores["cover80"] == 0


def test_bands_are_scored_by_cover_width_and_misses() -> None:
    quantiles = np.array([[level * 100] * 2 for level in SCORED_LEVELS])
    scores = pool_scores(
        hour_scores(np.array([50.0, 95.0]), mean=np.array([50.0, 50.0]), quantiles=quantiles, scale=1.0)
    )
    row = scores.iloc[0]
    assert row["cover80"] == 0.5
    assert row["cover95"] == 1.0
    assert row["width80"] == pytest.approx(2 * 80 / 145)
    assert row["winkler80"] == pytest.approx((80 + 80 + (2 / 0.2) * 5) / 145)
    assert row["winkler95"] == pytest.approx(2 * 95 / 145)


def test_ratios_are_of_sums_not_means_of_ratios() -> None:
    one = hour_scores(np.array([1.0]), mean=np.array([3.0]), quantiles=flat([3.0]), scale=1.0).assign(
        origin=1
    )
    two = hour_scores(np.array([99.0]), mean=np.array([99.0]), quantiles=flat([99.0]), scale=1.0).assign(
        origin=2
    )
    both = pd.concat([one, two])
    assert pool_scores(both.drop(columns="origin")).iloc[0]["wape"] == pytest.approx(0.02)
    assert pool_scores(both, by=["origin"])["wape"].tolist() == [2.0, 0.0]


def test_the_true_distribution_has_the_least_quantile_loss() -> None:
    rng = np.random.default_rng(0)
    actual = rng.poisson(30, 4000).astype(float)

    def loss(rate: float, spread: float) -> float:
        centre = np.asarray(stats.norm.ppf(SCORED_LEVELS)) * np.sqrt(30) * spread + rate
        quantiles = np.tile(centre[:, None], (1, len(actual)))
        return float(
            pool_scores(hour_scores(actual, mean=actual, quantiles=quantiles, scale=1.0))["wql"].iloc[0]
        )

    truth = loss(30, 1.0)
    assert truth < min(loss(30, 0.6), loss(30, 1.6), loss(27, 1.0), loss(33, 1.0))


def test_hours_without_any_consultation_have_no_ratio() -> None:
    hours = hour_scores(np.zeros(2), mean=np.ones(2), quantiles=flat([1.0, 1.0]), scale=np.nan)
    row = pool_scores(hours).iloc[0]
    assert np.isnan(row["wape"])
    assert np.isnan(row["mase"])
    assert row["pinball"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("mean", "overdispersion"), [(0.4, 0.0), (7.3, 0.0), (120.0, 0.0), (7.3, 0.2), (90.0, 0.03)]
)
def test_the_noise_floor_is_what_brute_force_finds(mean: float, overdispersion: float) -> None:
    if overdispersion:
        law = stats.nbinom(1 / overdispersion, 1 / (1 + overdispersion * mean))
    else:
        law = stats.poisson(mean)
    counts = np.arange(3000)
    expected = (np.abs(counts - law.median()) * law.pmf(counts)).sum() / mean
    assert noise_floor(np.array([mean, mean]), overdispersion) == pytest.approx(expected, rel=1e-9)


def test_the_poisson_floor_of_a_large_hour_is_the_normal_one() -> None:
    assert noise_floor(np.full(5, 1000.0)) == pytest.approx(np.sqrt(2 / (np.pi * 1000)), rel=0.01)


def test_the_scale_of_mase_is_the_seasonal_naive_error_and_skips_gaps() -> None:
    counts = pd.Series([1.0, 2.0, 4.0, np.nan, 4.0, 2.0])
    assert naive_scale(counts, 2) == pytest.approx((3 + 0) / 2)
    assert np.isnan(naive_scale(counts, 6))


def test_pit_is_uniform_for_right_draws_and_not_for_narrow_ones() -> None:
    rng = np.random.default_rng(1)
    rates = rng.gamma(2, 2, 3000)
    actual, draws = rng.poisson(rates).astype(float), rng.poisson(rates, (400, 3000)).astype(float)
    narrow = np.round(draws.mean(axis=0) + 0.4 * (draws - draws.mean(axis=0)))
    right = stats.kstest(randomised_pit(actual, draws, rng), "uniform").statistic
    wrong = stats.kstest(randomised_pit(actual, narrow, rng), "uniform").statistic
    assert right < 0.03
    assert wrong > 0.08


def test_quantiles_are_those_of_the_draws() -> None:
    draws = np.arange(101.0)[:, None] * np.ones(3)
    quantiles = draw_quantiles(draws)
    assert quantiles.shape == (len(SCORED_LEVELS), 3)
    assert quantiles[:, 0].tolist() == pytest.approx([100 * level for level in SCORED_LEVELS])
    assert set(LOSS_LEVELS) <= set(SCORED_LEVELS)


def test_quantiles_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="quantiles must be 11 levels x 2 hours"):
        hour_scores(np.zeros(2), mean=np.zeros(2), quantiles=np.zeros((3, 2)), scale=1.0)
