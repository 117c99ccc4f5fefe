"""Plans judged by the simulator while shifts are searched."""

from __future__ import annotations

import numpy as np
import pytest
from builders_service import half_duty, service_day

from scheduling.shifts import trials
from scheduling.shifts.task import DayTask
from scheduling.shifts.trials import Trial, Trials

COUNTS = np.array([3], dtype=np.int64)


def tried(*steps: int) -> tuple[Trial, tuple[float, float]]:
    """Return the trial of a plan, and what is estimated from it, after so many days and so many more."""
    task = DayTask(day=service_day([60.0] * 4), instances=(half_duty(540, 660),))
    judge = Trials(task, seed=5, budget=1e9, threads=1)
    for days in steps:
        trial = judge.of(COUNTS, days)
    return trial, judge.estimate(COUNTS, steps[-1])


@pytest.mark.parametrize("room", [0, 7, 15])
def test_days_without_room_are_drawn_again(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    kept, estimate = tried(10, 30)
    monkeypatch.setattr(trials, "KEPT_SESSIONS", room * 120.5)
    again, estimate_again = tried(10, 30)
    for name in Trial.__dataclass_fields__:
        assert np.array_equal(getattr(kept, name), getattr(again, name)), name
    assert kept.days == 30
    assert estimate == estimate_again
