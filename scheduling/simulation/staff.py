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
    asked = {streams: _asked(streams, days) for streams in {duty.streams for duty in duties}}
    kinds = [_kind(duty, asked[duty.streams]) for duty in duties]
    order = sorted((i for i in range(len(duties)) if kinds[i][0]), key=lambda i: (kinds[i], i))
    groups = sorted({kinds[i] for i in order})
    spans = [duties[i].working_spans for i in order]
    last_calls = [asked[duties[i].streams].last_call_s for i in order]
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


class _Asked(NamedTuple):
    """What the streams of a duty ask of an agent: one bit each, the cap, how long before a span ends he is
    given nothing new. [s]"""

    bits: int
    cap: int
    last_call_s: float


def _asked(streams: tuple[str, ...], days: Mapping[str, ServiceDay]) -> _Asked:
    """Return what those of `days` ask that are named, or all where none is."""
    served = [position for position, name in enumerate(days) if not streams or name in streams]
    services = [day.service for position, day in enumerate(days.values()) if position in served]
    return _Asked(
        bits=sum(1 << position for position in served),
        cap=min((service.reception_cap for service in services), default=0),
        last_call_s=60.0 * max((service.no_new_last_min for service in services), default=0.0),
    )


def _kind(duty: DutySpan, asked: _Asked) -> tuple[int, int, float]:
    """Return streams, cap and routing weight: agents who are alike in them are one group."""
    cap = asked.cap if duty.reception_cap is None else duty.reception_cap
    return asked.bits, cap, duty.routing_weight


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
