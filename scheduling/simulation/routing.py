"""Who is given the next session: compiled search for the agent with the fewest open ones.

The agents of a group stand in one row, sorted by open sessions; `start` says where each level begins. An
agent who gains or loses a session changes places with one colleague at the level's edge, so that a shop of
hundreds costs no more than a shop of three. Who may not be given anything (full, or off) stands at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from scheduling.day import Ints
from scheduling.simulation.staff import Staff
from scheduling.simulation.waiting import NOBODY


class Rows(NamedTuple):
    """Agents in their rows: who stands where, on which level, and where levels start in each group's row."""

    agent_at: Ints
    place: Ints
    level: Ints
    start: Ints
    first_level: Ints


def rows_of(staff: Staff) -> Rows:
    """Return the rows of a day's beginning: nobody may be given anything yet."""
    agents = len(staff.duty)
    first_level = np.cumsum([0, *(staff.group_cap + 2)], dtype=np.int64)
    start = np.empty(first_level[-1], dtype=np.int64)
    for group, cap in enumerate(staff.group_cap):
        levels = start[first_level[group] : first_level[group + 1]]
        levels[: cap + 1] = staff.first_agent[group]
        levels[cap + 1] = staff.first_agent[group + 1]
    return Rows(
        agent_at=np.arange(agents),
        place=np.arange(agents),
        level=staff.cap.copy(),
        start=start,
        first_level=first_level,
    )


@numba.njit(cache=True, nogil=True)
def move_to_level(rows, group, agent, wanted):  # type: ignore[no-untyped-def]
    """Move an agent to a level of the row, one level at a time."""
    agent_at, place, start = rows.agent_at, rows.place, rows.start
    base = rows.first_level[group]
    level = rows.level[agent]
    while level != wanted:
        if level < wanted:  # behind the last of this level, which the next one begins with
            level += 1
            start[base + level] -= 1
            edge = start[base + level]
        else:  # before the first of this level
            edge = start[base + level]
            start[base + level] += 1
            level -= 1
        other = agent_at[edge]
        here = place[agent]
        agent_at[here] = other
        place[other] = here
        agent_at[edge] = agent
        place[agent] = edge
    rows.level[agent] = level


@numba.njit(cache=True, nogil=True)
def find_agent(rows, staff, stream, luck, session, turn):  # type: ignore[no-untyped-def]
    """Return the agent to be given a session of that stream, or `NOBODY` where no slot is free.

    Fewest open sessions first, the one to come included, relative to the routing weight; ties at random.
    """
    groups = len(staff.group_cap)
    best = np.inf
    tied = 0
    for group in range(groups):
        if (staff.group_streams[group] >> stream) & 1:
            level, count = _least_loaded(rows, staff, group)
            if count > 0:
                load = (level + 1) / staff.group_weight[group]
                if load < best:
                    best = load
                    tied = count
                elif load == best:
                    tied += count
    if tied == 0:
        return NOBODY
    pick = 0
    if tied > 1:
        pick = int(_uniform(luck, session, turn) * tied)
    for group in range(groups):
        if (staff.group_streams[group] >> stream) & 1:
            level, count = _least_loaded(rows, staff, group)
            if count > 0 and (level + 1) / staff.group_weight[group] == best:
                if pick < count:
                    return rows.agent_at[staff.first_agent[group] + pick]
                pick -= count
    return NOBODY


@numba.njit(cache=True, nogil=True)
def _least_loaded(rows, staff, group):  # type: ignore[no-untyped-def]
    """Return the lowest level of a group's row on which agents stand, and how many; 0 if all are full."""
    first = staff.first_agent[group]
    level = rows.level[rows.agent_at[first]]
    if level >= staff.group_cap[group]:
        return level, 0
    return level, rows.start[rows.first_level[group] + level + 1] - first


@numba.njit(cache=True, nogil=True)
def _uniform(luck, session, turn):  # type: ignore[no-untyped-def]
    """Return a number in [0, 1) that depends on the day, the session and its turn only (splitmix64)."""
    z = luck + np.uint64(session) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(turn)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)) * (1.0 / 9007199254740992.0)
