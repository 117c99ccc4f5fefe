"""What session logs and daily tables allow of the service parameters: less, and wider."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.frames import Column, Contract
from forecast.replies.conversations import (
    DEFAULT_STREAM,
    check_columns,
    codes_of,
    instants,
    local_days,
    words,
)
from forecast.replies.estimates import Estimate
from forecast.replies.events import SESSIONS
from forecast.replies.patience import patience
from forecast.replies.reception import CapInUse, caps_in_use
from forecast.replies.service_estimates import (
    LEAST_VALUES,
    Calibration,
    StreamCalibration,
    agents_of,
    enough_for,
    sessions_per_buyer_day,
    shared_cap,
)
from forecast.replies.work import WorkFit, fit_work

DAILY = Contract(
    name="daily table",
    columns=(
        Column(name="date", kind="date"),
        Column(name="agent", kind="text"),
        Column(name="sessions", kind="number", unit="sessions served", least=0.0),
        Column(name="stream", kind="text", optional=True),
        Column(name="online_h", kind="number", unit="h, signed in and taking sessions", optional=True),
        Column(name="most_open", kind="number", unit="most sessions at once (最大同时聊天数)", optional=True),
    ),
    key=(),
)

FULL_DAY_QUANTILE = 0.9  # agent-days this busy are taken as fully loaded
USUAL_ONLINE_H = 8.0  # where the table does not say how long an agent was on
LEAST_AGENT_DAYS = 10

Floats = npt.NDArray[np.float64]
Found = dict[str, tuple[Estimate | None, int]]


def calibrate_sessions(sessions: pd.DataFrame, *, timezone: str) -> Calibration:
    """Return what a session log says of the service parameters (`calibrate.calibrate`).

    Parameters
    ----------
    sessions
        `events.SESSIONS`, one row a session.
    timezone
        Zone of the shop's days.

    Notes
    -----
    A first reply in a session that its agent got while holding no other was worked on at once: its wait
    from the assignment is work, and what comes later cannot lengthen it. With rounds and mean replies given,
    session time = rounds x mean reply + (rounds - 1) x think + auto-close exactly, so that a straight line
    over (rounds - 1) has the think time as its slope and auto-close where it starts.
    """
    check_columns(sessions, SESSIONS)
    table = _read(sessions, timezone)
    served = table[table["end"].notna() & table["agent"].notna() & table["assigned"].notna()]
    slots = served.rename(columns={"assigned": "start"}).assign(knows_start=True).reset_index(drop=True)
    caps = caps_in_use(slots, slots["asked"].to_numpy()) if len(slots) else {}
    work = _undisturbed(slots)
    enough = work.groupby("stream")["work_s"].transform("size") >= LEAST_VALUES
    work = work[enough].reset_index(drop=True)
    fit = fit_work(work, work["day"].to_numpy()) if len(work) else None
    notes: list[str] = []
    streams = []
    for name in sorted(set(table["stream"])):
        own = table[table["stream"] == name].reset_index(drop=True)
        found = _session_estimates(own, slots[slots["stream"] == name], caps, fit, name)
        missing = [key for key, (estimate, _) in found.items() if estimate is None]
        if missing:
            notes.append(f"{name}: session logs of this kind do not tell {', '.join(missing)}; defaults hold")
        streams.append(_calibrated(name, found))
    return Calibration(streams=tuple(streams), agents=agents_of(fit, caps), notes=tuple(notes))


def _calibrated(name: str, found: Found) -> StreamCalibration:
    return StreamCalibration(
        id=name,
        service={key: one for key, (one, _) in found.items() if one is not None},
        values={key: count for key, (_, count) in found.items()},
    )


def _read(sessions: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Return the sessions in order of their first question."""
    asked, assigned = instants(sessions, "start"), instants(sessions, "assigned")
    stream = words(sessions, "stream")
    stream[pd.isna(stream)] = DEFAULT_STREAM
    table = pd.DataFrame(
        {
            "stream": stream,
            "agent": words(sessions, "agent"),
            "buyer": words(sessions, "buyer"),
            "asked": asked,
            "assigned": assigned,
            "end": instants(sessions, "closed"),
            "first_reply_s": sessions["first_reply_s"].to_numpy(dtype=float),
            "rounds": _numbers(sessions, "rounds"),
            "mean_reply_s": _numbers(sessions, "mean_reply_s"),
            "day": local_days(asked, timezone),
        }
    )
    return table.sort_values("asked", kind="stable", ignore_index=True)


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    return frame[column].to_numpy(dtype=float)


def _undisturbed(slots: pd.DataFrame) -> pd.DataFrame:
    """Return first replies of sessions that an agent got while holding no other, with the work on them."""
    ordered = slots.assign(whose=codes_of(slots["agent"].to_numpy(object))).sort_values(["whose", "start"])
    busy_until = ordered.groupby("whose")["end"].cummax().groupby(ordered["whose"]).shift()
    alone = busy_until.isna() | (busy_until <= ordered["start"])
    from_start = (ordered["start"] - ordered["asked"]).dt.total_seconds()
    work = ordered["first_reply_s"] - from_start.clip(lower=0.0)
    kept = ordered.assign(work_s=work)[alone & work.notna() & (work >= 0)]
    return kept[["stream", "agent", "work_s", "day"]].reset_index(drop=True)


