"""The planner's model of a team whose people differ."""

from __future__ import annotations

import numpy as np
import pytest
from builders_service import service_day

from scheduling.day import DutySpan
from scheduling.pace import as_worked, team_model
from scheduling.simulation.replicate import judge


def duty(*, speed: float = 1.0, cap: int | None = None, start_min: int = 540) -> DutySpan:
    return DutySpan(start_min=start_min, end_min=780, speed=speed, reception_cap=cap)


def test_average_people_leave_the_day_as_it_is() -> None:
    day = service_day()
    assert as_worked(day, [duty(), duty(cap=day.service.reception_cap)]) is day
    assert as_worked(day, []) is day


def test_work_takes_longer_where_those_on_duty_are_slow() -> None:
    late = duty(speed=0.625, start_min=660)
    assert as_worked(service_day(), [late]).handle_factor.tolist() == [1.6] * 8
    alone_and_together = as_worked(service_day(), [duty(), late]).handle_factor
    assert alone_and_together[:4].tolist() == [1.0] * 4
    assert np.all(alone_and_together[4:] > 1.01 / 0.8125)  # a slow agent has as many sessions as a fast one


@pytest.mark.parametrize(
    ("people", "rate"),
    [
        ([duty(speed=0.8)], 16.0),  # one slow agent counted as a whole one: 10 points too kind
        ([duty(speed=0.7), duty(speed=0.7)], 24.0),  # two as one: far too strict
        ([duty(speed=0.7, cap=4), duty(), duty()], 64.0),
    ],
)
def test_small_teams_of_slow_and_fast_people_do_as_the_simulator_says(
    people: list[DutySpan], rate: float
) -> None:
    day = service_day([rate] * 8)
    model, on, stops = team_model(day, people)
    seen = judge({"": day}, people, seed=3, least_days=600, most_days=600).streams[""]
    assert 0.8 < seen.share < 0.99
    assert model.evaluate(on, stops).share == pytest.approx(seen.share, abs=0.015)
    average, _, _ = team_model(day, [duty()] * len(people))
    assert abs(average.evaluate(on, stops).share - seen.share) > 0.03
