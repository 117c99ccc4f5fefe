"""Duties and streams as the tables that compiled code reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from scheduling.day import DutySpan, ServiceDay
from scheduling.simulation.records import AGENT, CHANGE, GROUP, NOBODY, SPAN, STREAM, Records

# What happens on the clock, in the order in which it happens at one instant.
SPAN_ENDS, SPAN_STARTS, LAST_CALL, CLOSE = range(4)


class Staff(NamedTuple):
    """Who is on when, and who may be given what, at the beginning of a day.

    Agents with the same streams, cap and routing weight are one group: within it only the number of open
    sessions tells agents apart. An agent takes sessions in his spans, which lie between a duty's start, its
    breaks and its end. A change is an end, a start or the last call of agent `who`'s span, or stream `who`
    closing.
    """

    agents: Records
    spans: Records
    groups: Records
    changes: Records


def streams_of(days: Mapping[str, ServiceDay]) -> Records:
    """Return the streams and their planning grids, in the mapping's order."""
    streams = np.zeros(len(days), dtype=STREAM)
    for stream, day in zip(streams, days.values(), strict=True):
        stream["auto_close_s"] = day.service.auto_close_s
        stream["hands_over"] = day.service.leave == "handover"
        stream["open_s"], stream["close_s"] = 60.0 * day.first_min, 60.0 * day.last_min
        stream["interval_s"], stream["intervals"] = 60.0 * day.interval_min, len(day.sessions)
    return streams


def staff_of(duties: Sequence[DutySpan], days: Mapping[str, ServiceDay]) -> Staff:
    """Return the duties as tables.

    A duty that names no stream serves all; one that names none of `days` is left out. An agent on several
    streams without a cap of his own has the smallest of theirs, and keeps the longest of their last minutes
    without new sessions.

    Raises
    ------
    ValueError
        If there are more streams than bits in a word.
    """
    if len(days) > 62:
        raise ValueError(f"at most 62 streams can be simulated together, got {len(days)}")
    bit = {name: 1 << position for position, name in enumerate(days)}
    served = [_served(duty, days) for duty in duties]
    kinds = [
        (sum(bit[name] for name in names), _cap(duty, names, days), duty.routing_weight)
        for duty, names in zip(duties, served, strict=True)
    ]
    order = sorted((i for i in range(len(duties)) if served[i]), key=lambda i: (kinds[i], i))
    groups = sorted({kinds[i] for i in order})
    spans = [duties[i].working_spans for i in order]
    last_calls = [_last_call_s(served[i], days) for i in order]
    agents = _agents([duties[i] for i in order], spans)
    agents["duty"] = order
    agents["streams"] = [kinds[i][0] for i in order]
    agents["cap"] = agents["level"] = [kinds[i][1] for i in order]
    agents["group"] = [groups.index(kinds[i]) for i in order]
    return Staff(
        agents=agents,
        spans=np.array([(60.0 * a, 60.0 * b) for each in spans for a, b in each], dtype=SPAN),
        groups=_groups(groups, agents),
        changes=np.array(_clock(spans, last_calls, days), dtype=CHANGE),
    )


def _served(duty: DutySpan, days: Mapping[str, ServiceDay]) -> tuple[str, ...]:
    """Return the streams of `days` that a duty serves."""
    return tuple(name for name in days if not duty.streams or name in duty.streams)


def _cap(duty: DutySpan, names: Sequence[str], days: Mapping[str, ServiceDay]) -> int:
    """Return how many sessions the agent holds at once; 0 where he serves none of the streams."""
    if duty.reception_cap is not None:
        return duty.reception_cap
    return min((days[name].service.reception_cap for name in names), default=0)


def _last_call_s(names: Sequence[str], days: Mapping[str, ServiceDay]) -> float:
    """Return how long before the end of a span no new session is taken. [s]"""
    return 60.0 * max(days[name].service.no_new_last_min for name in names)


def _agents(duties: Sequence[DutySpan], spans: Sequence[Sequence[tuple[int, int]]]) -> Records:
    """Return agents who are off and have nothing to do."""
    agents = np.zeros(len(duties), dtype=AGENT)
    counts = [len(each) for each in spans]
    agents["speed"] = [duty.speed for duty in duties]
    agents["end_span"] = np.cumsum(counts)
    agents["first_span"] = agents["end_span"] - counts
    agents["typing"] = NOBODY
    agents["place"] = np.arange(len(duties))
    agents["present"] = True
    return agents


def _groups(kinds: Sequence[tuple[int, int, float]], agents: Records) -> Records:
    """Return the groups; agents stand in their order."""
    groups = np.zeros(len(kinds), dtype=GROUP)
    groups["streams"] = [streams for streams, _, _ in kinds]
    groups["cap"] = [cap for _, cap, _ in kinds]
    groups["weight"] = [weight for _, _, weight in kinds]
    groups["first_agent"] = np.searchsorted(agents["group"], np.arange(len(kinds)))
    rooms = groups["cap"] + 2
    groups["first_level"] = np.cumsum(rooms) - rooms
    return groups


def _clock(
    spans: Sequence[Sequence[tuple[int, int]]], last_call_s: Sequence[float], days: Mapping[str, ServiceDay]
) -> list[tuple[float, int, int]]:
    """Return everything that happens on the clock as (when, what, who), in order."""
    clock = [(60.0 * day.last_min, CLOSE, stream) for stream, day in enumerate(days.values())]
    for agent, each in enumerate(spans):
        for start_min, end_min in each:
            start, end = 60.0 * start_min, 60.0 * end_min
            clock += [(start, SPAN_STARTS, agent), (end, SPAN_ENDS, agent)]
            if last_call_s[agent] > 0:
                clock.append((max(start, end - last_call_s[agent]), LAST_CALL, agent))
    return sorted(clock)
