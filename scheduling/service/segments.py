"""A day's staffing as stretches with a fixed number of agents who take sessions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from forecast.replies.service_parameters import ServiceParameters
from scheduling.day import Ints


class Segment(NamedTuple):
    """A stretch of one interval with a fixed number of agents taking sessions.

    A tuple: every candidate of a value table compares a day of them.
    """

    interval: int
    seconds: float
    agents: int
    leavers: int  # agents who stop at the segment's start
    before: int  # agents just before they stop
    for_good: bool = False  # they hand over to nobody: no one comes any more


def default_leaving(on_duty: Ints) -> Ints:
    """Return agents who stop at each interval's start if nobody changes places: the drops of `on_duty`."""
    return np.maximum(0, -np.diff(on_duty, prepend=0))


def segments_of(
    duty: Ints,
    leave: Ints,
    service: ServiceParameters,
    interval_min: int,
    *,
    like: tuple[Segment, ...] = (),
    interval: int = 0,
) -> tuple[Segment, ...]:
    """Return the stretches of constant staffing; leavers stop taking sessions `no_new_last_min` early.

    Parameters
    ----------
    duty, leave
        Agents taking sessions and agents who stop at the start, one value an interval.
    service, interval_min
        How agents leave, and the length of an interval.
    like, interval
        Segments of a staffing that differs in that interval alone: those are gone on from.
    """
    if service.no_new_last_min:
        return _with_last_handover(_cut(duty, leave, service.no_new_last_min, interval_min), service)
    if service.leave == "handover":  # who hands over to nobody depends on the rest of the day
        like = ()
    first, last = (interval, interval + 2) if like else (0, len(duty))
    people, stops = duty[first:last].tolist(), leave[first:last].tolist()
    befores = [int(duty[first - 1]) if first else 0, *people[:-1]]
    seconds = 60.0 * interval_min
    made = [
        Segment(first + i, seconds, agents, min(stop, before), before)
        for i, (agents, stop, before) in enumerate(zip(people, stops, befores, strict=True))
    ]
    return _with_last_handover([*like[:first], *made, *like[last:]], service)


def _with_last_handover(segments: Iterable[Segment], service: ServiceParameters) -> tuple[Segment, ...]:
    """Mark where sessions are handed over to nobody, because no one comes until the close."""
    found = list(segments)
    if service.leave == "handover" and not found[-1].agents:
        at = len(found) - 1
        while at and not found[at].before:
            at -= 1
        found[at] = found[at]._replace(for_good=found[at].leavers > 0)
    return tuple(found)


def _cut(duty: Ints, leave: Ints, no_new_last_min: float, interval_min: int) -> Iterator[Segment]:
    """Yield the stretches where leavers stop early: intervals are cut in two."""
    whole, rest = divmod(no_new_last_min, interval_min)
    count = len(duty)
    # everybody stops at the close
    ends = np.concatenate([leave, duty[-1:], np.zeros(int(whole) + 1, dtype=np.int64)])
    before = 0
    for i in range(count):
        parts = (
            [(interval_min - rest, int(whole)), (rest, int(whole) + 1)]
            if rest
            else [(interval_min, int(whole))]
        )
        for part, (minutes, reach) in enumerate(parts):
            agents = max(0, int(duty[i] - ends[i + 1 : i + 1 + reach].sum()))
            stops = min(int(ends[i + reach]) if part or not rest else 0, before)
            yield Segment(i, 60.0 * minutes, agents, stops, before)
            before = agents
