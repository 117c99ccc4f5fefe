"""Columns of promotions on phase clocks: hours since a kick-off, to the end, into the warm-up, after the end.

Never dates: a promotion that moves by a week keeps its shape. Every column stands three times: shared by all
kinds, as a kind's deviation, and as one plateau a past event; the ridges decide who borrows from whom.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.models.calendar_columns import WallClock
from forecast.models.columns import ColumnBuilder, Design, Floats, Ints
from forecast.promotions import SELLING, Event

RIDGE_SHARED = 10.0
RIDGE_KIND = 25.0
RIDGE_EVENT = 80.0
RIDGE_ON_HOLIDAY = 30.0

KICK_OFF_BINS = (0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 24.0)  # hours since a sale's start
DEPOSIT_BINS = (0.0, 2.0, 5.0, 10.0, 16.0)  # hours since deposits can be paid
LAST_HOURS_BINS = (0.0, 3.0, 8.0, 24.0)  # hours to the end of the sale
DIP_BINS = (0.0, 24.0, 48.0)  # hours since the end of the sale
WAVE_BINS = (48.0, 96.0, 144.0, 216.0)  # the after-sales wave, by lag
NIGHT = (20, 8)  # wall hours between which it is night

LIVE = "live"
NOT_LEARNT = ("closed", "shock")  # hours of these tell nothing about demand
MOST_EVENT_TERMS = 12  # a kind with many past events knows its spread from the latest of them
HALF_PART = 0.5  # of an event's own size felt in its deposit and warm-up phases


def add_promotions(
    builder: ColumnBuilder,
    starts: pd.DatetimeIndex,
    clock: WallClock,
    events: Sequence[Event],
    *,
    own_terms: dict[str, dict[str, float]],
    wave_part: float,
) -> None:
    """Add the columns of every event that touches the hours.

    Parameters
    ----------
    builder
        Takes the columns.
    starts, clock
        The builder's hours.
    events
        Those that act on the stream.
    own_terms
        By event id: which past events' plateau terms it has, and how much of each. A past event has its own;
        one ahead has those of the events that it is like.
    wave_part
        Part of an event's own size that the stream feels in the days after it, in [0, 1].
    """
    moments = starts.as_unit("s").asi8
    on_holiday = np.zeros(len(starts))
    for event in events:
        if event.kind in NOT_LEARNT:
            continue
        rows = rows_touched(event, moments)
        if not len(rows):
            continue
        family = LIVE if event.kind == LIVE else "promotion"
        for name, values in _clock_columns(event, moments[rows], clock.hour[rows]):
            builder.add(f"{family}:{name}", RIDGE_SHARED, values, rows)
            if event.kind != LIVE:
                builder.add(f"kind:{event.kind}:{name}", RIDGE_KIND, values, rows)
        own = felt_size(event, moments[rows], wave_part)
        if event.kind != LIVE:
            on_holiday[rows] = np.maximum(on_holiday[rows], (own == 1) & clock.holiday[rows])
        for term, part in own_terms.get(event.id, {}).items():
            builder.add(f"event:{term}", RIDGE_EVENT, own * part, rows)
    builder.add("promotion_on_holiday:any", RIDGE_ON_HOLIDAY, on_holiday)


def seconds(moment: dt.datetime) -> int:
    """Return an aware instant in seconds since 1970."""
    return int(moment.timestamp())


def rows_touched(event: Event, moments: Ints) -> Ints:
    """Return the positions of the hours an event touches: from its first phase to the end of its wake."""
    last = seconds(event.end)
    if event.kind != LIVE:
        last = max(last, seconds(event.selling_end) + int(WAVE_BINS[-1] * 3600))
    first_row, last_row = np.searchsorted(moments, [seconds(event.start) - 3599, last])
    return np.arange(first_row, last_row)


def felt_size(event: Event, moments: Ints, wave_part: float) -> Floats:
    """Return how much of the event's own size each hour feels: sales wholly, what leads to them by half."""
    felt = np.zeros(len(moments))
    for phase in event.phase:
        first, last = seconds(phase.start), seconds(phase.end)
        covered = ((np.minimum(moments + 3600, last) - np.maximum(moments, first)) / 3600).clip(0, 1)
        part = 1.0 if phase.kind in SELLING else wave_part if phase.kind == "aftersale" else HALF_PART
        felt = np.maximum(felt, part * covered)
    if event.kind != LIVE and wave_part > 0:
        since_end = (moments - seconds(event.selling_end)) / 3600
        felt = np.maximum(felt, wave_part * ((since_end >= 0) & (since_end < WAVE_BINS[-1])))
    return felt


