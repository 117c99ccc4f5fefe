"""Everything else a team looks at: response times, reply rate, answer/question ratio, load, late replies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from forecast.replies.conversations import (
    Instants,
    aware,
    codes_of,
    conversations,
    instants,
    objects,
    sent_by,
)
from forecast.replies.events import questions_and_replies
from forecast.replies.slots import cut_steps, held_slots, open_sessions
from forecast.timegrid import zone

if TYPE_CHECKING:
    from pandas.core.groupby import DataFrameGroupBy

By = Literal["stream", "agent", "day", "hour"]
STAFF = ("human", "bot_assist")
MOST_SLOTS = 400_000  # whose steps are laid out at once: about a quarter of a gigabyte

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]


def activity(
    messages: pd.DataFrame,
    *,
    timezone: str,
    by: Sequence[By] = (),
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> pd.DataFrame:
    """Return what was asked, answered and held open, per stream, agent, day and hour as asked for.

    Parameters
    ----------
    messages
        `conversations.MESSAGES`, one row a message.
    timezone
        Zone of the shop's days and hours.
    by
        Columns that tell rows apart: any of stream, agent, day (local date), hour (of the day, 0-23). None:
        one row for everything.
    since, until
        First and last local day of the questions, messages and hours to look at.

    Returns
    -------
    DataFrame
        One row per combination that occurs; `by`, then

        - `sessions`: that began in the cell (with an agent: that the agent began to have there)
        - `buyers`: with a question in the cell; `questions`: rounds; `replies`: rounds answered
        - `buyers_replied`, `reply_rate`: buyers who got a reply, and their share (回复率)
        - `first_reply_s`: mean wait for a session's first reply (首次响应) [s]
        - `mean_reply_s`: mean wait over all replies (平均响应) [s]
        - `buyer_messages`, `staff_messages`, `answer_ratio`: 答问比, staff messages per buyer message
        - `session_s`: mean time a session was held, assignment to close (平均接待时长) [s]
        - `busy_h`: agent-hours with a session open; `present_h`: with pauses of up to half an hour [h]
        - `concurrency`, `most_open`: mean and largest number of sessions open at once per agent, while busy
        - `sessions_per_agent_hour`: sessions held per agent-hour present

    Notes
    -----
    Replies are those of people and of the assistant that writes in their name; welcomes, cards and the bot
    do not count. A round is the agent's who answered it, else whose session it was. Rounds lie in the day
    and hour of their question, sessions in that of their first; buyers are counted once per cell. A session
    that a bot settled alone is left out.
    """
    return ActivityLog(messages).table(timezone=timezone, by=by, since=since, until=until)


class ActivityLog:
    """A message log read once, for tables by several cuts."""

    def __init__(self, messages: pd.DataFrame) -> None:
        self.talk = conversations(messages)
        self.questions = questions_and_replies(self.talk, counting=STAFF, settling=["bot_auto"])
        self.slots = held_slots(self.talk)

    def table(
        self,
        *,
        timezone: str,
        by: Sequence[By] = (),
        since: dt.date | None = None,
        until: dt.date | None = None,
    ) -> pd.DataFrame:
        """Return the log's figures by one cut (`activity`)."""
        sums = ActivitySums(timezone=timezone, cuts={"one": by}, since=since, until=until)
        sums.add_read(self.talk, self.questions, self.slots)
        return sums.tables()["one"]


