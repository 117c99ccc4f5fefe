"""What a platform's rule makes of the things the chain counts: one table for evaluations and for values."""

from __future__ import annotations

from math import exp

import numpy as np

from scheduling.day import Floats, Ints, ServiceDay
from scheduling.service import chain

# rows of a worth table; the first four are those of value tables
ON_TIME, TOTAL, UNANSWERED, ROUNDS_ON_TIME, ROUNDS_JUDGED, ARRIVED = range(6)
QUANTITIES = 6


def window_shares(day: ServiceDay) -> Floats:
    """Return the share of each interval that lies in the rule's window (past midnight too)."""
    start, end = day.rule.window_minutes
    begins = day.starts_min
    inside = np.zeros(len(begins))
    for shift in (-1440, 0, 1440):
        stretch = np.minimum(begins + day.interval_min, end + shift) - np.maximum(begins, start + shift)
        inside += np.clip(stretch / day.interval_min, 0.0, 1.0)
    return np.minimum(inside, 1.0)


def later_shares(day: ServiceDay, window: Floats, mean_lag_s: float) -> Floats:
    """Return the share of each interval's later questions that the rule judges.

    Judged by the session's start, a later question follows its session's by up to twice the mean lag.
    """
    if day.rule.window_by != "session_start":
        return window
    points = 30
    fine = np.repeat(window, points)
    lag = round(2.0 * mean_lag_s / (60.0 * day.interval_min / points))
    sums = np.concatenate([np.zeros(lag + 1), np.cumsum(fine)])
    moving = (sums[lag + 1 :] - sums[: len(fine)]) / (lag + 1)
    return np.asarray(moving.reshape(-1, points).mean(axis=1))


def worth_table(day: ServiceDay, first: float, later: float, *, anyone: bool) -> Floats:
    """Return each quantity's worth of each thing counted in a segment.

    Parameters
    ----------
    day
        Its rule says what a unit is; buyer-days are counted as sessions here (see `buyer_days`).
    first, later
        Share of first and of later questions that the rule judges.
    anyone
        Whether anybody is on duty; where nobody is, some rules do not count the sessions that come.
    """
    rule = day.rule
    worth = np.zeros((QUANTITIES, chain.COUNTS))
    worth[UNANSWERED, chain.GONE] = worth[ARRIVED, chain.FIRSTS] = first
    if rule.offline != "fail" and not anyone:
        first = 0.0
    worth[ROUNDS_ON_TIME, chain.ON_FIRST] = first
    worth[ROUNDS_ON_TIME, chain.ON_LATER] = later
    worth[ROUNDS_JUDGED, chain.FIRSTS] = first
    worth[ROUNDS_JUDGED, chain.LATERS] = later
    rounds = rule.unit in ("round", "message")
    if rule.metric == "mean_seconds":
        worth[ON_TIME, chain.DESK_FIRST] = first
        worth[ON_TIME, chain.QUEUED] = 0.0 if rule.clock == "assigned" else first
        if rounds:
            worth[ON_TIME, chain.DESK_LATER] = later
        elif rule.pass_if == "every_reply":  # a session's mean over its rounds
            worth[ON_TIME, chain.DESK_LATER] = later / day.service.rounds
            worth[ON_TIME, [chain.DESK_FIRST, chain.QUEUED]] /= day.service.rounds
    else:
        worth[ON_TIME, chain.ON_FIRST] = first
        if rounds:
            worth[ON_TIME, chain.ON_LATER] = later
        elif rule.pass_if == "every_reply":
            worth[ON_TIME, chain.FAILED] = -later
    worth[TOTAL, chain.FIRSTS] = first
    if rounds:
        worth[TOTAL, chain.LATERS] = later
    if rule.unanswered == "exclude":
        worth[TOTAL, chain.GONE] = -first
    return worth


def settled_sessions(day: ServiceDay) -> Floats:
    """Return the window's sessions, by interval, that bots settle and the rule counts: all on time."""
    if "bot_auto" not in day.rule.counts_as_reply or day.rule.population != "all":
        return np.zeros(len(day.settled))
    return window_shares(day) * day.settled


