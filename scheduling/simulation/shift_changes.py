"""People come, take breaks and leave, and streams close: what the clock holds for the shop's staff."""

from __future__ import annotations

import numpy as np

from scheduling.compiled import compiled, compiled_apart
from scheduling.simulation.desks import (
    give_up,
    hold,
    queue_line,
    serve_queue,
    stand_in_row,
)
from scheduling.simulation.records import NOBODY, row
from scheduling.simulation.staff import CLOSE, SPAN_ENDS, SPAN_STARTS
from scheduling.simulation.waiting import join, leave_first


@compiled_apart
def change_staff(shop, changed):  # type: ignore[no-untyped-def]
    """Let all happen that the clock holds for one instant; return the position of the next change."""
    changes, at = shop.changes, changed
    now = row(changes, changed).when_s
    while at < len(changes) and row(changes, at).when_s == now and row(changes, at).what != CLOSE:
        agent, what = row(changes, at).who, row(changes, at).what
        if row(shop.agents, agent).present:
            if what == SPAN_ENDS:
                _end_span(shop, agent, now)
            else:
                row(shop.agents, agent).taking = what == SPAN_STARTS
                if what == SPAN_STARTS:
                    _count_on_duty(shop, agent, 1)
            stand_in_row(shop, agent)
        at += 1
    serve_queue(shop, now)
    while at < len(changes) and row(changes, at).when_s == now:
        _close_stream(shop, row(changes, at).who, now)
        at += 1
    return at


@compiled
def _count_on_duty(shop, agent, step):  # type: ignore[no-untyped-def]
    for stream in range(len(shop.streams)):
        if (row(shop.agents, agent).streams >> stream) & 1:
            row(shop.streams, stream).on_duty += step


@compiled
def _end_span(shop, agent, now):  # type: ignore[no-untyped-def]
    """A break or the end of a duty: no new sessions, and what is to be handed over leaves the desk."""
    person = row(shop.agents, agent)
    person.taking = False
    person.epoch += 1
    _count_on_duty(shop, agent, -1)
    if person.movable == 0:
        return
    session = row(shop.lines, agent).first
    row(shop.lines, agent).first = row(shop.lines, agent).last = NOBODY
    while session >= 0:
        chat = row(shop.sessions, session)
        following = chat.after
        if row(shop.streams, chat.stream).hands_over and not chat.gone:
            _hand_over(shop, session, now)
        elif not chat.gone:
            join(shop.lines, shop.sessions, agent, session, chat.key)
        session = following
    kept = 0  # the reply being typed is finished; its slot stays until then
    if person.typing >= 0:
        kept = int(row(shop.streams, row(shop.sessions, person.typing).stream).hands_over)
    person.open -= person.movable - kept
    person.movable = kept


@compiled
def _hand_over(shop, session, now):  # type: ignore[no-untyped-def]
    """Put a session with an unanswered question at the head of the shop's queue."""
    chat = row(shop.sessions, session)
    hold(shop, session, now)
    chat.agent = NOBODY
    row(shop.rounds, chat.current).assigned_s = np.nan
    if now >= row(shop.streams, chat.stream).close_s:
        give_up(shop, session, now)
    else:
        row(shop.streams, chat.stream).queued += 1
        join(shop.lines, shop.sessions, queue_line(shop, chat.stream, 0), session, chat.key)


@compiled
def _close_stream(shop, stream, now):  # type: ignore[no-untyped-def]
    """The stream closes: nobody will answer what is still queued."""
    for part in range(2):
        line = queue_line(shop, stream, part)
        while row(shop.lines, line).first >= 0:
            session = leave_first(shop.lines, shop.sessions, line)
            if not row(shop.sessions, session).gone:
                give_up(shop, session, now)
    row(shop.streams, stream).queued = 0
