"""What holds of the planner's service model whatever the day."""

from __future__ import annotations

import numpy as np
import pytest
from builders_service import service_day
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.day import DutySpan
from scheduling.service import ages
from scheduling.service.ages import STAGES
from scheduling.service.chain import FIRSTS, LATERS
from scheduling.service.erlang import erlang_a, erlang_c
from scheduling.service.shop import DayModel
from scheduling.simulation.replicate import judge

UNITS = st.sampled_from([("round", "first_reply"), ("session", "first_reply"), ("session", "every_reply")])
LEAVE = ("finish", "handover")
FEW = settings(max_examples=25, deadline=None)


@st.composite
def shops(draw: st.DrawFn, fewest: int = 0, leave: tuple[str, ...] = LEAVE) -> tuple[DayModel, np.ndarray]:
    """Return a small day with some staffing."""
    unit, pass_if = draw(UNITS)
    rates = draw(st.lists(st.floats(5, 200), min_size=6, max_size=6))
    day = service_day(
        rates,
        rule={"unit": unit, "pass_if": pass_if},
        rounds=draw(st.floats(1.0, 6.0)),
        reply_s=draw(st.floats(10, 40)),
        reply_cv=draw(st.sampled_from([0.5, 0.8, 1.2])),
        auto_close_s=draw(st.sampled_from([0.0, 120.0])),
        reception_cap=draw(st.integers(1, 10)),
        leave=draw(st.sampled_from(leave)),
    )
    staff = draw(st.lists(st.integers(fewest, 10), min_size=6, max_size=6))
    return DayModel(day), np.array(staff)


@FEW
@given(shops(fewest=1, leave=("finish",)))
def test_one_more_agent_all_day_never_makes_buyers_wait_more(shop: tuple[DayModel, np.ndarray]) -> None:
    model, staff = shop
    few, more = model.evaluate(staff), model.evaluate(staff + 1)

    assert more.unanswered.sum() <= few.unanswered.sum() + 1e-3
    assert more.on_time_of_asked >= few.on_time_of_asked - 1e-3


@FEW
@given(shops())
def test_counts_are_possible(shop: tuple[DayModel, np.ndarray]) -> None:
    model, staff = shop
    evaluation = model.evaluate(staff)

    assert -1e-3 <= evaluation.on_time.sum() <= evaluation.total.sum() + 1e-3
    assert np.all(evaluation.unanswered >= 0)
    assert evaluation.arrived.sum() == pytest.approx(model.day.sessions.sum(), rel=1e-5)
    assert 0 <= evaluation.unanswered_share <= 1 + 1e-6
    before = np.maximum(staff, np.concatenate([[0], staff[:-1]]))
    assert np.all(evaluation.open_sessions <= 2 * before * model.cap + 1e-6)  # leavers take theirs along


@FEW
@given(shops(), st.integers(0, 5))
def test_resuming_changes_nothing(shop: tuple[DayModel, np.ndarray], interval: int) -> None:
    model, staff = shop
    other = staff + (np.arange(6) == interval)

    resumed = model.evaluate_from(model.run(staff), other)

    assert resumed.surplus == pytest.approx(model.evaluate(other).surplus, abs=1e-9)


def rounds_of_sessions(model: DayModel, staff: np.ndarray) -> tuple[float, float]:
    """Return the later rounds given or still to come, and those that the sessions taken ask for."""
    run = model.run(staff)
    counts, end = run.counts.sum(axis=0), run.states[-1]
    states = np.arange(end.lo, end.hi + 1)
    queued = end.mass @ np.maximum(0, states - end.agents * model.cap)
    further = np.append(model.more + (np.arange(len(model.more)) > 0), np.zeros(STAGES))
    to_come = (end.ages.sum(axis=0) @ further) / max(end.ages.sum(), 1e-9) * (end.mass @ states - queued)
    return counts[LATERS] + to_come, (counts[FIRSTS] - queued) * (model.service.rounds - 1)


