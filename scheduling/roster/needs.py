"""What plan and requirement ask for, in quarters of agents in each cover row; the hours of the peak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduling.breaks import read_pauses
from scheduling.config import Settings
from scheduling.roster.duties import QUARTERS, Clock, Ints, wall_minutes
from scheduling.roster.people import Employee, team_pace

PEAK_SHARE = 0.8  # clock times whose mean need reaches this share of the busiest one are the peak


def planned(plan: pd.DataFrame, streams: Sequence[str], clock: Clock) -> Ints:
    """Return the quarters of agents that the shift plan has on duty in each cover row."""
    count = np.zeros((len(streams), len(clock.starts)), dtype=np.int64)
    for row in plan.to_dict("records"):
        day = (row["date"] - clock.start).days
        start_min = wall_minutes(row["start"], row["date"], clock.timezone)
        present = clock.whole_intervals(clock.since(row["start"]), clock.since(row["end"]))
        for a, b in read_pauses(row["breaks"], start_min):
            away = clock.touched_intervals(clock.minutes(day, a), clock.minutes(day, b))
            present = np.setdiff1d(present, away)
        count[streams.index(str(row["stream"])), present] += round(QUARTERS * float(row["agents"]))
    return count.ravel()


def required_agents(
    wanted: pd.DataFrame, streams: Sequence[str], clock: Clock
) -> tuple[npt.NDArray[np.float64], Ints]:
    """Return agents required in each cover row (gross where told), and the same in whole quarters."""
    asked = "agents_gross" if "agents_gross" in wanted else "agents_net"
    required = np.zeros((len(streams), len(clock.starts)))
    for stream, at, agents in zip(
        wanted.get("stream", ()), wanted.get("start", ()), wanted.get(asked, ()), strict=True
    ):
        place = clock.since(at) // clock.interval_min
        if 0 <= place < len(clock.starts):
            required[streams.index(str(stream)), place] = agents
    return required.ravel(), np.ceil(QUARTERS * required.ravel() - 1e-6).astype(np.int64)


def peak_clock(
    plan: pd.DataFrame, wanted: pd.DataFrame, streams: Sequence[str], clock: Clock
) -> dict[str, frozenset[int]]:
    """Return the wall times [min since midnight] of each stream's peak."""
    _, wants = required_agents(wanted, streams, clock)
    curve = (wants if not wanted.empty else planned(plan, streams, clock)).reshape(len(streams), -1)
    local = clock.starts.tz_convert(clock.timezone)
    walls = (local.hour * 60 + local.minute).to_numpy()
    found = {}
    for stream, values in zip(streams, curve, strict=True):
        means = {int(wall): float(values[walls == wall].mean()) for wall in np.unique(walls)}
        most = max(means.values())
        found[stream] = frozenset(w for w, mean in means.items() if most > 0 and mean >= PEAK_SHARE * most)
    return found


def in_average_agents(
    requirement: pd.DataFrame, employees: Sequence[Employee], settings: Settings
) -> pd.DataFrame:
    """Return a requirement whose gross agents are of average speed, as a roster counts its people."""
    paces = {
        name: team_pace(employees, settings.demand.stream(name)) for name in requirement["stream"].unique()
    }
    gross = requirement["agents_gross"] * requirement["stream"].map(paces)
    return requirement.assign(agents_gross=gross.round(4))