class ActivitySums:
    """A log's figures by several cuts, added up part by part, so that a large log need not fit into memory.

    Parameters
    ----------
    timezone, since, until
        As for `activity`.
    cuts
        By name, the columns that tell a table's rows apart.
    """

    def __init__(
        self,
        *,
        timezone: str,
        cuts: Mapping[str, Sequence[By]],
        since: dt.date | None = None,
        until: dt.date | None = None,
    ) -> None:
        self._cuts = {name: tuple(by) for name, by in cuts.items()}
        self._span = _Span(timezone=timezone, since=since, until=until)
        self._sums: dict[str, pd.DataFrame] = {}
        self._slots: list[pd.DataFrame] = []

    def add(self, talk: pd.DataFrame) -> None:
        """Read a part of the log, its messages in order; no session and no buyer may stand in two parts."""
        questions = questions_and_replies(talk, counting=STAFF, settling=["bot_auto"])
        self.add_read(talk, questions, held_slots(talk))

    def add_read(self, talk: pd.DataFrame, questions: pd.DataFrame, slots: pd.DataFrame) -> None:
        """Add up a part that was read: its messages, its rounds, its slots."""
        rounds, messages = _rounds(questions, self._span), _messages(talk, questions, self._span)
        for name, by in self._cuts.items():
            sums = _wait_sums(rounds, by).join(_grouped(messages, by)[MESSAGE_COUNTS].sum(), how="outer")
            if name in self._sums:
                levels = list(range(sums.index.nlevels))
                sums = pd.concat([self._sums[name], sums]).groupby(level=levels, sort=True).sum()
            self._sums[name] = sums
        kept = slots[["stream", "agent", "start", "end"]]
        self._slots.append(kept.astype({"stream": "category", "agent": "category"}))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by cut."""
        loads: dict[str, list[pd.DataFrame]] = {name: [] for name in self._cuts}
        for slots in self._slots_by_agents():
            held = _held(slots, self._span)
            steps = {
                apart: _steps(slots, self._span, by_stream=apart)
                for apart in {"stream" in by for by in self._cuts.values()}
            }
            for name, by in self._cuts.items():
                loads[name].append(_load_sums(held, steps["stream" in by], by))
        return {name: _finished(self._sums[name], _load(loads[name]), by) for name, by in self._cuts.items()}

    def _slots_by_agents(self) -> Iterator[pd.DataFrame]:
        """Yield the slots of all parts, some agents' at a time; an agent's load is his alone."""
        agent = union_categoricals([part["agent"] for part in self._slots])
        stream = union_categoricals([part["stream"] for part in self._slots])
        moments = pd.concat([part[["start", "end"]] for part in self._slots], ignore_index=True)
        codes = agent.codes
        sizes = np.bincount(codes[codes >= 0], minlength=len(agent.categories))
        group = np.cumsum(sizes) // MOST_SLOTS
        for number in np.unique(group) if len(group) else [0]:
            rows = np.flatnonzero(group[codes] == number) if len(group) else np.zeros(0, dtype=np.int64)
            part = moments.iloc[rows].reset_index(drop=True)
            part["agent"] = objects(np.asarray(agent[rows], dtype=object))
            part["stream"] = objects(np.asarray(stream[rows], dtype=object))
            yield part


def _finished(sums: pd.DataFrame, load: pd.DataFrame, by: Sequence[By]) -> pd.DataFrame:
    """Return sums and load as a table of figures."""
    table = pd.concat([sums, load], axis=1).sort_index()
    table[COUNTS] = table[COUNTS].fillna(0).astype(np.int64)
    for name, count in (("first_reply_s", "firsts"), ("mean_reply_s", "replies")):
        table[name] = table[f"{name}_sum"] / table[count].where(table[count] > 0)
    table["reply_rate"] = table["buyers_replied"] / table["buyers"].where(table["buyers"] > 0)
    asked = table["buyer_messages"].where(table["buyer_messages"] > 0)
    table["answer_ratio"] = table["staff_messages"] / asked
    present = table["present_h"].where(table["present_h"] > 0)
    table["sessions_per_agent_hour"] = table.pop("held") / present
    return table.reset_index(drop=not by)[[*by, *COLUMNS]]


MESSAGE_COUNTS = ["buyer_messages", "staff_messages"]
COUNTS = [
    "sessions",
    "buyers",
    "questions",
    "replies",
    "buyers_replied",
    "buyer_messages",
    "staff_messages",
    "held",
    "most_open",
]
COLUMNS = [
    *COUNTS[:5],
    "reply_rate",
    "first_reply_s",
    "mean_reply_s",
    "buyer_messages",
    "staff_messages",
    "answer_ratio",
    "session_s",
    "busy_h",
    "present_h",
    "concurrency",
    "most_open",
    "sessions_per_agent_hour",
]


def late_replies(
    events: pd.DataFrame,
    *,
    timezone: str,
    threshold_s: float = 180.0,
    by: Sequence[By] = ("day", "hour"),
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> pd.DataFrame:
    """Return how many replies were late, and where the time went.

    Parameters
    ----------
    events
        `events.EVENTS`, one row a question.
    timezone
        Zone of the shop's days and hours.
    threshold_s
        Longest wait that is not late, from the question. [s]
    by
        Columns that tell rows apart, besides the cause.
    since, until
        First and last local day of the questions to look at.

    Returns
    -------
    DataFrame
        `by`, `questions`, `late`, and of the late ones `late_queue`: more than half of the wait was before
        an agent had the session, or none ever had it; `late_agent`: it was with the agent, or he never
        replied; `late_unknown`: the log does not say when sessions were assigned.
    """
    asked, reply = instants(events, "question"), instants(events, "reply")
    assigned = instants(events, "assigned")
    answered = ~np.isnat(reply)
    wait = (reply - asked) / np.timedelta64(1, "s")
    late = ~answered | (wait > threshold_s)
    queued = np.fmax((assigned - asked) / np.timedelta64(1, "s"), 0.0)
    log_tells = not np.isnat(assigned).all()
    in_queue = np.where(
        np.isnat(assigned), ~answered & log_tells, np.where(answered, queued > wait / 2, False)
    )
    unknown = np.isnat(assigned) & ~in_queue
    counts = pd.DataFrame(
        {
            "questions": 1,
            "late": late,
            "late_queue": late & in_queue,
            "late_agent": late & ~in_queue & ~unknown,
            "late_unknown": late & unknown,
        }
    ).astype(np.int64)
    span = _Span(timezone=timezone, since=since, until=until)
    stream, agent = events["stream"].to_numpy(object), events["agent"].to_numpy(object)
    rows = span.placed(counts, moment=asked, stream=stream, agent=agent)
    return _grouped(rows, by)[list(counts.columns)].sum().reset_index(drop=not by)


@dataclass(frozen=True, kw_only=True)
class _Span:
    """Which days count, and where a moment lies in day and hour."""

    timezone: str
    since: dt.date | None = None
    until: dt.date | None = None

    def placed(self, table: pd.DataFrame, *, moment: Instants, stream: Words, agent: Words) -> pd.DataFrame:
        """Return the rows of the span with the columns that cuts go by, given when and whose they are."""
        wall = aware(moment).tz_convert(zone(self.timezone)).tz_localize(None)
        day = wall.normalize()
        inside = np.ones(len(table), dtype=bool)
        if self.since is not None:
            inside &= day >= pd.Timestamp(self.since)
        if self.until is not None:
            inside &= day <= pd.Timestamp(self.until)
        placed = table.reset_index(drop=True).assign(
            stream=_category(stream), agent=_category(agent), day=day, hour=wall.hour, all=0
        )
        return placed if inside.all() else placed[inside]


def _category(names: Words) -> pd.Categorical:
    """Return names in order, so that they are grouped by number; a missing one belongs to no group."""
    codes, known = pd.factorize(names, sort=True)
    return pd.Categorical.from_codes(codes, categories=pd.Index(known, dtype=object))


def _grouped(placed: pd.DataFrame, by: Sequence[By]) -> DataFrameGroupBy[Any, Any]:
    """Return placed rows by cell."""
    return placed.groupby([*(by or ("all",))], sort=True, observed=True)


def _rounds(questions: pd.DataFrame, span: _Span) -> pd.DataFrame:
    """Return rounds with their waits, and which of them begin a session or an agent's part of one."""
    asked, reply = instants(questions, "question"), instants(questions, "reply")
    wait = (reply - asked) / np.timedelta64(1, "s")
    agent = questions["agent"].to_numpy(object)
    code = questions["code"].to_numpy()
    first, begins_part = np.zeros((2, len(questions)), dtype=bool)
    first[np.unique(code, return_index=True)[1]] = True
    begins_part[np.unique(codes_of(code, agent), return_index=True)[1]] = True
    buyer = questions["buyer"].to_numpy(object)
    nameless = pd.isna(buyer)
    number = codes_of(buyer)
    number[nameless] = -1 - code[nameless]  # who is not named is a buyer of his own
    rows = pd.DataFrame(
        {
            "begins": first,
            "begins_part": begins_part,
            "buyer": number,
            "wait": wait,
            "first_wait": np.where(first, wait, np.nan),
        }
    )
    return span.placed(rows, moment=asked, stream=questions["stream"].to_numpy(object), agent=agent)