def _clock_columns(event: Event, moments: Ints, hour: Ints) -> Iterator[tuple[str, Floats]]:
    """Yield name and values of each column of an event, on the hours that begin at `moments` [s]."""
    for phase in event.phase:
        first, last = seconds(phase.start), seconds(phase.end)
        since, length = (moments - first) / 3600, (last - first) / 3600
        covered = np.minimum(np.minimum(since + 1, 1.0), length - since).clip(0, 1)
        if phase.kind in ("spot", "tail", "return"):
            yield phase.kind, covered
            yield from _kick_off(since, covered)
        elif phase.kind == "presale_deposit":
            yield "deposit", covered
            yield from _bins("deposit", since, DEPOSIT_BINS, covered > 0)
        elif phase.kind == "warmup":
            position = ((since + 0.5) / length).clip(0, 1)
            yield "warm-up", covered
            yield "warm-up p", covered * position
            yield "warm-up p3", covered * position**3
        elif phase.kind == "last_day":
            yield "spot", covered
            yield "last day", covered
        else:
            yield "after-sales", covered
    if event.kind == LIVE or not any(phase.kind in SELLING for phase in event.phase):
        return
    left = (seconds(event.selling_end) - moments) / 3600
    running = (moments >= seconds(event.kick_off)) & (left > 0)
    yield from _bins("last hours", left - 1e-9, LAST_HOURS_BINS, running)
    yield from _bins("dip", -left, DIP_BINS, left <= 0)
    night = (hour >= NIGHT[0]) | (hour < NIGHT[1])
    for name, values in _bins("wave", -left, WAVE_BINS, left <= 0):
        yield name, values
        yield f"{name} at night", values * night


def _kick_off(since: Floats, covered: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield the bins after a kick-off, and the hour that it lies inside."""
    yield "kick-off inside the hour", ((since > -1) & (since < 0) & (covered > 0)).astype(float)
    yield from _bins("kick-off", since, KICK_OFF_BINS, covered > 0)


def _bins(
    name: str, clock: Floats, edges: Sequence[float], where: npt.NDArray[np.bool_]
) -> Iterator[tuple[str, Floats]]:
    for first, last in pairwise(edges):
        yield f"{name} {first:g}-{last:g} h", ((clock >= first) & (clock < last) & where).astype(float)


def in_promotion_hours(design: Design) -> npt.NDArray[np.bool_]:
    """Return hours inside a phase of any event or its first day after."""
    column = np.array(
        [name.split(":", 1)[0] in ("promotion", "live") and ":wave" not in name for name in design.names]
    )
    return np.asarray(design.matrix @ column.astype(float) > 0)


def peak_hours(design: Design) -> npt.NDArray[np.bool_]:
    """Return hours whose rush may be new: deposits, the day after a kick-off, the last day of a sale."""
    peaks = ("kick-off", "deposit", "last hours", "last day")
    column = np.array(
        [
            name.split(":", 1)[0] in ("promotion", "live") and name.split(":", 1)[1].startswith(peaks)
            for name in design.names
        ]
    )
    return np.asarray(design.matrix @ column.astype(float) > 0)
