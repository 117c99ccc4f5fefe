"""One simulated day, reply by reply: the compiled event loop.

It knows sessions, desks and slots, and no rule. What happened is written to the tables of sessions and
rounds, which `counting` judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scheduling.compiled import compiled
from scheduling.day import Floats, Ints
from scheduling.simulation.arrivals import DrawnDay
from scheduling.simulation.records import BOT, NOBODY, Flags, Records
from scheduling.simulation.routing import find_agent, level_starts, move_to_level
from scheduling.simulation.staff import CLOSE, SPAN_ENDS, SPAN_STARTS, Staff
from scheduling.simulation.waiting import (
    drop_next,
    empty_lines,
    expect,
    join,
    leave_first,
    nothing_coming,
    replace_next,
)

_REPLY, _QUESTION, _PATIENCE = range(3)  # what can come; with the session in the bits above these two


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


class _Shop(NamedTuple):
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
    shop = _Shop(
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
        arrival = sessions[arrived].arrival_s if arrived < len(sessions) else np.inf
        change = shop.changes[changed].when_s if changed < len(shop.changes) else np.inf
        due = coming[1].when_s if coming[0].what > 0 else np.inf
        closing, closing_line = np.inf, 0
        for stream in range(len(shop.streams)):
            line = _closing_line(shop, stream)
            first = lines[line].first
            if first >= 0 and sessions[first].key < closing:
                closing, closing_line = sessions[first].key, line
        now = min(min(arrival, change), min(closing, due))
        if now == np.inf:
            return events
        events += 1
        if change == now:
            changed = _change_staff(shop, changed)
        elif closing == now:
            _close(shop, leave_first(lines, sessions, closing_line), now)
        elif due == now:
            session, kind = coming[1].what >> 2, coming[1].what & 3
            if kind == _REPLY:
                _finish_reply(shop, session, now)
            elif kind == _QUESTION:
                _ask(shop, session, now)
            else:
                drop_next(coming)
                _lose_patience(shop, session, now)
        else:
            _arrive(shop, arrived, now)
            arrived += 1


@compiled
def _queue_line(shop, stream, part):  # type: ignore[no-untyped-def]
    """Return a line of a stream's queue: part 0 is its head, sessions handed over; part 1 all others."""
    return len(shop.agents) + 3 * stream + part


@compiled
def _closing_line(shop, stream):  # type: ignore[no-untyped-def]
    return len(shop.agents) + 3 * stream + 2


# ---- sessions -------------------------------------------------------------------------------------------