def _wait_sums(rounds: pd.DataFrame, by: Sequence[By]) -> pd.DataFrame:
    """Return counts and sums of waits of rounds by cell."""
    groups = _grouped(rounds, by)
    sums = groups.agg(
        sessions=("begins_part" if "agent" in by else "begins", "sum"),
        questions=("begins", "size"),
        replies=("wait", "count"),
        firsts=("first_wait", "count"),
        first_reply_s_sum=("first_wait", "sum"),
        mean_reply_s_sum=("wait", "sum"),
    )
    keys = [*(by or ("all",)), "buyer"]
    for name, rows in (("buyers", rounds), ("buyers_replied", rounds[rounds["wait"].notna()])):
        distinct = rows[keys].drop_duplicates()
        sums[name] = _grouped(distinct, by).size()
    return sums.fillna({"buyers_replied": 0})


def _messages(talk: pd.DataFrame, questions: pd.DataFrame, span: _Span) -> pd.DataFrame:
    """Return messages of sessions that reached people; the agent's where the log names none."""
    code = talk["code"].to_numpy()
    has_question = np.zeros(int(code[-1]) + 1 if len(code) else 0, dtype=bool)
    has_question[questions["code"].to_numpy()] = True
    staff, buyer = sent_by(talk, STAFF), sent_by(talk, ["buyer"])
    rows = np.flatnonzero(has_question[code] & (staff | buyer))
    agent = talk["agent"].to_numpy(object)[rows]
    whose = questions.groupby("code")["agent"].first()
    missing = pd.isna(agent)
    agent[missing] = whose.reindex(code[rows[missing]]).to_numpy(object)
    counts = pd.DataFrame({"buyer_messages": buyer[rows], "staff_messages": staff[rows]}).astype(np.int64)
    stream = talk["stream"].to_numpy(object)[rows]
    return span.placed(counts, moment=talk["time"].to_numpy()[rows], stream=stream, agent=agent)


