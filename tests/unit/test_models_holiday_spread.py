"""How far past holidays lay from what the others say of them, and what that means for those ahead."""

import numpy as np
import pytest
from scipy import sparse

from forecast.models.columns import Design
from forecast.models.day_level import DayLevel
from forecast.models.holiday_doubt import HOLIDAY_SHAPE, seen_sd
from forecast.models.holiday_spread import PastHoliday, find_holiday_spread, past_holidays
from forecast.models.penalised import fit_penalised

LUCK = 0.05**2


def holidays(others=3, count=12, days=1.0, hours=1.0, seed=0):
    """Return past holidays that lay off by so many times the rule's standard deviations."""
    rng = np.random.default_rng(seed)
    rule = seen_sd(others)
    return [
        PastHoliday(
            others=others,
            gap=rng.normal(0, np.hypot(days * rule, LUCK**0.5)),
            luck=LUCK,
            hour_gap=rng.normal(0, np.hypot(hours * HOLIDAY_SHAPE * rule, LUCK**0.5), 16),
            hour_luck=np.full(16, LUCK),
        )
        for _ in range(count)
    ]


def test_without_past_holidays_the_rule_stands():
    found = find_holiday_spread([])
    assert [found.days, found.hours] == pytest.approx([1, 1])


def test_holidays_as_far_off_as_the_rule_has_it_leave_it():
    found = find_holiday_spread(holidays(count=60))
    assert [found.days, found.hours] == pytest.approx([1, 1], rel=0.35)


@pytest.mark.parametrize(("wild", "low", "high"), [(0.0, 0.05, 0.5), (2.0, 2.0, 5.0)])
def test_steady_holidays_narrow_the_doubt_and_wild_ones_widen_it(wild, low, high):
    found = find_holiday_spread(holidays(days=wild, hours=wild))
    assert low < found.days < high
    assert low < found.hours < high


def test_one_holiday_hardly_moves_the_rule():
    found = find_holiday_spread(holidays(count=1, days=0.0, hours=0.0))
    assert 0.5 < found.days < 1
    assert 0.4 < found.hours < 1


def test_a_holiday_is_foretold_as_if_its_days_were_not_in_the_history():
    rng = np.random.default_rng(0)
    day = np.repeat(np.arange(60), 4)
    feast = np.isin(day, [20, 21, 50]).astype(float)
    matrix = sparse.csr_array(np.column_stack([np.ones(240), feast, np.tile(np.eye(4)[:, 1:], (60, 1))]))
    names = ("level:base", "holiday:Feast", "hour:1", "hour:2", "hour:3")
    design = Design(matrix=matrix, names=names, ridges=np.full(5, 5.0))
    counts = rng.poisson(80 * np.exp(-0.4 * feast + 0.3 * (day == 50))).astype(float)
    weights, penalty = np.ones(240), 5.0 * np.eye(5)

    def fit(where):
        rows = np.flatnonzero(where)
        start = np.array([4.0, 0, 0, 0, 0])
        return fit_penalised(matrix[rows], counts[rows], weights=weights[rows], penalty=penalty, start=start)

    level = DayLevel(
        first_day=0,
        last_day=59,
        state=np.zeros(2),
        covariance=np.zeros((2, 2)),
        walk_sd=0.0,
        memory_sd=0.0,
        memory=0.3,
        smooth=np.zeros(60),
        foreseen=np.zeros(60),
        foreseen_variance=np.zeros(60),
    )
    whole = fit(np.ones(240))
    found = past_holidays(
        counts,
        np.exp(matrix @ whole.beta),
        weights,
        np.ones(240, dtype=bool),
        day=day,
        design=design,
        solution=whole,
        design_effect=1.0,
        day_level=level,
        dispersion=np.zeros(240),
    )
    assert [one.others for one in found] == [1, 2]
    without = fit(day != 50)
    own = day == 50
    said = np.exp(matrix @ without.beta)[own].sum()
    assert found[1].gap == pytest.approx(np.log((counts[own].sum() + 0.5) / (said + 0.5)), abs=0.02)
    assert found[1].luck > 1 / said  # counting, and what is not known of the holiday
