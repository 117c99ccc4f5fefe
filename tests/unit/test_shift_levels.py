"""Plans for several levels of demand, and the cheapest mixture of them."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from scheduling.shifts.levels import LevelPlan, settle_level
from scheduling.shifts.periods import Period
from scheduling.shifts.settle import Choice

DATES = tuple(dt.date(2026, 12, day) for day in (7, 8, 9))
TASK = SimpleNamespace(target=0.9, is_seconds=False, ahead=lambda share: share - 0.9)


def choice(cost: float) -> Choice:
    trial: Any = SimpleNamespace(denominator=np.array([100.0]))
    return Choice(counts=np.array([round(cost)]), cost=cost, promised=0.9, ahead=0.0, error=0.0, trial=trial)


def plan_of(period: Period, level: float, costs: list[float], shares: list[list[float]]) -> LevelPlan:
    """Return a plan with the shares of each day in each draw, a hundred units a day."""
    period.level, period.chosen = level, [choice(cost) for cost in costs]
    on_time = 100.0 * np.array(shares)
    period.sums = np.stack([on_time, np.full(on_time.shape, 100.0)], axis=2)
    return LevelPlan.of(period, cast("Any", {key: (level, key) for key in period.keys}))


@pytest.fixture
def period() -> Period:
    return Period(stream="a", dates=DATES, before=(0.0, 0.0), task=cast("Any", TASK), wanted=0.75)


def test_days_of_the_cheaper_level_are_taken_while_the_chance_lasts(period: Period) -> None:
    short = plan_of(period, 1.0, [10, 10, 10], [[0.89, 0.88, 0.87, 0.86]] * 3)
    enough = plan_of(period, 1.1, [12, 11, 12], [[0.96, 0.95, 0.94, 0.93]] * 3)
    found = settle_level(period, [short, enough])
    # Two days of the cheaper plan would fail in the third draw (0.8933): one that saves most is taken.
    assert sorted(c.cost for c in period.chosen) == [10, 11, 12]
    assert period.chance >= period.wanted
    taken = [key for key, (level, _) in cast("Any", found).items() if level == 1.0]
    assert len(taken) == 1
    assert period.chosen[DATES.index(taken[0][1])].cost == 10
    assert period.level == 1.0


def test_a_plan_with_chance_to_spare_takes_all_that_saves(period: Period) -> None:
    short = plan_of(period, 1.0, [10, 12, 10], [[0.92, 0.92, 0.86, 0.86]] * 3)
    enough = plan_of(period, 1.1, [12, 12, 12], [[0.99] * 4] * 3)
    settle_level(period, [short, enough])
    # The middle day costs the same either way and keeps the better plan: (0.86 + 0.99 + 0.86) / 3 is enough.
    assert [c.cost for c in period.chosen] == [10, 12, 10]
    assert period.sums[1, 2, 0] == pytest.approx(99.0)


def test_where_no_level_has_the_chance_the_dearest_is_kept(period: Period) -> None:
    low = plan_of(period, 1.0, [10, 10, 10], [[0.85] * 4] * 3)
    high = plan_of(period, 1.2, [15, 15, 15], [[0.89] * 4] * 3)
    found = settle_level(period, [high, low])
    assert period.level == 1.2
    assert [c.cost for c in period.chosen] == [15, 15, 15]
    assert found is high.found


def test_what_the_judge_found_missing_asks_for_the_dearer_plan(period: Period) -> None:
    cheap = plan_of(period, 1.0, [10, 10, 10], [[0.92, 0.92, 0.91, 0.86]] * 3)
    dear = plan_of(period, 1.1, [12, 12, 12], [[0.97, 0.96, 0.95, 0.94]] * 3)
    settle_level(period, [cheap, dear])
    assert [c.cost for c in period.chosen] == [10, 10, 10]
    period.lost = 0.045
    settle_level(period, [cheap, dear])
    # A day of the cheap plan would leave (0.91 + 2 x 0.95) / 3 - 0.045 < 0.9 in the third draw.
    assert [c.cost for c in period.chosen] == [12, 12, 12]
    assert period.chance == pytest.approx(0.75)
