"""The drift of the day's shape: found where there is one, none where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.models.hour_drift import CLASSES, HourDrift, class_dispersions, find_drift, hour_class

WEEKS = 40
SHAPE = 40.0 * np.exp(-0.5 * ((np.arange(24) - 15) / 5.0) ** 2) + 2.0


def hours_of(drift: np.ndarray, seed: int = 1) -> dict[str, np.ndarray]:
    """Return counts of hours whose shape moves by `drift` (weeks x 24), every day with its own luck."""
    rng = np.random.default_rng(seed)
    starts = pd.date_range("2026-01-05", periods=WEEKS * 7 * 24, freq="h")
    week = np.arange(len(starts)) // (7 * 24)
    hour = starts.hour.to_numpy()
    day = np.arange(len(starts)) // 24
    rate = SHAPE[hour] * np.exp(drift[week, hour])
    counts = rng.poisson(rate * np.exp(0.1 * rng.standard_normal(WEEKS * 7))[day]).astype(float)
    share = SHAPE[hour] / SHAPE.sum()
    return {
        "counts": counts,
        "expected": share * np.bincount(day, weights=counts)[day],
        "share": share,
        "classes": hour_class(hour, starts.day_of_week.to_numpy(), np.zeros(len(starts), dtype=bool)),
        "week": WEEKS - 1 - week,
    }


def found(drift: np.ndarray, seed: int = 1) -> tuple[HourDrift, np.ndarray]:
    hours = hours_of(drift, seed)
    counts, expected, share = (hours.pop(name) for name in ("counts", "expected", "share"))
    return find_drift(counts, expected, share, classes=hours["classes"], week=hours["week"], dispersion=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_a_steady_shape_has_no_drift(seed: int) -> None:
    drift, foreseen = found(np.zeros((WEEKS, 24)), seed)
    assert drift.walk_sd == 0.0
    assert not drift.state.any()
    assert not foreseen.any()


@pytest.mark.parametrize("seed", range(5))
def test_where_each_hour_walks_its_place_is_known_at_the_end(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    walk = np.cumsum(0.05 * rng.standard_normal((WEEKS, 24)), axis=0)
    walk -= np.log((SHAPE * np.exp(walk)).sum(axis=1, keepdims=True) / SHAPE.sum())  # totals stay
    drift, _ = found(walk, seed)
    assert 0.03 <= drift.walk_sd <= 0.07
    errors = drift.state[:24] - walk[-1]
    assert np.sqrt((errors**2).mean()) < 0.5 * np.sqrt((walk[-1] ** 2).mean())
    inside = np.abs(errors) < 2.5 * np.sqrt(drift.variance[:24] + drift.walk_sd**2)
    assert inside.mean() > 0.85


def test_the_drift_leaves_the_days_total() -> None:
    walk = np.linspace(0, 1, WEEKS)[:, None] * np.where(np.arange(24) < 12, 0.8, -0.4)
    drift, _ = found(walk)
    hours = hours_of(walk)
    last = hours["week"] < 8
    for block in (slice(0, 24), slice(24, CLASSES)):
        said = np.bincount(hours["classes"][last], weights=hours["expected"][last], minlength=CLASSES)[block]
        assert (said * np.exp(drift.state[block])).sum() == pytest.approx(said.sum())


def test_hours_of_the_past_have_no_drift_and_paths_spread_as_said() -> None:
    drift = HourDrift(state=np.full(CLASSES, 0.2), variance=np.full(CLASSES, 0.01), walk_sd=0.05)
    classes, weeks = np.array([3, 3, 3]), np.array([-1, 0, 4])
    mean, variance = drift.moments(classes, weeks)
    assert mean.tolist() == [0.0, 0.2, 0.2]
    assert variance == pytest.approx([0.0, 0.01 + 0.05**2 * 0.5, 0.01 + 0.05**2 * 4.5])
    paths = drift.draw(classes, weeks, 20000, np.random.default_rng(0))
    assert paths.var(axis=0) == pytest.approx(variance, rel=0.05, abs=1e-12)


def test_a_class_that_is_noisier_is_known_as_such_and_a_thin_one_keeps_the_common_dispersion() -> None:
    rng = np.random.default_rng(2)
    mu = np.concatenate([np.full(400, 200.0), np.full(400, 200.0), np.full(30, 0.5)])
    a = np.concatenate([np.full(400, 0.01), np.full(400, 0.16), np.full(30, 0.16)])
    counts = rng.poisson(mu * rng.gamma(1 / a, a)).astype(float)
    classes = np.repeat([1, 2, 3], [400, 400, 30])
    dispersions = class_dispersions(counts, mu, np.zeros(len(mu)), classes=classes, dispersion=0.05)
    assert dispersions[1] == pytest.approx(0.01, abs=0.01)
    assert dispersions[2] == pytest.approx(0.16, rel=0.25)
    assert dispersions[3] == pytest.approx(0.05, rel=0.1)
    assert dispersions[4] == 0.05