@FEW
@given(shops(fewest=1, leave=("finish",)))
def test_every_session_gets_its_rounds(shop: tuple[DayModel, np.ndarray]) -> None:
    given_, asked = rounds_of_sessions(*shop)

    assert given_ == pytest.approx(asked, rel=0.03, abs=2.0)


@pytest.mark.parametrize("rounds", [1.5, 2.0, 4.0])
def test_every_session_gets_its_rounds_where_many_begin_at_once_and_close_slowly(rounds: float) -> None:
    day = service_day(
        [452.0, 600.0, 800.0, 500.0, 300.0, 800.0], rounds=rounds, reply_s=20.0, auto_close_s=300.0,
        reception_cap=14,
    )  # fmt: skip

    given_, asked = rounds_of_sessions(DayModel(day), np.array([0, 6, 8, 7, 4, 8]))

    assert given_ == pytest.approx(asked, rel=0.01)


@pytest.mark.parametrize(("agents", "rate"), [(1, 14.0), (3, 50.0), (20, 400.0)])
def test_a_shop_in_balance_does_not_know_how_fast_its_clock_runs(
    agents: int, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = service_day([rate] * 48, reply_cv=1.0, reception_cap=30)
    staff = np.full(48, agents)
    found = DayModel(day).run(staff).states[-1]

    monkeypatch.setattr(ages, "busy_clock", lambda _: (0.0, 0.0))
    slow = DayModel(day).run(staff).states[-1]

    assert DayModel(day).service.rounds > 2.0  # the clock differs
    assert found.mass @ np.arange(found.lo, found.hi + 1) == pytest.approx(
        slow.mass @ np.arange(slow.lo, slow.hi + 1), rel=0.002
    )


def test_buyers_wait_as_long_as_simulated_after_a_third_of_the_people_come_back() -> None:
    day = service_day([260.0] * 6, rounds=5.0, reply_s=30.0, auto_close_s=180.0, reception_cap=14)
    staff = np.array([10, 10, 10, 10, 16, 16])
    duties = [DutySpan(start_min=540, end_min=720)] * 10 + [DutySpan(start_min=660, end_min=720)] * 6

    model = DayModel(day).evaluate(staff)
    judged = judge({"": day}, duties, seed=3, most_days=400, least_days=400).streams[""]

    after = judged.on_time[4] / judged.total[4]
    assert model.on_time[4] / model.total[4] == pytest.approx(after, abs=0.03)
    before = judged.on_time[3] / judged.total[3]
    assert after - before > 0.1  # something happens there


def test_sessions_obey_littles_law_in_a_steady_shop() -> None:
    model = DayModel(service_day([120.0] * 40, reply_cv=1.0))
    run = model.run(np.full(40, 5))
    evaluation = model.summary(run)
    latency_s = (
        DayModel(service_day([120.0] * 40, reply_cv=1.0, rule={"metric": "mean_seconds"}, target=45.0))
        .evaluate(np.full(40, 5))
        .share
    )

    session_s = 5 * latency_s + 4 * 45.0 + 120.0

    assert evaluation.open_sessions[-1] == pytest.approx(120.0 / 3600 * session_s, rel=0.01)


def test_erlang_a_tends_to_erlang_c_as_patience_grows() -> None:
    limit = erlang_c(rate=5.0, mean=2.0, agents=12, threshold=0.5)
    errors = [
        abs(erlang_a(rate=5.0, mean=2.0, agents=12, patience=p, threshold=0.5).mean_wait - limit.mean_wait)
        for p in (10.0, 100.0, 1000.0, 10000.0)
    ]

    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-3


@given(st.floats(0.5, 20), st.integers(1, 25))
@settings(max_examples=60, deadline=None)
def test_one_more_agent_shortens_erlang_waits(rate: float, agents: int) -> None:
    few = erlang_a(rate, 1.0, agents, 2.0, 0.3)
    more = erlang_a(rate, 1.0, agents + 1, 2.0, 0.3)

    assert more.mean_wait <= few.mean_wait + 1e-12
    assert more.p_abandon <= few.p_abandon + 1e-12
    assert 0 <= few.served_within + few.abandoned_within <= 1 + 1e-9
