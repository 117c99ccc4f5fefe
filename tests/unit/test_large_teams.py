"""Large teams are planned as smaller ones of the same shape."""

from __future__ import annotations

import numpy as np
from builders_service import service_day

from scheduling.large_teams import busiest, settled_counts, smaller_day, team_scale
from scheduling.requirement import required_agents


def test_one_small_day_keeps_the_span_at_its_own_size() -> None:
    small, large = service_day([20.0] * 4), service_day([30000.0] * 4)
    assert team_scale([small, large]) == 1
    assert team_scale([large]) > 1


def test_a_smaller_day_keeps_fewer_people_typing_by_the_scale() -> None:
    large = service_day([30000.0] * 4)
    assert np.isclose(busiest(smaller_day(large, 10)), busiest(large) / 10)


def test_settled_counts_take_away_what_the_full_team_can_do_without() -> None:
    counts = settled_counts(np.array([10, 20]), 10, lambda agents: agents.sum() >= 280)
    assert 280 <= counts.sum() <= 285


def test_counts_that_are_never_enough_stay_as_scaled() -> None:
    counts = settled_counts(np.array([10, 20]), 10, lambda _: False)
    assert counts.tolist() == [100, 200]


def test_a_large_teams_requirement_meets_the_target_and_is_near_the_work() -> None:
    day = service_day([8000.0, 12000.0, 10000.0, 6000.0])
    found = required_agents(day, floor=0.5, max_unanswered=0.01)
    assert found.is_met
    assert found.evaluation.share >= day.target
    work = day.sessions * day.service.rounds * day.service.reply_s / 60 / day.interval_min
    assert found.agents.sum() <= 1.12 * work.sum()


def test_a_large_team_needs_no_more_than_the_small_one_times_the_scale() -> None:
    day = service_day([8000.0, 12000.0, 10000.0, 6000.0])
    scale = team_scale([day])
    small = required_agents(smaller_day(day, scale), floor=0.5, max_unanswered=0.01)
    assert required_agents(day, floor=0.5, max_unanswered=0.01).agents.sum() <= scale * small.agents.sum()
