"""Message logs made small and plain, and logs written from a simulated day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.randomness import generator
from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from scheduling.day import DutySpan, ServiceDay
from scheduling.simulation.events import reply_events

ZONE = "Asia/Shanghai"
DAY = "2026-11-11"


def at(clock: str, *, day: str = DAY, timezone: str = ZONE) -> pd.Timestamp:
    """Return a wall time of a day as an aware time; the clock may carry its own date."""
    text = clock if "-" in clock else f"{day} {clock}"
    return pd.Timestamp(text).tz_localize(timezone)


def build_log(*rows: str, session: str = "s1", buyer: str = "b1", timezone: str = ZONE) -> pd.DataFrame:
    """Return a log of messages ``"CLOCK SENDER [key=value ...]"``; keys override the columns.

    Senders other than the buyer and the system are agent ``a1`` unless the row says so.
    """
    table = []
    for row in rows:
        clock, sender, *extras = row.split()
        given = dict(extra.split("=", 1) for extra in extras)
        record: dict[str, object] = {
            "session_id": session,
            "buyer": buyer,
            "agent": None if sender in ("buyer", "system") else "a1",
            "sender": sender,
            "time": at(clock.replace("T", " "), timezone=timezone),
            **given,
        }
        for name in ("assigned", "closed"):
            record[name] = at(given[name].replace("T", " "), timezone=timezone) if name in given else pd.NaT
        table.append(record)
    log = pd.DataFrame(table)
    for name in ("time", "assigned", "closed"):
        log[name] = pd.to_datetime(log[name], utc=True).dt.tz_convert(timezone)
    return log


def build_simulated_log(
    service: ServiceParameters,
    *,
    rule: ReplyRule,
    sessions_per_half_hour: float,
    speeds: tuple[float, ...],
    days: int,
    seed: int,
    stream: str = "shop",
    duties: Sequence[DutySpan] = (),
    tells_leaving: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a message log of simulated days, and the simulator's own reply events.

    The shop is open from 09:00 to 21:00, with one agent of each speed on throughout unless duties are given.
    Messages have welcomes, cards and sessions that a bot settles among them. Whether lost sessions tell when
    they ended is for `tells_leaving` to say.
    """
    day = ServiceDay(
        first_min=9 * 60,
        interval_min=30,
        sessions=np.full(24, sessions_per_half_hour),
        service=service,
        rule=rule,
        target=0.9,
    )
    on = duties or [DutySpan(start_min=540, end_min=1260, streams=(stream,), speed=v) for v in speeds]
    parts = []
    for number in range(days):
        date = dt.date(2026, 3, 2) + dt.timedelta(days=number)
        events = reply_events({stream: day}, on, seed=seed, day_date=date, timezone=ZONE, number=number)
        events["session"] = f"{number}-" + events["session"].astype(str)
        events["buyer"] = f"{number}-" + events["buyer"].astype(str)
        parts.append(events)
    events = pd.concat(parts, ignore_index=True)
    return _messages_of(events, service, generator(seed, "log"), tells_leaving), events


def _messages_of(
    events: pd.DataFrame, service: ServiceParameters, chance: np.random.Generator, tells_leaving: bool
) -> pd.DataFrame:
    """Return simulated questions and replies as messages, with noise that does not count."""
    served = events["reply"].notna()
    agent = events["agent"].where(served)
    common = {"session_id": events["session"], "buyer": events["buyer"], "stream": events["stream"]}
    asked = pd.DataFrame({**common, "agent": None, "sender": "buyer", "time": events["question"]})
    replied = pd.DataFrame({**common, "agent": agent, "sender": "human", "time": events["reply"]})[served]
    firsts = events.drop_duplicates("session")
    opening = {"session_id": firsts["session"], "buyer": firsts["buyer"], "stream": firsts["stream"]}
    welcome = pd.DataFrame(
        {**opening, "agent": None, "sender": "welcome", "time": firsts["question"] + pd.Timedelta("100ms")}
    )
    card = pd.DataFrame({**opening, "agent": None, "sender": "card", "time": welcome["time"]})
    sessions = events.groupby("session")
    assigned, last = sessions["assigned"].min(), sessions["closed"].max()
    if not tells_leaving:
        last = last.where(sessions["reply"].max().notna())
    people = pd.concat([asked, replied, welcome, card], ignore_index=True)
    people["assigned"] = people["session_id"].map(assigned)
    people["closed"] = people["session_id"].map(last)
    settled = chance.binomial(len(firsts), service.bot_share) if service.bot_share else 0
    settled = round(settled / (1.0 - service.bot_share))
    names = [f"bot-{number}" for number in range(settled)]
    picked = firsts["question"].iloc[chance.integers(0, len(firsts), settled)].reset_index(drop=True)
    bot = {"session_id": names, "buyer": names, "stream": events["stream"].iloc[0]}
    chat = [
        pd.DataFrame({**bot, "agent": agent, "sender": sender, "time": picked + pd.Timedelta(seconds=after)})
        for sender, after, agent in (("buyer", 0, None), ("bot_auto", 1, "bot"))
    ]
    return pd.concat([people, *chat]).sort_values("time", kind="stable", ignore_index=True)
