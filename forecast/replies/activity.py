"""Everything else a team looks at: response times, reply rate, answer/question ratio, load, late replies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from forecast.replies.cells import By, OwnersByCell, Span, added_cells, grouped
from forecast.replies.conversations import (
    Codes,
    categories,
    codes_in,
    conversations,
    first_rows,
    instants,
    named,
    sent_by,
)
from forecast.replies.events import Sessions, questions_and_replies
from forecast.replies.slots import cut_steps, held_slots, open_sessions

STAFF = ("human", "bot_assist")
MOST_PARTS = 8  # whose sums by cell are kept apart
MOST_SLOTS = 400_000  # whose steps are laid out at once: about a quarter of a gigabyte

LATE_COUNTS = ["questions", "late", "late_queue", "late_agent", "late_unknown"]


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
        facts = Sessions(self.talk)
        self.questions = questions_and_replies(self.talk, counting=STAFF, settling=["bot_auto"], facts=facts)
        self.slots = held_slots(self.talk, facts)

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
        self._span = Span(timezone=timezone, since=since, until=until)
        self._rounds: list[pd.DataFrame] = []
        self._messages: list[pd.DataFrame] = []
        self._buyers: dict[str, list[pd.DataFrame]] = {name: [] for name in cuts}
        self._slots: list[pd.DataFrame] = []

    def add(self, talk: pd.DataFrame, facts: Sessions | None = None) -> None:
        """Read a part of the log, its messages in order; no session and no buyer may stand in two parts."""
        facts = facts or Sessions(talk)
        questions = questions_and_replies(talk, counting=STAFF, settling=["bot_auto"], facts=facts)
        self.add_read(talk, questions, held_slots(talk, facts))

    def add_read(self, talk: pd.DataFrame, questions: pd.DataFrame, slots: pd.DataFrame) -> None:
        """Add up a part that was read: its messages, its rounds, its slots."""
        rounds, buyers = _rounds(questions, self._span)
        self._rounds.append(rounds)
        self._messages.append(_messages(talk, questions, self._span))
        for name, by in self._cuts.items():
            self._buyers[name].append(buyers.counts(by))
        self._slots.append(slots[["stream", "agent", "start", "end"]])
        if len(self._rounds) >= MOST_PARTS:
            self._rounds, self._messages = [added_cells(self._rounds)], [added_cells(self._messages)]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by cut."""
        loads: dict[str, list[pd.DataFrame]] = {name: [] for name in self._cuts}
        for slots in self._slots_by_agents():
            held = _held(slots, self._span)
            steps = _steps_by_cut(slots, self._span, self._cuts.values())
            for name, by in self._cuts.items():
                loads[name].append(_load_sums(held, steps["stream" in by], by))
        rounds, messages = added_cells(self._rounds), added_cells(self._messages)
        return {
            name: _finished(_sums_by_cut(rounds, messages, self._buyers[name], by), _load(loads[name]), by)
            for name, by in self._cuts.items()
        }

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
            yield moments.iloc[rows].reset_index(drop=True).assign(agent=agent[rows], stream=stream[rows])


def _sums_by_cut(
    rounds: pd.DataFrame, messages: pd.DataFrame, buyers: Sequence[pd.DataFrame], by: Sequence[By]
) -> pd.DataFrame:
    """Return sums of rounds and messages, and counts of buyers (who stand in one part each), by cut."""
    counts = pd.concat(buyers)
    counts = counts.groupby(level=list(range(counts.index.nlevels)), sort=True).sum()
    begun = rounds.assign(sessions=rounds["begins_part" if "agent" in by else "begins"])
    sums = grouped(begun, by)[ROUND_SUMS].sum()
    sums = sums.join(counts.rename(columns={"owners": "buyers", "flagged": "buyers_replied"}))
    return sums.join(grouped(messages, by)[MESSAGE_COUNTS].sum(), how="outer")


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


ROUND_SUMS = ["sessions", "questions", "replies", "firsts", "first_reply_s_sum", "mean_reply_s_sum"]
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
    span = Span(timezone=timezone, since=since, until=until)
    placed = span.placed(asked, stream=named(events, "stream"), agent=named(events, "agent"))
    counts = placed.sums(
        questions=np.ones(len(asked)),
        late=late,
        late_queue=late & in_queue,
        late_agent=late & ~in_queue & ~unknown,
        late_unknown=late & unknown,
    )
    table = grouped(counts, by)[LATE_COUNTS].sum().astype(np.int64)
    return table.reset_index(drop=not by)


