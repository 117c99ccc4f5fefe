"""Exact transient chains of staffed days for the vectors: queues with leavers, chats with staff changes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from scheduling.day import Floats
from scheduling.service import chats

QUEUE_ROOM = 160
POINTS = 121  # Simpson's rule over arrival times within an interval


def simpson(values: Floats) -> float:
    """Average over evenly spaced points."""
    weights = np.ones(len(values))
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return float(weights @ values / weights.sum())


def staffed_chats(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return a day of the least-loaded chat shop; leavers' chats return to the head of the queue."""
    intervals = len(inputs["lam_per_min"])
    agents = np.broadcast_to(inputs["agents"], intervals)
    cap, patience = inputs["cap"], inputs.get("patience_min", "none")
    out: dict[str, list[float]] = {
        "p_accepted_within_T": [],
        "p_delay": [],
        "mean_in_system_at_end": [],
        "p_all_full_at_end": [],
    }
    law: dict[tuple[chats.Loads, int], float] = {((0,) * int(agents[0]), 0): 1.0}
    for i, rate in enumerate(inputs["lam_per_min"]):
        for _ in range(max(0, len(next(iter(law))[0]) - int(agents[i]))):
            law = chats.agent_leaves(law, cap)
        for _ in range(max(0, int(agents[i]) - len(next(iter(law))[0]))):
            law = chats.agent_joins(law, cap)
        service = chats.ChatService(
            agents=int(agents[i]),
            per_chat_rate=tuple(inputs["per_chat_rate"]),
            mean=inputs["mean_work_min"],
            patience=None if patience == "none" else patience,
        )
        states = chats.load_states(service.agents, cap)
        keys = [(state, 0) for state in states] + [(states[-1], q) for q in range(1, QUEUE_ROOM + 1)]
        start = np.array([law.get(key, 0.0) for key in keys])
        generator = chats.chat_generator(service, rate, states, queue_room=QUEUE_ROOM)
        points = [start]
        step = inputs["interval_min"] / (POINTS - 1)
        for _ in range(POINTS - 1):
            points.append(chats.transient_law(generator, points[-1], step))
        end = points[-1]
        room = len(states) - 1
        if "T_min" in inputs:
            accept = np.ones(len(keys))
            for q in range(QUEUE_ROOM + 1):
                give_up = 0.0 if service.patience is None else 1 / service.patience
                accept[room + q] = chats.accepted_within(q, service.full_release, give_up, inputs["T_min"])
            out["p_accepted_within_T"].append(simpson(np.array([p @ accept for p in points])))
        out["p_delay"].append(simpson(np.array([p[room:].sum() for p in points])))
        out["mean_in_system_at_end"].append(float(end @ [sum(loads) + q for loads, q in keys]))
        out["p_all_full_at_end"].append(float(end[room:].sum()))
        law = {key: float(mass) for key, mass in zip(keys, end, strict=True) if mass > 1e-14}
    return out


