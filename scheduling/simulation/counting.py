"""What a platform's rule makes of a simulated day: compiled counting over the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from forecast.replies.rules import ReplyRule
from scheduling.compiled import compiled
from scheduling.day import Floats, ServiceDay
from scheduling.simulation.engine import SimulatedDay
from scheduling.simulation.records import Records, row
from scheduling.simulation.staff import Staff

_ROUND, _SESSION, _BUYER_DAY = range(3)
_UNITS = {"message": _ROUND, "round": _ROUND, "session": _SESSION, "buyer_day": _BUYER_DAY}
_BY_QUESTION, _BY_REPLY, _BY_START = range(3)
_WINDOW_BY = {"question": _BY_QUESTION, "reply": _BY_REPLY, "session_start": _BY_START}
_DAY_S = 86400.0

# Columns of a day's sums.
ON_TIME, TOTAL = 0, 1  # units of the rule; seconds and units under a rule in seconds
UNANSWERED, ARRIVED = 2, 3  # sessions that began in the window
ROUNDS_ON_TIME, ROUNDS_ASKED = 4, 5
FIRST_S, FIRSTS, REPLY_S, REPLIES = 6, 7, 8, 9  # response times, shop clock
OVERTIME_S = 10
SUMS = 11

# Rows of what is counted per interval.
INTERVAL_ON_TIME, INTERVAL_TOTAL, INTERVAL_ARRIVED, INTERVAL_OPEN = range(4)
INTERVAL_ROWS = 4

_BUYER = np.dtype(
    [("judged", np.int64), ("late", np.int64), ("seconds", np.float64), ("earliest_s", np.float64)]
)


class Terms(NamedTuple):
    """A rule as numbers."""

    unit: int
    every_reply: bool
    window_by: int
    from_assignment: bool
    in_seconds: bool
    skips_unanswered: bool
    skips_offline: bool
    threshold_s: float
    window_start_s: float
    window_s: float
    rounds: float  # mean rounds of a session
    open_s: float
    interval_s: float
    intervals: int


def terms_of(day: ServiceDay) -> Terms:
    """Return the day's rule as numbers.

    Raises
    ------
    ValueError
        If the rule counts no human replies: there is nothing to staff for.
    """
    rule: ReplyRule = day.rule
    if "human" not in rule.counts_as_reply:
        raise ValueError(f"rule {rule.id}: counts_as_reply must name human, got {list(rule.counts_as_reply)}")
    start, end = rule.window_minutes
    return Terms(
        unit=_UNITS[rule.unit],
        every_reply=rule.pass_if == "every_reply",
        window_by=_WINDOW_BY[rule.window_by],
        from_assignment=rule.clock == "assigned",
        in_seconds=rule.metric == "mean_seconds",
        skips_unanswered=rule.unanswered == "exclude",
        skips_offline=rule.offline != "fail",
        threshold_s=float(rule.threshold_s),
        window_start_s=60.0 * start,
        window_s=60.0 * (end - start),
        rounds=float(day.service.rounds),
        open_s=60.0 * day.first_min,
        interval_s=60.0 * day.interval_min,
        intervals=len(day.sessions),
    )


def count_day(
    happened: SimulatedDay, staff: Staff, streams: Records, terms: Sequence[Terms]
) -> tuple[Floats, Floats]:
    """Return one day's sums (streams x columns) and counts per interval (streams x rows x intervals)."""
    sums = np.zeros((len(terms), SUMS))
    by_interval = np.zeros((len(terms), INTERVAL_ROWS, happened.open_s.shape[1]))
    by_interval[:, INTERVAL_OPEN] = happened.open_s / streams["interval_s"][:, None]
    for stream, rule in enumerate(terms):
        buyers = np.zeros(len(happened.sessions) if rule.unit == _BUYER_DAY else 0, dtype=_BUYER)
        _count(happened.sessions, happened.rounds, stream, rule, buyers, sums[stream], by_interval[stream])
        sums[stream, OVERTIME_S] = _overtime_s(
            happened.sessions, happened.rounds, staff.agents, staff.spans, stream
        )
    return sums, by_interval


@compiled
def _count(  # type: ignore[no-untyped-def]
    sessions, rounds, stream, terms, buyers, sums, by_interval
):
    """Add what happened to one stream to its sums and to its rows per interval."""
    for session in range(len(sessions)):
        chat = sessions[session]
        if chat.stream != stream:
            continue
        _count_session(chat, rounds, terms, sums, by_interval)
        if terms.skips_offline and chat.offline:
            continue
        judged, late, seconds, earliest = _judge_rounds(chat, rounds, terms, sums, by_interval)
        if judged == 0 or terms.unit == _ROUND:
            continue
        if terms.unit == _SESSION:
            amount = seconds / judged if terms.in_seconds else 1.0 - (late > 0)
            _add_unit(earliest, amount, terms, sums, by_interval)
        elif terms.every_reply or row(buyers, chat.buyer).judged == 0:  # sessions come in order of arrival
            buyer = row(buyers, chat.buyer)
            buyer.earliest_s = min(buyer.earliest_s, earliest) if buyer.judged > 0 else earliest
            buyer.judged += judged
            buyer.late += late
            buyer.seconds += seconds
    for person in range(len(buyers)):
        buyer = buyers[person]
        if buyer.judged > 0:
            amount = buyer.seconds / buyer.judged if terms.in_seconds else 1.0 - (buyer.late > 0)
            _add_unit(buyer.earliest_s, amount, terms, sums, by_interval)


