"""The mean over who may be missing, against every set of people there is and against the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from builders_service import service_day

from scheduling.absent_days import mean_over_absences
from scheduling.day import DutySpan, ServiceDay
from scheduling.pace import team_model
from scheduling.service.evaluation import Evaluation
from scheduling.simulation.replicate import judge

RATE = 0.05
SECONDS = service_day([60.0] * 6, rule={"metric": "mean_seconds"}, target=60.0, reception_cap=5)
SHARE = service_day([60.0] * 6, reception_cap=5)
SPANS = ((540, 720), (540, 720), (540, 720), (540, 630), (630, 720))
TEAM = [DutySpan(start_min=start, end_min=end) for start, end in SPANS]


def expected(day: ServiceDay, team: Sequence[DutySpan], name: str = "day") -> Evaluation:
    def evaluate(there: Sequence[DutySpan]) -> Evaluation:
        model, on, stops = team_model(day, there)
        return model.evaluate(on, stops)

    return mean_over_absences(evaluate(team), team, RATE, evaluate, name=name)


def over_every_set(day: ServiceDay, team: Sequence[DutySpan]) -> float:
    """Return the share, or mean seconds, over every set of people who may be missing, by its chance."""
    above = below = 0.0
    for number in range(len(team) + 1):
        for there in combinations(team, len(team) - number):
            model, on, stops = team_model(day, there)
            one = model.evaluate(on, stops)
            chance = RATE**number * (1 - RATE) ** (len(team) - number)
            above += chance * float(one.on_time.sum())
            below += chance * float(one.total.sum())
    return above / below


@pytest.mark.parametrize("name", ["one", "two", "three"])
def test_the_mean_over_absences_is_that_over_every_set_of_people(name: str) -> None:
    """Twelve days drawn at random told mean seconds by 41 to 45 where the mean is 43."""
    assert expected(SECONDS, TEAM, name).share == pytest.approx(over_every_set(SECONDS, TEAM), rel=0.02)
    assert expected(SHARE, TEAM, name).share == pytest.approx(over_every_set(SHARE, TEAM), abs=0.003)


def test_mean_seconds_with_absences_are_those_that_the_simulator_finds() -> None:
    seen = judge({"": SECONDS}, TEAM, seed=5, least_days=8000, most_days=8000, absence_rate=RATE).streams[""]
    full = judge({"": SECONDS}, TEAM, seed=5, least_days=500, most_days=500).streams[""]
    assert seen.share > 1.08 * full.share
    assert abs(expected(SECONDS, TEAM).share - seen.share) < seen.half_width + 0.05 * seen.share


def test_large_teams_are_evaluated_a_limited_number_of_times() -> None:
    asked: list[int] = []
    team = [DutySpan(start_min=540, end_min=720 - place % 90) for place in range(200)]
    day = service_day([2400.0] * 6, reception_cap=5)
    model, on, stops = team_model(day, team)
    full = model.evaluate(on, stops)

    def evaluate(there: Sequence[DutySpan]) -> Evaluation:
        asked.append(len(there))
        return full

    mean = mean_over_absences(full, team, RATE, evaluate, name="day")
    assert len(asked) < 60
    assert np.mean(asked) == pytest.approx(200 * (1 - RATE), abs=3)
    assert np.allclose(mean.on_time, full.on_time)
