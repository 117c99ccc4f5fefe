"""What a platform's rule makes of a simulated day: compiled counting over the log."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from forecast.replies.rules import ReplyRule
from scheduling.day import Floats, ServiceDay

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


@numba.njit(cache=True, nogil=True)
def count_day(drawn, log, stream, terms, sums, by_interval):  # type: ignore[no-untyped-def]
    """Add what happened to one stream to a row of sums and to the rows per interval."""
    buyers = len(drawn.arrival_s) if terms.unit == _BUYER_DAY else 0
    judged, late = np.zeros(buyers, np.int64), np.zeros(buyers, np.int64)
    seconds, earliest = np.zeros(buyers), np.full(buyers, np.inf)
    for session in range(len(drawn.arrival_s)):
        if drawn.stream[session] != stream:
            continue
        _count_session(drawn, log, session, terms, sums, by_interval)
        if terms.skips_offline and log.offline[session]:
            continue
        first, last = drawn.first_round[session], drawn.first_round[session] + log.questions[session]
        units, misses, waited, since = 0, 0, 0.0, np.inf
        for position in range(first, last):
            answered = log.answered_s[position]
            if not _is_judged(drawn, log, session, position, terms):
                continue
            wait = _wait_s(log, session, position, terms)
            is_late = np.isnan(answered) or wait > terms.threshold_s
            sums[ROUNDS_ASKED] += 1
            sums[ROUNDS_ON_TIME] += 1.0 - is_late
            if terms.unit != _ROUND and position > first and not terms.every_reply:
                continue
            if terms.unit == _ROUND:
                amount = wait if terms.in_seconds else 1.0 - is_late
                _add_unit(log.asked_s[position], amount, terms, sums, by_interval)
            units += 1
            misses += is_late
            waited += wait
            since = min(since, log.asked_s[position])
        if terms.unit == _SESSION and units > 0:
            amount = waited / units if terms.in_seconds else 1.0 - (misses > 0)
            _add_unit(since, amount, terms, sums, by_interval)
        elif terms.unit == _BUYER_DAY and units > 0:
            buyer = drawn.buyer[session]
            if terms.every_reply or judged[buyer] == 0:  # sessions come in order of their first question
                judged[buyer] += units
                late[buyer] += misses
                seconds[buyer] += waited
                earliest[buyer] = min(earliest[buyer], since)
    for buyer in range(buyers):
        if judged[buyer] > 0:
            amount = seconds[buyer] / judged[buyer] if terms.in_seconds else 1.0 - (late[buyer] > 0)
            _add_unit(earliest[buyer], amount, terms, sums, by_interval)


@numba.njit(cache=True, nogil=True)
def _count_session(drawn, log, session, terms, sums, by_interval):  # type: ignore[no-untyped-def]
    """Count what every report shows of a session, whatever the rule's unit."""
    if drawn.settled[session]:
        return
    start, first = drawn.arrival_s[session], drawn.first_round[session]
    by_interval[INTERVAL_ARRIVED, _interval(start, terms)] += 1
    if _in_window(start, terms):
        sums[ARRIVED] += 1
        if np.isnan(log.answered_s[first]):
            sums[UNANSWERED] += 1
            if not (terms.skips_offline and log.offline[session]):
                if terms.skips_unanswered:
                    sums[ROUNDS_ASKED] += 1  # the rule forgets its only question, the shop does not
                sums[ROUNDS_ASKED] += terms.rounds - 1.0
        else:
            sums[FIRSTS] += 1
            sums[FIRST_S] += log.answered_s[first] - start
    for position in range(first, first + log.questions[session]):
        if _in_window(log.asked_s[position], terms) and not np.isnan(log.answered_s[position]):
            sums[REPLIES] += 1
            sums[REPLY_S] += log.answered_s[position] - log.asked_s[position]


@numba.njit(cache=True, nogil=True)
def _is_judged(drawn, log, session, position, terms):  # type: ignore[no-untyped-def]
    """Whether the rule judges a round: by its question, its reply, or its session's start."""
    answered = log.answered_s[position]
    if np.isnan(answered) and terms.skips_unanswered:
        return False
    moment = log.asked_s[position]
    if terms.window_by == _BY_START:
        moment = drawn.arrival_s[session]
    elif terms.window_by == _BY_REPLY and not np.isnan(answered):
        moment = answered
    return _in_window(moment, terms)


@numba.njit(cache=True, nogil=True)
def _wait_s(log, session, position, terms):  # type: ignore[no-untyped-def]
    """Return how long a question waited on the rule's clock; unanswered, until its session ended."""
    answered, since = log.answered_s[position], log.asked_s[position]
    if np.isnan(answered):
        return log.ended_s[session] - since
    if terms.from_assignment:
        since = max(since, log.assigned_s[position])
    return answered - since


@numba.njit(cache=True, nogil=True)
def _add_unit(asked, amount, terms, sums, by_interval):  # type: ignore[no-untyped-def]
    """Add one unit, in the interval of its first judged question."""
    interval = _interval(asked, terms)
    sums[ON_TIME] += amount
    sums[TOTAL] += 1
    by_interval[INTERVAL_ON_TIME, interval] += amount
    by_interval[INTERVAL_TOTAL, interval] += 1


@numba.njit(cache=True, nogil=True)
def _in_window(moment, terms):  # type: ignore[no-untyped-def]
    """Whether wall clocks show a time of the window, past midnight too."""
    return (moment - terms.window_start_s) % _DAY_S < terms.window_s


@numba.njit(cache=True, nogil=True)
def _interval(moment, terms):  # type: ignore[no-untyped-def]
    """Return the interval of a moment; what is asked after the close belongs to the last."""
    return max(0, min(int((moment - terms.open_s) // terms.interval_s), terms.intervals - 1))


@numba.njit(cache=True, nogil=True)
def overtime_s(drawn, log, staff, stream):  # type: ignore[no-untyped-def]
    """Return the seconds of typing outside the spans of duty: after its end and in breaks."""
    total = 0.0
    for session in range(len(drawn.arrival_s)):
        if drawn.stream[session] != stream:
            continue
        first = drawn.first_round[session]
        for position in range(first, first + log.questions[session]):
            agent, end = log.typist[position], log.answered_s[position]
            if agent < 0 or np.isnan(end):
                continue
            work = drawn.work_s[position] / staff.speed[agent]
            total += work
            for span in range(staff.first_span[agent], staff.first_span[agent + 1]):
                within = min(end, staff.span_end_s[span]) - max(end - work, staff.span_start_s[span])
                total -= max(within, 0.0)
    return max(total, 0.0)


def empty_counts(days: list[ServiceDay]) -> tuple[Floats, Floats]:
    """Return room for one day: sums (streams x columns), and counts (streams x rows x intervals)."""
    longest = max(len(day.sessions) for day in days)
    return np.zeros((len(days), SUMS)), np.zeros((len(days), 4, longest))
