"""One simulated day, reply by reply: the compiled event loop.

It knows sessions, desks and slots, and no rule: what happened is written to a `Log`, which `counting` judges.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from scheduling.day import Floats, Ints
from scheduling.simulation.arrivals import DrawnDay, Flags
from scheduling.simulation.routing import Rows, find_agent, move_to_level, rows_of
from scheduling.simulation.staff import CLOSE, SPAN_ENDS, SPAN_STARTS, Staff, Streams
from scheduling.simulation.waiting import (
    NOBODY,
    Coming,
    Lines,
    drop_next,
    empty_lines,
    expect,
    join,
    leave_first,
    nothing_coming,
    replace_next,
)

BOT = -2  # in the log's `typist`
_REPLY, _QUESTION, _PATIENCE = range(3)  # what the clock of things to come can hold, times a session


class Log(NamedTuple):
    """What happened, to be judged by any rule. Times are seconds since midnight.

    Attributes
    ----------
    asked_s, assigned_s, answered_s, typist
        Per round: when the question came, when the session got the agent who answered it, when his reply was
        finished (NaN: never), and who he is (position in `Staff`).
    questions
        Per session: rounds that came into being.
    ended_s
        Per session: when its slot was freed, its buyer gave up or the stream closed on it.
    offline
        Per session: whether nobody was on duty when it arrived.
    open_s
        Stream x interval: seconds that sessions held slots, summed over sessions.
    """

    asked_s: Floats
    assigned_s: Floats
    answered_s: Floats
    typist: Ints
    questions: Ints
    ended_s: Floats
    offline: Flags
    open_s: Floats


class _Shop(NamedTuple):
    """The state of the shop at one instant. An agent's `epoch` counts the spans he has ended."""

    typing: Ints  # per agent: the session whose reply he is typing
    open: Ints  # per agent: sessions holding a slot
    movable: Ints  # per agent: those of them that he would hand over
    epoch: Ints
    taking: Flags
    agent: Ints  # per session
    assigned_epoch: Ints
    assigned_s: Floats
    current: Ints  # per session: position of its current round
    begun: Flags  # whether typing of the first reply has begun
    gone: Flags  # whether nobody will ever answer it
    queued: Ints  # per stream: sessions in the shop's queue
    on_duty: Ints  # per stream
    lines: Lines  # desks of all agents, then per stream: head of the queue, its rest, closing sessions
    coming: Coming
    rows: Rows


def empty_log(drawn: DrawnDay, streams: Streams) -> Log:
    """Return a log with room for one day."""
    sessions, rounds = len(drawn.arrival_s), len(drawn.work_s)
    return Log(
        asked_s=np.empty(rounds),
        assigned_s=np.empty(rounds),
        answered_s=np.empty(rounds),
        typist=np.empty(rounds, dtype=np.int64),
        questions=np.zeros(sessions, dtype=np.int64),
        ended_s=np.full(sessions, np.nan),
        offline=np.zeros(sessions, dtype=np.bool_),
        open_s=np.zeros((len(streams.close_s), int(streams.intervals.max()))),
    )


def simulate(
    drawn: DrawnDay, staff: Staff, streams: Streams, present: Flags | None = None
) -> tuple[Log, int]:
    """Simulate one day.

    Parameters
    ----------
    drawn
        The day's buyers.
    staff, streams
        Who is on, and what the streams need.
    present
        Per agent of `staff`: whether he comes; default all.

    Returns
    -------
    tuple
        What happened, and how many events that took.
    """
    agents, sessions = len(staff.duty), len(drawn.arrival_s)
    log = empty_log(drawn, streams)
    shop = _Shop(
        typing=np.full(agents, NOBODY),
        open=np.zeros(agents, dtype=np.int64),
        movable=np.zeros(agents, dtype=np.int64),
        epoch=np.zeros(agents, dtype=np.int64),
        taking=np.zeros(agents, dtype=np.bool_),
        agent=np.full(sessions, NOBODY),
        assigned_epoch=np.empty(sessions, dtype=np.int64),
        assigned_s=np.empty(sessions),
        current=drawn.first_round.copy(),
        begun=np.zeros(sessions, dtype=np.bool_),
        gone=np.zeros(sessions, dtype=np.bool_),
        queued=np.zeros(len(streams.close_s), dtype=np.int64),
        on_duty=np.zeros(len(streams.close_s), dtype=np.int64),
        lines=empty_lines(agents + 3 * len(streams.close_s), sessions),
        coming=nothing_coming(2 * sessions + 1),
        rows=rows_of(staff),
    )
    present = np.ones(agents, dtype=np.bool_) if present is None else present
    return log, int(_run(drawn, staff, streams, log, shop, present))