def _session_estimates(
    own: pd.DataFrame, slots: pd.DataFrame, caps: dict[str, CapInUse], fit: WorkFit | None, name: str
) -> Found:
    """Return the estimates of one stream."""
    answered = own["first_reply_s"].notna().to_numpy()
    counted = answered & (own["rounds"] >= 1).to_numpy()
    days = own["day"].to_numpy()
    think, close, lines = _session_time(own)
    named = own["buyer"].notna().to_numpy()
    return {
        "rounds": enough_for(own["rounds"].to_numpy()[counted], days[counted]),
        "reply_s": (fit.reply_s.get(name) if fit else None, int(fit is not None)),
        "reply_cv": (fit.reply_cv.get(name) if fit else None, int(fit is not None)),
        "think_s": (think, lines),
        "auto_close_s": (close, lines),
        "reception_cap": shared_cap(slots, caps),
        "patience_s": _patience(own, fit, name),
        "sessions_per_buyer_day": sessions_per_buyer_day(own["buyer"].to_numpy(object)[named], days[named]),
        "bot_share": (None, 0),
    }


def _session_time(own: pd.DataFrame) -> tuple[Estimate | None, Estimate | None, int]:
    """Return think time and auto-close from a line through session times."""
    rest = (own["end"] - own["assigned"]).dt.total_seconds()
    queued = (own["assigned"] - own["asked"]).dt.total_seconds().clip(lower=0.0)
    rest = rest - (own["rounds"] * own["mean_reply_s"] - queued)  # replies count from the question
    kept = rest.notna().to_numpy()
    more, rest_s = (own["rounds"] - 1).to_numpy()[kept], rest.to_numpy()[kept]
    if len(more) < LEAST_VALUES or np.ptp(more) == 0:
        return None, None, int(kept.sum())
    # Each further round adds one exponential think time: the variance grows with their number.
    weight = 1.0 / np.maximum(more, 0.25)
    design = np.column_stack([np.ones(len(more)), more])
    normal = np.linalg.inv(design.T @ (weight[:, None] * design))
    close, think = normal @ (design.T @ (weight * rest_s))
    scores = design * (weight * (rest_s - close - think * more))[:, None]
    error = np.sqrt(np.diag(normal @ (scores.T @ scores) @ normal))  # robust to unequal variances
    return (
        Estimate(value=max(0.0, float(think)), se=float(error[1])),
        Estimate(value=max(0.0, float(close)), se=float(error[0])),
        len(more),
    )


def _patience(own: pd.DataFrame, fit: WorkFit | None, name: str) -> tuple[Estimate | None, int]:
    """Patience where the log says when lost sessions ended; a first reply was begun its work before."""
    work = fit.reply_s.get(name) if fit else None
    answered = own["first_reply_s"].notna().to_numpy()
    left = (own["end"] - own["asked"]).to_numpy()[~answered] / np.timedelta64(1, "s")
    if work is None or (len(left) and np.isnan(left).mean() > 0.1):
        return None, 0
    begun = own["first_reply_s"].to_numpy()[answered] - work.value
    return patience(begun, left_s=left, facing_s=np.full(len(left), np.nan)), len(own)


def calibrate_daily(daily: pd.DataFrame) -> Calibration:
    """Return what a daily table says of the service parameters: throughput, and roughly.

    Parameters
    ----------
    daily
        `DAILY`, one row an agent's day.

    Notes
    -----
    A day's count tells what an agent served, not what he could have: the `FULL_DAY_QUANTILE` of sessions
    per hour over agent-days stands for a fully loaded agent, with the distance to the busiest and the usual
    day as its error. Speeds are agents' own means over the mean of all, with the error of their days; they
    mix skill with luck and shift. Nothing here replaces a message log.
    """
    check_columns(daily, DAILY)
    stream = words(daily, "stream")
    stream[pd.isna(stream)] = DEFAULT_STREAM
    hours = _numbers(daily, "online_h")
    table = pd.DataFrame(
        {
            "stream": stream,
            "agent": words(daily, "agent"),
            "rate": daily["sessions"].to_numpy(dtype=float) / np.where(hours > 0, hours, USUAL_ONLINE_H),
            "most_open": _numbers(daily, "most_open"),
        }
    )
    table = table[(table["rate"] > 0) & table["agent"].notna()]
    notes = [
        "daily tables tell throughput only: rounds, work, think time and patience are not known from them"
    ]
    if not (hours > 0).any():
        notes.append(f"hours on duty are not given; {USUAL_ONLINE_H:g} h a day are assumed")
    streams = [_daily_stream(name, own) for name, own in table.groupby("stream", sort=True)]
    speeds, replies = _daily_speeds(table)
    fit = WorkFit(reply_s={}, reply_cv={}, speed=speeds, replies=replies)
    most = table.groupby("agent")["most_open"].max().dropna()
    caps = {str(name): CapInUse(cap=int(value), binding=False) for name, value in most.items()}
    return Calibration(streams=tuple(streams), agents=agents_of(fit, caps), notes=tuple(notes))


def _daily_stream(name: object, own: pd.DataFrame) -> StreamCalibration:
    rate = own["rate"].to_numpy()
    found: Found = {"sessions_per_hour": (None, len(rate))}
    if len(rate) >= LEAST_AGENT_DAYS:
        usual, full = np.quantile(rate, [0.5, FULL_DAY_QUANTILE])
        error = max(full - usual, rate.max() - full, full / len(rate) ** 0.5)
        found["sessions_per_hour"] = (Estimate(value=float(full), se=float(error)), len(rate))
    return _calibrated(str(name), found)


def _daily_speeds(table: pd.DataFrame) -> tuple[dict[str, Estimate], dict[str, int]]:
    """Return agents' sessions an hour over the mean agent's, and their number of days."""
    days = table.groupby("agent")["rate"].agg(["mean", "std", "count"])
    days = days[days["count"] >= LEAST_AGENT_DAYS]
    average = days["mean"].mean()
    error = days["std"] / days["count"] ** 0.5
    speeds = {
        str(name): Estimate(value=float(days["mean"][name] / average), se=float(error[name] / average))
        for name in days.index
    }
    return speeds, {str(name): int(days["count"][name]) for name in days.index}
