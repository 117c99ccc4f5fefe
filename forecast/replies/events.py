"""Questions and their replies: one row for each question that runs a clock.

The same table comes from message logs (`reply_events`), from session logs (`session_events`: first
questions only) and from the simulator; one function judges them all (`judging.judge_replies`).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.frames import Column, Contract
from forecast.replies.conversations import (
    DEFAULT_STREAM,
    NEVER,
    SENDERS,
    Codes,
    Instants,
    aware,
    categories,
    check_columns,
    codes_in,
    conversations,
    first_rows,
    instants,
    last_rows,
    objects,
    sent_by,
    words,
)
from forecast.replies.rules import ReplyRule

EVENTS = Contract(
    name="reply events",
    columns=(
        Column(name="stream", kind="text"),
        Column(name="session", kind="text"),
        Column(name="buyer", kind="text"),
        Column(name="agent", kind="text", unit="who replied, else whose session it was"),
        Column(name="question", kind="instant"),
        Column(name="assigned", kind="instant", unit="when the session got its agent; NaT: never or unknown"),
        Column(name="reply", kind="instant", unit="when the reply was finished; NaT: never"),
        Column(name="responder", kind="text", unit="human | bot_assist | bot_auto | welcome | card"),
        Column(name="opened", kind="instant", unit="first question of the session", optional=True),
        Column(name="closed", kind="instant", unit="when the session ended", optional=True),
        Column(name="offline", kind="number", unit="1: nobody was on duty", optional=True),
        Column(name="tag", kind="text", unit="what a rule may exclude: blacklist, ads ...", optional=True),
    ),
    key=(),
)

SESSIONS = Contract(
    name="sessions",
    columns=(
        Column(name="session_id", kind="text", optional=True),
        Column(name="stream", kind="text", optional=True),
        Column(name="buyer", kind="text", optional=True),
        Column(name="agent", kind="text", optional=True),
        Column(name="start", kind="instant", unit="the buyer's first message"),
        Column(name="first_reply_s", kind="number", unit="s; empty: never replied"),
        Column(name="assigned", kind="instant", optional=True),
        Column(name="closed", kind="instant", unit="when its slot was freed", optional=True),
        Column(name="rounds", kind="number", unit="replies", optional=True),
        Column(name="mean_reply_s", kind="number", unit="s, question to reply", optional=True),
    ),
    key=(),
)


NOBODY = np.array(None, dtype=object)


def reply_events(messages: pd.DataFrame, rule: ReplyRule) -> pd.DataFrame:
    """Return the questions of a message log and the replies that count under a rule.

    Parameters
    ----------
    messages
        `conversations.MESSAGES`; one row a message: ``session_id, buyer, agent, sender, time`` and, where
        known, ``stream, assigned, closed, tag``.
    rule
        Says whose replies count, what a unit is and when a session begins.

    Returns
    -------
    DataFrame
        `EVENTS` contract, one row a question, in order of session and time. A round opens with a buyer's
        message while none is open and closes with the first message that counts; under unit ``message``
        every buyer message is a question of its own and takes the next message that counts. Where the rule
        judges only what a person had to answer, questions that a bot settled first are left out.

    Examples
    --------
    >>> from forecast.replies.rules import ReplyRule
    >>> at = pd.to_datetime(["2026-11-11 10:10:15", "2026-11-11 10:15:20", "2026-11-11 10:18:10"])
    >>> log = pd.DataFrame({"session_id": "s1", "buyer": "b1", "agent": "a1",
    ...                     "sender": ["buyer", "buyer", "human"], "time": at.tz_localize("Asia/Shanghai")})
    >>> events = reply_events(log, ReplyRule(id="mine"))
    >>> (events["reply"] - events["question"]).dt.total_seconds().tolist()
    [475.0]
    """
    return events_of_talk(conversations(messages, gap_min=rule.session_gap_min), rule)


def events_of_talk(talk: pd.DataFrame, rule: ReplyRule, facts: Sessions | None = None) -> pd.DataFrame:
    """Return what `reply_events` does, of messages in order (`conversations.conversations`)."""
    settles = () if rule.population == "all" else ("bot_auto",)
    events = questions_and_replies(
        talk,
        counting=rule.counts_as_reply,
        settling=settles,
        each_message=rule.unit == "message",
        facts=facts,
    )
    if rule.population == "after_human_transfer":
        events = events[events["transferred"].to_numpy()].reset_index(drop=True)
    return events.drop(columns=["transferred", "code", "reply_row"], errors="ignore")


def questions_and_replies(
    talk: pd.DataFrame,
    *,
    counting: Collection[str],
    settling: Collection[str] = (),
    each_message: bool = False,
    facts: Sessions | None = None,
) -> pd.DataFrame:
    """Return one row a question of messages in order (`conversations.conversations`).

    Parameters
    ----------
    talk
        Messages in order of session and time.
    counting
        Senders whose message closes a round.
    settling
        Senders whose message settles a question before a person has the session: it is left out then,
        unless they count.
    each_message
        Whether every buyer message is a question; otherwise one a round.
    facts
        `Sessions` of the same messages, where they are known already.

    Returns
    -------
    DataFrame
        `EVENTS` contract, and ``code`` (session), ``transferred`` (whether a person ever had the session,
        or no bot was in it), ``reply_row`` (where the reply stands in `talk`, -1 without one).
    """
    facts = facts or Sessions(talk)
    ends = frozenset(counting) & facts.senders
    settles = (frozenset(settling) & facts.senders) - ends
    if (ends, settles, each_message) not in facts.questions:
        facts.questions[ends, settles, each_message] = _questions(talk, facts, ends, settles, each_message)
    return facts.questions[ends, settles, each_message]


def _questions(
    talk: pd.DataFrame,
    facts: Sessions,
    counting: Collection[str],
    settling: Collection[str],
    each_message: bool,
) -> pd.DataFrame:
    """Return the questions of a log, given who of its senders closes and who settles a round."""
    replies, settled = sent_by(talk, counting), sent_by(talk, settling)
    settled &= talk["time"].to_numpy() < facts.person_from[facts.code]
    rows = np.flatnonzero(sent_by(talk, ["buyer"]) | replies | settled)
    code, ends = facts.code[rows], (replies | settled)[rows]
    opens = ~ends
    if not each_message and len(rows):
        opens[1:] &= (code[1:] != code[:-1]) | ends[:-1]
    closing = _next_true(ends, code)
    asked, answered = rows[opens], closing[opens]
    known = answered >= 0
    reply_row = rows[np.where(known, answered, 0)] if len(rows) else rows
    kept = ~(known & settled[reply_row])
    return _table(talk, facts, asked[kept], np.where(known, reply_row, -1)[kept])


class Sessions:
    """What is known of each session as a whole, and of the log: who wrote, and questions looked up before."""

    def __init__(self, talk: pd.DataFrame) -> None:
        self.code: Codes = talk["code"].to_numpy()
        self.questions: dict[tuple[frozenset[str], frozenset[str], bool], pd.DataFrame] = {}
        wrote = np.bincount(talk["sender"].cat.codes.to_numpy(), minlength=len(SENDERS)) > 0
        self.senders = frozenset(name for name, there in zip(SENDERS, wrote, strict=True) if there)
        first = first_rows(self.code)
        times = talk["time"].to_numpy()
        by_buyer, by_person = sent_by(talk, ["buyer"]), sent_by(talk, ["human", "bot_assist"])
        self.began, self.last = times[first], times[last_rows(first, len(times))]  # in order of time
        self.assigned = least(talk["assigned"].to_numpy(), first)
        self.closed = most(talk["closed"].to_numpy(), first)
        self.opened = least(np.where(by_buyer, times, NEVER), first)
        spoke = least(np.where(by_person, times, NEVER), first)
        since = np.fmin(self.assigned, spoke)
        self.person_from = np.where(np.isnat(since), np.datetime64("2262-01-01", "ns"), since)
        has_bot = _any(sent_by(talk, ["bot_auto"]), first)
        self.transferred = ~np.isnat(since) | ~has_bot
        agents = codes_in(talk, "agent")
        is_named = (by_buyer | by_person) & (agents >= 0)  # not the bot's account
        at = np.where(is_named, np.arange(len(agents)), -1)
        last = np.maximum.reduceat(at, first) if len(first) else at
        self.agent = np.where(last >= 0, agents[last], -1)  # the last that is named, as a code
        buyer = talk["buyer"]
        known = buyer.iloc[first] if buyer.iloc[first].notna().all() else buyer.groupby(self.code).first()
        self.buyer = known.to_numpy()


def _table(talk: pd.DataFrame, facts: Sessions, asked: Codes, answered: Codes) -> pd.DataFrame:
    """Return the rows of questions, given where each and its reply stand in the log."""
    code, has_reply = facts.code[asked], answered >= 0
    at = np.where(has_reply, answered, asked)
    times, agents = talk["time"].to_numpy(), codes_in(talk, "agent")
    agent = agents[at]
    agent = np.where(agent < 0, agents[asked], agent)
    agent = np.where(agent < 0, facts.agent[code], agent)
    own = talk["assigned"].to_numpy()[at]  # a transferred session was assigned to each of its agents
    assigned = np.where(np.isnat(own), facts.assigned[code], own)
    responder = np.where(has_reply, codes_in(talk, "sender")[at], -1)
    return pd.DataFrame(
        {
            "stream": talk["stream"].array[asked],
            "session": objects(talk["session"].to_numpy()[asked]),
            "buyer": objects(facts.buyer[code]),
            "agent": categories(agent, talk["agent"].cat.categories),
            "question": aware(times[asked]),
            "assigned": aware(assigned),
            "reply": aware(np.where(has_reply, times[at], NEVER)),
            "responder": categories(responder, SENDERS),
            "opened": aware(facts.opened[code]),
            "closed": aware(facts.closed[code]),
            "tag": talk["tag"].array[asked],
            "code": code,
            "transferred": facts.transferred[code],
            "reply_row": answered,
        },
        copy=False,
    )


def _next_true(flags: npt.NDArray[np.bool_], codes: Codes) -> Codes:
    """Return for each row the position of the next flagged row of the same code, -1 where there is none."""
    count = len(flags)
    at = np.where(flags, np.arange(count), count)
    following = np.minimum.accumulate(at[::-1])[::-1]
    found = following < count
    same = np.zeros(count, dtype=bool)
    same[found] = codes[following[found]] == codes[found]
    return np.where(same, following, -1)


def least(values: Instants, first: Codes) -> Instants:
    """Return the earliest known value of each run of rows."""
    if np.isnat(values).all():  # as most logs have it of assignments and closes
        return values[first]
    return np.fmin.reduceat(values, first)


def most(values: Instants, first: Codes) -> Instants:
    """Return the latest known value of each run of rows."""
    if np.isnat(values).all():
        return values[first]
    return np.fmax.reduceat(values, first)


def _any(flags: npt.NDArray[np.bool_], first: Codes) -> npt.NDArray[np.bool_]:
    """Return whether any row of each run is flagged."""
    return np.logical_or.reduceat(flags, first) if len(first) else flags[:0]


def session_events(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return the first question of each session of a session log, as `EVENTS`.

    Parameters
    ----------
    sessions
        `SESSIONS` contract, one row a session; `first_reply_s` is empty where nobody ever replied. Replies
        are taken as a person's.

    Returns
    -------
    DataFrame
        `EVENTS`, one row a session. Rules that judge later replies see first replies only.
    """
    check_columns(sessions, SESSIONS)
    start = instants(sessions, "start")
    wait = sessions["first_reply_s"].to_numpy(dtype=float)
    replied = ~np.isnan(wait)
    nanoseconds = np.round(np.where(replied, wait, 0.0) * 1e9).astype("timedelta64[ns]")
    stream, session = words(sessions, "stream"), words(sessions, "session_id")
    stream[pd.isna(stream)] = DEFAULT_STREAM
    nameless = pd.isna(session)
    session[nameless] = [f"row {row}" for row in np.flatnonzero(nameless)]
    return pd.DataFrame(
        {
            "stream": objects(stream),
            "session": objects(session),
            "buyer": objects(words(sessions, "buyer")),
            "agent": objects(words(sessions, "agent")),
            "question": aware(start),
            "assigned": aware(instants(sessions, "assigned")),
            "reply": aware(np.where(replied, start + nanoseconds, NEVER)),
            "responder": np.where(replied, np.array("human", dtype=object), NOBODY),
            "opened": aware(start),
            "closed": aware(instants(sessions, "closed")),
        }
    )
