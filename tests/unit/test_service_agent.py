"""One agent: finite-source law, throughput scaling, reception cap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.replies.service_parameters import ServiceParameters
from scheduling.service.agent import agent_law, away_seconds, recommended_cap, scaled_to_throughput
from scheduling.service.desk import prepare_desk, seen_in_time, starting_law
from scheduling.service.work import finite_source, fit_phases

PLAIN = ServiceParameters(rounds=5.0, reply_s=25.0, reply_cv=1.0, think_s=45.0, auto_close_s=120.0)


@pytest.mark.parametrize("cv", [0.3, 0.5, 0.7, 0.9, 1.0, 1.3, 2.0])
def test_phases_have_the_wanted_mean_and_variation(cv: float) -> None:
    work = fit_phases(20.0, cv)
    draws = np.random.default_rng(1)
    phase = draws.choice(len(work.start), p=work.start, size=200_000)
    times = np.zeros(len(phase))
    busy = np.ones(len(phase), dtype=bool)
    for i in range(len(work.rate)):
        here = busy & (phase == i)
        times[here] += draws.exponential(1 / work.rate[i], here.sum())
        onward = draws.random(here.sum()) < work.go_on[i]
        phase[here] = np.where(onward, i + 1, -1)

    assert times.mean() == pytest.approx(20.0, rel=0.01)
    assert times.std() / times.mean() == pytest.approx(cv, rel=0.03)
    assert work.mean_s == pytest.approx(20.0)


@pytest.mark.parametrize("customers", [5, 8, 12])
def test_exponential_work_gives_the_machine_repair_queue(customers: int) -> None:
    ratio = 25.0 / 60.0
    weights = np.cumprod([1.0] + [(customers - j) * ratio for j in range(customers)])
    one = np.ones(1)

    law = finite_source(one, one / 25.0, np.zeros(1), customers, 1.0 / 60.0)

    assert law[:, 0] == pytest.approx(weights / weights.sum())


def test_throughput_and_latency_obey_littles_law() -> None:
    law = agent_law(PLAIN, 180.0, most_open=10)
    k = np.arange(1, 11)

    assert law.throughput[1:] * (law.latency_s[1:] + away_seconds(PLAIN)) == pytest.approx(k)
    assert law.latency_s[1] == pytest.approx(25.0)


def test_more_open_sessions_mean_more_throughput_and_later_replies() -> None:
    law = agent_law(PLAIN, 120.0, most_open=12)

    assert np.all(np.diff(law.throughput) > 0)
    assert np.all(np.diff(law.on_time[1:]) < 0)
    assert np.all(law.late_mover <= law.on_time + 1e-12)


def test_an_idle_agent_answers_in_the_time_of_the_work_alone() -> None:
    desk = prepare_desk(mean_s=25.0, cv=0.8, away_s=60.0, horizon_s=60.0, depth=4)
    sigma = np.sqrt(np.log1p(0.64))
    draws = 25.0 * np.exp(sigma * np.random.default_rng(2).standard_normal(400_000) - sigma**2 / 2)

    alone = seen_in_time(desk, 0, horizon_s=60.0, asker_outside=True)

    assert alone == pytest.approx((draws <= 60.0).mean(), abs=0.003)
    assert seen_in_time(desk, 1, horizon_s=60.0, asker_outside=False) == pytest.approx(alone, abs=1e-6)


def test_a_desk_agrees_with_playing_it_through() -> None:
    desk = prepare_desk(mean_s=30.0, cv=1.2, away_s=51.9, horizon_s=180.0, depth=6)

    # 0.8752 and 0.9780 / 30 s: event simulation of five buyers, 2e7 s
    assert seen_in_time(desk, 5, horizon_s=180.0, asker_outside=False) == pytest.approx(0.8752, abs=0.002)
    assert 30.0 * starting_law(desk, 5)[1] == pytest.approx(0.9780, abs=0.001)


def test_a_lone_buyer_is_answered_at_once() -> None:
    desk = prepare_desk(mean_s=25.0, cv=0.8, away_s=60.0, horizon_s=60.0, depth=2)

    assert starting_law(desk, 1)[1] == pytest.approx(1.0 / 85.0, rel=1e-6)


def test_patience_lets_some_give_up_at_the_desk() -> None:
    patient = agent_law(PLAIN, 180.0, most_open=8)
    impatient = agent_law(replace(PLAIN, patience_s=60.0), 180.0, most_open=8)

    assert np.all(patient.first_lost == pytest.approx(0.0, abs=1e-12))
    assert impatient.first_lost[8] > impatient.first_lost[2] > 0
    assert impatient.first_on_time[8] < patient.first_on_time[8]


def test_scaled_agent_finishes_the_wanted_sessions() -> None:
    scaled = scaled_to_throughput(replace(PLAIN, sessions_per_hour=20.0))
    one = np.ones(1)
    law = finite_source(one, one / scaled.reply_s, np.zeros(1), 8, 1.0 / away_seconds(scaled))
    finished = 3600 * (1 - law[0, 0]) / scaled.reply_s / scaled.rounds

    assert finished == pytest.approx(20.0, rel=1e-6)
    assert scaled_to_throughput(PLAIN) is PLAIN


def test_more_throughput_than_think_times_allow_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"must be below 96\.0, got 100"):
        scaled_to_throughput(replace(PLAIN, sessions_per_hour=100.0))


def test_cap_lies_between_the_knee_and_the_last_on_time_one() -> None:
    advice = recommended_cap(PLAIN, 180.0, 0.9)

    assert advice.knee <= advice.cap == advice.most_on_time
    assert advice.industry == pytest.approx(1 + 60 / 25)
    assert str(advice.cap) in advice.reason


def test_cap_falls_back_to_the_knee_when_a_busy_agent_is_late() -> None:
    advice = recommended_cap(PLAIN, 45.0, 0.9)

    assert advice.most_on_time < advice.knee == advice.cap
    assert f"so take {advice.knee} and have enough people" in advice.reason
