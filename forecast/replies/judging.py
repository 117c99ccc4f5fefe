"""Replies judged by a platform's rule: one function for logs and for the simulator.

Two steps, each a table to look at: `judge_replies` says of every unit whether it met the rule, and
`shares` (periods.py) adds units up over the rule's periods.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.replies.conversations import (
    DAY_NS,
    DEFAULT_STREAM,
    Codes,
    Instants,
    aware,
    categories,
    check_columns,
    codes_of,
    first_rows,
    instants,
    local_days,
    merge_close,
    named,
    owners_of,
    wall_times,
    words,
)
from forecast.replies.events import EVENTS
from forecast.replies.rules import ReplyRule

Scope = Literal["shop", "stream", "agent"]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


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
    units = _judged(events, rule, timezone, scope or rule.scope, shop, observed_until)
    table = pd.DataFrame(
        {
            "id": units.owner.astype(object),
            "day": units.day,
            "asked": aware(units.asked),
            "rounds": units.rounds,
            "late": units.late,
            "value": units.value,
        }
    )
    return table.sort_values(["asked", "id"], kind="stable", ignore_index=True)


def judged_days(
    events: pd.DataFrame, rule: ReplyRule, *, timezone: str, scope: Scope, shop: str = "shop"
) -> pd.DataFrame:
    """Return the units of a rule added up by day, as `periods.daily_sums` does those of `judge_replies`."""
    units = _judged(events, rule, timezone, scope, shop, None)
    names = units.owner.categories
    cell, cells = pd.factorize(
        (units.day.astype("datetime64[D]").astype(np.int64)) * max(1, len(names)) + units.owner.codes
    )
    table = pd.DataFrame(
        {
            "id": names.to_numpy()[cells % max(1, len(names))],
            "day": (cells // max(1, len(names))).astype("datetime64[D]").astype("datetime64[ns]"),
            "sum": np.bincount(cell, weights=units.value, minlength=len(cells)),
            "count": np.bincount(cell, minlength=len(cells)),
        }
    )
    return table.sort_values(["id", "day"], ignore_index=True)


@dataclass(frozen=True, kw_only=True)
class _Units:
    """A rule's units, each judged: whose, on which day, first asked when, rounds, of them late, value."""

    owner: pd.Categorical
    day: Instants
    asked: Instants
    rounds: Codes
    late: Codes
    value: Floats


def _judged(
    events: pd.DataFrame,
    rule: ReplyRule,
    timezone: str,
    scope: Scope,
    shop: str,
    observed_until: pd.Timestamp | None,
) -> _Units:
    """Return the units of a rule, in no order."""
    check_columns(events, EVENTS)
    questions = _Questions(events, rule)
    kept = _is_subject(questions, rule)
    if scope == "agent":
        kept &= (questions.agent.codes >= 0) & ~_is_one_of(questions.responder, ["bot_auto"])
    if rule.pass_if == "first_reply" and rule.unit in ("session", "buyer_day"):
        kept &= _leads_session(questions, kept, per_agent=scope == "agent")
    kept &= _is_judged(questions, rule, timezone, observed_until)
    rows = np.flatnonzero(kept)
    if scope == "shop":
        whose = categories(np.zeros(len(rows), dtype=np.int8), [shop])
    else:
        whose = (questions.stream if scope == "stream" else questions.agent)[rows]
    return _units(questions, rule, rows, whose, timezone)


class _Questions:
    """The columns of an event table as arrays, read with the rule's eyes."""

    def __init__(self, events: pd.DataFrame, rule: ReplyRule) -> None:
        self.asked = instants(events, "question")
        self.responder = named(events, "responder")
        self.agent = named(events, "agent")
        self.buyer = words(events, "buyer")
        self.stream = named(events, "stream", DEFAULT_STREAM)
        self.tag = named(events, "tag")
        self.offline = _flags(events, "offline")
        reply = instants(events, "reply")
        counts = _is_one_of(self.responder, rule.counts_as_reply)
        self.reply = np.where(counts, reply, np.datetime64("NaT", "ns"))
        self.assigned = instants(events, "assigned")
        self.closed = instants(events, "closed")
        self._name = words(events, "session")
        self._opened = np.fmin(instants(events, "opened"), self.asked)
        self._gap_min = rule.session_gap_min

    @cached_property
    def session(self) -> Codes:
        """A number for each question's session; a buyer's that follow each other within the gap are one."""
        session = codes_of(self.stream, self._name)
        if self._gap_min <= 0:
            return session
        start = least_of(self._opened, session)
        end = most_of(np.fmax(np.fmax(self.closed, self.reply), self.asked), session)
        _, lead = np.unique(session, return_index=True)
        whose = owners_of(self.stream[lead], self.buyer[lead])
        joined: Codes = merge_close(whose, start, end, self._gap_min)[session]
        return joined

    @cached_property
    def opened(self) -> Instants:
        """When each question's session began."""
        opened: Instants = least_of(self._opened, self.session)[self.session]
        return opened

    @property
    def waited_s(self) -> Floats:
        """Question to reply [s], nan without one."""
        return _seconds(self.reply - self.asked)

    def since(self, rule: ReplyRule) -> Instants:
        """When the rule's clock starts."""
        return np.fmax(self.asked, self.assigned) if rule.clock == "assigned" else self.asked


