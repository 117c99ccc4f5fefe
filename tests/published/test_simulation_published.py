"""Published event simulations, reproduced by ours on the same model (vectors.json, model "simulation").

Both sides are estimates: the intervals must meet. Calls are chats of one round, one at a time.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from builders_simulation import chat_day, on, play

from forecast.randomness import generator
from scheduling.simulation.arrivals import assemble, round_table, session_table

VECTORS = {
    vector["id"]: vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["vectors"]
    if vector["model"] == "simulation"
}
HOURS, DAYS, AGENTS = 8, 600, 12


def days_of(vector: dict[str, object], *, patience_s: float = 0.0):
    """Yield days of M/M/12 from empty: questions, starts of service, and work."""
    inputs = VECTORS["pub-cc-MMC"]["inputs"]
    gap_s, work_s = 60.0 / inputs["lam_per_min"], 60.0 / inputs["mu_per_min"]
    day = chat_day(np.zeros(HOURS), auto_close_s=0.0, reception_cap=1)
    for number in range(DAYS):
        chance = generator(1, vector["id"], number)
        arrival = np.cumsum(chance.exponential(gap_s, int(1.3 * HOURS * 3600 / gap_s)))
        arrival = arrival[arrival < HOURS * 3600]
        leaves = arrival + chance.exponential(patience_s, len(arrival)) if patience_s else np.inf
        work = chance.exponential(work_s, len(arrival))
        table = session_table(arrival, np.ones(len(arrival), dtype=np.int64), leaves)
        drawn = assemble([(table, round_table(work, np.zeros(len(arrival))))], luck=np.uint64(number))
        happened = play(drawn, [on(0, HOURS * 60)] * AGENTS, day)
        yield happened, happened.rounds["answered_s"] - work


def assert_meets(daily: list[float], published: list[float], weights: list[float] | None = None) -> None:
    """Assert that the interval of a mean (or of a ratio to `weights`) over days meets a published one."""
    above: npt.NDArray[np.float64] = np.asarray(daily)
    below = np.ones(len(above)) if weights is None else np.asarray(weights)
    value = above.mean() / below.mean()
    half = 1.96 * np.std(above - value * below, ddof=1) / np.sqrt(len(above)) / below.mean()
    assert half < 0.15 * value
    assert value == pytest.approx(np.mean(published), abs=half + 0.5 * (published[1] - published[0]))


def test_twelve_agents_from_empty_serve_within_twenty_seconds_as_published():
    vector = VECTORS["pub-cc-MMC"]
    within, waited, busy, arrived = [], [], [], []
    for happened, begun in days_of(vector):
        wait = begun - happened.sessions["arrival_s"]
        within.append(np.sum(wait <= vector["inputs"]["T_s"]))  # NaN, never served, is not within
        waited.append(np.nansum(wait) / 60)
        close = HOURS * 3600.0
        busy.append(np.nansum(np.fmin(begun + happened.rounds["work_s"], close) - np.fmin(begun, close)))
        arrived.append(len(wait))
    assert_meets(within, vector["outputs"]["sl_ci95"], arrived)
    assert_meets(waited, vector["outputs"]["asa_min_ci95"], arrived)
    assert_meets([b / (AGENTS * HOURS * 3600) for b in busy], vector["outputs"]["occupancy_ci95"])


def test_with_a_minute_of_patience_as_many_give_up_as_published():
    vector = VECTORS["pub-cc-MMCAb"]
    within, lost, patient = [], [], []
    for happened, begun in days_of(vector, patience_s=60.0):
        chats = happened.sessions
        gone = chats["gone"] & (chats["ended_s"] < HOURS * 3600)
        wait = np.where(gone, chats["ended_s"], begun) - chats["arrival_s"]
        short = gone & (wait < 20)
        within.append(np.sum(~gone & (wait <= 20)))
        patient.append(np.sum(~short))
        lost.append(np.sum(gone))
    assert_meets(within, vector["outputs"]["sl_excl_short_abandon_ci95"], patient)
    assert_meets(lost, vector["outputs"]["abandoned_per_day_ci95"])


def test_a_day_of_a_call_center_with_uncertain_volume_is_as_published():
    """Who balks has no patience at all; the last shift stays until the queue is empty."""
    vector = VECTORS["pub-cc-CallCC"]
    inputs, outputs = vector["inputs"], vector["outputs"]
    rates, agents = np.array(inputs["rates_per_h"]), inputs["agents"]
    expected, hours = rates.sum(), len(rates)
    day = chat_day(np.zeros(hours + 5), auto_close_s=0.0, reception_cap=1)
    duties = []
    for agent in range(max(agents)):
        edges = np.flatnonzero(np.diff([0, *(count > agent for count in agents), 0]))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            duties.append(on(60 * int(start), 60 * int(end if end < hours else hours + 5)))
    waits, within, lost = [], [], []
    for number in range(3 * DAYS):
        chance = generator(2, vector["id"], number)
        counts = chance.poisson(rates * chance.gamma(10.0, 0.1))
        arrival = np.sort(3600.0 * (np.repeat(np.arange(hours), counts) + chance.random(counts.sum())))
        calls = len(arrival)
        patience = chance.exponential(inputs["patience_mean_s"], calls)
        patience[chance.random(calls) < inputs["p_balk_if_wait"]] = 0.0
        work = chance.exponential(inputs["service_mean_s"], calls)
        table = session_table(arrival, np.ones(calls, dtype=np.int64), arrival + patience)
        drawn = assemble([(table, round_table(work, np.zeros(calls)))], luck=np.uint64(number))
        happened = play(drawn, duties, day)
        gone = happened.sessions["gone"]
        begun = happened.rounds["answered_s"] - work
        wait = np.where(gone, happened.sessions["ended_s"], begun) - arrival
        waits.append(wait.sum() / expected)
        within.append(np.sum(wait < inputs["T_s"]) / expected)
        lost.append(gone.sum() / expected)
    assert_meets(waits, outputs["wait_per_expected_call_s_ci90"])
    assert_meets(within, outputs["share_wait_lt_T_ci90"])
    assert_meets(lost, outputs["share_lost_ci90"])
