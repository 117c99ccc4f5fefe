"""Replies judged by a platform's rule: one function for logs and for the simulator.

Two steps, each a table to look at: `judge_replies` says of every unit whether it met the rule, and
`shares` (periods.py) adds units up over the rule's periods.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.replies.conversations import (
    DEFAULT_STREAM,
    Codes,
    Instants,
    aware,
    check_columns,
    codes_of,
    first_rows,
    instants,
    merge_close,
    owners_of,
    words,
)
from forecast.replies.events import EVENTS
from forecast.replies.rules import ReplyRule
from forecast.timegrid import zone

Scope = Literal["shop", "stream", "agent"]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
DAY = np.timedelta64(24 * 60, "m")


def judge_replies(
    events: pd.DataFrame,
    rule: ReplyRule,
    *,
    timezone: str,
    scope: Scope | None = None,
    shop: str = "shop",
    observed_until: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Return the units of a rule, each judged.

    Parameters
    ----------
    events
        `events.EVENTS`: one row a question, from logs or from the simulator; times aware, ``NaT`` for
        never. A reply of somebody who does not count under the rule is no reply.
    rule
        The platform's metric.
    timezone
        Zone of the shop's wall clocks: windows, days, exemptions.
    scope
        Whose units: of the whole shop, of each stream, or of each agent. Default: the rule's. An agent's
        unit has the rounds the agent had; rounds that no person had are left out.
    shop
        Name of the shop, the `id` of its units.
    observed_until
        Where the log ends. A question still open then that has not yet waited for the threshold is not
        judged. Default: the log is complete, whatever is unanswered stays so.

    Returns
    -------
    DataFrame
        One row a unit, in order of `asked`: `id`, `day` (local date of its first judged question), `asked`,
        `rounds` (judged in it), `late` (of them late), `value`: 1 or 0, or mean seconds [s] under a rule in
        seconds.

    Notes
    -----
    A reply is late when it takes longer than the threshold, or never comes. The clock runs from the
    question; on the agent's clock from the assignment where that is later. Under ``pass_if =
    "first_reply"`` a session answers for its first question alone, and where that lies outside the window
    the session is not judged; a buyer-day answers for the first of its sessions that is judged. In mean
    seconds an unanswered question has waited until its session closed; where that is not known it has no
    time and is left out.
    """
    check_columns(events, EVENTS)
    questions = _Questions(events, rule)
    scope = scope or rule.scope
    kept = _is_subject(questions, rule)
    if scope == "agent":
        kept &= ~pd.isna(questions.agent) & (questions.responder != "bot_auto")
    if rule.pass_if == "first_reply" and rule.unit in ("session", "buyer_day"):
        kept &= _leads_session(questions, kept, per_agent=scope == "agent")
    kept &= _is_judged(questions, rule, timezone, observed_until)
    whose = {"shop": None, "stream": questions.stream, "agent": questions.agent}[scope]
    return _units(questions, rule, np.flatnonzero(kept), whose, shop, timezone)


class _Questions:
    """The columns of an event table as arrays, read with the rule's eyes."""

    def __init__(self, events: pd.DataFrame, rule: ReplyRule) -> None:
        self.asked = instants(events, "question")
        self.responder = words(events, "responder")
        self.agent = words(events, "agent")
        self.buyer = words(events, "buyer")
        self.stream = words(events, "stream")
        self.stream[pd.isna(self.stream)] = DEFAULT_STREAM
        self.tag = words(events, "tag")
        self.offline = _flags(events, "offline")
        reply = instants(events, "reply")
        counts = _is_one_of(self.responder, rule.counts_as_reply)
        self.reply = np.where(counts, reply, np.datetime64("NaT", "ns"))
        self.assigned = instants(events, "assigned")
        self.closed = instants(events, "closed")
        self.session = codes_of(self.stream, events["session"].to_numpy(object))
        opened = instants(events, "opened")
        if rule.session_gap_min > 0:
            self._join_sessions(opened, rule.session_gap_min)
        self.opened = least_of(np.fmin(opened, self.asked), self.session)[self.session]

    def _join_sessions(self, opened: Instants, gap_min: float) -> None:
        """Take sessions of a buyer that follow each other within the gap as one."""
        start = least_of(np.fmin(opened, self.asked), self.session)
        end = most_of(np.fmax(np.fmax(self.closed, self.reply), self.asked), self.session)
        _, lead = np.unique(self.session, return_index=True)
        whose = owners_of(self.stream[lead], self.buyer[lead])
        joined = merge_close(whose, start, end, gap_min)
        self.session = joined[self.session]

    @property
    def waited_s(self) -> Floats:
        """Question to reply [s], nan without one."""
        return _seconds(self.reply - self.asked)

    def since(self, rule: ReplyRule) -> Instants:
        """When the rule's clock starts."""
        return np.fmax(self.asked, self.assigned) if rule.clock == "assigned" else self.asked


def least_of(values: Instants, codes: Codes) -> Instants:
    """Return the earliest instant among the rows of each code, in order of code."""
    order = np.argsort(codes, kind="stable")
    return np.fmin.reduceat(values[order], first_rows(codes[order])) if len(codes) else values


def most_of(values: Instants, codes: Codes) -> Instants:
    """Return the latest instant among the rows of each code, in order of code."""
    order = np.argsort(codes, kind="stable")
    return np.fmax.reduceat(values[order], first_rows(codes[order])) if len(codes) else values