def least_of(values: Instants, codes: Codes) -> Instants:
    """Return the earliest instant among the rows of each code, in order of code."""
    values, codes = _by_code(values, codes)
    return np.fmin.reduceat(values, first_rows(codes)) if len(codes) else values


def most_of(values: Instants, codes: Codes) -> Instants:
    """Return the latest instant among the rows of each code, in order of code."""
    values, codes = _by_code(values, codes)
    return np.fmax.reduceat(values, first_rows(codes)) if len(codes) else values


def _by_code(values: Instants, codes: Codes) -> tuple[Instants, Codes]:
    """Return rows in order of code."""
    if (codes[1:] >= codes[:-1]).all():
        return values, codes
    order = np.argsort(codes, kind="stable")
    return values[order], codes[order]


def _is_one_of(values: pd.Categorical, names: Collection[str]) -> Flags:
    """Return which values are among the names."""
    among = np.append(values.categories.isin(list(names)), False)
    flags: Flags = among[values.codes]
    return flags


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
        subject &= ~_is_one_of(questions.responder, ["bot_auto"])  # settled before a person was needed
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
    wall = wall_times(moment, timezone)
    start, end = (60_000_000_000 * minutes for minutes in rule.window_minutes)
    judged: Flags = (wall.view(np.int64) - start) % DAY_NS < end - start
    for exemption in rule.exempt_spans:
        judged &= ~((wall >= np.datetime64(exemption.start)) & (wall < np.datetime64(exemption.end)))
    days = wall if moment is questions.asked else wall_times(questions.asked, timezone)
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


def _units(
    questions: _Questions, rule: ReplyRule, rows: Codes, whose: pd.Categorical, timezone: str
) -> _Units:
    """Return the judged questions gathered into the rule's units."""
    asked, answered = questions.asked[rows], ~np.isnat(questions.reply[rows])
    wait = _seconds(questions.reply[rows] - questions.since(rule)[rows])
    late = ~answered | (wait > rule.threshold_s)
    gone = _seconds(questions.closed[rows] - asked)
    seconds = np.where(answered, wait, gone)
    day = (local_days(asked, timezone) * DAY_NS).view("datetime64[ns]")
    if rule.unit in ("round", "message"):
        value = seconds if rule.metric == "mean_seconds" else (~late).astype(float)
        ones = np.ones(len(rows), dtype=np.int64)
        return _Units(owner=whose, day=day, asked=asked, rounds=ones, late=late.astype(np.int64), value=value)
    if rule.unit == "session":
        unit = codes_of(questions.session[rows], whose)
    else:
        nameless = pd.isna(questions.buyer[rows])
        buyer = np.where(nameless, -1 - questions.session[rows], codes_of(questions.buyer[rows]))
        unit = codes_of(buyer, day, whose)
    order = np.lexsort((asked, unit))
    first = first_rows(unit[order])
    lead = order[first]
    if rule.pass_if == "first_reply":
        rounds, lates, total = np.ones(len(lead)), late[lead].astype(float), seconds[lead]
    else:
        rounds = np.diff(np.append(first, len(order))).astype(float)
        lates = _sums(late[order].astype(float), first)
        total = _sums(seconds[order], first)
    return _Units(
        owner=whose[lead],
        day=day[lead],
        asked=asked[lead],
        rounds=rounds.astype(np.int64),
        late=lates.astype(np.int64),
        value=total / rounds if rule.metric == "mean_seconds" else (lates == 0).astype(float),
    )


def _sums(values: Floats, first: Codes) -> Floats:
    return np.add.reduceat(values, first) if len(first) else values[:0]
