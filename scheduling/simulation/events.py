"""One simulated day as a table of replies, in the shape that a rule engine reads from logs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from forecast.timegrid import midnight
from scheduling.day import DutySpan, Floats, ServiceDay
from scheduling.simulation.arrivals import DrawnDay, draw_day
from scheduling.simulation.engine import BOT, Log, simulate
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
        One row per question, in order of session and question: `stream, session, buyer, agent, question,
        assigned, reply, responder`. Times are aware, ``NaT`` where it never happened. `agent` is the duty's
        position in `duties` as ``duty-N``, empty where nobody replied; `responder` is ``human``, ``bot_auto``
        or empty.
    """
    drawn, staff = draw_day(days, seed=seed, number=number), staff_of(duties, days)
    log, _ = simulate(drawn, staff, streams_of(days))
    return event_table(drawn, staff, log, list(days), midnight(day_date, timezone))


def event_table(
    drawn: DrawnDay, staff: Staff, log: Log, names: Sequence[str], day_start: pd.Timestamp
) -> pd.DataFrame:
    """Return a log's questions and replies as a table (`reply_events`)."""
    session = np.repeat(np.arange(len(drawn.arrival_s)), log.questions)
    step = np.arange(len(session)) - np.repeat(np.cumsum(log.questions) - log.questions, log.questions)
    position = drawn.first_round[session] + step
    typist = log.typist[position]
    called = np.array([*(f"duty-{duty}" for duty in staff.duty), "bot", ""], dtype=object)
    return pd.DataFrame(
        {
            "stream": np.array(names, dtype=object)[drawn.stream[session]],
            "session": session,
            "buyer": drawn.buyer[session],
            "agent": called[typist],
            "question": _instants(log.asked_s[position], day_start),
            "assigned": _instants(log.assigned_s[position], day_start),
            "reply": _instants(log.answered_s[position], day_start),
            "responder": np.select([typist >= 0, typist == BOT], ["human", "bot_auto"], ""),
        }
    )


def _instants(seconds: Floats, day_start: pd.Timestamp) -> pd.Series:
    """Return instants to the nanosecond; seconds count real time from the day's start."""
    return pd.Series(day_start + pd.to_timedelta(np.round(seconds * 1e9), unit="ns"))
