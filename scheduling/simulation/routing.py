"""Who is given the next session: compiled search for the agent with the fewest open ones.

The agents of a group stand in one row, sorted by open sessions; `level_start` says where each level begins.
An agent who gains or loses a session changes places with one colleague at the level's edge, so that a shop
of hundreds costs no more than a shop of three. Who may not be given anything (full, or off) stands at the
end, on the level of his cap.
"""

from __future__ import annotations

import numpy as np

from scheduling.compiled import compiled
from scheduling.day import Ints
from scheduling.simulation.records import NOBODY, Records, row


def level_starts(groups: Records, agents: int) -> Ints:
    """Return where levels start in each group's row while nobody may be given anything yet."""
    starts: list[int] = []
    ends = [*groups["first_agent"][1:], agents]
    for group, end in zip(groups, ends, strict=False):
        starts += [int(group["first_agent"])] * (int(group["cap"]) + 1) + [int(end)]
    return np.array(starts, dtype=np.int64)


@compiled
def move_to_level(agents, groups, agent_at, level_start, agent, wanted):  # type: ignore[no-untyped-def]
    """Move an agent to a level of his row, one level at a time."""
    base = row(groups, row(agents, agent).group).first_level
    level = row(agents, agent).level
    while level != wanted:
        if level < wanted:  # behind the last of this level, where the next one begins
            level += 1
            level_start[np.uintp(base + level)] -= 1
            edge = level_start[np.uintp(base + level)]
        else:  # before the first of this level
            edge = level_start[np.uintp(base + level)]
            level_start[np.uintp(base + level)] += 1
            level -= 1
        other, here = agent_at[np.uintp(edge)], row(agents, agent).place
        agent_at[np.uintp(here)] = other
        row(agents, other).place = here
        agent_at[np.uintp(edge)] = agent
        row(agents, agent).place = edge
    row(agents, agent).level = level


@compiled
def find_agent(  # type: ignore[no-untyped-def]
    agents, groups, agent_at, level_start, stream, luck, ordinal, turn
):
    """Return the agent to be given a session of that stream, or `NOBODY` where no slot is free.

    Fewest open sessions first, the one to come included, relative to the routing weight; ties at random.
    """
    best, tied, first_group, first_count = np.inf, 0, 0, 0
    for group in range(len(groups)):
        if (row(groups, group).streams >> stream) & 1:
            load, count = _least_loaded(agents, groups, agent_at, level_start, group)
            if load < best:
                best, tied, first_group, first_count = load, count, group, count
            elif load == best:
                tied += count
    if tied == 0:
        return NOBODY
    pick = int(_uniform(luck, stream, ordinal, turn) * tied) if tied > 1 else 0
    if pick < first_count:
        return agent_at[np.uintp(row(groups, first_group).first_agent + pick)]
    pick -= first_count
    for group in range(first_group + 1, len(groups)):
        if (row(groups, group).streams >> stream) & 1:
            load, count = _least_loaded(agents, groups, agent_at, level_start, group)
            if load == best:
                if pick < count:
                    return agent_at[np.uintp(row(groups, group).first_agent + pick)]
                pick -= count
    return NOBODY


@compiled
def _least_loaded(agents, groups, agent_at, level_start, group):  # type: ignore[no-untyped-def]
    """Return the least load in a group after one more session, and how many have it; none if all are full."""
    first, base = row(groups, group).first_agent, row(groups, group).first_level
    level = row(agents, agent_at[np.uintp(first)]).level
    if level >= row(groups, group).cap:
        return np.inf, 0
    return (level + 1) / row(groups, group).weight, level_start[np.uintp(base + level + 1)] - first


@compiled
def _uniform(luck, stream, ordinal, turn):  # type: ignore[no-untyped-def]
    """Return a number in [0, 1) that depends on the day, the session and its turn only (splitmix64)."""
    z = luck + np.uint64(ordinal) * np.uint64(0x9E3779B97F4A7C15)
    z += np.uint64(stream) * np.uint64(0xD1B54A32D192ED03) + np.uint64(turn)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)) * (1.0 / 9007199254740992.0)
