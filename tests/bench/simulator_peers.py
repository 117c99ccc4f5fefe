"""The same two models in other engines; run by `simulator_speed.py`, each in a process of its own.

``queue``: M/M/20 at load 0.9. ``chat``: 20 agents with six sessions each, reply by reply, lognormal work.
Prints one JSON object: events, CPU seconds, and the mean wait of a question [s] as a check.
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from collections import deque

AGENTS, CAP, LOAD = 20, 6, 0.9
WORK_S, CV, ROUNDS, THINK_S, CLOSE_S = 25.0, 0.8, 5.0, 45.0, 120.0
CHAT_GAP_S = 13.2  # between sessions of the chat model: slots are taken, some sessions queue
QUEUE_GAP_S = WORK_S / (AGENTS * LOAD)


def simpy_queue(customers: int) -> tuple[int, float]:
    """M/M/20 by SimPy's resource."""
    import simpy

    env, chance, waits = simpy.Environment(), random.Random(1), []

    def customer(desk):
        asked = env.now
        with desk.request() as turn:
            yield turn
            waits.append(env.now - asked)
            yield env.timeout(chance.expovariate(1 / WORK_S))

    def source(desk):
        for _ in range(customers):
            yield env.timeout(chance.expovariate(1 / QUEUE_GAP_S))
            env.process(customer(desk))

    env.process(source(simpy.Resource(env, AGENTS)))
    env.run()
    return 2 * customers, sum(waits) / len(waits)


def ciw_queue(customers: int) -> tuple[int, float]:
    """M/M/20 by Ciw."""
    import ciw

    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(1 / QUEUE_GAP_S)],
        service_distributions=[ciw.dists.Exponential(1 / WORK_S)],
        number_of_servers=[AGENTS],
    )
    ciw.seed(1)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(customers)
    records = simulation.get_all_records()
    return 2 * len(records), sum(record.waiting_time for record in records) / len(records)


def simpy_chat(sessions: int) -> tuple[int, float]:
    """The chat model by SimPy: one typist an agent, longest wait first, fewest open sessions."""
    import simpy

    env, chance = simpy.Environment(), random.Random(1)
    variance = math.log1p(CV * CV)
    mu = math.log(WORK_S) - variance / 2
    typists = [simpy.PriorityResource(env, 1) for _ in range(AGENTS)]
    held, queue, waits, events = [0] * AGENTS, deque(), [], 0

    def poisson(mean):
        limit, count, product = math.exp(-mean), 0, chance.random()
        while product > limit:
            count, product = count + 1, product * chance.random()
        return count

    def session():
        nonlocal events
        asked, fewest = env.now, min(held)
        events += 1
        if fewest < CAP:
            agent = chance.choice([a for a in range(AGENTS) if held[a] == fewest])
            held[agent] += 1
        else:
            free = env.event()
            queue.append(free)
            agent = yield free
        rounds = 1 + poisson(ROUNDS - 1)
        for left in reversed(range(rounds)):
            with typists[agent].request(priority=asked) as turn:
                yield turn
                yield env.timeout(chance.lognormvariate(mu, math.sqrt(variance)))
            waits.append(env.now - asked)
            if left:
                yield env.timeout(chance.expovariate(1 / THINK_S))
                asked = env.now
        events += 2 * rounds - 1
        yield env.timeout(CLOSE_S)
        events += 1
        if queue:
            queue.popleft().succeed(agent)
        else:
            held[agent] -= 1

    def source():
        for _ in range(sessions):
            yield env.timeout(chance.expovariate(1 / CHAT_GAP_S))
            env.process(session())

    env.process(source())
    env.run()
    return events, sum(waits) / len(waits)


if __name__ == "__main__":
    model = {"simpy-queue": simpy_queue, "ciw-queue": ciw_queue, "simpy-chat": simpy_chat}[sys.argv[1]]
    begun = time.process_time()
    counted, wait_s = model(int(sys.argv[2]))
    print(json.dumps({"events": counted, "cpu_s": time.process_time() - begun, "wait_s": wait_s}))
