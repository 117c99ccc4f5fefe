"""One simulated day, reply by reply: the compiled event loop and what befalls a session.

It knows sessions, desks (`desks`) and staff (`shift_changes`), and no rule. What happened is written to the
tables of sessions and rounds, which `counting` judges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scheduling.compiled import compiled
from scheduling.day import Floats
from scheduling.simulation.arrivals import DrawnDay
from scheduling.simulation.desks import (
    PATIENCE,
    QUESTION,
    REPLY,
    Shop,
    assign,
    closing_line,
    free_agent,
    give_up,
    handover_s,
    hold,
    is_detached,
    queue_line,
    release,
    type_next,
)
from scheduling.simulation.records import BOT, NOBODY, Flags, Records, row
from scheduling.simulation.routing import level_starts
from scheduling.simulation.shift_changes import change_staff
from scheduling.simulation.staff import Staff
from scheduling.simulation.waiting import (
    drop_next,
    empty_lines,
    expect,
    join,
    leave_first,
    nothing_coming,
    replace_next,
)


@dataclass(frozen=True, kw_only=True)
class SimulatedDay:
    """What happened, to be judged by any rule.

    Attributes
    ----------
    sessions, rounds
        Tables of `scheduling.simulation.records`; a session's rounds that came into being are the first
        `questions` from `first_round` on.
    open_s
        Streams x intervals: seconds that sessions held slots, summed over sessions.
    events
        Arrivals, questions, replies, slots freed by auto-close, buyers' deadlines and changes of staff.
    """

    sessions: Records
    rounds: Records
    open_s: Floats
    events: int


def simulate(
    drawn: DrawnDay, staff: Staff, streams: Records, *, present: Flags | None = None
) -> SimulatedDay:
    """Simulate one day.

    Parameters
    ----------
    drawn
        The day's buyers, to whom nothing has happened yet. Their tables are written to and returned.
    staff, streams
        Who is on, and what the streams need.
    present
        Per agent of `staff`, whether he comes; default all.
    """
    agents = staff.agents.copy()
    if present is not None:
        agents["present"] = present
    shop = Shop(
        sessions=drawn.sessions,
        rounds=drawn.rounds,
        agents=agents,
        spans=staff.spans,
        groups=staff.groups,
        changes=staff.changes,
        streams=streams.copy(),
        lines=empty_lines(len(agents) + 3 * len(streams)),
        coming=nothing_coming(2 * len(drawn.sessions) + 1),
        agent_at=np.arange(len(agents)),
        level_start=level_starts(staff.groups, len(agents)),
        open_s=np.zeros((len(streams), int(streams["intervals"].max()))),
        luck=drawn.luck,
    )
    events = int(_run(shop))
    return SimulatedDay(sessions=shop.sessions, rounds=shop.rounds, open_s=shop.open_s, events=events)


@compiled
def _run(shop):  # type: ignore[no-untyped-def]
    """Let the day happen and return the number of events."""
    sessions, lines, coming = shop.sessions, shop.lines, shop.coming
    arrived = changed = events = 0
    while True:
        arrival = row(sessions, arrived).arrival_s if arrived < len(sessions) else np.inf
        change = row(shop.changes, changed).when_s if changed < len(shop.changes) else np.inf
        due = row(coming, 1).when_s if row(coming, 0).what > 0 else np.inf
        closing, first_line = np.inf, 0
        for stream in range(len(shop.streams)):
            line = closing_line(shop, stream)
            first = row(lines, line).first
            if first >= 0 and row(sessions, first).key < closing:
                closing, first_line = row(sessions, first).key, line
        now = min(min(arrival, change), min(closing, due))
        if now == np.inf:
            return events
        events += 1
        if change == now:
            changed = change_staff(shop, changed)
        elif closing == now:
            _close(shop, leave_first(lines, sessions, first_line), now)
        elif due == now:
            session, kind = row(coming, 1).what >> 2, row(coming, 1).what & 3
            if kind == REPLY:
                _finish_reply(shop, session, now)
            elif kind == QUESTION:
                _ask(shop, session, now)
            else:
                drop_next(coming)
                _lose_patience(shop, session, now)
        else:
            _arrive(shop, arrived, now)
            arrived += 1


@compiled
def _arrive(shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer asks his first question."""
    chat = row(shop.sessions, session)
    if chat.settled:
        _settle_by_bot(shop, session, now)
        return
    chat.offline = row(shop.streams, chat.stream).on_duty == 0
    _note_question(shop, session, now)
    _dispatch(shop, session, now)
    if not chat.begun and chat.leaves_s < np.inf:
        expect(shop.coming, chat.leaves_s, (session << 2) | PATIENCE)