def _is_one_of(values: npt.NDArray[np.object_], names: Collection[str]) -> Flags:
    """Return which words are among the names."""
    return pd.Series(values, dtype=object).isin(list(names)).to_numpy(dtype=bool)


def _flags(events: pd.DataFrame, column: str) -> Flags:
    if column not in events.columns:
        return np.zeros(len(events), dtype=bool)
    return events[column].fillna(0).to_numpy(dtype=bool)


def _seconds(spans: npt.NDArray[np.timedelta64]) -> Floats:
    return spans / np.timedelta64(1, "s")


def _is_subject(questions: _Questions, rule: ReplyRule) -> Flags:
    """Return which questions the rule is about at all."""
    subject = ~_is_one_of(questions.tag, rule.exclude)
    if rule.population != "all" and "bot_auto" not in rule.counts_as_reply:
        subject &= questions.responder != "bot_auto"  # settled before a person was needed
    if rule.offline != "fail":
        subject &= ~questions.offline
    return subject


def _leads_session(questions: _Questions, kept: Flags, *, per_agent: bool) -> Flags:
    """Return which questions are the first of their session (of an agent's part of it) among those kept."""
    rows = np.flatnonzero(kept)
    session = questions.session[rows]
    if per_agent:
        session = codes_of(session, questions.agent[rows])
    order = np.lexsort((questions.asked[rows], session))
    leads = np.zeros(len(kept), dtype=bool)
    leads[rows[order[first_rows(session[order])]]] = True
    return leads


def _is_judged(
    questions: _Questions, rule: ReplyRule, timezone: str, observed_until: pd.Timestamp | None
) -> Flags:
    """Return which questions fall in the window on a day that the rule assesses."""
    answered = ~np.isnat(questions.reply)
    moment = questions.asked
    if rule.window_by == "session_start":
        moment = questions.opened
    elif rule.window_by == "reply":
        moment = np.where(answered, questions.reply, questions.asked)
    wall = _wall(moment, timezone)
    start, end = (np.timedelta64(minutes, "m") for minutes in rule.window_minutes)
    judged: Flags = (wall - wall.astype("datetime64[D]") - start) % DAY < end - start
    for exemption in rule.exempt_spans:
        judged &= ~((wall >= np.datetime64(exemption.start)) & (wall < np.datetime64(exemption.end)))
    days = _wall(questions.asked, timezone).astype("datetime64[D]")
    if rule.effective_from is not None:
        judged &= days >= np.datetime64(rule.effective_from)
    if rule.effective_to is not None:
        judged &= days < np.datetime64(rule.effective_to)
    if rule.unanswered == "exclude":
        judged &= answered
    if rule.metric == "mean_seconds":
        judged &= answered | ~np.isnat(questions.closed)
    if observed_until is not None:
        limit = np.datetime64(observed_until.tz_convert("UTC").tz_localize(None), "ns")
        threshold = np.timedelta64(round(rule.threshold_s * 1e9), "ns")
        judged &= answered | (questions.since(rule) + threshold < limit)
    return judged


def _wall(moments: Instants, timezone: str) -> npt.NDArray[np.datetime64]:
    """Return what wall clocks of the zone show."""
    return aware(moments).tz_convert(zone(timezone)).tz_localize(None).to_numpy()


def _units(
    questions: _Questions,
    rule: ReplyRule,
    rows: Codes,
    whose: npt.NDArray[np.object_] | None,
    shop: str,
    timezone: str,
) -> pd.DataFrame:
    """Return the judged questions gathered into the rule's units."""
    asked, answered = questions.asked[rows], ~np.isnat(questions.reply[rows])
    wait = _seconds(questions.reply[rows] - questions.since(rule)[rows])
    late = ~answered | (wait > rule.threshold_s)
    gone = _seconds(questions.closed[rows] - asked)
    seconds = np.where(answered, wait, gone)
    day = _wall(asked, timezone).astype("datetime64[D]").astype("datetime64[ns]")
    owner = np.full(len(rows), shop, dtype=object) if whose is None else whose[rows]
    if rule.unit in ("round", "message"):
        unit = np.arange(len(rows))
    elif rule.unit == "session":
        unit = codes_of(questions.session[rows], owner)
    else:
        nameless = pd.isna(questions.buyer[rows])
        buyer = np.where(nameless, -1 - questions.session[rows], codes_of(questions.buyer[rows]))
        unit = codes_of(buyer, day, owner)
    order = np.lexsort((asked, unit))
    first = first_rows(unit[order])
    lead = order[first]
    if rule.pass_if == "first_reply":
        rounds, lates, total = np.ones(len(lead)), late[lead].astype(float), seconds[lead]
    else:
        rounds = np.diff(np.append(first, len(order))).astype(float)
        lates = _sums(late[order].astype(float), first)
        total = _sums(seconds[order], first)
    value = total / rounds if rule.metric == "mean_seconds" else (lates == 0).astype(float)
    units = pd.DataFrame(
        {
            "id": pd.Series(owner[lead], dtype=object),
            "day": day[lead],
            "asked": aware(asked[lead]),
            "rounds": rounds.astype(np.int64),
            "late": lates.astype(np.int64),
            "value": value,
        }
    )
    return units.sort_values(["asked", "id"], kind="stable", ignore_index=True)


def _sums(values: Floats, first: Codes) -> Floats:
    return np.add.reduceat(values, first) if len(first) else values[:0]
