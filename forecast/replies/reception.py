"""How many sessions an agent may hold at once, read from the queue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.replies.conversations import codes_of

QUEUED_ABOVE_S = 1.0  # who gets an agent sooner did not queue
SLOT_FREED_WITHIN = np.timedelta64(2, "s")
LEAST_SEEN = 5


@dataclass(frozen=True, kw_only=True)
class CapInUse:
    """How many sessions an agent held at once.

    ``binding`` says whether buyers queued until a slot of his was free: then `cap` is his reception cap,
    else only the most he was seen with.
    """

    cap: int
    binding: bool


def caps_in_use(slots: pd.DataFrame, asked: npt.NDArray[np.datetime64]) -> dict[str, CapInUse]:
    """Return each agent's reception cap in use.

    Parameters
    ----------
    slots
        As `slots.held_slots` returns them.
    asked
        By row of `slots`, the first question of its session (UTC).

    Notes
    -----
    A buyer who queued takes the slot that has just been freed: right after, the agent holds as many sessions
    as he may. The cap is the number most often seen at such moments.
    """
    agents = slots["agent"].to_numpy(object)
    agent = codes_of(agents)
    start, end = slots["start"].to_numpy(), slots["end"].to_numpy()
    moment = np.concatenate([start, end])
    change = np.concatenate([np.ones(len(slots)), -np.ones(len(slots))])
    whose = np.concatenate([agent, agent])
    order = np.lexsort((change, moment, whose))  # who leaves at an instant leaves first
    level = np.cumsum(change[order]).astype(np.int64)
    closings = np.where(change[order] < 0, moment[order].astype(np.int64), np.iinfo(np.int64).min)
    latest = pd.Series(closings).groupby(whose[order]).cummax().to_numpy()
    fresh = moment[order].astype(np.int64) - latest <= SLOT_FREED_WITHIN.astype("timedelta64[ns]").astype(int)
    fresh &= latest > np.iinfo(np.int64).min
    queued = ((start - asked) / np.timedelta64(1, "s") > QUEUED_ABOVE_S) & slots["knows_start"].to_numpy()
    queued = np.concatenate([queued, np.zeros(len(slots), dtype=bool)])[order]
    told = fresh & queued
    table = pd.DataFrame(
        {"agent": agents[np.concatenate([np.arange(len(slots))] * 2)[order]], "level": level}
    )
    most = table.groupby("agent")["level"].max()
    seen = table[told].groupby("agent")["level"].agg(lambda levels: levels.mode().max())
    times = table[told].groupby("agent").size()
    return {
        str(name): CapInUse(cap=int(seen[name]), binding=True)
        if times.get(name, 0) >= LEAST_SEEN
        else CapInUse(cap=int(peak), binding=False)
        for name, peak in most.items()
    }
