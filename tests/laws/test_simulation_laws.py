"""What holds for all shops: queueing formulas, Little's law, caps, desks, chance."""

from __future__ import annotations

from dataclasses import replace
from heapq import heappop, heappush
from math import exp, lgamma, log

import numpy as np
import pytest
from builders_simulation import asked_rounds, chat_day, on, play

from forecast.randomness import generator
from forecast.replies.rules import ReplyRule
from scheduling.simulation.arrivals import assemble, draw_day, round_table, session_table
from scheduling.simulation.replicate import judge
from scheduling.simulation.same_days import judge_many

LONG = 100_000  # min: longer than any queue here lasts
ENDLESS = chat_day(np.zeros(LONG // 60), auto_close_s=0.0, reception_cap=1)


def markov_buyers(sessions, rounds, *, work_s, think_s=0.0, gap_s=0.0, seed=1):
    """Return buyers with exponential work, think times and gaps between arrivals."""
    chance, rounds = generator(seed, "markov"), np.broadcast_to(rounds, sessions)
    total = int(rounds.sum())
    arrival = np.cumsum(chance.exponential(gap_s, sessions)) if gap_s else np.zeros(sessions)
    table = session_table(arrival, rounds)
    turns = round_table(chance.exponential(work_s, total), think_s * chance.standard_exponential(total))
    return assemble([(table, turns)], luck=np.uint64(seed))


def begun_s(happened):
    """Return when typing of each reply began, at speed 1."""
    return happened.rounds["answered_s"] - happened.rounds["work_s"]


@pytest.mark.parametrize("sessions", [5, 8, 12])
def test_one_agent_is_a_machine_repair_queue(sessions):
    """M/M/1//K: P(j at the desk) ~ K!/(K-j)! (s/z)^j, T = (1 - P0)/s, L = K/T - z."""
    work, think = 20.0, 130.0
    weight = [
        exp(lgamma(sessions + 1) - lgamma(sessions - j + 1) + j * log(work / think))
        for j in range(sessions + 1)
    ]
    throughput = (1 - weight[0] / sum(weight)) / work
    drawn = markov_buyers(sessions, np.full(sessions, 15_000), work_s=work, think_s=think)

    happened = play(
        drawn, [on(0, LONG)], replace(ENDLESS, service=replace(ENDLESS.service, reception_cap=99))
    )

    rounds = happened.rounds
    full = rounds["answered_s"] < happened.sessions["ended_s"].min()  # until the first session ends
    latency = (rounds["answered_s"] - rounds["asked_s"])[full]
    assert full.sum() / rounds["answered_s"][full].max() == pytest.approx(throughput, rel=0.015)
    assert latency.mean() == pytest.approx(sessions / throughput - think, rel=0.03)


def one_chat_each(agents, sessions, *, load):
    """Return what happens to `agents` who hold one session of one round each, and its offered load."""
    work, offered = 100.0, load * agents
    drawn = markov_buyers(sessions, 1, work_s=work, gap_s=work / offered, seed=3)
    hours = int(drawn.sessions["arrival_s"][-1] // 3600) + 2
    day = chat_day(np.zeros(hours), auto_close_s=0.0, reception_cap=1)
    return play(drawn, [on(0, day.last_min + 60)] * agents, day)


@pytest.mark.parametrize("agents", [1, 5, 20])
def test_waits_of_one_chat_per_agent_follow_erlang_c(agents):
    """M/M/n: mean wait C(n, a) s / (n - a), C from the recursion of Erlang B; within three errors."""
    load, blocked = 0.75, 1.0
    offered = load * agents
    for n in range(1, agents + 1):
        blocked = offered * blocked / (n + offered * blocked)
    waits = blocked / (1 - load * (1 - blocked))

    happened = one_chat_each(agents, 600_000, load=load)

    wait = begun_s(happened) - happened.rounds["asked_s"]
    for values, formula in ((wait > 1e-6, waits), (wait, waits * 100.0 / (agents - offered))):
        batches = values.reshape(30, -1).mean(axis=1)
        error = batches.std(ddof=1) / np.sqrt(30)
        assert error < 0.05 * formula
        assert batches.mean() == pytest.approx(formula, abs=3 * error)


@pytest.mark.parametrize("agents", [1, 5, 20])
def test_waits_of_one_chat_per_agent_are_those_of_the_recursion_on_the_same_buyers(agents):
    """First come, first served: each takes the agent who is free first (Kiefer and Wolfowitz)."""
    happened = one_chat_each(agents, 20_000, load=0.95)
    free = [0.0] * agents
    begun = []
    for asked, work in zip(happened.sessions["arrival_s"], happened.rounds["work_s"], strict=True):
        begun.append(max(asked, heappop(free)))
        heappush(free, begun[-1] + work)
    assert np.allclose(begun_s(happened), begun, rtol=0, atol=1e-6)


def test_one_agent_without_cap_is_an_open_network_of_product_form():
    """The desk is M/M/1 whatever the think times: mean latency 1 / (1/s - lambda m)."""
    work, mean_rounds, load = 20.0, 3.0, 0.7
    rounds = 1 + generator(2, "rounds").poisson(mean_rounds - 1, 60_000)
    drawn = markov_buyers(60_000, rounds, work_s=work, think_s=300.0, gap_s=work * mean_rounds / load)
    hours = int(drawn.sessions["arrival_s"][-1] // 3600) + 1
    day = chat_day(np.zeros(hours), auto_close_s=0.0, reception_cap=5_000)

    happened = play(drawn, [on(0, hours * 60)], day)

    latency = happened.rounds["answered_s"] - happened.rounds["asked_s"]
    assert latency.mean() == pytest.approx(work / (1 - load), rel=0.05)


def busy_day(**service):
    """Return a drawn day with breaks, ends of duties, a queue and impatience, and what happened on it."""
    day = chat_day(
        np.full(12, 55.0),
        **{"reception_cap": 4, "patience_s": 900.0, "reply_s": 30.0, **service},
    )
    duties = [on(0, 400, breaks=((120, 180),))] * 3 + [on(200, 720, speed=1.4), on(300, 720, reception_cap=7)]
    return play(draw_day({"shop": day}, seed=4, number=0), duties, day), duties


def test_little_law_holds_for_open_sessions():
    """The time integral of the number of open sessions is the sum of their times in the system."""
    happened, _ = busy_day()
    chats = happened.sessions
    first = happened.rounds[chats["first_round"]]
    held = ~np.isnan(first["assigned_s"])
    start, end = first["assigned_s"][held], chats["ended_s"][held]
    when = np.concatenate((start, end))
    order = np.argsort(when)
    number = np.cumsum(np.repeat([1, -1], held.sum())[order])
    integral = np.sum(number[:-1] * np.diff(when[order]))
    assert integral == pytest.approx(np.sum(end - start), rel=1e-9)
    within = np.sum(np.clip(end, None, 12 * 3600.0) - np.clip(start, None, 12 * 3600.0))
    assert happened.open_s.sum() == pytest.approx(within, rel=1e-9)


def test_nobody_ever_holds_more_sessions_than_his_cap():
    happened, duties = busy_day()
    chats = happened.sessions
    first = happened.rounds[chats["first_round"]]
    for agent, duty in enumerate(duties):
        mine = first["typist"] == agent
        start, end = first["assigned_s"][mine], chats["ended_s"][mine]
        open_then = [np.sum((start <= t) & (end > t)) for t in start]
        assert max(open_then) == (duty.reception_cap or 4)


@pytest.mark.parametrize("leave", ["finish", "handover"])
def test_one_reply_at_a_time_and_the_longest_wait_first(leave):
    happened, duties = busy_day(leave=leave)
    rounds = asked_rounds(happened)
    answered = rounds[~np.isnan(rounds["answered_s"])]
    for agent, duty in enumerate(duties):
        mine = np.sort(answered[answered["typist"] == agent], order="answered_s")
        begun = mine["answered_s"] - mine["work_s"] / duty.speed
        assert len(mine) > 100
        assert np.all(begun[1:] >= mine["answered_s"][:-1] - 1e-6)
        assert np.all(begun >= np.fmax(mine["asked_s"], mine["assigned_s"]) - 1e-6)
        for position in range(len(mine)):
            waiting = mine[position + 1 :]
            there = np.fmax(waiting["asked_s"], waiting["assigned_s"]) < begun[position] - 1e-6
            assert np.all(waiting["asked_s"][there] >= mine["asked_s"][position] - 1e-6)
        if leave == "finish" or not len(mine):
            continue
        spans = np.array(duty.working_spans) * 60.0
        typed_in = [((begun >= a) & (begun <= b)).any() for a, b in spans]
        assert all(typed_in)
        assert np.all([any(a - 1e-6 <= t <= b + 1e-6 for a, b in spans) for t in begun])


def test_no_agent_idles_while_a_session_he_could_take_is_queued():
    happened, duties = busy_day(patience_s=0.0)
    chats, first = happened.sessions, happened.rounds[happened.sessions["first_round"]]
    for queued in first[first["assigned_s"] > first["asked_s"] + 1.0]:
        middle = 0.5 * (queued["asked_s"] + queued["assigned_s"])
        for agent, duty in enumerate(duties):
            if any(60 * a <= middle < 60 * b for a, b in duty.working_spans):
                mine = first["typist"] == agent
                open_then = np.sum((first["assigned_s"][mine] <= middle) & (chats["ended_s"][mine] > middle))
                assert open_then >= (duty.reception_cap or 4)


RULE = ReplyRule(id="r", window=("01:00", "11:00"))
SHOP = chat_day(np.full(12, 60.0), rule=RULE, reply_s=30.0, patience_s=600.0)
DUTIES = [on(0, 420), on(300, 720)] * 2


def test_the_same_seed_gives_the_same_judgement_on_any_number_of_threads():
    one = judge({"a": SHOP}, DUTIES, seed=5, least_days=12, most_days=12, threads=1)
    two = judge({"a": SHOP}, DUTIES, seed=5, least_days=12, most_days=12, threads=3)
    other = judge({"a": SHOP}, DUTIES, seed=6, least_days=12, most_days=12, threads=1)
    assert one.streams["a"].share == two.streams["a"].share
    assert np.array_equal(one.streams["a"].open_sessions, two.streams["a"].open_sessions)
    assert one.streams["a"].share != other.streams["a"].share


def test_a_simulated_day_does_not_depend_on_the_batch_it_is_simulated_in():
    few = judge({"a": SHOP}, DUTIES, seed=5, least_days=3, most_days=3).streams["a"]
    many = judge({"a": SHOP}, DUTIES, seed=5, least_days=2, most_days=9, half_width=0.0).streams["a"]
    alone = judge({"a": SHOP}, DUTIES, seed=5, least_days=1, most_days=1, first_day=2).streams["a"]
    assert many.days == 9
    assert np.array_equal(many.numerators[:3], few.numerators)
    assert alone.numerators[0] == few.numerators[2]


def test_one_more_agent_never_makes_buyers_wait_more_on_average():
    plans = [[on(0, 720)] * n for n in range(1, 7)]
    sums = judge_many(SHOP, plans, seed=1, days=12)
    share = sums.numerator.sum(axis=1) / sums.denominator.sum(axis=1)
    served = 1 - sums.unanswered.sum(axis=1) / sums.arrived.sum(axis=1)
    of_asked = sums.rounds_on_time.sum(axis=1) / sums.rounds_asked.sum(axis=1)
    assert np.all(np.diff(of_asked) >= -1e-12)
    assert np.all(np.diff(served) >= -1e-12)
    assert np.all(np.diff(share[2:]) >= -1e-12)  # below that, the share rewards not answering
    assert np.all(sums.arrived == sums.arrived[0])


def test_plans_are_judged_on_the_same_buyers():
    drawn = draw_day({"a": SHOP}, seed=9, number=0)
    few = play(drawn, [on(0, 720)] * 3, {"a": SHOP})
    many = play(drawn, [on(0, 720)] * 6, {"a": SHOP})
    both = ~np.isnan(asked_rounds(few)["answered_s"]).any()
    assert np.array_equal(few.rounds["work_s"], many.rounds["work_s"])
    assert np.array_equal(few.sessions["arrival_s"], many.sessions["arrival_s"])
    assert not both  # some give up under few agents, and the drawn day is untouched by it
    assert drawn.sessions["questions"].sum() == 0


def test_a_busier_scenario_sees_the_same_first_buyers_with_the_same_work():
    usual = draw_day({"a": SHOP}, seed=9, number=0)
    busier = draw_day({"a": replace(SHOP, sessions=SHOP.sessions * 1.5)}, seed=9, number=0)
    buyers_then, rounds_then = len(usual.sessions), len(usual.rounds)
    assert len(busier.sessions) > 1.3 * buyers_then
    assert np.array_equal(busier.sessions["end_round"][:buyers_then], usual.sessions["end_round"])
    assert np.array_equal(busier.rounds["work_s"][:rounds_then], usual.rounds["work_s"])
    assert np.array_equal(busier.rounds["think_s"][:rounds_then], usual.rounds["think_s"])
