"""Chats served at once at rates that fall with their number: balanced chain, exact least-loaded chain.

Literature's chat queues (an agent with k chats works on all of them, slots only); the exact chain is small
and shows what balancing leaves out. Transient laws by uniformization, staff changes between intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import poisson

from scheduling.day import Floats
from scheduling.service.erlang import Waiting, queue_waits

Loads = tuple[int, ...]  # chats of each agent, sorted
STEP_MEAN = 200.0  # uniformization is cut into stretches of at most this many expected steps


@dataclass(frozen=True, kw_only=True)
class ChatService:
    """How fast chats end.

    ``per_chat_rate[k-1]`` is the pace of one of k chats relative to a single one; `mean` the work of a chat.
    """

    agents: int
    per_chat_rate: tuple[float, ...]
    mean: float
    patience: float | None = None

    @property
    def cap(self) -> int:
        """Chats open at once per agent."""
        return len(self.per_chat_rate)

    @property
    def slots(self) -> int:
        """Chats open at once in the shop."""
        return self.agents * self.cap

    def ends(self, chats: int) -> float:
        """Return the rate at which an agent with that many chats ends one."""
        return chats * self.per_chat_rate[chats - 1] / self.mean if chats else 0.0

    @property
    def full_release(self) -> float:
        """Rate of ends with every slot taken."""
        return self.agents * self.ends(self.cap)


@dataclass(frozen=True, kw_only=True)
class ChatFigures:
    """Steady state of a chat shop."""

    waits: Waiting
    mean_queue: float
    chats_per_agent: float
    slot_occupancy: float
    agents_busy: float


def balanced_chats(service: ChatService, rate: float, threshold: float) -> ChatFigures:
    """Return the steady state if chats were always balanced over the agents (Koole's Erlang Chat).

    Examples
    --------
    >>> service = ChatService(agents=5, per_chat_rate=(1.0, 6 / 7, 0.75), mean=3.0, patience=1.0)
    >>> round(balanced_chats(service, 4.0, 0.333).waits.p_abandon, 4)
    0.1544
    """
    weight = np.ones(service.slots)
    for x in range(1, service.slots):
        weight[x] = weight[x - 1] * rate / balanced_release(service, x)
    chats = np.arange(service.slots, dtype=np.float64)
    idle = np.maximum(0.0, service.agents - chats)
    return _figures(service, rate, threshold, weight, chats, idle)


def balanced_release(service: ChatService, chats: int) -> float:
    """Return the rate of ends with that many chats shared as evenly as can be."""
    each, extra = divmod(min(chats, service.slots), service.agents)
    more = extra * service.ends(each + 1) if extra else 0.0
    return more + (service.agents - extra) * service.ends(each)


def least_loaded_chats(service: ChatService, rate: float, threshold: float) -> ChatFigures:
    """Return the exact steady state when a chat goes to the agent with the fewest."""
    states = load_states(service.agents, service.cap)
    generator = chat_generator(service, rate, states, queue_room=0)
    full = len(states) - 1
    # states with room, in units of the last arrival's state: solve the chain cut off at the full state
    balance = generator.toarray().T.copy()
    balance[0] = 1.0
    law = np.linalg.solve(balance, np.eye(len(states))[0])
    law /= law[full - 1]
    room = law[:full]
    chats = np.array([sum(state) for state in states[:full]], dtype=np.float64)
    idle = np.array([state.count(0) for state in states[:full]], dtype=np.float64)
    return _figures(service, rate, threshold, room, chats, idle)


def _figures(
    service: ChatService, rate: float, threshold: float, room: Floats, chats: Floats, idle: Floats
) -> ChatFigures:
    """Sum up a law over the states with room (the last of them has one slot left) and the queue behind it."""
    if service.patience is None:
        raise ValueError("a steady state with queue needs a patience")
    free = float(room.sum() / room[-1])
    waits = queue_waits(
        rate=rate, release=service.full_release, patience=service.patience, threshold=threshold, free=free
    )
    law = room / room.sum() * (1 - waits.p_wait)
    open_chats = float(law @ chats) + waits.p_wait * service.slots
    return ChatFigures(
        waits=waits,
        mean_queue=rate * waits.mean_wait,
        chats_per_agent=open_chats / service.agents,
        slot_occupancy=open_chats / service.slots,
        agents_busy=1.0 - float(law @ idle) / service.agents,
    )


def load_states(agents: int, cap: int) -> list[Loads]:
    """Return every sorted vector of chats per agent, fewest chats first."""
    return sorted(combinations_with_replacement(range(cap + 1), agents), key=lambda s: (sum(s), s))


def chat_generator(service: ChatService, rate: float, states: list[Loads], *, queue_room: int) -> csr_matrix:
    """Return the generator on load vectors, then the full shop with 1, 2, … queued."""
    index = {state: i for i, state in enumerate(states)}
    size = len(states) + queue_room
    full = len(states) - 1
    rows: list[int] = []
    columns: list[int] = []
    rates: list[float] = []

    def post(source: int, sink: int, value: float) -> None:
        rows.extend((source, source))
        columns.extend((sink, source))
        rates.extend((value, -value))

    for i, state in enumerate(states):
        if i != full:
            post(i, index[_sorted_with(state, 0, +1)], rate)
        elif queue_room:
            post(i, i + 1, rate)
        for agent, chats in enumerate(state):
            if chats:
                post(i, index[_sorted_with(state, agent, -1)], service.ends(chats))
    leave = 0.0 if service.patience is None else 1.0 / service.patience
    for queued in range(1, queue_room + 1):
        here = full + queued
        post(here, here - 1, service.full_release + queued * leave)
        if queued < queue_room:
            post(here, here + 1, rate)
    return csr_matrix((rates, (rows, columns)), shape=(size, size))


def _sorted_with(state: Loads, agent: int, change: int) -> Loads:
    """Return the state with one agent's chats changed."""
    loads = list(state)
    loads[agent] += change
    return tuple(sorted(loads))


def transient_law(generator: csr_matrix, start: Floats, time: float) -> Floats:
    """Return the law of a Markov chain after `time` (uniformization).

    Examples
    --------
    >>> flip = csr_matrix(np.array([[-1.0, 1.0], [1.0, -1.0]]))
    >>> transient_law(flip, np.array([1.0, 0.0]), 0.5).round(6).tolist()
    [0.68394, 0.31606]
    """
    top = float(-generator.diagonal().min())
    if top <= 0 or time <= 0:
        return start.copy()
    stretches = int(np.ceil(top * time / STEP_MEAN))
    load = top * time / stretches
    weights = poisson.pmf(np.arange(int(load + 10 * np.sqrt(load) + 30)), load)
    jump = (generator.T / top).tocsr()
    law = start
    for _ in range(stretches):
        term = law
        total = weights[0] * term
        for weight in weights[1:]:
            term = term + jump @ term
            total = total + weight * term
        law = total
    return law


def accepted_within(ahead: int, release: float, give_up: float, threshold: float) -> float:
    """Return P(start within the threshold) with `ahead` in front of oneself, all of the same patience."""
    if threshold <= 0:
        return 0.0
    size = ahead + 2
    chain = np.zeros((size, size))
    for j in range(ahead + 1):
        rate = release + j * give_up
        chain[j, j] = -(rate + give_up)
        if j:
            chain[j, j - 1] = rate
        else:
            chain[0, size - 1] = release
    start = np.zeros(size)
    start[ahead] = 1.0
    return float(transient_law(csr_matrix(chain), start, threshold)[-1])


def agent_leaves(law: dict[tuple[Loads, int], float], cap: int) -> dict[tuple[Loads, int], float]:
    """Let a random agent go; the chats go back to the head of the queue and on to whoever has room."""
    after: dict[tuple[Loads, int], float] = {}
    for (loads, queued), mass in law.items():
        for agent, chats in enumerate(loads):
            left = loads[:agent] + loads[agent + 1 :]
            key = _seated(left, queued + chats, cap)
            after[key] = after.get(key, 0.0) + mass / len(loads)
    return after


def agent_joins(law: dict[tuple[Loads, int], float], cap: int) -> dict[tuple[Loads, int], float]:
    """Let an agent come, who takes from the queue."""
    after: dict[tuple[Loads, int], float] = {}
    for (loads, queued), mass in law.items():
        key = _seated((0, *loads), queued, cap)
        after[key] = after.get(key, 0.0) + mass
    return after


def _seated(loads: Loads, queued: int, cap: int) -> tuple[Loads, int]:
    """Move queued chats to the agents with the fewest while there is room."""
    seats = sorted(loads)
    while queued and seats and seats[0] < cap:
        seats[0] += 1
        seats.sort()
        queued -= 1
    return tuple(seats), queued
