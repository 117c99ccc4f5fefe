"""Slots: which agent held which session from when to when, and how many at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.replies.conversations import (
    NEVER,
    Codes,
    Instants,
    codes_in,
    codes_of,
    first_rows,
    last_rows,
    named,
    sent_by,
)
from forecast.replies.events import Sessions, least

ABSENT_AFTER = np.timedelta64(30, "m")  # an agent without an open session for longer is taken as away
CUT = np.timedelta64(15, "m")  # local hours of every zone begin on a quarter of a UTC hour


def held_slots(talk: pd.DataFrame, facts: Sessions | None = None) -> pd.DataFrame:
    """Return one row for each session and agent who had it.

    Parameters
    ----------
    talk
        Messages in order (`conversations.conversations`).
    facts
        `Sessions` of the same messages, where they are known already.

    Returns
    -------
    DataFrame
        `code` (session), `stream, agent, start, end` (UTC), `knows_start`, `knows_end` (whether the log says
        so). A slot is held from the assignment, else the buyer's first message, to the close, else the last
        message. Of a transferred session each agent has the part from his assignment or first message to
        his last message.
    """
    facts = facts or Sessions(talk)
    code, agents = facts.code, codes_in(talk, "agent")
    speaks = sent_by(talk, ["human", "bot_assist"])
    is_staff = np.zeros(len(talk["agent"].cat.categories) + 1, dtype=bool)
    is_staff[agents[speaks]] = True
    is_staff[-1] = False  # nobody named
    rows = np.flatnonzero(is_staff[agents] & (speaks | sent_by(talk, ["buyer"])))
    pair = code[rows] * len(is_staff) + agents[rows]
    if not (pair[1:] >= pair[:-1]).all():  # somebody's session was handed on
        order = np.argsort(pair, kind="stable")
        rows, pair = rows[order], pair[order]
    times, assigned = talk["time"].to_numpy()[rows], talk["assigned"].to_numpy()[rows]
    lead = first_rows(pair)  # of each slot its rows stand together, in order of time
    slots = pd.DataFrame(
        {
            "code": code[rows[lead]],
            "stream": talk["stream"].array[rows[lead]],
            "agent": talk["agent"].array[rows[lead]],
            "first": times[lead],
            "last": times[last_rows(lead, len(rows))],
            "own": least(assigned, lead),
        },
        copy=False,
    )
    session, first = slots["code"].to_numpy(), slots["first"].to_numpy()
    if (session[1:] == session[:-1]).any():
        slots = slots.iloc[np.lexsort((first, session))].reset_index(drop=True)
        session = slots["code"].to_numpy()
    begins = np.zeros(len(slots), dtype=bool)
    begins[first_rows(session)] = True
    ends = np.append(begins[1:], True)[: len(slots)]
    own = slots["own"].to_numpy()
    known = np.where(begins, np.fmin(facts.assigned[session], own), own)
    opened = np.where(np.isnat(facts.opened), facts.began, facts.opened)
    fallback = np.where(begins, opened[session], slots["first"].to_numpy())
    start = np.where(np.isnat(known), fallback, known)
    closed = np.where(ends, facts.closed[session], NEVER)
    last = np.where(ends, facts.last[session], slots["last"].to_numpy())
    end = np.where(np.isnat(closed), last, closed)
    return slots[["code", "stream", "agent"]].assign(
        start=start, end=np.maximum(start, end), knows_start=~np.isnat(known), knows_end=~np.isnat(closed)
    )


def open_sessions(slots: pd.DataFrame, keys: Sequence[str] = ("agent",)) -> pd.DataFrame:
    """Return how many sessions are open at once, as steps.

    Parameters
    ----------
    slots
        As `held_slots` returns them.
    keys
        Columns that tell whose sessions are counted together.

    Returns
    -------
    DataFrame
        The keys, `start, end, open`: one row a span with a constant number of open sessions, 0 where the
        next session begins within `ABSENT_AFTER`. A session that ends when another begins makes room for it.
    """
    group = codes_of(*(named(slots, key) for key in keys))
    group = np.concatenate([group, group])
    moment = np.concatenate([slots["start"].to_numpy(), slots["end"].to_numpy()])
    change = np.concatenate([np.ones(len(slots), dtype=np.int64), np.full(len(slots), -1)])
    order = _in_order(group, moment, change)
    group, moment, row = group[order], moment[order], np.tile(np.arange(len(slots)), 2)[order]
    # Every group's changes add up to nothing, so one running sum serves all.
    level = np.cumsum(change[order])[:-1]
    span = moment[1:] - moment[:-1]
    kept = (group[1:] == group[:-1]) & (span > np.timedelta64(0, "ns"))
    kept &= (level > 0) | (span <= ABSENT_AFTER)
    at = np.flatnonzero(kept)
    steps = {key: slots[key].array[row[at]] for key in keys}
    return pd.DataFrame(
        {**steps, "start": moment[:-1][at], "end": moment[1:][at], "open": np.maximum(level[at], 0)}
    )


def _in_order(group: Codes, moment: Instants, change: Codes) -> Codes:
    """Return the order of changes by group and moment, of one moment ends before starts."""
    since = moment.view(np.int64) - (moment.view(np.int64).min() if len(moment) else 0)
    length = int(since.max()) + 1 if len(since) else 1
    if (int(group.max()) + 1 if len(group) else 1) * length > np.iinfo(np.int64).max // 2:
        return np.lexsort((change, moment, group))
    return np.argsort((group * length + since) * 2 + (change > 0))  # one number each sorts faster


def cut_steps(steps: pd.DataFrame) -> pd.DataFrame:
    """Return steps cut at every quarter of an hour, so that each lies in one local hour."""
    start, end = steps["start"].to_numpy(), steps["end"].to_numpy()
    if len(steps) == 0:
        return steps
    origin = np.datetime64("1970-01-01", "ns")
    first, last = (start - origin) // CUT, (end - origin - np.timedelta64(1, "ns")) // CUT
    pieces = (last - first + 1).astype(np.int64)
    at = np.repeat(np.arange(len(steps)), pieces)
    number = np.arange(len(at)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    edge = origin + (first[at] + number) * CUT
    cut = steps.iloc[at].reset_index(drop=True)
    return cut.assign(start=np.maximum(start[at], edge), end=np.minimum(end[at], edge + CUT))
