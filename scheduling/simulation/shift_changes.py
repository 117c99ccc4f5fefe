"""People come, take breaks and leave, and streams close: what the clock holds for the shop's staff."""

from __future__ import annotations

import numpy as np

from scheduling.compiled import compiled
from scheduling.simulation.desks import (
    give_up,
    hold,
    queue_line,
    serve_queue,
    stand_in_row,
)
from scheduling.simulation.records import NOBODY
from scheduling.simulation.staff import CLOSE, SPAN_ENDS, SPAN_STARTS
from scheduling.simulation.waiting import join, leave_first


@compiled
def change_staff(shop, changed):  # type: ignore[no-untyped-def]
    """Let all happen that the clock holds for one instant; return the position of the next change."""
    changes, at = shop.changes, changed
    now = changes[changed].when_s
    while at < len(changes) and changes[at].when_s == now and changes[at].what != CLOSE:
        agent, what = changes[at].who, changes[at].what
        if shop.agents[agent].present:
            if what == SPAN_ENDS:
                _end_span(shop, agent, now)
            else:
                shop.agents[agent].taking = what == SPAN_STARTS
                if what == SPAN_STARTS:
                    _count_on_duty(shop, agent, 1)
            stand_in_row(shop, agent)
        at += 1
    serve_queue(shop, now)
    while at < len(changes) and changes[at].when_s == now:
        _close_stream(shop, changes[at].who, now)
        at += 1
    return at


@compiled
def _count_on_duty(shop, agent, step):  # type: ignore[no-untyped-def]
    for stream in range(len(shop.streams)):
        if (shop.agents[agent].streams >> stream) & 1:
            shop.streams[stream].on_duty += step


@compiled
def _end_span(shop, agent, now):  # type: ignore[no-untyped-def]
    """A break or the end of a duty: no new sessions, and what is to be handed over leaves the desk."""
    person = shop.agents[agent]
    person.taking = False
    person.epoch += 1
    _count_on_duty(shop, agent, -1)
    if person.movable == 0:
        return
    session = shop.lines[agent].first
    shop.lines[agent].first = shop.lines[agent].last = NOBODY
    while session >= 0:
        chat = shop.sessions[session]
        following = chat.after
        if shop.streams[chat.stream].hands_over and not chat.gone:
            _hand_over(shop, session, now)
        elif not chat.gone:
            join(shop.lines, shop.sessions, agent, session, chat.key)
        session = following
    kept = 0  # the reply being typed is finished; its slot stays until then
    if person.typing >= 0:
        kept = int(shop.streams[shop.sessions[person.typing].stream].hands_over)
    person.open -= person.movable - kept
    person.movable = kept


@compiled
def _hand_over(shop, session, now):  # type: ignore[no-untyped-def]
    """Put a session with an unanswered question at the head of the shop's queue."""
    chat = shop.sessions[session]
    hold(shop, session, now)
    chat.agent = NOBODY
    shop.rounds[chat.current].assigned_s = np.nan
    if now >= shop.streams[chat.stream].close_s:
        give_up(shop, session, now)
    else:
        shop.streams[chat.stream].queued += 1
        join(shop.lines, shop.sessions, queue_line(shop, chat.stream, 0), session, chat.key)


@compiled
def _close_stream(shop, stream, now):  # type: ignore[no-untyped-def]
    """The stream closes: nobody will answer what is still queued."""
    for part in range(2):
        line = queue_line(shop, stream, part)
        while shop.lines[line].first >= 0:
            session = leave_first(shop.lines, shop.sessions, line)
            if not shop.sessions[session].gone:
                give_up(shop, session, now)
    shop.streams[stream].queued = 0
