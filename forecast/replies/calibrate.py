"""Service parameters estimated from logs: what one agent can do, reply by reply, and how sure that is.

What the parameters mean: `service_parameters.ServiceParameters`. From messages all of them can be had, from
sessions and daily tables (`calibrate_coarse.py`) some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.replies.activity import STAFF
from forecast.replies.calibrate_coarse import calibrate_daily, calibrate_sessions
from forecast.replies.conversations import NEVER, conversations, first_rows, instants, local_days, sent_by
from forecast.replies.estimates import Estimate
from forecast.replies.events import questions_and_replies
from forecast.replies.patience import FirstQuestions, facing_s, patience
from forecast.replies.reception import CapInUse, caps_in_use
from forecast.replies.service_estimates import (
    LEAST_VALUES,
    Calibration,
    StreamCalibration,
    agents_of,
    closing_time,
    enough_for,
    sessions_per_buyer_day,
    shared_cap,
)
from forecast.replies.slots import held_slots
from forecast.replies.work import WorkFit, fit_work, works

MOST_MESSAGES_PER_REPLY = 1.2  # more, and the work after a reply's first message matters
USUAL_LOAD = (30, 400)  # sessions an agent and day: from published figures of 50-80 to "several hundred"
LONGEST_THINK_S = 1800.0  # a buyer who asks again later has come back, not thought

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Instants = npt.NDArray[np.datetime64]


def calibrate(
    messages: pd.DataFrame,
    *,
    timezone: str,
    employees: Mapping[str, str] | None = None,
) -> Calibration:
    """Return service parameters estimated from a log.

    Parameters
    ----------
    messages
        `conversations.MESSAGES`, one row a message; `events.SESSIONS`, one row a session; or
        `calibrate_coarse.DAILY`, one row an agent's day. They are told apart by their columns.
    timezone
        Zone of the shop's days.
    employees
        Person by account, where agents of the log are accounts.

    Returns
    -------
    Calibration
        Per stream the keys of ``[stream.service]`` that the log can tell, with standard errors; per agent
        speed (1 is the average of the agents who share streams) and reception cap in use.

    Notes
    -----
    Errors are those of independent values; where the log has eight days or more and they differ by more
    than chance, they are widened accordingly (`estimates.clustering`).
    """
    if employees and "agent" in messages.columns:
        messages = messages.assign(agent=messages["agent"].map(lambda name: employees.get(name, name)))
    if "sender" not in messages.columns:
        if "first_reply_s" in messages.columns:
            return calibrate_sessions(messages, timezone=timezone)
        return calibrate_daily(messages)
    log = _Log(messages, timezone)
    notes: list[str] = []
    fit = _work_fit(log, notes)
    caps = caps_in_use(log.slots, log.opened[log.slots["code"].to_numpy()]) if len(log.slots) else {}
    streams = tuple(_stream(log, name, fit, caps, notes) for name in log.streams)
    return Calibration(streams=streams, agents=agents_of(fit, caps), notes=(*notes, *_doubts(log)))


class _Log:
    """A message log read once: its rounds, slots and sessions."""

    def __init__(self, messages: pd.DataFrame, timezone: str) -> None:
        self.timezone = timezone
        self.talk = conversations(messages)
        self.rounds = questions_and_replies(self.talk, counting=STAFF, settling=["bot_auto"])
        self.slots = held_slots(self.talk)
        code, times = self.talk["code"].to_numpy(), self.talk["time"].to_numpy()
        self.first = first_rows(code)
        self.session_stream = self.talk["stream"].to_numpy(object)[self.first]
        by_buyer = sent_by(self.talk, ["buyer"])
        self.opened: Instants = np.fmin.reduceat(np.where(by_buyer, times, NEVER), self.first)
        self.streams = sorted(set(self.session_stream.tolist()))
        self.work = works(self.talk, self.rounds)
        self.asked = instants(self.rounds, "question")
        self.reply = instants(self.rounds, "reply")
        self.code = self.rounds["code"].to_numpy()
        self.stream_of_round = self.rounds["stream"].to_numpy(object)
        whole_seconds = bool((times.astype(np.int64) % 1_000_000_000 == 0).all())
        self.resolution_s = 1.0 if whole_seconds else 0.001

    def days(self, moments: Instants) -> Codes:
        """Return a number for the local day of each instant."""
        return local_days(moments, self.timezone)


def _doubts(log: _Log) -> Iterator[str]:
    """Yield what makes the estimates of a stream doubtful."""
    by_person = sent_by(log.talk, ["human"])
    answered = (log.rounds["responder"] == "human").to_numpy()
    for name in log.streams:
        messages = int((by_person & (log.talk["stream"] == name).to_numpy()).sum())
        replies = int((answered & (log.stream_of_round == name)).sum())
        if replies >= LEAST_VALUES and messages > MOST_MESSAGES_PER_REPLY * replies:
            yield (
                f"{name}: {messages / replies:.1f} messages a reply; reply_s ends with the first, "
                "so that the whole work is longer"
            )
        slots = log.slots[log.slots["stream"] == name]
        if len(slots) >= LEAST_VALUES:
            agent_days = pd.DataFrame(
                {"agent": slots["agent"].to_numpy(), "day": log.days(slots["start"].to_numpy())}
            )
            load = len(slots) / len(agent_days.drop_duplicates())
            if not USUAL_LOAD[0] <= load <= USUAL_LOAD[1]:
                yield (
                    f"{name}: {load:.0f} sessions an agent and day are outside the usual "
                    f"{USUAL_LOAD[0]} to {USUAL_LOAD[1]}; check that the log is whole"
                )


def _work_fit(log: _Log, notes: list[str]) -> WorkFit | None:
    counts = log.work["stream"].value_counts()
    enough = log.work[log.work["stream"].isin(counts.index[counts >= LEAST_VALUES])].reset_index(drop=True)
    if enough.empty:
        notes.append(f"reply_s: fewer than {LEAST_VALUES} replies whose work can be told")
        return None
    return fit_work(enough, log.days(enough["reply"].to_numpy()))


def _stream(
    log: _Log, name: str, fit: WorkFit | None, caps: Mapping[str, CapInUse], notes: list[str]
) -> StreamCalibration:
    """Return what the log says about one stream."""
    found: dict[str, tuple[Estimate | None, int]] = {
        "rounds": _rounds(log, name),
        "reply_s": _of_fit(fit, "reply_s", log, name),
        "reply_cv": _of_fit(fit, "reply_cv", log, name),
        "think_s": _think(log, name),
        "auto_close_s": _auto_close(log, name),
        "reception_cap": shared_cap(log.slots[log.slots["stream"] == name], caps),
        "patience_s": _patience(log, name, caps),
        "sessions_per_buyer_day": _per_buyer_day(log, name),
        "bot_share": _bot_share(log, name),
    }
    missing = [key for key, (estimate, _) in found.items() if estimate is None]
    if missing:
        notes.append(f"{name}: the log does not tell {', '.join(missing)}; defaults hold")
    return StreamCalibration(
        id=name,
        service={key: one for key, (one, _) in found.items() if one is not None},
        values={key: count for key, (_, count) in found.items()},
    )


def _of_fit(fit: WorkFit | None, what: str, log: _Log, stream: str) -> tuple[Estimate | None, int]:
    count = int((log.work["stream"] == stream).sum())
    return (None if fit is None else getattr(fit, what).get(stream)), count


def _rounds(log: _Log, stream: str) -> tuple[Estimate | None, int]:
    """Rounds that a person answered, per session with any; sessions cut by the log's end left out."""
    answered = (log.stream_of_round == stream) & (log.rounds["responder"] == "human").to_numpy()
    count = pd.Series(1.0, index=log.code[answered]).groupby(level=0).sum()
    if count.empty:
        return None, 0
    sessions = count.index.to_numpy()
    last = np.append(log.first[1:], len(log.talk)) - 1
    lasted = log.talk["time"].to_numpy()[last[sessions]] - log.opened[sessions]
    usual = np.quantile(lasted.astype(np.int64), 0.99).astype("timedelta64[ns]")
    whole = log.opened[sessions] <= log.talk["time"].to_numpy().max() - usual
    return enough_for(count.to_numpy()[whole], log.days(log.opened[sessions[whole]]))


