"""The day level: what the state space model finds in simulated days, and how it looks ahead."""

import numpy as np
import pytest

from forecast.models.day_level import SHIFT_WORTH, find_shift, fit_day_level, log_count_bias, shift_gain


def simulated(days=364, walk=0.01, memory_sd=0.1, memory=0.4, noise=0.03, seed=0):
    rng = np.random.default_rng(seed)
    level = 4 + np.cumsum(rng.normal(0, walk, days))
    state = np.zeros(days)
    for day in range(1, days):
        state[day] = memory * state[day - 1] + rng.normal(0, memory_sd)
    return level, level + state + rng.normal(0, noise, days)


def test_it_finds_the_spread_and_the_memory_that_made_the_days():
    _, observed = simulated()
    found = fit_day_level(observed, np.full(364, 0.03**2), first_day=0)
    assert found.memory_sd == pytest.approx(0.1, rel=0.25)
    assert found.memory == pytest.approx(0.4, abs=0.2)
    assert found.walk_sd < 0.03


def test_what_coefficients_took_of_the_days_moves_is_given_back_ahead():
    _, observed = simulated()
    whole, part = (
        fit_day_level(observed * size, np.full(364, 0.03**2), first_day=0, spent=spent).moments(
            np.array([380])
        )[1]
        for size, spent in ((1.0, 0.0), (np.sqrt(0.75), 0.25))
    )
    assert part == pytest.approx(whole, rel=0.1)


def test_the_mean_of_more_days_is_surer():
    _, observed = simulated()
    found = fit_day_level(observed, np.full(364, 0.03**2), first_day=0)
    one, two, week = (found.mean_variance(np.arange(days), np.ones(days)) for days in (1, 2, 7))
    assert one == pytest.approx(found.memory_sd**2 / (1 - found.memory**2))
    assert two == pytest.approx(one * (1 + found.memory) / 2)
    assert week < two


def test_days_that_have_become_quiet_have_narrow_paths_and_lively_ones_wide():
    rng = np.random.default_rng(5)
    restless, quiet = 0.15 * rng.standard_normal(240), 0.04 * rng.standard_normal(124)
    calm, wild = (
        fit_day_level(4 + np.concatenate(days), np.full(364, 1e-4), first_day=0)
        for days in ((restless, quiet), (quiet, restless))
    )
    ahead = np.array([364, 370])
    assert np.sqrt(calm.moments(ahead)[1]).max() < 0.09
    assert np.sqrt(wild.moments(ahead)[1]).min() > 0.12


def test_paths_have_the_mean_and_variance_that_are_promised():
    _, observed = simulated()
    found = fit_day_level(observed, np.full(364, 0.03**2), first_day=0)
    days = np.array([364, 370, 405])
    paths = found.draw(days, 20_000, np.random.default_rng(1))
    mean, variance = found.moments(days)
    np.testing.assert_allclose(paths.mean(axis=0), mean, atol=0.005)
    np.testing.assert_allclose(paths.var(axis=0), variance, rtol=0.05)


def test_every_path_has_its_mirror_image_so_that_few_have_the_right_middle():
    _, observed = simulated()
    found = fit_day_level(observed, np.full(364, 0.03**2), first_day=0)
    days = np.array([364, 370, 405])
    paths, mean = found.draw(days, 10, np.random.default_rng(1)), found.moments(days)[0]
    np.testing.assert_allclose(paths[:5] - mean, mean - paths[5:], atol=1e-12)
    assert found.draw(days, 11, np.random.default_rng(1)).shape == (11, 3)


def test_the_further_ahead_the_less_sure():
    _, observed = simulated()
    _, variance = fit_day_level(observed, np.full(364, 0.001), first_day=0).moments(np.arange(364, 400))
    assert (np.diff(variance) > 0).all()


def test_missing_days_are_no_zeros():
    _, observed = simulated()
    observed[50:60] = np.nan
    observed[-4:] = np.nan
    found = fit_day_level(observed, np.full(364, 0.001), first_day=0)
    assert found.state[0] == pytest.approx(np.nanmean(observed[-40:]), abs=0.2)


def test_one_day_far_off_is_not_taken_for_a_level():
    _, observed = simulated(memory_sd=0.03)
    spoilt = observed.copy()
    spoilt[-1] -= 1.0
    clean, found = (fit_day_level(one, np.full(364, 0.001), first_day=0) for one in (observed, spoilt))
    assert found.moments(np.array([370]))[0] == pytest.approx(clean.moments(np.array([370]))[0], abs=0.1)


def test_a_history_without_a_telling_day_still_gives_a_level():
    found = fit_day_level(np.full(20, np.nan), np.full(20, 0.01), first_day=0)
    assert np.isfinite(found.draw(np.arange(20, 25), 5, np.random.default_rng(0))).all()


def test_a_shift_is_dated_and_sized():
    rng = np.random.default_rng(2)
    observed = rng.normal(0, 0.05, 60)
    observed[-9:] += 0.3
    recent, gap = find_shift(observed)
    assert recent == 9
    assert gap == pytest.approx(0.3, abs=0.06)


def test_luck_is_rarely_called_a_shift():
    rng = np.random.default_rng(3)
    found = [find_shift(rng.normal(0, 0.1, 60)) is not None for _ in range(200)]
    assert np.mean(found) < 0.06


def test_logs_of_few_counts_are_corrected():
    rng = np.random.default_rng(4)
    for mean in (0.5, 3.0, 30.0):
        drawn = np.log(rng.poisson(mean, 200_000) + 0.5).mean() - np.log(mean + 0.5)
        assert log_count_bias(np.array([mean]), np.zeros(1))[0] == pytest.approx(drawn, abs=0.01)


def test_a_few_one_off_days_do_not_make_every_day_look_unsteady():
    rng = np.random.default_rng(3)
    plain = rng.normal(0, 0.05, 300)
    odd = plain.copy()
    odd[40:280:40] -= 1.5
    noise = np.full(300, 1e-4)
    steady = fit_day_level(plain, noise, first_day=0).memory_sd
    assert fit_day_level(odd, noise, first_day=0).memory_sd < 2 * steady


@pytest.mark.parametrize(("memory", "is_shift"), [(0.0, True), (0.75, False)])
def test_a_run_of_days_that_usually_come_in_runs_is_no_shift(memory, is_shift):
    _, observed = simulated(walk=0.0, memory_sd=0.1 * np.sqrt(1 - memory**2), memory=memory, seed=5)
    observed[-5:] = observed[:-5].mean() + 0.15 + 0.02 * np.arange(5)
    shift = find_shift(observed)
    assert shift is not None
    assert (shift_gain(observed, np.full(364, 0.03**2), shift) > SHIFT_WORTH) == is_shift


def errors_four_weeks_ahead(count):
    """Return errors over the standard deviations foretold, of eight weeks of days."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        walk = 0.01 * np.exp(rng.normal(0, 0.7))
        level = np.cumsum(rng.normal(0, walk, 84)) + rng.normal(0, 0.08, 84)
        fitted = fit_day_level(level[:56] + rng.normal(0, 0.03, 56), np.full(56, 0.03**2), first_day=0)
        mean, variance = fitted.moments(np.array([83]))
        found.append((level[83] - mean[0]) / variance[0] ** 0.5)
    return np.array(found)


def test_not_knowing_how_fast_the_level_walks_is_part_of_the_bands():
    # With the likeliest walk alone: 1.08 and .75.
    errors = errors_four_weeks_ahead(150)
    assert np.sqrt((errors**2).mean()) < 1.05
    assert np.mean(np.abs(errors) < 1.2816) > 0.77