@numba.njit(cache=True, nogil=True)
def _run(drawn, staff, streams, log, shop, present):  # type: ignore[no-untyped-def]
    """Let the day happen and return the number of events."""
    agents, lines, coming = len(staff.duty), shop.lines, shop.coming
    arrived = changed = events = 0
    while True:
        arrival = drawn.arrival_s[arrived] if arrived < len(drawn.arrival_s) else np.inf
        change = staff.change_s[changed] if changed < len(staff.change_s) else np.inf
        closing, closed_stream = np.inf, 0
        for stream in range(len(streams.close_s)):
            line = _closing_line(agents, stream)
            if lines.first[line] >= 0 and lines.key[lines.first[line]] < closing:
                closing, closed_stream = lines.key[lines.first[line]], stream
        due = coming.when[0] if coming.size[0] > 0 else np.inf
        now = min(min(arrival, change), min(closing, due))
        if now == np.inf:
            return events
        events += 1
        if change == now:
            changed = _change_staff(drawn, staff, streams, log, shop, present, changed)
        elif closing == now:
            session = leave_first(lines, _closing_line(agents, closed_stream))
            _close(drawn, staff, streams, log, shop, session, now)
        elif due == now:
            session, kind = coming.what[0] // 3, coming.what[0] % 3
            if kind == _REPLY:
                _finish_reply(drawn, staff, streams, log, shop, session, now)
            elif kind == _QUESTION:
                _ask(drawn, staff, streams, log, shop, session, now)
            else:
                drop_next(coming)
                _lose_patience(drawn, staff, streams, log, shop, session, now)
        else:
            _arrive(drawn, staff, streams, log, shop, arrived, now)
            arrived += 1


@numba.njit(cache=True, nogil=True)
def _closing_line(agents, stream):  # type: ignore[no-untyped-def]
    return agents + 3 * stream + 2


# ---- sessions -------------------------------------------------------------------------------------------


