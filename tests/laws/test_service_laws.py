"""What holds of the planner's service model whatever the day."""

from __future__ import annotations

import numpy as np
import pytest
from builders_service import service_day
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.service.erlang import erlang_a, erlang_c
from scheduling.service.shop import DayModel

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
