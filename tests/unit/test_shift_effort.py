"""How much work goes into a plan."""

from __future__ import annotations

import pytest
from builders_service import service_day

from scheduling.service.shop import DayModel
from scheduling.shifts.effort import Effort


@pytest.mark.parametrize(
    ("hourly", "rule", "evaluations"),
    [
        (50.0, {}, 1700.0),  # 200 sessions
        (800.0, {}, 1250.0),
        (2000.0, {}, 1000.0),
        (800.0, {"unit": "session", "pass_if": "every_reply"}, 1000.0),
    ],
)
def test_small_days_are_searched_longer(hourly: float, rule: dict[str, str], evaluations: float) -> None:
    model = DayModel(service_day([hourly] * 8, rule=rule))
    assert Effort(evaluations=1000, small_day=1.7).of_day(model) == pytest.approx(evaluations)
