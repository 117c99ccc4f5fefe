"""Drawn days follow the laws of the contract."""

from __future__ import annotations

import numpy as np
import pytest
from builders_simulation import RULE, chat_day

from forecast.replies.rules import ReplyRule
from scheduling.simulation.arrivals import draw_day

BOTS = ReplyRule(id="bots", window=("00:00", "24:00"), counts_as_reply=("human", "bot_auto"))
RATES = np.array([0.0, 4000.0, 1000.0, 0.0, 3000.0])


def test_sessions_arrive_at_a_constant_rate_inside_each_interval():
    day = chat_day(RATES, first_min=60)
    arrival = draw_day({"a": day}, seed=1, number=0).sessions["arrival_s"]
    assert np.all(np.diff(arrival) >= 0)
    per_interval = np.histogram(arrival, bins=3600.0 * np.arange(1, 7))[0]
    assert per_interval == pytest.approx(RATES, abs=200)
    within = np.histogram(arrival, bins=7200.0 + 900.0 * np.arange(5))[0]
    assert within == pytest.approx([1000] * 4, abs=110)


def test_rounds_work_thinking_and_patience_have_their_laws():
    service = {"rounds": 4.0, "reply_s": 30.0, "reply_cv": 1.2, "think_s": 50.0, "patience_s": 100.0}
    drawn = draw_day({"a": chat_day([20_000.0], **service)}, seed=1, number=0)
    rounds = drawn.sessions["end_round"] - drawn.sessions["first_round"]
    assert rounds.min() == 1
    assert (rounds.mean(), rounds.var()) == (pytest.approx(4.0, rel=0.02), pytest.approx(3.0, rel=0.05))
    work, think = drawn.rounds["work_s"], drawn.rounds["think_s"]
    assert (work.mean(), work.std() / work.mean()) == (
        pytest.approx(30, rel=0.02),
        pytest.approx(1.2, rel=0.05),
    )
    assert np.log(work).std() == pytest.approx(np.sqrt(np.log1p(1.44)), rel=0.02)
    assert (think.mean(), think.std()) == (pytest.approx(50, rel=0.02), pytest.approx(50, rel=0.03))
    patience = drawn.sessions["leaves_s"] - drawn.sessions["arrival_s"]
    assert (patience.mean(), patience.std()) == (pytest.approx(100, rel=0.03), pytest.approx(100, rel=0.03))


def test_work_without_variation_is_constant_and_follows_the_handle_factor():
    day = chat_day([500.0, 500.0], reply_cv=0.0, reply_s=20.0, handle_factor=[1.0, 1.5])
    drawn = draw_day({"a": day}, seed=1, number=0)
    first = drawn.rounds["work_s"][drawn.sessions["first_round"]]
    late = drawn.sessions["arrival_s"] >= 3600
    assert np.allclose(first[~late], 20.0)
    assert np.allclose(first[late], 30.0)


def test_buyers_without_limit_of_patience_never_give_up():
    assert np.isinf(draw_day({"a": chat_day([50.0])}, seed=1, number=0).sessions["leaves_s"]).all()


def test_buyers_have_one_plus_poisson_sessions_dealt_over_the_day():
    day = chat_day([20_000.0, 20_000.0], sessions_per_buyer_day=1.5)
    sessions = draw_day({"a": day}, seed=1, number=0).sessions
    sizes = np.unique(sessions["buyer"], return_counts=True)[1]
    assert sizes.mean() == pytest.approx(1.5, rel=0.02)
    assert (sizes == 1).mean() == pytest.approx(np.exp(-0.5), rel=0.03)
    cut = len(sessions) // 2
    in_both = np.intersect1d(sessions["buyer"][:cut], sessions["buyer"][cut:])
    assert len(in_both) > 0.15 * len(sizes)


def test_sessions_of_the_bot_are_drawn_only_where_the_rule_counts_them():
    ignored = chat_day([100.0], settled=[300.0], rule=RULE)
    counted = chat_day([100.0], settled=[300.0], rule=BOTS, patience_s=60.0)
    assert not draw_day({"a": ignored}, seed=1, number=0).sessions["settled"].any()
    sessions = draw_day({"a": counted}, seed=1, number=0).sessions
    assert sessions["settled"].sum() == pytest.approx(300, abs=60)
    assert np.isinf(sessions["leaves_s"][sessions["settled"]]).all()
    own = draw_day({"a": ignored}, seed=1, number=0).sessions
    assert np.array_equal(sessions["arrival_s"][~sessions["settled"]], own["arrival_s"])


def test_several_streams_are_merged_in_order_of_arrival_and_keep_their_rounds():
    a, b = chat_day([200.0], reply_s=10.0, reply_cv=0.0), chat_day([300.0], reply_s=99.0, reply_cv=0.0)
    drawn = draw_day({"a": a, "b": b}, seed=1, number=0)
    chats = drawn.sessions
    assert np.all(np.diff(chats["arrival_s"]) >= 0)
    for stream, work in ((0, 10.0), (1, 99.0)):
        mine = chats[chats["stream"] == stream]
        rounds = np.concatenate([np.arange(s["first_round"], s["end_round"]) for s in mine])
        assert np.allclose(drawn.rounds["work_s"][rounds], work)
    assert not set(chats["buyer"][chats["stream"] == 0]) & set(chats["buyer"][chats["stream"] == 1])
    alone = draw_day({"a": a}, seed=1, number=0).sessions
    assert np.array_equal(chats["arrival_s"][chats["stream"] == 0], alone["arrival_s"])


def test_days_take_the_draws_of_expected_sessions_in_turn():
    day, draws = chat_day([100.0]), np.array([[50.0], [5000.0]])
    counts = [len(draw_day({"a": day}, seed=1, number=n, sessions={"a": draws}).sessions) for n in range(4)]
    assert counts == pytest.approx([50, 5000, 50, 5000], rel=0.5)


def test_a_day_without_sessions_is_an_empty_one():
    assert len(draw_day({"a": chat_day([0.0, 0.0])}, seed=1, number=0).sessions) == 0
