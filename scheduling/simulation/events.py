"""One simulated day as a table of questions and replies, as the rule engine gets it from logs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from forecast.timegrid import midnight
from scheduling.day import DutySpan, Floats, ServiceDay
from scheduling.simulation.arrivals import draw_day
from scheduling.simulation.engine import SimulatedDay, simulate
from scheduling.simulation.records import BOT
from scheduling.simulation.staff import Staff, staff_of, streams_of


def reply_events(
    days: Mapping[str, ServiceDay],
    duties: Sequence[DutySpan],
    *,
    seed: int,
    day_date: dt.date,
    timezone: str,
    number: int = 0,
) -> pd.DataFrame:
    """Simulate one day and return its questions and replies.

    Parameters
    ----------
    days, duties, seed
        As for `scheduling.simulation.replicate.judge`.
    day_date, timezone
        The day's date and zone, which give the rows their instants.
    number
        Number of the simulated day.

    Returns
    -------
    pandas.DataFrame
        `forecast.replies.events.EVENTS`: one row per question, in order of session and question: `stream,
        session, buyer, agent, question, assigned, reply, responder, opened, closed, offline`. Times are
        aware, ``NaT`` where it never happened. `agent` is the duty's position in `duties` as ``duty-N``,
        empty where nobody replied; `responder` is ``human``, ``bot_auto`` or empty; `closed` is when the slot
        was freed, the buyer gave up, or the stream closed on him.
    """
    drawn, staff = draw_day(days, seed=seed, number=number), staff_of(duties, days)
    happened = simulate(drawn, staff, streams_of(days))
    return event_table(happened, staff, list(days), midnight(day_date, timezone))


def event_table(
    happened: SimulatedDay, staff: Staff, names: Sequence[str], day_start: pd.Timestamp
) -> pd.DataFrame:
    """Return what happened as a table of questions and replies (`reply_events`)."""
    asked = happened.sessions["questions"].astype(np.int64)
    session = np.repeat(np.arange(len(asked)), asked)
    step = np.arange(len(session)) - np.repeat(np.cumsum(asked) - asked, asked)
    chats = happened.sessions[session]
    turns = happened.rounds[chats["first_round"] + step]
    called = np.array([*(f"duty-{duty}" for duty in staff.agents["duty"]), "bot", ""], dtype=object)
    return pd.DataFrame(
        {
            "stream": np.array(names, dtype=object)[chats["stream"]],
            "session": session,
            "buyer": chats["buyer"],
            "agent": called[turns["typist"]],
            "question": _instants(turns["asked_s"], day_start),
            "assigned": _instants(turns["assigned_s"], day_start),
            "reply": _instants(turns["answered_s"], day_start),
            "responder": np.select(
                [turns["typist"] >= 0, turns["typist"] == BOT], ["human", "bot_auto"], default=""
            ),
            "opened": _instants(chats["arrival_s"], day_start),
            "closed": _instants(chats["ended_s"], day_start),
            "offline": chats["offline"].astype(np.int64),
        }
    )


def _instants(seconds: Floats, day_start: pd.Timestamp) -> pd.Series:
    """Return instants to the nanosecond; seconds count real time from the day's start."""
    return pd.Series(day_start + pd.to_timedelta(np.round(seconds * 1e9), unit="ns"))