def _think(log: _Log, stream: str) -> tuple[Estimate | None, int]:
    """From a reply to the buyer's next question."""
    follows = log.code[1:] == log.code[:-1]
    think = (log.asked[1:] - log.reply[:-1]) / np.timedelta64(1, "s")
    fits = follows & (log.stream_of_round[1:] == stream) & (think <= LONGEST_THINK_S)
    return enough_for(think[fits], log.days(log.asked[1:][fits]))


def _auto_close(log: _Log, stream: str) -> tuple[Estimate | None, int]:
    """From a session's last reply to the moment its slot was freed, where the log tells both."""
    slots = log.slots[(log.slots["stream"] == stream) & log.slots["knows_end"]]
    times = log.talk["time"].to_numpy()
    by_staff = np.where(sent_by(log.talk, STAFF), times, NEVER)
    last_staff = np.fmax.reduceat(by_staff, log.first)
    last_any = np.maximum.reduceat(times, log.first)
    code = slots["code"].to_numpy()
    held = (slots["end"].to_numpy() - last_staff[code]) / np.timedelta64(1, "s")
    ends_with_reply = last_staff[code] == last_any[code]
    return closing_time(held[ends_with_reply & (held >= 0)], log.resolution_s)


def _patience(log: _Log, stream: str, caps: Mapping[str, CapInUse]) -> tuple[Estimate | None, int]:
    """Patience from the waits of first questions; needs to know when sessions were assigned."""
    begun = pd.Series(log.work["begun"].to_numpy(), index=log.work["code"])[log.work["leads"].to_numpy()]
    lead = np.unique(log.code, return_index=True)[1]
    lead = lead[log.stream_of_round[lead] == stream]
    lead = lead[np.argsort(log.asked[lead], kind="stable")]
    answered = pd.Series(~np.isnat(log.reply)).groupby(log.code).any()
    ever = answered.reindex(log.code[lead]).to_numpy(dtype=bool)
    starts = begun.reindex(log.code[lead]).to_numpy()
    clear = ~ever | ~np.isnat(starts)  # answered, but by a bot's hand or after an absence: nothing to learn
    lead, ever, starts = lead[clear], ever[clear], starts[clear]
    if not ever.any():
        return None, 0
    asked, agent = log.asked[lead], log.rounds["agent"].to_numpy(object)[lead]
    questions = FirstQuestions(
        asked=asked,
        assigned=instants(log.rounds, "assigned")[lead],
        agent=np.where(ever, agent, np.array(None, dtype=object)),
        day=log.days(asked),
    )
    team = set(log.slots["agent"][log.slots["stream"] == stream])
    facing = facing_s(
        questions,
        log.slots[log.slots["agent"].isin(team)],
        log.work[log.work["agent"].isin(team)],
        {name: one.cap for name, one in caps.items() if one.binding},
    )
    left = (instants(log.rounds, "closed")[lead] - asked) / np.timedelta64(1, "s")
    served = (starts - asked)[ever] / np.timedelta64(1, "s")
    return patience(served, left_s=left[~ever], facing_s=facing), len(lead)


def _per_buyer_day(log: _Log, stream: str) -> tuple[Estimate | None, int]:
    """Sessions that reached people, per buyer and local day."""
    lead = np.unique(log.code, return_index=True)[1]
    lead = lead[log.stream_of_round[lead] == stream]
    buyer = log.rounds["buyer"].to_numpy(object)[lead]
    lead = lead[~pd.isna(buyer)]
    day = log.days(log.asked[lead])
    return sessions_per_buyer_day(log.rounds["buyer"].to_numpy(object)[lead], day)


def _bot_share(log: _Log, stream: str) -> tuple[Estimate | None, int]:
    """Share of consultations that left no question for a person."""
    sessions = np.flatnonzero((log.session_stream == stream) & ~np.isnat(log.opened))
    settled = ~np.isin(sessions, log.code)
    return enough_for(settled.astype(float), log.days(log.opened[sessions]))
