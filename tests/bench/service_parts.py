"""Parts of the planner's service model, each against an event simulation of that part alone.

    python tests/bench/service_parts.py [--seed 1] [--shops 60]

* desk: one agent with k sessions that never end; utilisation and share of questions on time, in points.
* spread: sessions open at each of n agents under fewest-open, beyond what whole numbers make them differ.
* steady: shops of constant demand and staffing, by the reply-by-reply simulator; shares in points.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace

import numpy as np
from numba import njit
from service_model import UNITS, random_service, rule_of

from forecast.randomness import generator
from scheduling.day import DutySpan, Floats, ServiceDay
from scheduling.service.agent import agent_law
from scheduling.service.shop import SPREAD_SD, DayModel
from scheduling.simulation.replicate import judge

DESK_REPLIES = 400_000
SPREAD_EVENTS = 3_000_000
AGENTS = (2, 3, 5, 10, 20, 40, 100)
HOURS = 16


@njit(cache=True)
def run_desk(work, away, threshold_s, sessions):  # type: ignore[no-untyped-def]
    """Return utilisation and share on time of a desk that answers its k buyers in the order they ask."""
    asked = np.empty(sessions)
    for k in range(sessions):
        asked[k] = away[k]
    clock = busy = 0.0
    in_time = 0
    warm = len(work) // 20
    began = 0.0
    for n in range(len(work)):
        if n == warm:
            began, busy, in_time = clock, 0.0, 0
        first = np.argmin(asked)
        clock = max(clock, asked[first]) + work[n]
        busy += work[n]
        in_time += 1 if clock - asked[first] <= threshold_s else 0
        asked[first] = clock + away[sessions + n]
    return busy / (clock - began), in_time / (len(work) - warm)


@njit(cache=True)
def run_spread(agents, mean_open, chances, ties):  # type: ignore[no-untyped-def]
    """Return the mean variance of open sessions over agents, less that of floor and ceiling.

    Memoryless sessions begin at who has the fewest open; `chances` choose begin or end, and who ends.
    """
    opened = np.zeros(agents, dtype=np.int64)
    total = 0
    beyond = time = 0.0
    warm = len(chances) // 10
    for n in range(len(chances)):
        rate = agents * mean_open + total
        if n >= warm:
            mean = total / agents
            part = mean - math.floor(mean)
            square = 0.0
            for a in range(agents):
                square += (opened[a] - mean) ** 2
            beyond += (square / agents - part * (1.0 - part)) / rate
            time += 1.0 / rate
        u = chances[n] * rate
        if u < agents * mean_open:
            fewest = opened.min()
            alike = 0
            for a in range(agents):
                alike += 1 if opened[a] == fewest else 0
            chosen = int(ties[n] * alike)
            for a in range(agents):
                if opened[a] == fewest:
                    if chosen == 0:
                        opened[a] += 1
                        break
                    chosen -= 1
            total += 1
        else:
            left = u - agents * mean_open
            for a in range(agents):
                left -= opened[a]
                if left < 0.0:
                    opened[a] -= 1
                    total -= 1
                    break
    return beyond / time


def lognormal(chance: np.random.Generator, mean_s: float, cv: float, count: int) -> Floats:
    """Return lengths of work."""
    log_variance = math.log1p(cv**2)
    return np.exp(
        math.log(mean_s) - log_variance / 2 + math.sqrt(log_variance) * chance.standard_normal(count)
    )


def desks(seed: int) -> None:
    """Print the errors of a desk's utilisation and timely share over services and sessions."""
    chance = generator(seed, "desks")
    errors: list[tuple[float, float, str]] = []
    for number in range(60):
        service = random_service(chance)
        law = agent_law(service, 180.0, most_open=16)
        for k in (1, 2, 4, 6, 8, 12, 16):
            count = DESK_REPLIES + k
            work = lognormal(chance, service.reply_s, service.reply_cv, DESK_REPLIES)
            away = np.where(
                chance.random(count) < 1 / service.rounds,
                service.auto_close_s,
                chance.exponential(service.think_s, count),
            )
            busy, on_time = run_desk(work, away, 180.0, k)
            label = f"service {number} with {k} open"
            errors.append(
                (100 * (law.throughput[k] * service.reply_s - busy), 100 * (law.on_time[k] - on_time), label)
            )
    for column, name in enumerate(("utilisation", "on time")):
        error = np.array([row[column] for row in errors])
        at = int(np.abs(error).argmax())
        print(
            f"desk    {name:12s} cases {len(errors)} mean {np.abs(error).mean():.2f} "
            f"worst {np.abs(error[at]):.2f} ({errors[at][2]})"
        )


def spreads(seed: int) -> None:
    """Print measured and used standard deviations of open sessions over agents."""
    for agents in AGENTS:
        line = f"spread  agents {agents:3d}  model and simulated at"
        for mean_open in (2.5, 5.0, 9.0):
            used = SPREAD_SD * math.sqrt(1 - 1 / agents) * agents ** (-1 / 3) * mean_open / (mean_open + 0.4)
            chance = generator(seed, "spread", agents, round(10 * mean_open))
            found = run_spread(agents, mean_open, chance.random(SPREAD_EVENTS), chance.random(SPREAD_EVENTS))
            line += f"  {mean_open:g} open {used:.2f} {math.sqrt(max(found, 0.0)):.2f}"
        print(line)


def steady(seed: int, shops: int) -> None:
    """Print the errors of shares in shops of constant demand."""
    found: dict[str, list[tuple[float, float]]] = {unit: [] for unit in UNITS}
    for number in range(shops):
        chance = generator(seed, "steady shops", number)
        service = random_service(chance)
        agents = round(math.exp(chance.uniform(0, math.log(60))))
        most = agent_law(service, 180.0, most_open=service.reception_cap).throughput[-1]
        hourly = chance.uniform(0.75, 1.0) * agents * most / service.rounds * 3600
        day = ServiceDay(
            first_min=480,
            interval_min=60,
            sessions=np.full(HOURS, hourly),
            service=service,
            rule=rule_of("round", 180.0),
            target=0.9,
        )
        duties = [DutySpan(start_min=480, end_min=480 + 60 * HOURS)] * agents
        most_days = int(np.clip(1_000_000 / day.sessions.sum(), 16, 1000))
        for unit in UNITS:
            judged = replace(day, rule=rule_of(unit, 180.0))
            truth = judge(
                {"": judged}, duties, seed=seed, half_width=0.002, least_days=16, most_days=most_days
            ).streams[""]
            found[unit].append((DayModel(judged).evaluate(np.full(HOURS, agents)).share, truth.share))
    for unit, pairs in found.items():
        model, simulated = np.array(pairs).T
        for name, rows in (("share > 0.8", simulated > 0.8), ("below", simulated <= 0.8)):
            if rows.any():
                error = 100 * np.abs(model - simulated)[rows]
                print(
                    f"steady  {unit:12s} {name:12s} shops {rows.sum():3d} mean {error.mean():.2f} "
                    f"worst {error.max():.2f}"
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shops", type=int, default=60)
    chosen = parser.parse_args()
    desks(chosen.seed)
    spreads(chosen.seed)
    steady(chosen.seed, chosen.shops)
