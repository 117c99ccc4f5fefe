"""What the contract says of the shop, on days where every second is known."""

from __future__ import annotations

import numpy as np
import pytest
from builders_simulation import buyers, chat_day, on, play

HOURS = np.zeros(10)  # a stream open from 00:00 to 10:00


def shop(**service):
    return chat_day(HOURS, **{"auto_close_s": 0.0, "think_s": 0.0, **service})


def test_an_agent_types_one_reply_at_a_time_and_the_longest_waiting_question_first():
    day = shop(reception_cap=3)
    drawn = buyers([0, 1, 2], [[10, 10], [10], [10]], think_s=5.0)

    happened = play(drawn, [on(0, 600)], day)

    # session 0 asks again at 15, after sessions 1 and 2, which asked at 1 and 2
    assert happened.rounds["answered_s"].tolist() == [10, 40, 20, 30]


def test_a_first_question_keeps_the_time_it_spent_in_the_queue():
    day = shop(reception_cap=2)
    drawn = buyers([0, 1, 2], [[10, 100], [20, 10], [10]], think_s=[[1, 0], [1, 0], [0]])
    # slots are full until session 0 ends at 130, when session 1's second question (31) waits: 2 is older

    happened = play(drawn, [on(0, 600)], day)

    first_of_third = happened.rounds[4]
    assert first_of_third["assigned_s"] == 130
    assert first_of_third["answered_s"] == 140
    assert happened.rounds[3]["answered_s"] == 150


def test_auto_close_holds_the_slot_exactly():
    day = shop(reception_cap=1, auto_close_s=120.0)
    happened = play(buyers([0, 5], [[10], [10]]), [on(0, 600)], day)
    assert happened.sessions["ended_s"].tolist() == [130, 260]
    assert happened.rounds["answered_s"].tolist() == [10, 140]


def test_speed_divides_the_work():
    happened = play(buyers([0], [[30]]), [on(0, 600, speed=1.5)], shop())
    assert happened.rounds["answered_s"].tolist() == [20]


def test_a_new_session_goes_to_the_agent_with_the_fewest_open_ones():
    day = shop(reception_cap=8, auto_close_s=1000.0)
    happened = play(buyers(np.arange(9), [[1]] * 9), [on(0, 600)] * 3, day)
    assert sorted(np.bincount(happened.rounds["typist"])) == [3, 3, 3]
    assert len(set(happened.rounds["typist"][:3])) == 3


def test_ties_between_agents_are_broken_at_random():
    day = shop()
    drawn = buyers(np.arange(3000) * 10.0, [[1]] * 3000)
    happened = play(drawn, [on(0, 600)] * 3, day)
    assert np.bincount(happened.rounds["typist"]) == pytest.approx([1000] * 3, abs=90)


def test_sessions_are_shared_out_by_routing_weight():
    day = shop(reception_cap=30, auto_close_s=30000.0)
    drawn = buyers(np.arange(30), [[1]] * 30)
    happened = play(drawn, [on(0, 600, routing_weight=200.0), on(0, 600, routing_weight=100.0)], day)
    assert np.bincount(happened.rounds["typist"]).tolist() == [20, 10]


def test_nobody_holds_more_than_the_cap_of_his_own():
    day = shop(reception_cap=8, auto_close_s=1000.0)
    happened = play(buyers(np.arange(5), [[1]] * 5), [on(0, 600, reception_cap=2)], day)
    assert happened.rounds["assigned_s"][:2].tolist() == [0, 1]
    assert happened.rounds["assigned_s"][2] == 1001


def test_sessions_queue_while_nobody_is_on_duty_and_are_shared_out_when_agents_come():
    day = shop(auto_close_s=1000.0)
    happened = play(buyers(np.arange(4), [[10]] * 4), [on(60, 600)] * 2, day)
    assert happened.sessions["offline"].all()
    assert np.bincount(happened.rounds["typist"]).tolist() == [2, 2]
    assert happened.rounds["answered_s"].tolist() == [3610, 3610, 3620, 3620]


def test_what_is_queued_at_the_close_is_never_answered():
    day = shop(reception_cap=1)
    drawn = buyers([35990, 35991], [[30, 30], [5]], think_s=100.0)
    happened = play(drawn, [on(0, 700)], day)
    assert happened.rounds["answered_s"][:2].tolist() == [36020, 36150]  # the open session goes on
    assert np.isnan(happened.rounds["answered_s"][2])
    assert happened.sessions["ended_s"][1] == 36000


def test_an_agent_finishes_open_sessions_after_his_duty_but_takes_no_new_ones():
    day = shop(reception_cap=2)
    drawn = buyers([3590, 3601], [[20, 20], [10]], think_s=60.0)
    happened = play(drawn, [on(0, 60), on(90, 600)], day)
    assert happened.rounds["answered_s"].tolist() == [3610, 3690, 5410]
    assert happened.rounds["typist"].tolist() == [0, 0, 1]