@compiled
def _arrive(shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer asks his first question."""
    chat = shop.sessions[session]
    if chat.settled:
        _settle_by_bot(shop, session, now)
        return
    chat.offline = shop.streams[chat.stream].on_duty == 0
    _note_question(shop, session, now)
    _dispatch(shop, session, now)
    if not chat.begun and chat.leaves_s < np.inf:
        expect(shop.coming, chat.leaves_s, (session << 2) | _PATIENCE)


@compiled
def _settle_by_bot(shop, session, now):  # type: ignore[no-untyped-def]
    """The bot answers every question at once."""
    chat = shop.sessions[session]
    asked = now
    for position in range(chat.first_round, chat.end_round):
        turn = shop.rounds[position]
        turn.asked_s = turn.assigned_s = turn.answered_s = asked
        turn.typist = BOT
        chat.ended_s = asked
        asked += turn.think_s
    chat.questions = chat.end_round - chat.first_round


@compiled
def _note_question(shop, session, now):  # type: ignore[no-untyped-def]
    """Let a session's next round come into being."""
    shop.rounds[shop.sessions[session].current].asked_s = now
    shop.sessions[session].questions += 1


@compiled
def _dispatch(shop, session, now):  # type: ignore[no-untyped-def]
    """Give a session without an agent to one, or let it queue while the stream is open."""
    stream = shop.sessions[session].stream
    if now >= shop.streams[stream].close_s:
        _give_up(shop, session, now)
        return
    agent = _free_agent(shop, stream, session)
    if agent >= 0:
        _assign(shop, session, agent, now)
    else:
        shop.streams[stream].queued += 1
        join(shop.lines, shop.sessions, _queue_line(shop, stream, 1), session, now)


@compiled
def _free_agent(shop, stream, session):  # type: ignore[no-untyped-def]
    """Return who is to be given a session, or `NOBODY`."""
    chat = shop.sessions[session]
    turn = chat.current - chat.first_round
    return find_agent(
        shop.agents, shop.groups, shop.agent_at, shop.level_start, stream, shop.luck, chat.ordinal, turn
    )


@compiled
def _assign(shop, session, agent, now):  # type: ignore[no-untyped-def]
    """Give a session with an unanswered question to an agent."""
    chat, person = shop.sessions[session], shop.agents[agent]
    chat.agent = agent
    chat.epoch = person.epoch
    chat.assigned_s = now
    person.open += 1
    person.movable += shop.streams[chat.stream].hands_over
    _stand_in_row(shop, agent)
    turn = shop.rounds[chat.current]
    turn.assigned_s = now
    join(shop.lines, shop.sessions, agent, session, turn.asked_s)
    if person.typing < 0:  # his desk may not be empty: he has just sent a reply
        _type_next(shop, agent, now)


@compiled
def _ask(shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer who has been thinking asks again."""
    chat = shop.sessions[session]
    _note_question(shop, session, now)
    if _is_detached(shop, session):
        drop_next(shop.coming)
        if chat.agent >= 0:
            _hold(shop, session, _handover_s(shop, session))
            chat.agent = NOBODY
        _dispatch(shop, session, now)
        return
    turn, person = shop.rounds[chat.current], shop.agents[chat.agent]
    turn.assigned_s = chat.assigned_s
    if person.typing < 0:  # between two events an idle agent has an empty desk
        person.typing = session
        replace_next(shop.coming, now + turn.work_s / person.speed, (session << 2) | _REPLY)
    else:
        drop_next(shop.coming)
        join(shop.lines, shop.sessions, chat.agent, session, now)


@compiled
def _type(shop, session, agent, now):  # type: ignore[no-untyped-def]
    """Let an agent begin a reply."""
    chat = shop.sessions[session]
    chat.begun = True
    shop.agents[agent].typing = session
    done = now + shop.rounds[chat.current].work_s / shop.agents[agent].speed
    expect(shop.coming, done, (session << 2) | _REPLY)


@compiled
def _type_next(shop, agent, now):  # type: ignore[no-untyped-def]
    """Let an idle agent turn to the question on his desk that has waited longest."""
    while shop.lines[agent].first >= 0:
        session = leave_first(shop.lines, shop.sessions, agent)
        if not shop.sessions[session].gone:
            _type(shop, session, agent, now)
            return


@compiled
def _finish_reply(shop, session, now):  # type: ignore[no-untyped-def]
    """A reply is sent: the buyer thinks about it, or the session begins to close."""
    chat = shop.sessions[session]
    agent, turn = chat.agent, shop.rounds[chat.current]
    turn.answered_s = now
    turn.typist = agent
    is_last = chat.current + 1 == chat.end_round
    if is_last:
        drop_next(shop.coming)
    else:
        chat.current += 1
        replace_next(shop.coming, now + turn.think_s, (session << 2) | _QUESTION)
    shop.agents[agent].typing = NOBODY
    if _is_detached(shop, session):  # it was handed over while this reply was being typed
        _release(shop, session, now)
        if is_last:
            chat.ended_s = now
    elif is_last:
        wait = shop.streams[chat.stream].auto_close_s
        if wait > 0:
            join(shop.lines, shop.sessions, _closing_line(shop, chat.stream), session, now + wait)
        else:
            chat.ended_s = now
            _release(shop, session, now)
    if shop.agents[agent].typing < 0:
        _type_next(shop, agent, now)


@compiled
def _close(shop, session, now):  # type: ignore[no-untyped-def]
    """Auto-close frees a slot."""
    chat = shop.sessions[session]
    if _is_detached(shop, session):  # it ended when its agent left, and so did its hold on a slot
        chat.ended_s = _handover_s(shop, session)
        _hold(shop, session, chat.ended_s)
    else:
        chat.ended_s = now
        _release(shop, session, now)


@compiled
def _lose_patience(shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer gives up, unless typing of his first reply has begun."""
    chat = shop.sessions[session]
    if chat.begun or chat.gone:
        return
    _give_up(shop, session, now)
    if chat.agent >= 0:
        _release(shop, session, now)
    else:
        shop.streams[chat.stream].queued -= 1


@compiled
def _give_up(shop, session, now):  # type: ignore[no-untyped-def]
    shop.sessions[session].gone = True
    shop.sessions[session].ended_s = now


# ---- slots ----------------------------------------------------------------------------------------------


@compiled
def _is_detached(shop, session):  # type: ignore[no-untyped-def]
    """Whether the session has no agent, or he has handed it over since he got it."""
    chat = shop.sessions[session]
    return chat.agent < 0 or (
        shop.streams[chat.stream].hands_over and chat.epoch != shop.agents[chat.agent].epoch
    )


@compiled
def _handover_s(shop, session):  # type: ignore[no-untyped-def]
    """Return when the span in which the session was given to its agent ended. [s]"""
    chat = shop.sessions[session]
    return shop.spans[shop.agents[chat.agent].first_span + chat.epoch].end_s


@compiled
def _release(shop, session, now):  # type: ignore[no-untyped-def]
    """Free the session's slot and let its agent take who waits."""
    chat = shop.sessions[session]
    agent = chat.agent
    _hold(shop, session, now)
    chat.agent = NOBODY
    person = shop.agents[agent]
    person.open -= 1
    person.movable -= shop.streams[chat.stream].hands_over
    _stand_in_row(shop, agent)
    while person.taking and person.open < person.cap:
        line = _next_line(shop, person.streams)
        if line < 0:
            return
        _assign_first(shop, line, agent, now)


@compiled
def _assign_first(shop, line, agent, now):  # type: ignore[no-untyped-def]
    """Give an agent the first session of a line of the shop's queue."""
    session = leave_first(shop.lines, shop.sessions, line)
    shop.streams[shop.sessions[session].stream].queued -= 1
    _assign(shop, session, agent, now)


@compiled
def _hold(shop, session, until):  # type: ignore[no-untyped-def]
    """Add the time a session held its slot to the intervals of the grid in which it did."""
    chat = shop.sessions[session]
    grid = shop.streams[chat.stream]
    since = chat.assigned_s
    interval = int((since - grid.open_s) / grid.interval_s)
    while since < until and interval < grid.intervals:
        edge = min(until, grid.open_s + (interval + 1) * grid.interval_s)
        shop.open_s[chat.stream, interval] += edge - since
        since = edge
        interval += 1


@compiled
def _stand_in_row(shop, agent):  # type: ignore[no-untyped-def]
    """Put an agent on the level of his open sessions, or at the end if he may not be given one."""
    person = shop.agents[agent]
    level = person.open if person.taking and person.open < person.cap else person.cap
    move_to_level(shop.agents, shop.groups, shop.agent_at, shop.level_start, agent, level)


@compiled
def _next_line(shop, served):  # type: ignore[no-untyped-def]
    """Return the line of the shop's queue whose head is next for an agent on these streams, or `NOBODY`.

    Sessions handed over come before all others, the oldest question first.
    """
    best, oldest, best_part = NOBODY, np.inf, 2
    for stream in range(len(shop.streams)):
        if (served >> stream) & 1 and shop.streams[stream].queued > 0:
            for part in range(2):
                line = _queue_line(shop, stream, part)
                while shop.lines[line].first >= 0 and shop.sessions[shop.lines[line].first].gone:
                    leave_first(shop.lines, shop.sessions, line)
                first = shop.lines[line].first
                if first >= 0:
                    key = shop.sessions[first].key
                    if part < best_part or (part == best_part and key < oldest):
                        best, oldest, best_part = line, key, part
                    break
    return best


# ---- staff ----------------------------------------------------------------------------------------------


@compiled
def _change_staff(shop, changed):  # type: ignore[no-untyped-def]
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
            _stand_in_row(shop, agent)
        at += 1
    _serve_queue(shop, now)
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
    _hold(shop, session, now)
    chat.agent = NOBODY
    shop.rounds[chat.current].assigned_s = np.nan
    if now >= shop.streams[chat.stream].close_s:
        _give_up(shop, session, now)
    else:
        shop.streams[chat.stream].queued += 1
        join(shop.lines, shop.sessions, _queue_line(shop, chat.stream, 0), session, chat.key)


@compiled
def _serve_queue(shop, now):  # type: ignore[no-untyped-def]
    """Give out the shop's queue as long as somebody has a free slot for its next session."""
    while True:
        served = 0
        for stream in range(len(shop.streams)):
            if shop.streams[stream].queued > 0 and _free_agent(shop, stream, 0) >= 0:
                served |= 1 << stream
        line = _next_line(shop, served)
        if line < 0:
            return
        session = shop.lines[line].first
        _assign_first(shop, line, _free_agent(shop, shop.sessions[session].stream, session), now)


@compiled
def _close_stream(shop, stream, now):  # type: ignore[no-untyped-def]
    """The stream closes: nobody will answer what is still queued."""
    for part in range(2):
        line = _queue_line(shop, stream, part)
        while shop.lines[line].first >= 0:
            session = leave_first(shop.lines, shop.sessions, line)
            if not shop.sessions[session].gone:
                _give_up(shop, session, now)
    shop.streams[stream].queued = 0