def settled_units(day: ServiceDay) -> Floats:
    """Return the rule's units of those sessions."""
    each = day.service.rounds if day.rule.unit in ("round", "message") else 1.0
    return settled_sessions(day) * each


def units(day: ServiceDay, on_time: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Turn counts by interval into the rule's units: settled sessions added, buyer-days formed."""
    settled = settled_units(day)
    if day.rule.metric == "share":
        on_time = on_time + settled
    total = total + settled
    if day.rule.unit != "buyer_day":
        return on_time, total
    passed, judged = buyer_days(day, np.array(on_time.sum()), float(total.sum()))
    scale_on = float(passed) / max(float(on_time.sum()), 1e-12)
    return on_time * scale_on, total * (judged / max(float(total.sum()), 1e-12))


def day_units(day: ServiceDay, on_time: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Turn sums of whole days into the rule's units, elementwise."""
    settled = float(settled_units(day).sum())
    if day.rule.metric == "share":
        on_time = on_time + settled
    total = total + settled
    if day.rule.unit != "buyer_day":
        return on_time, total
    everything = float(np.max(total)) if np.size(total) else 0.0
    passed, judged = buyer_days(day, on_time * (everything / np.maximum(total, 1e-12)), everything)
    return passed, np.full_like(total, judged)


def left_at_close(day: ServiceDay, window: Floats, sessions: Floats, queued: Ints) -> Floats:
    """Return quantity x interval x state: what sessions still queued at the close, the last to come, count.

    Parameters
    ----------
    window
        Share of each interval in the rule's window (`window_shares`).
    sessions
        Sessions that came, by interval.
    queued
        How many are queued in each state.
    """
    out = np.zeros((QUANTITIES, len(sessions), len(queued)))
    if not queued.any():
        return out
    after = 0.0
    for i in range(len(sessions) - 1, -1, -1):
        most = sessions[i] if i else np.inf
        left = window[i] * np.clip(queued - after, 0.0, most)
        out[UNANSWERED, i] = left
        if day.rule.unanswered == "exclude":
            out[TOTAL, i] = -left
        elif day.rule.metric == "mean_seconds" and day.rule.clock == "assigned":
            waited = day.last_min - day.starts_min[i] - day.interval_min / 2
            out[ON_TIME, i] = 60.0 * waited * left  # never assigned: it waits to the close
        after += float(sessions[i])
    return out


def buyer_days(day: ServiceDay, on_time: Floats, total: float) -> tuple[Floats, float]:
    """Turn sessions of the window (in time, all) into buyer-days.

    Buyers have 1 + Poisson(b - 1) sessions, dealt at random over the day: of w, the share of sessions in
    the window, one in w and Poisson((b - 1) w) more fall in it. Under every reply all of them must do.

    Examples
    --------
    >>> from forecast.replies.rules import ReplyRule
    >>> from forecast.replies.service_parameters import ServiceParameters
    >>> rule = ReplyRule(id="x", unit="buyer_day", pass_if="every_reply")
    >>> day = ServiceDay(first_min=0, interval_min=60, sessions=np.full(24, 10.0), rule=rule, target=0.9,
    ...                  service=ServiceParameters(sessions_per_buyer_day=1.2))
    >>> on_time, total = buyer_days(day, np.array(240.0), 240.0)
    >>> float(on_time) == total, round(total, 6)
    (True, 200.0)
    """
    counts_bots = "bot_auto" in day.rule.counts_as_reply and day.rule.population == "all"
    everything = float(day.sessions.sum() + (day.settled.sum() if counts_bots else 0.0))
    if total <= 0 or everything <= 0:
        return np.zeros_like(on_time), 0.0
    each = day.service.sessions_per_buyer_day
    buyers = everything / each
    inside = min(1.0, total / everything)
    further = (each - 1.0) * inside
    nobody = (1.0 - inside) * exp(-further)
    judged = buyers * (1.0 - nobody)
    share = on_time / total
    if day.rule.pass_if == "first_reply" or day.rule.metric == "mean_seconds":
        return share * judged, judged
    passed = (1.0 - inside * (1.0 - share)) * np.exp(-further * (1.0 - share)) - nobody
    return np.asarray(buyers * passed), judged
