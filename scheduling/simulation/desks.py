"""Who holds which session: desks with unanswered questions, slots, and the shop's queue.

Compiled pieces of the simulated day. A question waits on a desk or in its stream's queue; a free slot
goes to the head of the queues an agent serves: who was handed over first, then who has waited longest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scheduling.compiled import compiled
from scheduling.day import Floats, Ints
from scheduling.simulation.records import NOBODY, Records, row
from scheduling.simulation.routing import find_agent, move_to_level
from scheduling.simulation.waiting import expect, join, leave_first

REPLY, QUESTION, PATIENCE = range(3)  # what can come; with the session in the bits above these two


class Shop(NamedTuple):
    """The state of the shop. A named tuple because compiled code reads it."""

    sessions: Records
    rounds: Records
    agents: Records
    spans: Records
    groups: Records
    changes: Records
    streams: Records
    lines: Records  # desks of all agents, then per stream: head of the queue, its rest, closing sessions
    coming: Records
    agent_at: Ints
    level_start: Ints
    open_s: Floats
    luck: np.uint64


@compiled
def queue_line(shop, stream, part):  # type: ignore[no-untyped-def]
    """Return a line of a stream's queue: part 0 is its head, sessions handed over; part 1 all others."""
    return len(shop.agents) + 3 * stream + part


@compiled
def closing_line(shop, stream):  # type: ignore[no-untyped-def]
    return len(shop.agents) + 3 * stream + 2


@compiled
def free_agent(shop, stream, session):  # type: ignore[no-untyped-def]
    """Return who is to be given a session, or `NOBODY`."""
    chat = row(shop.sessions, session)
    turn = chat.current - chat.first_round
    return find_agent(
        shop.agents, shop.groups, shop.agent_at, shop.level_start, stream, shop.luck, chat.ordinal, turn
    )


@compiled
def assign(shop, session, agent, now):  # type: ignore[no-untyped-def]
    """Give a session with an unanswered question to an agent."""
    chat, person = row(shop.sessions, session), row(shop.agents, agent)
    chat.agent = agent
    chat.epoch = person.epoch
    chat.assigned_s = now
    person.open += 1
    person.movable += row(shop.streams, chat.stream).hands_over
    stand_in_row(shop, agent)
    turn = row(shop.rounds, chat.current)
    turn.assigned_s = now
    if person.typing < 0 and row(shop.lines, agent).first < 0:
        start_reply(shop, session, agent, now)
        return
    join(shop.lines, shop.sessions, agent, session, turn.asked_s)
    if person.typing < 0:  # he has just sent a reply, and others wait on his desk
        type_next(shop, agent, now)


@compiled
def assign_first(shop, line, agent, now):  # type: ignore[no-untyped-def]
    """Give an agent the first session of a line of the shop's queue."""
    session = leave_first(shop.lines, shop.sessions, line)
    row(shop.streams, row(shop.sessions, session).stream).queued -= 1
    assign(shop, session, agent, now)


@compiled
def start_reply(shop, session, agent, now):  # type: ignore[no-untyped-def]
    """Let an agent begin a reply."""
    chat = row(shop.sessions, session)
    chat.begun = True
    row(shop.agents, agent).typing = session
    done = now + row(shop.rounds, chat.current).work_s / row(shop.agents, agent).speed
    expect(shop.coming, done, (session << 2) | REPLY)


@compiled
def type_next(shop, agent, now):  # type: ignore[no-untyped-def]
    """Let an idle agent turn to the question on his desk that has waited longest."""
    while row(shop.lines, agent).first >= 0:
        session = leave_first(shop.lines, shop.sessions, agent)
        if not row(shop.sessions, session).gone:
            start_reply(shop, session, agent, now)
            return


@compiled
def give_up(shop, session, now):  # type: ignore[no-untyped-def]
    row(shop.sessions, session).gone = True
    row(shop.sessions, session).ended_s = now


@compiled
def is_detached(shop, session):  # type: ignore[no-untyped-def]
    """Whether the session has no agent, or he has handed it over since he got it."""
    chat = row(shop.sessions, session)
    return chat.agent < 0 or (
        row(shop.streams, chat.stream).hands_over and chat.epoch != row(shop.agents, chat.agent).epoch
    )


@compiled
def handover_s(shop, session):  # type: ignore[no-untyped-def]
    """Return when the span in which the session was given to its agent ended. [s]"""
    chat = row(shop.sessions, session)
    return row(shop.spans, row(shop.agents, chat.agent).first_span + chat.epoch).end_s


@compiled
def release(shop, session, now):  # type: ignore[no-untyped-def]
    """Free the session's slot and let its agent take who waits."""
    chat = row(shop.sessions, session)
    agent = chat.agent
    hold(shop, session, now)
    chat.agent = NOBODY
    person = row(shop.agents, agent)
    person.open -= 1
    person.movable -= row(shop.streams, chat.stream).hands_over
    stand_in_row(shop, agent)
    while person.taking and person.open < person.cap:
        line = next_line(shop, person.streams)
        if line < 0:
            return
        assign_first(shop, line, agent, now)


@compiled
def hold(shop, session, until):  # type: ignore[no-untyped-def]
    """Add the time a session held its slot to the intervals of the grid in which it did."""
    chat = row(shop.sessions, session)
    grid = row(shop.streams, chat.stream)
    since = chat.assigned_s
    interval = int((since - grid.open_s) / grid.interval_s)
    while since < until and interval < grid.intervals:
        edge = min(until, grid.open_s + (interval + 1) * grid.interval_s)
        shop.open_s[chat.stream, interval] += edge - since
        since = edge
        interval += 1


@compiled
def stand_in_row(shop, agent):  # type: ignore[no-untyped-def]
    """Put an agent on the level of his open sessions, or at the end if he may not be given one."""
    person = row(shop.agents, agent)
    level = person.open if person.taking and person.open < person.cap else person.cap
    move_to_level(shop.agents, shop.groups, shop.agent_at, shop.level_start, agent, level)


@compiled
def next_line(shop, served):  # type: ignore[no-untyped-def]
    """Return the line of the shop's queue whose head is next for an agent on these streams, or `NOBODY`.

    Sessions handed over come before all others, the oldest question first.
    """
    best, oldest, best_part = NOBODY, np.inf, 2
    for stream in range(len(shop.streams)):
        if (served >> stream) & 1 and row(shop.streams, stream).queued > 0:
            for part in range(2):
                line = queue_line(shop, stream, part)
                first = row(shop.lines, line).first
                while first >= 0 and row(shop.sessions, first).gone:
                    leave_first(shop.lines, shop.sessions, line)
                    first = row(shop.lines, line).first
                if first >= 0:
                    key = row(shop.sessions, first).key
                    if part < best_part or (part == best_part and key < oldest):
                        best, oldest, best_part = line, key, part
                    break
    return best


@compiled
def serve_queue(shop, now):  # type: ignore[no-untyped-def]
    """Give out the shop's queue as long as somebody has a free slot for its next session."""
    while True:
        served = 0
        for stream in range(len(shop.streams)):
            if row(shop.streams, stream).queued > 0 and free_agent(shop, stream, 0) >= 0:
                served |= 1 << stream
        line = next_line(shop, served)
        if line < 0:
            return
        session = row(shop.lines, line).first
        assign_first(shop, line, free_agent(shop, row(shop.sessions, session).stream, session), now)
