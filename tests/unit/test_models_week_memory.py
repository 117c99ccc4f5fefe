"""Odd hours that come again a week later are followed, others are not."""

import numpy as np
import pandas as pd
import pytest
from builders_forecast import END, STREAM, hours_before, known, open_hours, true_means

from forecast.models.regression import CalendarRegression
from forecast.models.week_memory import HOURS_A_WEEK, find_week_memory

WEEKS = 26


def memory_of(gaps):
    """Return the memory of log gaps, weeks x 168, the oldest first."""
    count = gaps.size
    return find_week_memory(
        gaps.ravel(),
        np.zeros(count),
        np.ones(count),
        week_hour=np.tile(np.arange(HOURS_A_WEEK), WEEKS),
        week=np.repeat(np.arange(WEEKS)[::-1], HOURS_A_WEEK),
        now=np.zeros(HOURS_A_WEEK),
    )


def habits(memory: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    gaps = np.zeros((WEEKS, HOURS_A_WEEK))
    for week in range(1, WEEKS):
        gaps[week] = memory * gaps[week - 1] + rng.normal(0, 0.1, HOURS_A_WEEK)
    return gaps


def test_a_habit_is_carried_on_and_fades():
    gaps = habits(0.6)
    effect = memory_of(gaps).effect
    assert np.polyfit(gaps[-1], effect[0], 1)[0] == pytest.approx(0.55, abs=0.05)
    assert np.polyfit(gaps[-1], effect[1], 1)[0] == pytest.approx(0.3, abs=0.06)


def test_luck_is_not_carried_on():
    assert not memory_of(habits(0.0)).effect.any()


def test_the_past_and_far_weeks_have_none():
    memory = memory_of(habits(0.6))
    assert memory.ahead(np.array([5, 5]), np.array([-1, 99])).tolist() == [0.0, 0.0]


def test_a_forecast_follows_a_habit_of_last_week():
    starts = hours_before(days=210)
    local = starts.tz_localize(None)
    week = ((local - local[0]) // pd.Timedelta(days=7)).to_numpy()
    habit = habits(0.8)[: week.max() + 1]
    hour = local.day_of_week.to_numpy() * 24 + local.hour.to_numpy()
    factor = np.exp(np.vstack([habit, habit])[week, hour])
    counts = np.random.default_rng(1).poisson(true_means(starts, 2000.0) * factor).astype(float)
    ahead = open_hours(END, 7)
    model = CalendarRegression().fit(pd.Series(counts, index=starts), known(), stream=STREAM)
    last = np.log(counts[-len(ahead) :] / true_means(starts[-len(ahead) :], 2000.0))
    said = np.log(model.mean(ahead) / true_means(ahead, 2000.0))
    assert np.corrcoef(last, said)[0, 1] > 0.7
