"""Planner's service model against the simulator over random days, and its speed.

Run with ``python tests/bench/service_model.py [--days 32] [--seed 1]``. Days run from quiet to 3000 sessions
an hour, caps 3 to 15, understaffed to idle, some with a backlog from hours before the first agent comes.
Errors are in points of the share (model - simulator); CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from forecast.randomness import generator
from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from scheduling.day import DutySpan, Ints, ServiceDay
from scheduling.service.agent import agent_law
from scheduling.service.shop import DayModel
from scheduling.service.value import value_tables
from scheduling.simulation.replicate import judge

INTERVALS, FIRST_MIN, INTERVAL_MIN = 32, 480, 30
UNITS = {
    "round": ("round", "first_reply"),
    "first reply": ("session", "first_reply"),
    "every reply": ("session", "every_reply"),
}


def rule_of(unit: str, threshold_s: float) -> ReplyRule:
    """Return a rule of that unit over 09:00-23:00."""
    counted, pass_if = UNITS[unit]
    return ReplyRule(
        id="bench", unit=counted, pass_if=pass_if, threshold_s=threshold_s, window=("09:00", "23:00")
    )


def random_service(chance: np.random.Generator) -> ServiceParameters:
    """Return what one agent can handle, from short replies and chats to long ones."""
    return ServiceParameters(
        rounds=chance.uniform(2, 7),
        reply_s=chance.uniform(12, 40),
        reply_cv=chance.uniform(0.4, 1.3),
        think_s=chance.uniform(20, 90),
        auto_close_s=float(chance.choice([0, 60, 120, 180, 300])),
        reception_cap=int(chance.integers(3, 16)),
    )


def random_day(seed: int, number: int) -> tuple[ServiceDay, Ints]:
    """Return a day and a staffing in blocks of half an hour to three hours."""
    chance = generator(seed, "service days", number)
    hours = 8 + np.arange(INTERVALS) / 2
    morning = 0.75 * np.exp(-(((hours - chance.uniform(10, 13)) / 2.5) ** 2))
    evening = chance.uniform(0.5, 1.2) * np.exp(-(((hours - chance.uniform(19.5, 21.5)) / 2) ** 2))
    shape = 0.25 + morning + evening
    if chance.random() < 0.35:  # a broadcast
        start = int(chance.integers(20, 27))
        shape[start : start + int(chance.integers(2, 5))] *= chance.uniform(1.5, 3)
    rates = np.exp(chance.uniform(np.log(20), np.log(3000))) * shape / shape.max()
    service = random_service(chance)
    threshold_s = float(chance.choice([60, 120, 180, 180, 180]))
    most = agent_law(service, threshold_s, most_open=service.reception_cap).throughput[-1]
    load = rates * service.rounds / 3600 / most
    wanted = load / chance.uniform(0.75, 1.3) + chance.uniform(0, 1) * np.sqrt(load)
    block = int(chance.integers(1, 7))
    starts = [j // block * block for j in range(INTERVALS)]
    agents = np.maximum(1, np.round([wanted[a : a + block].mean() for a in starts])).astype(np.int64)
    if chance.random() < 0.25:
        agents[0] = 0
    day = ServiceDay(
        first_min=FIRST_MIN,
        interval_min=INTERVAL_MIN,
        sessions=rates / 2,
        service=service,
        rule=rule_of("round", threshold_s),
        target=0.9,
    )
    return day, agents


def duties_of(on_duty: Ints, day: ServiceDay) -> list[DutySpan]:
    """Return one duty per unbroken stretch; who came first leaves first."""
    present: list[int] = []
    duties = []
    for at, agents in zip([*day.starts_min, day.last_min], [*on_duty, 0], strict=True):
        while len(present) > agents:
            duties.append(DutySpan(start_min=present.pop(0), end_min=int(at)))
        present += [int(at)] * (int(agents) - len(present))
    return duties


def compare(seed: int, days: int) -> None:
    """Print the errors by unit."""
    found: dict[str, list[tuple[float, float]]] = {unit: [] for unit in UNITS}
    for number in range(days):
        day, agents = random_day(seed, number)
        most_days = int(np.clip(1_000_000 / day.sessions.sum(), 16, 1000))
        cap, peak = day.service.reception_cap, 2 * day.sessions.max()
        line = f"{number:3d} peak {peak:5.0f}/h cap {cap:2d} n {agents.max():3d}"
        for unit in UNITS:
            judged = replace(day, rule=rule_of(unit, day.rule.threshold_s))
            truth = judge(
                {"": judged},
                duties_of(agents, day),
                seed=seed,
                half_width=0.002,
                least_days=16,
                most_days=most_days,
            ).streams[""]
            share = DayModel(judged).evaluate(agents).share
            found[unit].append((share, truth.share))
            line += f" | {unit} {truth.share:.3f}±{truth.half_width:.3f} {100 * (share - truth.share):+5.2f}"
        print(line, flush=True)
    for unit, pairs in found.items():
        model, truth = np.array(pairs).T
        for name, rows in (("share > 0.8", truth > 0.8), ("below", truth <= 0.8)):
            if rows.any():
                error = 100 * (model - truth)[rows]
                print(
                    f"{unit:12s} {name:12s} days {rows.sum():3d} mean {np.abs(error).mean():.2f} "
                    f"worst {np.abs(error).max():.2f} bias {error.mean():+.2f}"
                )


def speed() -> None:
    """Print CPU milliseconds of an evaluation, a gradient, a resumed evaluation and value tables."""
    hours = 8 + np.arange(INTERVALS) / 2
    shape = 0.25 + 0.75 * np.exp(-(((hours - 11) / 2.5) ** 2)) + np.exp(-(((hours - 20.5) / 2) ** 2))
    shape /= shape.max()
    service = ServiceParameters()
    for peak in (300, 3000, 15000):
        agents = np.ceil(peak * shape * service.rounds * service.reply_s / 3600 * 1.05 + 0.3).astype(np.int64)
        for unit in ("round", "every reply"):
            model = DayModel(
                ServiceDay(
                    first_min=FIRST_MIN,
                    interval_min=INTERVAL_MIN,
                    sessions=peak * shape / 2,
                    service=service,
                    rule=rule_of(unit, 180.0),
                    target=0.9,
                )
            )
            base = model.run(agents)
            model.gradient(agents)
            shifts = [agents + (np.arange(INTERVALS) == i) for i in range(INTERVALS)]
            timings = [
                _cpu_ms(model.evaluate, [agents] * 25),
                _cpu_ms(model.gradient, [agents] * 9),
                _cpu_ms(partial(model.evaluate_from, base), shifts),
                _cpu_ms(partial(value_tables, model, reach=3, base=base), [agents] * 5),
            ]
            print(
                f"{peak:6d}/h {unit:12s} evaluate {timings[0]:6.1f} ms  gradient {timings[1]:6.1f} ms  "
                f"resumed {timings[2]:6.1f} ms  tables of 7 {timings[3]:6.1f} ms"
            )


def _cpu_ms(work: Callable[[Ints], object], staffings: Sequence[Ints]) -> float:
    """Return CPU milliseconds of a call, the median over staffings."""
    spent = []
    for agents in staffings:
        start = time.process_time()
        work(agents)
        spent.append(time.process_time() - start)
    return 1000 * float(np.median(spent))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    compare(chosen.seed, chosen.days)
    speed()