@compiled
def _judge_rounds(chat, rounds, terms, sums, by_interval):  # type: ignore[no-untyped-def]
    """Judge a session's rounds; return how many its unit counts, how many are late, their seconds, the first.

    Under a rule in rounds they are units of their own.
    """
    judged, late, seconds, earliest = 0, 0, 0.0, np.inf
    for position in range(chat.first_round, chat.first_round + chat.questions):
        turn = row(rounds, position)
        if not _is_judged(chat, turn, terms):
            continue
        wait = _wait_s(chat, turn, terms)
        is_late = np.isnan(turn.answered_s) or wait > terms.threshold_s
        sums[ROUNDS_ASKED] += 1
        sums[ROUNDS_ON_TIME] += 1.0 - is_late
        if terms.unit == _ROUND:
            _add_unit(turn.asked_s, wait if terms.in_seconds else 1.0 - is_late, terms, sums, by_interval)
        if terms.every_reply or position == chat.first_round:
            judged += 1
            late += is_late
            seconds += wait
            earliest = min(earliest, turn.asked_s)
    return judged, late, seconds, earliest


@compiled
def _count_session(chat, rounds, terms, sums, by_interval):  # type: ignore[no-untyped-def]
    """Count what every report shows of a session, whatever the rule's unit."""
    if chat.settled:
        return
    start, answered = chat.arrival_s, row(rounds, chat.first_round).answered_s
    by_interval[INTERVAL_ARRIVED, _interval(start, terms)] += 1
    if _in_window(start, terms):
        sums[ARRIVED] += 1
        if not np.isnan(answered):
            sums[FIRSTS] += 1
            sums[FIRST_S] += answered - start
        else:
            sums[UNANSWERED] += 1
            if not (terms.skips_offline and chat.offline):  # its rounds that never came into being
                sums[ROUNDS_ASKED] += terms.rounds - (0.0 if terms.skips_unanswered else 1.0)
    for position in range(chat.first_round, chat.first_round + chat.questions):
        turn = row(rounds, position)
        if _in_window(turn.asked_s, terms) and not np.isnan(turn.answered_s):
            sums[REPLIES] += 1
            sums[REPLY_S] += turn.answered_s - turn.asked_s


@compiled
def _is_judged(chat, turn, terms):  # type: ignore[no-untyped-def]
    """Whether the rule judges a round: by its question, its reply, or its session's start."""
    if terms.skips_unanswered and np.isnan(turn.answered_s):
        return False
    moment = turn.asked_s
    if terms.window_by == _BY_START:
        moment = chat.arrival_s
    elif terms.window_by == _BY_REPLY and not np.isnan(turn.answered_s):
        moment = turn.answered_s
    return _in_window(moment, terms)


@compiled
def _wait_s(chat, turn, terms):  # type: ignore[no-untyped-def]
    """Return how long a question waited on the rule's clock; unanswered, until its session ended."""
    if np.isnan(turn.answered_s):
        return chat.ended_s - turn.asked_s
    if terms.from_assignment:
        return turn.answered_s - max(turn.asked_s, turn.assigned_s)
    return turn.answered_s - turn.asked_s


@compiled
def _add_unit(asked_s, amount, terms, sums, by_interval):  # type: ignore[no-untyped-def]
    """Add one unit, in the interval of its first judged question."""
    interval = _interval(asked_s, terms)
    sums[ON_TIME] += amount
    sums[TOTAL] += 1
    by_interval[INTERVAL_ON_TIME, interval] += amount
    by_interval[INTERVAL_TOTAL, interval] += 1


@compiled
def _in_window(moment, terms):  # type: ignore[no-untyped-def]
    """Whether wall clocks show a time of the window, past midnight too."""
    since = moment - terms.window_start_s
    return since - _DAY_S * np.floor(since / _DAY_S) < terms.window_s


@compiled
def _interval(moment, terms):  # type: ignore[no-untyped-def]
    """Return the interval of a moment; what is asked after the close belongs to the last."""
    return max(0, min(int((moment - terms.open_s) / terms.interval_s), terms.intervals - 1))


@compiled
def _overtime_s(sessions, rounds, agents, spans, stream):  # type: ignore[no-untyped-def]
    """Return the seconds of typing outside the spans of duty: after its end and in breaks."""
    total = 0.0
    for session in range(len(sessions)):
        chat = sessions[session]
        if chat.stream != stream:
            continue
        for position in range(chat.first_round, chat.first_round + chat.questions):
            turn = row(rounds, position)
            if turn.typist < 0:
                continue
            person, end = row(agents, turn.typist), turn.answered_s
            work = turn.work_s / person.speed
            outside = work
            for span in range(person.first_span, person.end_span):
                on = row(spans, span)
                outside -= max(min(end, on.end_s) - max(end - work, on.start_s), 0.0)
            if outside > 1e-6:  # rounding apart
                total += outside
    return total