def _held(slots: pd.DataFrame, span: _Span) -> pd.DataFrame:
    """Return sessions held, with how long."""
    lasted = (slots["end"] - slots["start"]).to_numpy() / np.timedelta64(1, "s")
    stream, agent = slots["stream"].to_numpy(object), slots["agent"].to_numpy(object)
    rows = pd.DataFrame({"session_s": lasted})
    return span.placed(rows, moment=slots["start"].to_numpy(), stream=stream, agent=agent)


def _steps(slots: pd.DataFrame, span: _Span, *, by_stream: bool) -> pd.DataFrame:
    """Return spans with a constant number of open sessions, of each agent (or his part in a stream)."""
    steps = cut_steps(open_sessions(slots, ("agent", "stream") if by_stream else ("agent",)))
    hours = (steps["end"] - steps["start"]).to_numpy() / np.timedelta64(1, "h")
    count = steps["open"].to_numpy()
    busy = np.where(count > 0, hours, 0.0)
    load = pd.DataFrame({"busy_h": busy, "present_h": hours, "session_h": hours * count})
    load["most_open"] = count
    return span.placed(
        load,
        moment=steps["start"].to_numpy(),
        stream=steps["stream" if by_stream else "agent"].to_numpy(object),
        agent=steps["agent"].to_numpy(object),
    )


def _load_sums(held: pd.DataFrame, steps: pd.DataFrame, by: Sequence[By]) -> pd.DataFrame:
    """Return sums of how long sessions were held, and how many at once, by cell."""
    sessions = _grouped(held, by).agg(session_s_sum=("session_s", "sum"), held=("session_s", "size"))
    table = _grouped(steps, by).agg(
        busy_h=("busy_h", "sum"),
        present_h=("present_h", "sum"),
        session_h=("session_h", "sum"),
        most_open=("most_open", "max"),
    )
    return sessions.join(table, how="outer")


def _load(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the load of all agents by cell: mean time held, hours, mean and most sessions at once."""
    table = parts[0]
    if len(parts) > 1:
        groups = pd.concat(parts).groupby(level=list(range(parts[0].index.nlevels)), sort=True)
        most = groups["most_open"].max()
        table = groups.sum(min_count=1).assign(most_open=most)
    table["session_s"] = table.pop("session_s_sum") / table["held"].where(table["held"] > 0)
    table["concurrency"] = table.pop("session_h") / table["busy_h"].where(table["busy_h"] > 0)
    return table
