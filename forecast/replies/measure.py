"""Reply rates by rule, from logs of messages or sessions or from reply events; and all else of a log."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from forecast.errors import DataError, Problem
from forecast.replies.activity import ActivityLog, late_replies
from forecast.replies.cells import By
from forecast.replies.events import reply_events, session_events
from forecast.replies.judging import Scope, judge_replies
from forecast.replies.periods import shares
from forecast.replies.rules import ReplyRule

logger = logging.getLogger(__name__)

CUTS: dict[str, tuple[By, ...]] = {
    "shop": (),
    "stream": ("stream",),
    "agent": ("agent",),
    "day": ("day",),
    "hour": ("hour",),
    "agent_day": ("agent", "day"),
}


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Everything measured of a message log.

    Attributes
    ----------
    rates
        ``measure.csv``: shares by rule, scope and period.
    activity
        Response times, reply rate, answer/question ratio and load (`activity.activity`), by cut: shop,
        stream, agent, day, hour, agent_day.
    late
        By rule id, late replies by hour of the day and cause (`activity.late_replies`).
    sessions
        Of days that only session lists cover, their figures by cut (`session_activity`).
    """

    rates: pd.DataFrame
    activity: Mapping[str, pd.DataFrame]
    late: Mapping[str, pd.DataFrame]
    sessions: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``measure.json``: records by table; what is not known is null."""
        found = {
            "rates": _records(self.rates),
            "activity": {cut: _records(table) for cut, table in self.activity.items()},
            "late": {rule: _records(table) for rule, table in self.late.items()},
        }
        if self.sessions:
            found["sessions"] = {cut: _records(table) for cut, table in self.sessions.items()}
        return found


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values: dates as text, missing numbers as None."""
    columns = {}
    for name in table.columns:
        values = table[name]
        if is_datetime64_any_dtype(values.dtype):
            values = values.dt.date
        plain = values.astype(object).where(values.notna().to_numpy(), None).tolist()
        columns[str(name)] = [value.isoformat() if isinstance(value, dt.date) else value for value in plain]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def measure_all(
    messages: pd.DataFrame,
    rules: Sequence[ReplyRule],
    *,
    timezone: str,
    scope: Scope | Collection[Scope] = ("shop", "stream", "agent"),
    since: dt.date | None = None,
    until: dt.date | None = None,
    shop: str = "shop",
    streams: Mapping[str, Collection[str]] | None = None,
    observed_until: pd.Timestamp | None = None,
) -> Measures:
    """Return every metric of a message log; parameters as for `measure`.

    `since` and `until` pick rates' periods, and for the other metrics what was asked and sent on those days.
    """
    rates = measure(
        messages,
        rules,
        timezone=timezone,
        scope=scope,
        since=since,
        until=until,
        shop=shop,
        streams=streams,
        observed_until=observed_until,
    )
    late = {}
    for rule in rules:
        events = _only_streams(reply_events(messages, rule), rule, streams)
        late[rule.id] = late_replies(
            events,
            timezone=timezone,
            threshold_s=rule.threshold_s,
            by=("hour",),
            since=since,
            until=until,
        )
    log = ActivityLog(messages)
    cuts = {name: log.table(timezone=timezone, by=by, since=since, until=until) for name, by in CUTS.items()}
    return Measures(rates=rates, activity=cuts, late=late)


def measure(
    replies: pd.DataFrame,
    rules: Iterable[ReplyRule],
    *,
    timezone: str,
    scope: Scope | Collection[Scope] = "shop",
    since: dt.date | None = None,
    until: dt.date | None = None,
    shop: str = "shop",
    streams: Mapping[str, Collection[str]] | None = None,
    observed_until: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Return the rows of ``measure.csv``: what each rule says of each period.

    Parameters
    ----------
    replies
        Messages (`conversations.MESSAGES`), sessions (`events.SESSIONS`) or reply events (`events.EVENTS`);
        they are told apart by their columns.
    rules
        Rules to measure by.
    timezone
        Zone of the shop's wall clocks.
    scope
        Whose rates: shop, stream, agent, or several of them.
    since, until
        First and last day of interest (`periods.shares`).
    shop
        Name of the shop.
    streams
        By rule id, the streams that a rule assesses; a rule not named assesses all.
    observed_until
        Where the log ends (`judging.judge_replies`).

    Returns
    -------
    DataFrame
        One row per scope, id, rule and period with anything to judge (`periods.COLUMNS`).

    Examples
    --------
    >>> from forecast.replies.rules import Period, ReplyRule
    >>> rule = ReplyRule(id="mine", period=Period(kind="natural_day"))
    >>> start = pd.to_datetime(["2026-11-11 10:00", "2026-11-11 10:05", "2026-11-11 10:09"])
    >>> sessions = pd.DataFrame({"start": start.tz_localize("Asia/Shanghai"),
    ...                          "first_reply_s": [20.0, 500.0, None]})
    >>> measure(sessions, [rule], timezone="Asia/Shanghai")[["numerator", "denominator", "verdict"]]
       numerator  denominator verdict
    0        1.0          3.0    fail
    """
    scopes: Collection[Scope] = [scope] if isinstance(scope, str) else scope
    tables = []
    for rule in rules:
        events = _only_streams(events_under(replies, rule), rule, streams)
        for each in scopes:
            units = judge_replies(
                events, rule, timezone=timezone, scope=each, shop=shop, observed_until=observed_until
            )
            tables.append(shares(units, rule, scope=each, since=since, until=until))
    if not tables:
        raise ValueError("rules: give at least one rule to measure by")
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def events_under(replies: pd.DataFrame, rule: ReplyRule) -> pd.DataFrame:
    """Return reply events of a table of messages, sessions or events.

    Raises
    ------
    DataError
        If the columns fit none of the three.
    """
    if "sender" in replies.columns:
        return reply_events(replies, rule)
    if "first_reply_s" in replies.columns:
        if rule.pass_if == "every_reply" or rule.unit in ("round", "message"):
            logger.warning("rule %s judges later replies too; session logs show first replies only", rule.id)
        return session_events(replies)
    if "question" in replies.columns:
        return replies
    found = ", ".join(map(str, replies.columns))
    raise DataError(
        Problem(
            file="replies",
            message=f"expected a column sender, first_reply_s or question; found {found}",
        )
    )


def _only_streams(
    events: pd.DataFrame, rule: ReplyRule, streams: Mapping[str, Collection[str]] | None
) -> pd.DataFrame:
    if streams is None or rule.id not in streams:
        return events
    return events[events["stream"].isin(list(streams[rule.id]))].reset_index(drop=True)
