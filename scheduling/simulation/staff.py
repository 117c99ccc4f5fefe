"""Duties and streams as the flat arrays that compiled code reads. Times are seconds since midnight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from scheduling.day import DutySpan, Floats, Ints, ServiceDay
from scheduling.simulation.arrivals import Flags

# What happens on the clock, in the order in which it happens at one instant.
SPAN_ENDS, SPAN_STARTS, LAST_CALL, CLOSE = range(4)


class Staff(NamedTuple):
    """Who is on when, and who may be given what.

    Agents with the same streams, cap and routing weight are one group: within it only the number of open
    sessions tells agents apart.

    Attributes
    ----------
    duty
        Position of each agent's duty in the list the plan came as.
    streams
        Bit s set: the agent serves stream s.
    cap, speed, group
        Sessions open at once, factor on the speed of work, group.
    first_span, span_start_s, span_end_s
        Agent a takes sessions in spans ``first_span[a]`` to ``first_span[a + 1]``: between a duty's start,
        its breaks and its end.
    change_s, change, who
        What happens on the clock, in order: a span of agent `who` ends, starts or takes its last session, or
        stream `who` closes.
    first_agent, group_streams, group_cap, group_weight
        Agents of group g are ``first_agent[g]`` to ``first_agent[g + 1]``.
    """

    duty: Ints
    streams: Ints
    cap: Ints
    speed: Floats
    group: Ints
    first_span: Ints
    span_start_s: Floats
    span_end_s: Floats
    change_s: Floats
    change: Ints
    who: Ints
    first_agent: Ints
    group_streams: Ints
    group_cap: Ints
    group_weight: Floats


class Streams(NamedTuple):
    """What the simulator needs to know of each stream, and its planning grid."""

    auto_close_s: Floats
    hands_over: Flags
    close_s: Floats
    open_s: Floats
    interval_s: Floats
    intervals: Ints


def streams_of(days: Mapping[str, ServiceDay]) -> Streams:
    """Return the streams as arrays, in the mapping's order."""
    each = list(days.values())
    return Streams(
        auto_close_s=np.array([day.service.auto_close_s for day in each], dtype=float),
        hands_over=np.array([day.service.leave == "handover" for day in each]),
        close_s=np.array([60.0 * day.last_min for day in each]),
        open_s=np.array([60.0 * day.first_min for day in each]),
        interval_s=np.array([60.0 * day.interval_min for day in each]),
        intervals=np.array([len(day.sessions) for day in each]),
    )


def staff_of(duties: Sequence[DutySpan], days: Mapping[str, ServiceDay]) -> Staff:
    """Return the duties as arrays.

    A duty that names no stream serves all. An agent on several streams without a cap of his own has the
    smallest of theirs and keeps the longest of their last minutes without new sessions.

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
    group = np.array([groups.index(kinds[i]) for i in order], dtype=np.int64)
    spans = [duties[i].working_spans for i in order]
    clock = _clock(spans, [_last_call_s(served[i], days) for i in order], days)
    return Staff(
        duty=np.array(order, dtype=np.int64),
        streams=np.array([kinds[i][0] for i in order], dtype=np.int64),
        cap=np.array([kinds[i][1] for i in order], dtype=np.int64),
        speed=np.array([duties[i].speed for i in order], dtype=float),
        group=group,
        first_span=np.cumsum([0, *(len(each) for each in spans)], dtype=np.int64),
        span_start_s=np.array([60.0 * start for each in spans for start, _ in each]),
        span_end_s=np.array([60.0 * end for each in spans for _, end in each]),
        change_s=np.array([when for when, _, _ in clock]),
        change=np.array([what for _, what, _ in clock], dtype=np.int64),
        who=np.array([who for _, _, who in clock], dtype=np.int64),
        first_agent=np.searchsorted(group, np.arange(len(groups) + 1)).astype(np.int64),
        group_streams=np.array([kind[0] for kind in groups], dtype=np.int64),
        group_cap=np.array([kind[1] for kind in groups], dtype=np.int64),
        group_weight=np.array([kind[2] for kind in groups], dtype=float),
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