def test_a_break_ends_as_scheduled_even_if_sessions_were_answered_in_it():
    day = shop(reception_cap=2)
    drawn = buyers([590, 700, 1201], [[400, 400], [10], [10]], think_s=5.0)
    happened = play(drawn, [on(0, 600, breaks=((10, 20),))], day)
    # the session taken at 590 is answered until 1395; the two others are taken from 1200 on
    assert happened.rounds["assigned_s"].tolist() == [590, 590, 1200, 1395]
    assert happened.rounds["answered_s"].tolist() == [990, 1395, 1405, 1415]


def test_no_new_sessions_in_the_last_minutes():
    day = shop(no_new_last_min=10)
    happened = play(buyers([2999, 3001], [[1], [1]]), [on(0, 60), on(120, 180)], day)
    assert happened.rounds["answered_s"].tolist() == [3000, 7201]


def test_last_minutes_longer_than_a_span_leave_it_without_new_sessions():
    day = shop(no_new_last_min=90)
    happened = play(buyers([10], [[1]]), [on(0, 60), on(120, 240)], day)
    assert happened.rounds["typist"].tolist() == [1]
    assert not happened.sessions["offline"][0]


def test_handover_finishes_the_reply_being_typed_and_puts_questions_at_the_head_of_the_queue():
    day = shop(leave="handover", reception_cap=3, auto_close_s=0.0)
    drawn = buyers([3500, 3520, 3510, 3590], [[200], [10], [10], [10]])
    # the agent of 0-60 types session 0 (until 3700); 1 and 2 wait on his desk; 3 queues for lack of a slot
    happened = play(drawn, [on(0, 60, reception_cap=3), on(70, 600, reception_cap=1)], day)
    answered = happened.rounds["answered_s"]
    assert answered[0] == 3700
    assert happened.rounds["typist"].tolist() == [0, 1, 1, 1]
    assert answered[1:].tolist() == [4220, 4210, 4230]  # by question time: 3510, 3520, then the queue


def test_handover_lets_thinking_buyers_join_the_end_of_the_queue_and_ends_closing_sessions():
    day = shop(leave="handover", reception_cap=3, auto_close_s=500.0)
    drawn = buyers([3500, 3505, 3550], [[10, 10], [10], [300]], think_s=[[200, 0], [0], [0]])
    happened = play(drawn, [on(0, 60), on(62, 600, reception_cap=1)], day)
    # session 0 asks again at 3710 and gets the agent who came at 3720; session 1 was closing at 3600
    assert happened.sessions["ended_s"][1] == 3600
    assert happened.rounds["typist"].tolist() == [0, 1, 0, 0]
    assert happened.rounds["assigned_s"][1] == 3720
    assert happened.sessions["ended_s"][2] == 3850  # typed to its end, then nobody is there to hold it


def test_a_question_to_nobody_after_the_close_is_never_answered():
    day = shop(leave="handover")
    drawn = buyers([35900], [[10, 10]], think_s=200.0)
    happened = play(drawn, [on(0, 600)], day)
    assert happened.sessions["questions"].tolist() == [2]
    assert np.isnan(happened.rounds["answered_s"][1])


def test_patience_ends_when_typing_begins():
    day = shop(reception_cap=1)
    drawn = buyers([0, 1, 2], [[100], [50], [10]], leaves_s=[10, 120, 110])
    happened = play(drawn, [on(0, 600)], day)
    assert happened.rounds["answered_s"][:2].tolist() == [100, 150]  # both were being typed at their deadline
    assert np.isnan(happened.rounds["answered_s"][2])
    assert happened.sessions["ended_s"][2] == 110


def test_a_buyer_who_gives_up_at_a_desk_frees_his_slot():
    day = shop(reception_cap=2)
    drawn = buyers([0, 1, 2], [[100], [50], [10]], leaves_s=[np.inf, 30, np.inf])
    happened = play(drawn, [on(0, 600)], day)
    assert happened.rounds["assigned_s"][2] == 30
    assert happened.rounds["answered_s"][2] == 110


def test_an_agent_on_several_streams_serves_them_under_one_cap():
    days = {"a": shop(reception_cap=2, auto_close_s=1000.0), "b": shop(reception_cap=3, auto_close_s=1000.0)}
    drawn = buyers([0, 1, 2, 3], [[1]] * 4, stream=[0, 1, 0, 1])
    both, only_b = on(0, 600), on(30, 600, streams=("b",))
    happened = play(drawn, [both, only_b], days)
    # both streams' oldest questions come first; the second agent serves only b
    assert happened.rounds["assigned_s"].tolist() == [0, 1, 1001, 1002]


def test_agents_serve_only_their_streams():
    days = {"a": shop(), "b": shop()}
    drawn = buyers([0, 1], [[1], [1]], stream=[0, 1])
    happened = play(drawn, [on(0, 600, streams=("b",)), on(0, 600, streams=("a", "elsewhere"))], days)
    assert happened.rounds["answered_s"].tolist() == [1, 2]
    assert len(set(happened.rounds["typist"])) == 2


def test_a_day_without_duties_answers_nobody():
    happened = play(buyers([0, 1], [[1], [1]]), [], shop())
    assert np.isnan(happened.rounds["answered_s"]).all()
