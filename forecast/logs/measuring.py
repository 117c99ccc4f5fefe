"""Everything measured of a store: rates by rule from messages and sessions, and all else of messages."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from forecast.logs.reading import ShopLog, Whole
from forecast.replies.activity import ActivitySums, late_replies
from forecast.replies.conversations import conversations
from forecast.replies.events import Sessions, events_of_talk, reply_events, session_events
from forecast.replies.judging import Scope, judged_days
from forecast.replies.measure import CUTS, Measures
from forecast.replies.periods import added, shares_of_days
from forecast.replies.rules import ReplyRule
from forecast.replies.session_activity import session_activity

logger = logging.getLogger(__name__)

SHOP: tuple[Scope, ...] = ("shop",)


def measure_store(
    log: ShopLog,
    rules: Sequence[ReplyRule],
    *,
    scopes: Collection[Scope] = SHOP,
    since: dt.date | None = None,
    until: dt.date | None = None,
    shop: str = "shop",
    streams: Mapping[str, Collection[str]] | None = None,
    activity: bool = True,
) -> Measures:
    """Return what a store's logs say, read in parts so that they need not fit into memory.

    Parameters
    ----------
    log
        The store. Days that messages serve are judged by messages, the others by session lists.
    rules
        Rules to measure by.
    scopes
        Whose rates.
    since, until
        First and last day of interest: of periods, and of what was asked and sent.
    shop
        Name of the shop.
    streams
        By rule id, the streams that a rule assesses; a rule not named assesses all.
    activity
        Whether the other metrics are wanted too.

    Notes
    -----
    Parts hold whole sessions, or all of a buyer where a rule counts buyer-days or joins sessions; rates add
    up by day. With one part nothing differs from `measure.measure_all`.
    """
    daily: dict[tuple[str, Scope], list[pd.DataFrame]] = {}
    late: dict[str, list[pd.DataFrame]] = {rule.id: [] for rule in rules}
    sums = ActivitySums(timezone=log.timezone, cuts=CUTS, since=since, until=until)
    by_buyer = any(_needs_buyers(rule) for rule in rules) or activity
    whole: Whole = "buyer" if by_buyer else "session"
    read = False
    for messages in log.message_parts(whole):
        read = True
        talk = conversations(messages)
        facts = Sessions(talk)
        for rule in rules:
            # A rule that joins sessions puts them together in its own way.
            events = (
                reply_events(messages, rule) if rule.session_gap_min else events_of_talk(talk, rule, facts)
            )
            events = _assessed(events, rule, streams)
            _judge(events, rule, scopes, log.timezone, shop, daily)
            late[rule.id].append(_late(events, rule, log.timezone, since, until))
        if activity:
            sums.add(talk, facts)
    sessions = log.sessions()
    if len(sessions):
        for rule in rules:
            events = _assessed(session_events(sessions), rule, streams)
            if rule.pass_if == "every_reply" or rule.unit in ("round", "message"):
                logger.warning(
                    "rule %s judges later replies too; session lists show first replies only", rule.id
                )
            _judge(events, rule, scopes, log.timezone, shop, daily)
            late[rule.id].append(_late(events, rule, log.timezone, since, until))
    of_lists = {}
    if len(sessions) and activity:
        of_lists = session_activity(sessions, timezone=log.timezone, cuts=CUTS, since=since, until=until)
    tables = [
        shares_of_days(added(parts), rule, scope=scope, since=since, until=until)
        for rule in rules
        for scope in scopes
        if (parts := daily.get((rule.id, scope)))
    ]
    filled = [table for table in tables if len(table)]
    return Measures(
        rates=pd.concat(filled, ignore_index=True) if filled else (tables[0] if tables else pd.DataFrame()),
        activity=sums.tables() if activity and read else {},
        late={name: _together(parts) for name, parts in late.items() if parts},
        sessions=of_lists,
    )


def _needs_buyers(rule: ReplyRule) -> bool:
    return rule.unit == "buyer_day" or rule.session_gap_min > 0


def _assessed(
    events: pd.DataFrame, rule: ReplyRule, streams: Mapping[str, Collection[str]] | None
) -> pd.DataFrame:
    if streams is None or rule.id not in streams:
        return events
    return events[events["stream"].isin(list(streams[rule.id]))].reset_index(drop=True)


def _judge(
    events: pd.DataFrame,
    rule: ReplyRule,
    scopes: Collection[Scope],
    timezone: str,
    shop: str,
    daily: dict[tuple[str, Scope], list[pd.DataFrame]],
) -> None:
    for scope in scopes:
        sums = judged_days(events, rule, timezone=timezone, scope=scope, shop=shop)
        daily.setdefault((rule.id, scope), []).append(sums)


def _late(
    events: pd.DataFrame, rule: ReplyRule, timezone: str, since: dt.date | None, until: dt.date | None
) -> pd.DataFrame:
    return late_replies(
        events, timezone=timezone, threshold_s=rule.threshold_s, by=("hour",), since=since, until=until
    )


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts).groupby("hour", as_index=False, sort=True).sum()