def _rounds(questions: pd.DataFrame, span: Span) -> tuple[pd.DataFrame, OwnersByCell]:
    """Return sums of rounds by cell, and the buyers of each cell with those who got a reply."""
    asked, reply = instants(questions, "question"), instants(questions, "reply")
    code, agent = questions["code"].to_numpy(), named(questions, "agent")
    answered = ~np.isnat(reply)
    wait = np.where(answered, (reply - asked) / np.timedelta64(1, "s"), 0.0)
    first, begins_part = np.zeros((2, len(questions)), dtype=bool)
    first[first_rows(code)] = True
    part = code * (len(agent.categories) + 1) + agent.codes + 1
    runs = first_rows(part)
    begins_part[runs] = ~pd.Series(part[runs]).duplicated().to_numpy()
    placed = span.placed(asked, stream=named(questions, "stream"), agent=agent)
    sums = placed.sums(
        begins=first,
        begins_part=begins_part,
        questions=np.ones(len(asked)),
        replies=answered,
        firsts=first & answered,
        first_reply_s_sum=np.where(first, wait, 0.0),
        mean_reply_s_sum=wait,
    )
    return sums, OwnersByCell(placed, _buyer_numbers(questions), answered)


def _buyer_numbers(questions: pd.DataFrame) -> Codes:
    """Return a number for each buyer; who is not named is a buyer of his own."""
    buyer = questions["buyer"].to_numpy()
    number, known = pd.factorize(buyer)
    nameless = number < 0
    number[nameless] = len(known) + questions["code"].to_numpy()[nameless]
    return number.astype(np.int64)


def _messages(talk: pd.DataFrame, questions: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return messages of sessions that reached people, by cell; the agent's where the log names none."""
    code, agents = talk["code"].to_numpy(), named(talk, "agent")
    whose = np.full(int(code[-1]) + 1 if len(code) else 0, -1)  # of each session: who had its first rounds
    has_question = np.zeros(len(whose), dtype=bool)
    of_question, asked_agent = questions["code"].to_numpy(), codes_in(questions, "agent")
    has_question[of_question] = True
    known = asked_agent >= 0
    whose[of_question[known][::-1]] = asked_agent[known][::-1]  # the first is written last
    staff, buyer = sent_by(talk, STAFF), sent_by(talk, ["buyer"])
    rows = np.flatnonzero(has_question[code] & (staff | buyer))
    agent = agents.codes[rows].astype(np.int64)
    agent = np.where(agent < 0, whose[code[rows]], agent)
    placed = span.placed(
        talk["time"].to_numpy()[rows],
        stream=talk["stream"].array[rows],
        agent=categories(agent, agents.categories),
    )
    return placed.sums(buyer_messages=buyer[rows], staff_messages=staff[rows])


def _held(slots: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return by cell the sessions held, and how long."""
    start = slots["start"].to_numpy()
    lasted = (slots["end"].to_numpy() - start) / np.timedelta64(1, "s")
    placed = span.placed(start, stream=slots["stream"].array, agent=slots["agent"].array)
    return placed.sums(session_s_sum=lasted, held=np.ones(len(slots)))


def _steps_by_cut(
    slots: pd.DataFrame, span: Span, cuts: Collection[Sequence[By]]
) -> dict[bool, pd.DataFrame]:
    """Return loads by cell, of each agent as a whole (False) or of his part in each stream (True)."""
    kinds = {"stream" in by for by in cuts}
    pairs = slots[["agent", "stream"]].drop_duplicates()
    if len(pairs) == pairs["agent"].nunique():  # nobody serves two streams: the same
        return dict.fromkeys(kinds, _steps(slots, span, by_stream=True))
    return {apart: _steps(slots, span, by_stream=apart) for apart in kinds}


def _steps(slots: pd.DataFrame, span: Span, *, by_stream: bool) -> pd.DataFrame:
    """Return by cell the agent-hours with so many sessions open, and the most at once."""
    steps = cut_steps(open_sessions(slots, ("agent", "stream") if by_stream else ("agent",)))
    hours = (steps["end"].to_numpy() - steps["start"].to_numpy()) / np.timedelta64(1, "h")
    count = steps["open"].to_numpy()
    placed = span.placed(
        steps["start"].to_numpy(),
        stream=steps["stream" if by_stream else "agent"].array,
        agent=steps["agent"].array,
    )
    load = placed.sums(busy_h=np.where(count > 0, hours, 0.0), present_h=hours, session_h=hours * count)
    return load.assign(most_open=placed.most(count))


def _load_sums(held: pd.DataFrame, steps: pd.DataFrame, by: Sequence[By]) -> pd.DataFrame:
    """Return sums of how long sessions were held, and how many at once, by cell."""
    sessions = grouped(held, by)[["session_s_sum", "held"]].sum()
    table = grouped(steps, by).agg(
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
