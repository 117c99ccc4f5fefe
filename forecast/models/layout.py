"""What decides the columns of any hour, past or ahead."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from forecast.models.base import Known
from forecast.models.calendar_columns import Reach, WallClock, add_calendar, read_clock
from forecast.models.columns import ColumnBuilder, Design
from forecast.models.promotion_columns import add_promotions
from forecast.promotions import Event


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What decides the columns of any hour: the calendar, the stream's events, the reach of its history."""

    known: Known
    events: tuple[Event, ...]
    own_terms: dict[str, dict[str, float]]
    reach: Reach
    closed_days: frozenset[int]
    wave_part: float

    def clock(self, starts: pd.DatetimeIndex) -> WallClock:
        """Return the wall clock of the hours."""
        return read_clock(starts, self.known.special_days, self.known.timezone)

    def design(self, starts: pd.DatetimeIndex) -> Design:
        """Return the columns of the hours."""
        clock = self.clock(starts)
        builder = ColumnBuilder(len(starts))
        add_calendar(builder, clock, self.known.special_days, self.reach, self.closed_days)
        self._add_promotions(builder, starts, clock, self.events)
        return builder.design()

    def event_design(self, starts: pd.DatetimeIndex, event: Event) -> Design:
        """Return the columns of one event alone."""
        builder = ColumnBuilder(len(starts))
        self._add_promotions(builder, starts, self.clock(starts), (event,))
        return builder.design()

    def _add_promotions(
        self, builder: ColumnBuilder, starts: pd.DatetimeIndex, clock: WallClock, events: tuple[Event, ...]
    ) -> None:
        add_promotions(builder, starts, clock, events, own_terms=self.own_terms, wave_part=self.wave_part)