@numba.njit(cache=True, nogil=True)
def _arrive(drawn, staff, streams, log, shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer asks his first question."""
    stream = drawn.stream[session]
    if drawn.settled[session]:
        _settle_by_bot(drawn, log, session, now)
        return
    log.offline[session] = shop.on_duty[stream] == 0
    _note_question(log, shop, session, now)
    _dispatch(drawn, staff, streams, log, shop, session, now)
    if not shop.begun[session] and drawn.leaves_s[session] < np.inf and not shop.gone[session]:
        expect(shop.coming, drawn.leaves_s[session], 3 * session + _PATIENCE)


@numba.njit(cache=True, nogil=True)
def _settle_by_bot(drawn, log, session, now):  # type: ignore[no-untyped-def]
    """The bot answers every question at once."""
    asked = now
    first = drawn.first_round[session]
    for position in range(first, first + drawn.rounds[session]):
        log.asked_s[position] = asked
        log.assigned_s[position] = asked
        log.answered_s[position] = asked
        log.typist[position] = BOT
        asked += drawn.think_s[position]
    log.questions[session] = drawn.rounds[session]
    log.ended_s[session] = log.answered_s[first + drawn.rounds[session] - 1]


@numba.njit(cache=True, nogil=True)
def _note_question(log, shop, session, now):  # type: ignore[no-untyped-def]
    position = shop.current[session]
    log.asked_s[position] = now
    log.assigned_s[position] = np.nan
    log.answered_s[position] = np.nan
    log.typist[position] = NOBODY
    log.questions[session] += 1


@numba.njit(cache=True, nogil=True)
def _dispatch(drawn, staff, streams, log, shop, session, now):  # type: ignore[no-untyped-def]
    """Give a session without an agent to one, or let it queue while the stream is open."""
    stream = drawn.stream[session]
    if now >= streams.close_s[stream]:
        _give_up(log, shop, session, now)
        return
    agent = find_agent(shop.rows, staff, stream, drawn.luck[0], session, shop.current[session])
    if agent >= 0:
        _assign(drawn, staff, streams, log, shop, session, agent, now)
    else:
        shop.queued[stream] += 1
        join(shop.lines, len(staff.duty) + 3 * stream + 1, session, now)


@numba.njit(cache=True, nogil=True)
def _assign(drawn, staff, streams, log, shop, session, agent, now):  # type: ignore[no-untyped-def]
    """Give a session with an unanswered question to an agent."""
    shop.agent[session] = agent
    shop.assigned_epoch[session] = shop.epoch[agent]
    shop.assigned_s[session] = now
    shop.open[agent] += 1
    if streams.hands_over[drawn.stream[session]]:
        shop.movable[agent] += 1
    _stand_in_row(staff, shop, agent)
    position = shop.current[session]
    log.assigned_s[position] = now
    join(shop.lines, agent, session, log.asked_s[position])
    if shop.typing[agent] < 0:
        _type_next(drawn, staff, shop, agent, now)


@numba.njit(cache=True, nogil=True)
def _ask(drawn, staff, streams, log, shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer who has been thinking asks again."""
    _note_question(log, shop, session, now)
    agent = shop.agent[session]
    if agent < 0 or _is_detached(drawn, streams, shop, session):
        drop_next(shop.coming)
        if agent >= 0:
            _hold(drawn, streams, log, shop, session, _handover_s(staff, shop, session))
            shop.agent[session] = NOBODY
        _dispatch(drawn, staff, streams, log, shop, session, now)
        return
    position = shop.current[session]
    log.assigned_s[position] = shop.assigned_s[session]
    if shop.typing[agent] < 0:  # an idle agent has an empty desk
        shop.typing[agent] = session
        done = now + drawn.work_s[position] / staff.speed[agent]
        replace_next(shop.coming, done, 3 * session + _REPLY)
    else:
        drop_next(shop.coming)
        join(shop.lines, agent, session, now)


@numba.njit(cache=True, nogil=True)
def _type_next(drawn, staff, shop, agent, now):  # type: ignore[no-untyped-def]
    """Let an agent turn to the question on his desk that has waited longest."""
    lines = shop.lines
    while lines.first[agent] >= 0:
        session = leave_first(lines, agent)
        if not shop.gone[session]:
            shop.typing[agent] = session
            shop.begun[session] = True
            done = now + drawn.work_s[shop.current[session]] / staff.speed[agent]
            expect(shop.coming, done, 3 * session + _REPLY)
            return
    shop.typing[agent] = NOBODY


@numba.njit(cache=True, nogil=True)
def _finish_reply(drawn, staff, streams, log, shop, session, now):  # type: ignore[no-untyped-def]
    """A reply is sent: the buyer thinks about it, or the session begins to close."""
    agent, position = shop.agent[session], shop.current[session]
    log.answered_s[position] = now
    log.typist[position] = agent
    is_last = position + 1 == drawn.first_round[session] + drawn.rounds[session]
    if is_last:
        drop_next(shop.coming)
    else:
        shop.current[session] = position + 1
        replace_next(shop.coming, now + drawn.think_s[position], 3 * session + _QUESTION)
    shop.typing[agent] = NOBODY
    if _is_detached(drawn, streams, shop, session):  # he was handed over while this reply was being typed
        _release(drawn, staff, streams, log, shop, session, now)
        if is_last:
            log.ended_s[session] = now
    elif is_last:
        stream = drawn.stream[session]
        if streams.auto_close_s[stream] > 0:
            line = _closing_line(len(staff.duty), stream)
            join(shop.lines, line, session, now + streams.auto_close_s[stream])
        else:
            log.ended_s[session] = now
            _release(drawn, staff, streams, log, shop, session, now)
    if shop.typing[agent] < 0:
        _type_next(drawn, staff, shop, agent, now)


@numba.njit(cache=True, nogil=True)
def _close(drawn, staff, streams, log, shop, session, now):  # type: ignore[no-untyped-def]
    """Auto-close frees a slot."""
    if _is_detached(drawn, streams, shop, session):  # it ended when its agent left; its slot went then
        ended = max(_handover_s(staff, shop, session), log.answered_s[shop.current[session]])
        _hold(drawn, streams, log, shop, session, ended)
        log.ended_s[session] = ended
        return
    log.ended_s[session] = now
    _release(drawn, staff, streams, log, shop, session, now)


@numba.njit(cache=True, nogil=True)
def _lose_patience(drawn, staff, streams, log, shop, session, now):  # type: ignore[no-untyped-def]
    """A buyer gives up, unless typing of his first reply has begun."""
    if shop.begun[session] or shop.gone[session]:
        return
    _give_up(log, shop, session, now)
    if shop.agent[session] >= 0:
        _release(drawn, staff, streams, log, shop, session, now)
    else:
        shop.queued[drawn.stream[session]] -= 1


@numba.njit(cache=True, nogil=True)
def _give_up(log, shop, session, now):  # type: ignore[no-untyped-def]
    shop.gone[session] = True
    log.ended_s[session] = now


# ---- slots ----------------------------------------------------------------------------------------------


@numba.njit(cache=True, nogil=True)
def _is_detached(drawn, streams, shop, session):  # type: ignore[no-untyped-def]
    """Whether the session's agent has handed it over since it was given to him."""
    return (
        streams.hands_over[drawn.stream[session]]
        and shop.assigned_epoch[session] != shop.epoch[shop.agent[session]]
    )


@numba.njit(cache=True, nogil=True)
def _handover_s(staff, shop, session):  # type: ignore[no-untyped-def]
    """Return when the span in which the session was given to its agent ended. [s]"""
    return staff.span_end_s[staff.first_span[shop.agent[session]] + shop.assigned_epoch[session]]


@numba.njit(cache=True, nogil=True)
def _release(drawn, staff, streams, log, shop, session, now):  # type: ignore[no-untyped-def]
    """Free the session's slot and let its agent take who waits."""
    agent = shop.agent[session]
    _hold(drawn, streams, log, shop, session, now)
    shop.agent[session] = NOBODY
    shop.open[agent] -= 1
    if streams.hands_over[drawn.stream[session]]:
        shop.movable[agent] -= 1
    _stand_in_row(staff, shop, agent)
    while shop.taking[agent] and shop.open[agent] < staff.cap[agent]:
        line = _next_line(staff, shop, staff.streams[agent])
        if line < 0:
            return
        _assign_first(drawn, staff, streams, log, shop, line, agent, now)


@numba.njit(cache=True, nogil=True)
def _assign_first(drawn, staff, streams, log, shop, line, agent, now):  # type: ignore[no-untyped-def]
    """Give an agent the first session of a line of the shop's queue."""
    session = leave_first(shop.lines, line)
    shop.queued[drawn.stream[session]] -= 1
    _assign(drawn, staff, streams, log, shop, session, agent, now)


@numba.njit(cache=True, nogil=True)
def _hold(drawn, streams, log, shop, session, until):  # type: ignore[no-untyped-def]
    """Add the time a session held its slot to the intervals of the grid in which it did."""
    stream = drawn.stream[session]
    length, opens = streams.interval_s[stream], streams.open_s[stream]
    since = shop.assigned_s[session]
    interval = int((since - opens) // length)
    while since < until and interval < streams.intervals[stream]:
        edge = min(until, opens + (interval + 1) * length)
        log.open_s[stream, interval] += edge - since
        since = edge
        interval += 1


@numba.njit(cache=True, nogil=True)
def _stand_in_row(staff, shop, agent):  # type: ignore[no-untyped-def]
    """Put an agent on the level of his open sessions, or at the end if he may not be given one."""
    level = staff.cap[agent]
    if shop.taking[agent] and shop.open[agent] < level:
        level = shop.open[agent]
    move_to_level(shop.rows, staff.group[agent], agent, level)


@numba.njit(cache=True, nogil=True)
def _next_line(staff, shop, served):  # type: ignore[no-untyped-def]
    """Return the line of the shop's queue whose head is next for an agent on these streams, or `NOBODY`.

    Sessions handed over come before all others, the oldest question first.
    """
    best, oldest, best_part = NOBODY, np.inf, 2
    lines = shop.lines
    for stream in range(len(shop.queued)):
        if (served >> stream) & 1 and shop.queued[stream] > 0:
            for part in range(2):
                line = len(staff.duty) + 3 * stream + part
                while lines.first[line] >= 0 and shop.gone[lines.first[line]]:
                    leave_first(lines, line)
                if lines.first[line] >= 0:
                    key = lines.key[lines.first[line]]
                    if part < best_part or (part == best_part and key < oldest):
                        best, oldest, best_part = line, key, part
                    break
    return best


# ---- staff ----------------------------------------------------------------------------------------------


@numba.njit(cache=True, nogil=True)
def _change_staff(drawn, staff, streams, log, shop, present, changed):  # type: ignore[no-untyped-def]
    """Let all happen that the clock holds for one instant; return the position of the next change."""
    now = staff.change_s[changed]
    at = changed
    while at < len(staff.change_s) and staff.change_s[at] == now and staff.change[at] != CLOSE:
        agent = staff.who[at]
        if present[agent]:
            if staff.change[at] == SPAN_ENDS:
                _end_span(drawn, staff, streams, log, shop, agent, now)
            else:
                shop.taking[agent] = staff.change[at] == SPAN_STARTS
                if staff.change[at] == SPAN_STARTS:
                    _count_on_duty(staff, shop, agent, 1)
            _stand_in_row(staff, shop, agent)
        at += 1
    _serve_queue(drawn, staff, streams, log, shop, now)
    while at < len(staff.change_s) and staff.change_s[at] == now:
        _close_stream(staff, log, shop, staff.who[at], now)
        at += 1
    return at


@numba.njit(cache=True, nogil=True)
def _count_on_duty(staff, shop, agent, step):  # type: ignore[no-untyped-def]
    for stream in range(len(shop.on_duty)):
        if (staff.streams[agent] >> stream) & 1:
            shop.on_duty[stream] += step


@numba.njit(cache=True, nogil=True)
def _end_span(drawn, staff, streams, log, shop, agent, now):  # type: ignore[no-untyped-def]
    """A break or the end of a duty: no new sessions, and what is to be handed over leaves the desk."""
    shop.taking[agent] = False
    shop.epoch[agent] += 1
    _count_on_duty(staff, shop, agent, -1)
    if shop.movable[agent] == 0:
        return
    lines, session = shop.lines, shop.lines.first[agent]
    lines.first[agent] = lines.last[agent] = NOBODY
    while session >= 0:
        following = lines.after[session]
        stream = drawn.stream[session]
        if not shop.gone[session]:
            if streams.hands_over[stream]:
                _hold(drawn, streams, log, shop, session, now)
                shop.agent[session] = NOBODY
                log.assigned_s[shop.current[session]] = np.nan
                if now >= streams.close_s[stream]:
                    _give_up(log, shop, session, now)
                else:
                    shop.queued[stream] += 1
                    join(lines, len(staff.duty) + 3 * stream, session, lines.key[session])
            else:
                join(lines, agent, session, lines.key[session])
        session = following
    typed = shop.typing[agent]  # the reply being typed is finished; its slot stays until then
    keeps = 1 if typed >= 0 and streams.hands_over[drawn.stream[typed]] else 0
    shop.open[agent] -= shop.movable[agent] - keeps
    shop.movable[agent] = keeps


@numba.njit(cache=True, nogil=True)
def _serve_queue(drawn, staff, streams, log, shop, now):  # type: ignore[no-untyped-def]
    """Give out the shop's queue as long as somebody has a free slot for its next session."""
    while True:
        served = 0
        for stream in range(len(shop.queued)):
            if shop.queued[stream] > 0 and find_agent(shop.rows, staff, stream, drawn.luck[0], 0, 0) >= 0:
                served |= 1 << stream
        line = _next_line(staff, shop, served)
        if line < 0:
            return
        session, stream = shop.lines.first[line], (line - len(staff.duty)) // 3
        turn = shop.current[session]
        agent = find_agent(shop.rows, staff, stream, drawn.luck[0], session, turn)
        _assign_first(drawn, staff, streams, log, shop, line, agent, now)


@numba.njit(cache=True, nogil=True)
def _close_stream(staff, log, shop, stream, now):  # type: ignore[no-untyped-def]
    """The stream closes: nobody will answer what is still queued."""
    for part in range(2):
        line = len(staff.duty) + 3 * stream + part
        while shop.lines.first[line] >= 0:
            session = leave_first(shop.lines, line)
            if not shop.gone[session]:
                _give_up(log, shop, session, now)
    shop.queued[stream] = 0