def staffed_queue(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return a day of M(t)/M/s(t) with or without patience; leavers finish, or hand their work back.

    States: leavers still busy (0..most) x others in the system.
    """
    finish = inputs["rule"].startswith("idle servers leave first")
    servers, mu = inputs["servers"], 1.0 / inputs["mean_min"]
    theta = 0.0 if inputs.get("patience") == "none" else 1.0 / inputs["patience_min"]
    most, room = max(servers), QUEUE_ROOM
    law = np.zeros((most + 1, room + 1))
    law[0, 0] = 1.0
    out: dict[str, list[float]] = {"p_accepted_within_T": [], "p_delay": [], "mean_in_system_at_end": []}
    for i, rate in enumerate(inputs["lam_per_min"]):
        now = servers[i]
        before = servers[i - 1] if i else now
        if finish and now < before:
            law = _leavers_keep_theirs(law, before, now)
        generator = _queue_generator(rate, now, mu, theta, most, room)
        step = inputs["interval_min"] / (POINTS - 1)
        points = [law.ravel()]
        for _ in range(POINTS - 1):
            points.append(chats.transient_law(generator, points[-1], step))
        others = [p.reshape(law.shape).sum(axis=0) for p in points]
        following = servers[i + 1] if i + 1 < len(servers) else 0  # nobody starts after the close
        to_end = inputs["interval_min"] - step * np.arange(POINTS)
        accepted = [
            p @ _accepted(now, following, left, mu, theta, inputs["T_min"], room, finish=finish)
            for p, left in zip(others, to_end, strict=True)
        ]
        out["p_accepted_within_T"].append(simpson(np.array(accepted)))
        out["p_delay"].append(simpson(np.array([p[now:].sum() for p in others])))
        law = points[-1].reshape(law.shape)
        size = np.arange(most + 1)[:, None] + np.arange(room + 1)
        out["mean_in_system_at_end"].append(float((law * size).sum()))
    return out


def _leavers_keep_theirs(law: Floats, before: int, now: int) -> Floats:
    """Idle servers leave first; the busy ones too many become leavers."""
    after = np.zeros_like(law)
    for leavers, others in np.argwhere(law > 0):
        stays = min(others, before)
        extra = max(0, stays - now)
        after[min(leavers + extra, len(law) - 1), others - extra] += law[leavers, others]
    return after


def _queue_generator(rate: float, servers: int, mu: float, theta: float, most: int, room: int) -> csr_matrix:
    """Return the generator on (leavers, others)."""
    rows, columns, rates = [], [], []
    for leavers in range(most + 1):
        for others in range(room + 1):
            here = leavers * (room + 1) + others
            moves = []
            if others < room:
                moves.append((here + 1, rate))
            if others:
                moves.append((here - 1, min(others, servers) * mu + max(0, others - servers) * theta))
            if leavers:
                moves.append((here - room - 1, leavers * mu))
            for there, value in moves:
                rows += [here, here]
                columns += [there, here]
                rates += [value, -value]
    size = (most + 1) * (room + 1)
    return csr_matrix((rates, (rows, columns)), shape=(size, size))


def _accepted(
    now: int,
    following: int,
    left: float,
    mu: float,
    theta: float,
    threshold: float,
    room: int,
    *,
    finish: bool,
) -> Floats:
    """Return P(start within the threshold) by others in the system; servers change once, `left` from now."""
    first = min(left, threshold)
    size = room + 3  # ahead 0..room, started, gone
    started, gone = room + 1, room + 2
    chances = np.ones(room + 1)
    stay = _line(now, mu, theta, room, started, gone).T
    after = _line(following, mu, theta, room, started, gone).T
    value = np.zeros(size)
    value[started] = 1.0
    value = chats.transient_law(after.tocsr(), value, threshold - first)
    if threshold > left:
        value = _across(value, now, following, room, finish=finish)
    value = chats.transient_law(stay.tocsr(), value, first)
    for others in range(now, room + 1):
        chances[others] = value[others - now]
    return chances


def _across(value: Floats, now: int, following: int, room: int, *, finish: bool) -> Floats:
    """Carry values of queue places back across a change of servers."""
    out = value.copy()
    for ahead in range(room + 1):
        place = ahead - max(0, following - now)
        if not finish:
            place += max(0, now - following)
        out[ahead] = 1.0 if place < 0 else value[min(place, room)]
    return out


def _line(servers: int, mu: float, theta: float, room: int, started: int, gone: int) -> csr_matrix:
    """Return the generator of a place in the queue."""
    rows, columns, rates = [], [], []
    for ahead in range(room + 1):
        moves = [(ahead - 1 if ahead else started, servers * mu + ahead * theta), (gone, theta)]
        for there, value in moves:
            if value > 0:
                rows += [ahead, ahead]
                columns += [there, ahead]
                rates += [value, -value]
    return csr_matrix((rates, (rows, columns)), shape=(room + 3, room + 3))