@compiled
def _settle_by_bot(shop, session, now):  # type: ignore[no-untyped-def]
    """The bot answers every question at once."""
    chat = row(shop.sessions, session)
    asked = now
    for position in range(chat.first_round, chat.end_round):
        turn = row(shop.rounds, position)
        turn.asked_s = turn.assigned_s = turn.answered_s = asked
        turn.typist = BOT
        chat.ended_s = asked
        asked += turn.think_s
    chat.questions = chat.end_round - chat.first_round


@compiled
def _note_question(shop, session, now):  # type: ignore[no-untyped-def]
    """Let a session's next round come into being."""
    row(shop.rounds, row(shop.sessions, session).current).asked_s = now
    row(shop.sessions, session).questions += 1


@compiled
def _dispatch(shop, session, now):  # type: ignore[no-untyped-def]
    """Give a session without an agent to one, or let it queue while the stream is open."""
    stream = row(shop.sessions, session).stream
    if now >= row(shop.streams, stream).close_s:
        give_up(shop, session, now)
        return
    agent = free_agent(shop, stream, session)
    if agent >= 0:
        assign(shop, session, agent, now)
    else:
        row(shop.streams, stream).queued += 1
        join(shop.lines, shop.sessions, queue_line(shop, stream, 1), session, now)


@compiled
def _ask(shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer who has been thinking asks again."""
    chat = row(shop.sessions, session)
    _note_question(shop, session, now)
    if is_detached(shop, session):
        drop_next(shop.coming)
        if chat.agent >= 0:
            hold(shop, session, handover_s(shop, session))
            chat.agent = NOBODY
        _dispatch(shop, session, now)
        return
    turn, person = row(shop.rounds, chat.current), row(shop.agents, chat.agent)
    turn.assigned_s = chat.assigned_s
    if person.typing < 0:  # between two events an idle agent has an empty desk
        person.typing = session
        replace_next(shop.coming, now + turn.work_s / person.speed, (session << 2) | REPLY)
    else:
        drop_next(shop.coming)
        join(shop.lines, shop.sessions, chat.agent, session, now)


@compiled
def _finish_reply(shop, session, now):  # type: ignore[no-untyped-def]
    """A reply is sent: the buyer thinks about it, or the session begins to close."""
    chat = row(shop.sessions, session)
    agent, turn = chat.agent, row(shop.rounds, chat.current)
    turn.answered_s = now
    turn.typist = agent
    is_last = chat.current + 1 == chat.end_round
    if is_last:
        drop_next(shop.coming)
    else:
        chat.current += 1
        replace_next(shop.coming, now + turn.think_s, (session << 2) | QUESTION)
    row(shop.agents, agent).typing = NOBODY
    wait = row(shop.streams, chat.stream).auto_close_s
    detached = is_detached(shop, session)  # it was handed over while this reply was being typed
    if is_last and wait > 0 and not detached:
        join(shop.lines, shop.sessions, closing_line(shop, chat.stream), session, now + wait)
    elif is_last or detached:
        if is_last:
            chat.ended_s = now
        release(shop, session, now)
    if row(shop.agents, agent).typing < 0:
        type_next(shop, agent, now)


@compiled
def _close(shop, session, now):  # type: ignore[no-untyped-def]
    """Auto-close frees a slot."""
    chat = row(shop.sessions, session)
    if is_detached(shop, session):  # it ended when its agent left, and so did its hold on a slot
        chat.ended_s = handover_s(shop, session)
        hold(shop, session, chat.ended_s)
    else:
        chat.ended_s = now
        release(shop, session, now)


@compiled
def _lose_patience(shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer gives up, unless typing of his first reply has begun."""
    chat = row(shop.sessions, session)
    if chat.begun or chat.gone:
        return
    give_up(shop, session, now)
    if chat.agent >= 0:
        release(shop, session, now)
    else:
        row(shop.streams, chat.stream).queued -= 1
