"""The shop's day: evaluation, resuming, value tables, units of the rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders_service import service_day

from scheduling.day import DutySpan
from scheduling.service.segments import default_leaving
from scheduling.service.shop import DayModel
from scheduling.service.value import Backward, value_tables
from scheduling.simulation.replicate import judge

RATES = [80.0, 120.0, 150.0, 110.0, 90.0, 140.0, 160.0, 70.0]
STAFF = np.array([4, 6, 7, 6, 4, 6, 7, 4])


def test_staff_and_sessions_must_fit_the_day() -> None:
    model = DayModel(service_day())

    with pytest.raises(ValueError, match="need 8 values"):
        model.evaluate([3, 3])
    with pytest.raises(ValueError, match="0 or more"):
        model.evaluate([-1] * 8)
    with pytest.raises(ValueError, match="finite"):
        model.evaluate([3] * 8, sessions=np.full(8, np.nan))


def test_every_round_of_a_quiet_day_is_counted_and_on_time() -> None:
    evaluation = DayModel(service_day([40.0] * 24)).evaluate([10] * 24)

    assert evaluation.share > 0.999
    assert evaluation.arrived.sum() == pytest.approx(480.0, rel=1e-6)
    assert evaluation.total.sum() == pytest.approx(480.0 * 5, rel=0.01)
    assert evaluation.on_time_of_asked == pytest.approx(evaluation.share, abs=1e-6)


def test_nobody_on_duty_answers_nobody() -> None:
    evaluation = DayModel(service_day()).evaluate([0] * 8)

    assert evaluation.share == pytest.approx(0.0, abs=1e-9)
    assert evaluation.unanswered_share == pytest.approx(1.0)
    assert evaluation.total.sum() == pytest.approx(240.0)  # one late round each
    assert evaluation.on_time_of_asked == pytest.approx(0.0, abs=1e-9)


def test_a_queue_is_carried_into_the_next_interval() -> None:
    model = DayModel(service_day([60.0] * 8))
    late_start = model.evaluate([0, 0, 4, 4, 4, 4, 4, 4])
    full_day = model.evaluate([4] * 8)

    assert late_start.on_time[2] / late_start.total[2] < full_day.on_time[2] / full_day.total[2] - 0.2
    assert late_start.unanswered_share == pytest.approx(0.0, abs=1e-6)


def test_a_backlog_taken_by_all_at_once_leaves_possible_counts() -> None:
    # 150 sessions wait for four agents: they begin, close and end together, in waves. With long steps the
    # waves grew without limit: thousands of millions of rounds were counted, every one of them on time.
    day = service_day(
        [26.0, 49.0, 197.2, 187.3, 80.5, 47.5],
        rule={"threshold_s": 60.0},
        rounds=1.1,
        reply_s=24.0,
        reply_cv=0.5,
        think_s=86.0,
        reception_cap=7,
        bot_share=0.0,
        leave="handover",
    )
    found = DayModel(day).evaluate([3, 0, 0, 0, 4, 6])

    rounds = 1.1 * day.sessions.sum()
    assert found.total.sum() == pytest.approx(rounds, rel=0.03)
    assert np.all(found.on_time <= found.total + 1e-6)
    assert found.on_time_of_asked == pytest.approx(0.16, abs=0.04)  # simulated: 0.157


def test_one_agent_alone_with_a_backlog_may_serve_worse_than_nobody_before_ten_come() -> None:
    # Whoever waits for the ten has one late round; the one agent takes his fill and is late with every reply.
    day = service_day(
        [2.0, 25.0, 2.0, 60.0, 30.0, 30.0],
        rule={"threshold_s": 60.0},
        rounds=5.0,
        reply_s=30.0,
        think_s=20.0,
        auto_close_s=0.0,
        reception_cap=9,
        bot_share=0.0,
    )
    alone, nobody = np.array([2, 2, 2, 1, 10, 10]), np.array([2, 2, 2, 0, 10, 10])
    model = DayModel(day)
    assert model.evaluate(nobody).on_time_of_asked > model.evaluate(alone).on_time_of_asked
    many = [DutySpan(start_min=660, end_min=720)] * 10
    simulated = [
        judge({"": day}, [*few, *many], seed=1, least_days=60, most_days=60).streams[""].on_time_of_asked
        for few in (
            [DutySpan(start_min=540, end_min=630)] * 2,
            [DutySpan(start_min=540, end_min=630), DutySpan(start_min=540, end_min=660)],
        )
    ]
    assert simulated[0] > simulated[1]


def test_hours_outside_the_window_count_nothing_but_carry_over() -> None:
    day = service_day([60.0] * 8, rule={"window": ("10:00", "12:30")})
    evaluation = DayModel(day).evaluate([0, 0, 3, 3, 3, 3, 3, 3])

    assert np.all(evaluation.total[[0, 1, 7]] == 0)
    assert evaluation.on_time[2] / evaluation.total[2] < 0.7


def test_resumed_evaluation_equals_a_fresh_one() -> None:
    model = DayModel(service_day(RATES, rule={"unit": "session", "pass_if": "every_reply"}))
    base = model.run(STAFF)
    for interval in range(8):
        other = STAFF + (np.arange(8) == interval)

        assert model.evaluate_from(base, other).share == pytest.approx(model.evaluate(other).share, abs=1e-12)


@pytest.mark.parametrize(
    ("unit", "pass_if"),
    [
        ("round", "first_reply"),
        ("session", "first_reply"),
        ("session", "every_reply"),
        ("buyer_day", "every_reply"),
    ],
)
@pytest.mark.parametrize("leave", ["finish", "handover"])
def test_value_tables_agree_with_evaluating_the_changed_day(unit: str, pass_if: str, leave: str) -> None:
    model = DayModel(service_day(RATES, rule={"unit": unit, "pass_if": pass_if}, leave=leave))
    base = model.evaluate(STAFF)
    tables = value_tables(model, STAFF, reach=1)
    gradient = model.gradient(STAFF)

    assert tables.base_surplus == pytest.approx(base.surplus, abs=0.05)
    for interval in range(8):
        more = model.evaluate(STAFF + (np.arange(8) == interval)).surplus - base.surplus
        assert tables.surplus[interval, 2] - tables.base_surplus == pytest.approx(more, rel=0.12, abs=0.6)
        assert gradient[interval] == pytest.approx(
            tables.surplus[interval, 2] - tables.base_surplus, abs=1e-6
        )


def test_candidates_may_be_given_and_repeat_the_base() -> None:
    model = DayModel(service_day(RATES))
    tables = value_tables(model, STAFF, candidates=np.array([0, 4, 6]))

    assert tables.candidates.shape == tables.surplus.shape == (8, 3)
    assert tables.surplus[1, 2] == tables.base_surplus  # its own head count
    assert tables.unanswered[7, 0] > 1.0  # nobody on at the end leaves a queue


def test_tables_that_share_a_backward_pass_equal_fresh_ones() -> None:
    model = DayModel(service_day(RATES))
    shared = Backward(model, model.run(STAFF))
    value_tables(model, STAFF, reach=1, base=shared)

    again = value_tables(model, STAFF, reach=2, base=shared)

    fresh = value_tables(model, STAFF, reach=2)
    assert np.array_equal(again.surplus, fresh.surplus)
    assert np.array_equal(again.unanswered, fresh.unanswered)
    assert again.base_surplus == fresh.base_surplus


def test_finishing_is_kinder_to_open_sessions_than_stopping_later_ones() -> None:
    staff = np.array([6, 6, 6, 6, 2, 2, 2, 2])
    rates = [120.0] * 4 + [30.0] * 4
    finish = DayModel(service_day(rates, leave="finish")).evaluate(staff)
    handover = DayModel(service_day(rates, leave="handover")).evaluate(staff)

    assert finish.on_time[4] / finish.total[4] > handover.on_time[4] / handover.total[4]


def test_sessions_handed_over_to_nobody_have_had_a_reply() -> None:
    # They stayed in the shop's queue and counted as never answered at the close: 9.8 % instead of 1.1 %.
    day = service_day([20.0] * 6 + [0.5, 0.5], leave="handover", rounds=8.0, think_s=90.0)
    found = DayModel(day).evaluate([2] * 6 + [0, 0])

    duties = [DutySpan(start_min=540, end_min=720)] * 2
    simulated = judge({"": day}, duties, seed=3, least_days=300, most_days=300).streams[""]
    assert found.unanswered_share == pytest.approx(simulated.unanswered, abs=0.005)
    assert found.share == pytest.approx(simulated.share, abs=0.01)
    assert found.total.sum() == pytest.approx(simulated.denominators.mean(), rel=0.02)


def test_tables_know_who_hands_over_to_nobody() -> None:
    model = DayModel(service_day(RATES, leave="handover"))
    staff = np.array([*STAFF[:6], 0, 0])
    base = model.evaluate(staff).unanswered.sum()
    tables = value_tables(model, staff, reach=1)

    for interval in range(8):
        more = model.evaluate(staff + (np.arange(8) == interval)).unanswered.sum()
        said = tables.unanswered[interval, 2] - tables.base[2]
        assert said == pytest.approx(more - base, rel=0.1, abs=0.1)


def test_swapping_people_at_an_instant_takes_their_sessions_along() -> None:
    model = DayModel(service_day([110.0] * 8))
    staff = np.full(8, 5)
    swap = default_leaving(staff)
    swap[4] = 5

    stay, change = model.evaluate(staff), model.evaluate(staff, swap)

    assert change.on_time[4] / change.total[4] > stay.on_time[4] / stay.total[4]  # fresh agents
    assert change.rounds_on_time.sum() == pytest.approx(stay.rounds_on_time.sum(), rel=0.01)


def test_no_new_sessions_before_the_end_costs_a_little() -> None:
    staff = np.array([6, 6, 6, 6, 3, 3, 3, 3])
    plain = DayModel(service_day([100.0] * 8)).evaluate(staff)
    early = DayModel(service_day([100.0] * 8, no_new_last_min=15)).evaluate(staff)

    assert early.share < plain.share
    assert early.arrived.sum() == pytest.approx(plain.arrived.sum())


def test_impatient_buyers_are_lost_and_late() -> None:
    staff = np.full(8, 3)
    patient = DayModel(service_day([70.0] * 8)).evaluate(staff)
    impatient = DayModel(service_day([70.0] * 8, patience_s=120.0)).evaluate(staff)

    assert impatient.unanswered_share > 0.02 > patient.unanswered_share
    assert impatient.open_sessions.sum() < patient.open_sessions.sum()


def test_harder_sessions_take_more_agents() -> None:
    day = service_day([90.0] * 8)
    hard = replace(day, handle_factor=np.array([1.0, 1.0, 1.4, 1.4, 1.0, 1.0, 1.0, 1.0]))

    plain, harder = (DayModel(d).evaluate([4] * 8) for d in (day, hard))

    assert harder.on_time[2] / harder.total[2] < plain.on_time[2] / plain.total[2]
    assert harder.on_time[0] == pytest.approx(plain.on_time[0])


def test_mean_seconds_of_an_idle_shop_is_the_work_on_a_reply() -> None:
    day = service_day([10.0] * 16, rule={"metric": "mean_seconds", "threshold_s": 45.0}, target=45.0)
    model = DayModel(day)
    idle, busy = model.evaluate([12] * 16), model.evaluate([1] * 16)

    assert idle.share == pytest.approx(25.0, rel=0.03)
    assert busy.share > idle.share
    assert idle.surplus > 0  # seconds to spare
    assert np.all(model.gradient([1] * 16) > 0)


def test_a_session_is_on_time_less_often_than_its_first_reply() -> None:
    first = DayModel(service_day(RATES, rule={"unit": "session"})).evaluate(STAFF)
    every = DayModel(service_day(RATES, rule={"unit": "session", "pass_if": "every_reply"})).evaluate(STAFF)
    buyer = DayModel(service_day(RATES, rule={"unit": "buyer_day", "pass_if": "every_reply"})).evaluate(STAFF)

    assert buyer.share < every.share < first.share
    assert buyer.total.sum() == pytest.approx(every.total.sum() / 1.2, rel=1e-6)


def test_settled_sessions_count_only_where_bots_do() -> None:
    day = replace(service_day(RATES), settled=np.full(8, 20.0))
    counted = replace(day, rule=replace(day.rule, counts_as_reply=("human", "bot_auto")))

    without, with_bots = (DayModel(d).evaluate(STAFF) for d in (day, counted))

    assert with_bots.total.sum() == pytest.approx(without.total.sum() + 8 * 20 * 5)
    assert with_bots.on_time.sum() == pytest.approx(without.on_time.sum() + 8 * 20 * 5)


def test_agents_clock_leaves_out_the_shops_queue() -> None:
    shop = DayModel(service_day([150.0] * 8, rule={"unit": "session"})).evaluate([3] * 8)
    agent = DayModel(service_day([150.0] * 8, rule={"unit": "session", "clock": "assigned"})).evaluate(
        [3] * 8
    )

    assert agent.share > shop.share + 0.2


def test_rules_may_leave_out_the_unanswered_and_the_offline() -> None:
    staff = [0, 0, 3, 3, 3, 3, 3, 0]
    fail = DayModel(service_day()).evaluate(staff)
    exclude = DayModel(service_day(rule={"unanswered": "exclude"})).evaluate(staff)
    offline = DayModel(service_day(rule={"offline": "exclude"})).evaluate(staff)

    assert exclude.total.sum() == pytest.approx(fail.total.sum() - fail.unanswered.sum(), rel=1e-6)
    assert offline.total[0] == 0
    assert fail.unanswered_share == pytest.approx(exclude.unanswered_share)


def test_rounds_judged_by_the_sessions_start_go_on_after_the_window() -> None:
    window = ("09:00", "11:00")
    question = DayModel(service_day(rule={"window": window})).evaluate([5] * 8)
    start = DayModel(service_day(rule={"window": window, "window_by": "session_start"})).evaluate([5] * 8)

    assert start.total[4] > 0 == question.total[4]
    assert start.total.sum() == pytest.approx(4 * 30 * 5, rel=0.03)
