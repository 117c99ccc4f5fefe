"""How long buyers wait before they give up, from a log that does not say when they did."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar

from forecast.replies.estimates import Estimate
from forecast.replies.reception import QUEUED_ABOVE_S
from forecast.replies.slots import ABSENT_AFTER

IGNORED_BELOW_S = 1.0  # whom an idle agent could have answered did not leave for want of patience
LEAST_LOST = 5
RECONSTRUCTION_ERROR = 0.05  # of the mean patience; simulated shops with breaks and shifts: up to 0.055
NEVER_AGAIN = np.datetime64("2262-01-01", "ns")

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Instants = npt.NDArray[np.datetime64]


def patience(served_s: Floats, *, left_s: Floats, facing_s: Floats) -> Estimate | None:
    r"""Return the mean wait before a buyer gives up: 0 if (almost) nobody does, None if nobody was served.

    Parameters
    ----------
    served_s
        Waits of served sessions until work on the first reply began. [s]
    left_s
        When lost sessions ended, nan where the log does not tell. [s]
    facing_s
        The wait that the same lost sessions were facing, nan where that is not known either; of several
        columns each is as likely. [s]

    Notes
    -----
    Patience is exponential with mean θ. A session served after V had patience of at least V. Where nearly
    all lost sessions tell when they ended, θ is all time waited over their number. Else θ maximises
    -Σ V / θ over the served + Σ ln(mean of 1 - exp(-V / θ)) over the lost, with V the waits they may have
    been facing. The error is that of the observed information, and `RECONSTRUCTION_ERROR` for waits that
    nobody saw.
    """
    if len(served_s) == 0:
        return None
    told = ~np.isnan(left_s)
    facing = np.atleast_2d(facing_s.T).T  # one column for each agent who may have had the buyer
    facing = facing[
        np.nanmax(np.append(facing, np.zeros((len(facing), 1)), axis=1), axis=1) >= IGNORED_BELOW_S
    ]
    if max(told.sum(), len(facing)) < LEAST_LOST:
        return Estimate(value=0.0, se=0.0)
    waited = float(served_s.sum())
    if told.sum() > 0.9 * len(left_s):
        theta = (waited + float(left_s[told].sum())) / int(told.sum())
        return Estimate(value=theta, se=theta / int(told.sum()) ** 0.5)
    return _from_facing(waited, facing)


def _from_facing(waited: float, facing: Floats) -> Estimate:
    """Return the likeliest mean patience of buyers lost while facing one of these waits (a row each)."""

    def unlikely(log_rate: float) -> float:
        rate = math.exp(log_rate)
        chance = np.nanmean(-np.expm1(-rate * facing), axis=1)
        return rate * waited - float(np.log(chance).sum())

    low, high = math.log(1e-7), math.log(10.0)
    best = float(minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-7}).x)
    theta = math.exp(-best)
    if best > high - 1e-3:
        return Estimate(value=theta, se=theta)
    step = 1e-3
    information = (
        unlikely(best + step) - 2 * unlikely(best) + unlikely(best - step)
    ) / step**2  # of ln theta
    return Estimate(value=theta, se=math.hypot(theta / information**0.5, RECONSTRUCTION_ERROR * theta))


@dataclass(frozen=True, kw_only=True)
class FirstQuestions:
    """First questions of a stream's sessions in order of time: served ones with their agent.

    ``agent`` is empty where nobody ever replied, ``assigned`` unknown; ``day`` numbers local days.
    """

    asked: Instants
    assigned: Instants
    agent: npt.NDArray[np.object_]
    day: Codes

    @property
    def served(self) -> Flags:
        """Which sessions got a reply."""
        return ~pd.isna(self.agent)


def facing_s(
    questions: FirstQuestions, slots: pd.DataFrame, work: pd.DataFrame, caps: Mapping[str, int]
) -> Floats:
    """Return the wait until typing begins that each lost session was facing. [s]

    Parameters
    ----------
    questions
        The stream's first questions, by time.
    slots
        `slots.held_slots` of all agents who serve the stream.
    work
        `work.works` of the same agents.
    caps
        Reception caps by agent; who is not named has always room.

    Returns
    -------
    ndarray
        By lost session, a column for each agent who may have had it (nan for those who may not); all nan
        where no later session of its day was served: the shop closed on it.

    Notes
    -----
    Where nobody queues and an agent has room, a buyer gets a slot at once. Who queues gets the slot that the
    next served buyer behind him got; where that one came to an idle slot, it is the first freed after the
    last buyer ahead had been given his. Slots that nobody queues for are with the agent present who holds
    the fewest sessions; of several with as few any may have it. Where the log says when the lost session got
    its agent, that is when. At the desk, the reply being typed and all older questions come first.
    """
    served = questions.served
    lost = np.flatnonzero(~served)
    desks = _desks(slots, work, caps)
    if len(lost) == 0 or not desks:
        return np.full((len(lost), 1), np.nan)
    rows = np.arange(len(served))
    ahead = np.maximum.accumulate(np.where(served, rows, -1))[lost]
    behind = (len(rows) - 1 - np.maximum.accumulate(np.where(served[::-1], rows, -1))[::-1])[lost]
    known = behind < len(rows)
    behind = np.minimum(behind, len(rows) - 1)
    known &= questions.day[behind] == questions.day[lost]
    asked = questions.asked[lost]
    queued = (questions.assigned - questions.asked)[behind] > np.timedelta64(
        round(QUEUED_ABOVE_S * 1e9), "ns"
    )
    freed = np.append(np.sort(slots["end"].to_numpy()), NEVER_AGAIN)
    after = freed[np.searchsorted(freed[:-1], questions.assigned[ahead], side="right")]
    idle_from = np.where(ahead >= 0, np.minimum(after, questions.assigned[behind]), asked)
    nobody_queues = (ahead < 0) | (questions.assigned[ahead] <= asked)
    at_once = nobody_queues & np.any([desk.has_room(asked) for desk in desks.values()], axis=0)
    queued &= ~at_once
    slot = np.where(queued, questions.assigned[behind], np.where(at_once, asked, idle_from))
    agent = np.where(queued, questions.agent[behind], np.array(None, dtype=object))
    own = questions.assigned[lost]
    slot = np.where(np.isnat(own), slot, own)
    begins = _typing_begins(desks, asked, np.maximum(asked, slot), agent)
    waits = (begins - asked[:, None]) / np.timedelta64(1, "s")
    return np.where(known[:, None], waits, np.nan)


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """One agent's slots and replies.

    ``starts``, ``ends`` of slots, each in order; ``latest`` end so far by start. ``begun``, ``done`` of
    replies in order; ``questions`` in order, and ``replied``: when all up to each were answered.
    """

    starts: Instants
    ends: Instants
    latest: Instants
    begun: Instants
    done: Instants
    questions: Instants
    replied: Instants
    cap: int

    def has_room(self, moments: Instants) -> Flags:
        """Return whether the agent is present and may hold another session."""
        return self.is_present(moments) & (self.open(moments) < self.cap)

    def open(self, moments: Instants) -> Codes:
        """Return how many sessions the agent holds."""
        began = np.searchsorted(self.starts, moments, side="right")
        return began - np.searchsorted(self.ends, moments, side="right")

    def is_present(self, moments: Instants) -> Flags:
        """Return whether the agent held a session shortly before and after, or holds one."""
        before = np.searchsorted(self.starts, moments, side="right")
        has_before = (before > 0) & (self.latest[np.maximum(before - 1, 0)] >= moments - ABSENT_AFTER)
        upcoming = np.append(self.starts, NEVER_AGAIN)[before]
        return (self.open(moments) > 0) | (has_before & (upcoming <= moments + ABSENT_AFTER))

    def begins(self, asked: Instants, slot: Instants) -> Instants:
        """Return when typing begins for questions that get a slot then: after the reply being typed and
        after all older questions.
        """
        if len(self.done) == 0:
            return slot
        older = np.searchsorted(self.questions, asked, side="left")
        after_older = np.where(older > 0, self.replied[np.maximum(older - 1, 0)], slot)
        typing = np.searchsorted(self.begun, slot, side="left")
        after_typing = np.where(typing > 0, self.done[np.maximum(typing - 1, 0)], slot)
        return np.maximum(slot, np.maximum(after_older, after_typing))


def _desks(slots: pd.DataFrame, work: pd.DataFrame, caps: Mapping[str, int]) -> dict[str, _Desk]:
    """Return the agents' desks by name."""
    desks = {}
    works = dict(iter(work.groupby("agent")))
    for name, own in slots.sort_values("start").groupby("agent"):
        done = works.get(name, work.iloc[:0])
        by_question, by_start = done.sort_values("question"), done.sort_values("begun")
        desks[str(name)] = _Desk(
            starts=own["start"].to_numpy(),
            ends=np.sort(own["end"].to_numpy()),
            latest=own["end"].cummax().to_numpy(),
            begun=by_start["begun"].to_numpy(),
            done=by_start["reply"].to_numpy(),
            questions=by_question["question"].to_numpy(),
            replied=by_question["reply"].cummax().to_numpy(),
            cap=caps.get(str(name), sys.maxsize),
        )
    return desks


def _typing_begins(
    desks: dict[str, _Desk], asked: Instants, slot: Instants, agent: npt.NDArray[np.object_]
) -> Instants:
    """Return when typing begins for questions that get a slot then: of that agent, or each of the least busy.

    One column for each desk; ``NaT`` where it is not the desk's.
    """
    here = np.column_stack([desk.begins(asked, slot) for desk in desks.values()])
    away = np.iinfo(np.int64).max
    load = np.column_stack(
        [np.where(desk.is_present(slot), desk.open(slot), away) for desk in desks.values()]
    )
    named = np.column_stack([agent == name for name in desks])
    unnamed = pd.isna(agent)[:, None]
    least = load.min(axis=1, keepdims=True)
    chosen = np.where(unnamed, (load == least) & (load < away), named)
    nobody = ~chosen.any(axis=1)
    begins = np.where(chosen, here, np.datetime64("NaT", "ns"))
    begins[nobody, 0] = slot[nobody]
    return begins
