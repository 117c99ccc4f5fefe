"""The calendar regression: calendar and promotions x a day level that moves x count noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from forecast.config import Stream
from forecast.models.base import Effect, FittedModel, Floats, Known
from forecast.models.buyers_holidays import find_buyers_holidays
from forecast.models.calendar_columns import Reach
from forecast.models.event_spread import find_spreads
from forecast.models.holidays_felt import find_day_gaps, holidays_are_felt
from forecast.models.hours_ahead import HoursAhead, Learnt, look_ahead
from forecast.models.layout import Layout
from forecast.models.naive import SeasonalNaive
from forecast.models.promotion_columns import LIVE, MOST_EVENT_TERMS, NOT_LEARNT
from forecast.models.regression_fit import fit_regression
from forecast.models.usable_hours import UsableHours, find_usable_hours
from forecast.open_hours import OpenHours
from forecast.promotions import Event
from forecast.special_days import SpecialDays

FEWEST_WEEKS = 2.0
ENOUGH_WEEKS = 8.0  # from here on the estimated spread needs no help
WAVE_PARTS = {"presale": 0.0, "aftersale": 1.0}  # by skill: who feels an event's size in the days after it
MIXED_WAVE_PART = 0.3
NOT_FELT = (
    "past holidays were no different from other days here, so that holidays ahead are forecast as ordinary "
    "days; if these are not the buyers' holidays, set holidays under [shop]"
)
OTHERS_FELT = (
    "past days follow the holidays of {}, which no setting names: they are forecast; set holidays under "
    "[shop] to say otherwise"
)


@dataclass(frozen=True, kw_only=True)
class CalendarRegression:
    """The default model; see ``forecast/models/README.md``."""

    name: str = "regression"

    def fit(self, series: pd.Series, known: Known, *, stream: Stream) -> FittedModel:
        """Fit to hourly counts (see `forecast.models.base.ForecastModel.fit`).

        With less than two weeks of history, or without a single consultation, the yardstick answers.
        """
        usable = find_usable_hours(series, known, stream)
        if usable.weeks < FEWEST_WEEKS or not usable.hours.any():
            reason = (
                f"{usable.weeks * 7:.0f} days of history are too few for the calendar regression (it needs "
                f"{7 * FEWEST_WEEKS:.0f}): last week's hours stand in"
                if usable.hours.any()
                else "the history holds no consultation at all: the forecast is zero"
            )
            return SeasonalNaive(reason=reason).fit(series, known, stream=stream)
        events = tuple(e for e in known.promotions.of(stream.platform) if e.kind not in NOT_LEARNT)
        past = _past_events(events, usable)
        layout = Layout(
            known=known,
            events=events,
            own_terms=_own_terms(events, past),
            reach=Reach(end=usable.end, weeks=usable.weeks),
            closed_days=usable.closed_days,
            wave_part=WAVE_PARTS.get(stream.skill, MIXED_WAVE_PART),
        )
        layout, said = _with_felt_holidays(layout, usable)
        usable = replace(usable, notes=(*usable.notes, *said))
        fit = fit_regression(usable, layout)
        learnt = Learnt(
            usable=usable,
            layout=layout,
            fit=fit,
            spreads=find_spreads(fit, usable, past),
            past=tuple(event.id for event in past),
            skill=stream.skill,
        )
        return FittedRegression(name=self.name, learnt=learnt, short=_short(usable.weeks))


def _with_felt_holidays(layout: Layout, usable: UsableHours) -> tuple[Layout, tuple[str, ...]]:
    """Return the layout with the holidays that the history felt, and what there is to say about it."""
    known = layout.known
    if not known.special_days.holidays:
        return layout, ()
    plain = replace(layout, known=replace(known, special_days=SpecialDays()))
    gaps = find_day_gaps(usable, plain)
    if known.holidays_assumed:
        first, last = usable.starts[0].date(), usable.end
        other = find_buyers_holidays(gaps, known.special_days, first=first, last=last)
        if other is not None:
            country, days = other
            return replace(layout, known=replace(known, special_days=days)), (OTHERS_FELT.format(country),)
    return (layout, ()) if holidays_are_felt(gaps, known.special_days) else (plain, (NOT_FELT,))


def _short(weeks: float) -> float:
    """Return how much wider a short history makes the bands: 1.4 at two weeks, 1 from eight on."""
    return 1 + 0.4 * max(0.0, ENOUGH_WEEKS - weeks) / (ENOUGH_WEEKS - FEWEST_WEEKS)


def _past_events(events: tuple[Event, ...], usable: UsableHours) -> list[Event]:
    """Return events whose sale has begun and left rows in the history."""
    starts = usable.starts
    return [
        event
        for event in events
        if starts.searchsorted(pd.Timestamp(event.kick_off))
        < starts.searchsorted(pd.Timestamp(event.selling_end))
    ]


def _own_terms(events: tuple[Event, ...], past: list[Event]) -> dict[str, dict[str, float]]:
    """Return the plateau terms of each event: its own, or those of the past events that it is like."""
    terms: dict[str, dict[str, float]] = {}
    for kind in sorted({event.kind for event in past} - {LIVE}):
        latest = [event.id for event in past if event.kind == kind][-MOST_EVENT_TERMS:]
        terms |= {name: {name: 1.0} for name in latest}
    for event in events:
        alike = [name for name in event.like if name in terms]
        if event.id not in terms and alike:
            terms[event.id] = dict.fromkeys(alike, 1 / len(alike))
    return terms


@dataclass(frozen=True, kw_only=True)
class FittedRegression:
    """A calendar regression fitted to one stream."""

    name: str
    learnt: Learnt
    short: float

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the history, and what to be wary of."""
        return (*self.learnt.usable.notes, *self.learnt.fit.notes)

    @property
    def open_hours(self) -> OpenHours:
        """When the stream is open."""
        return self.learnt.usable.open_hours

    def ahead(self, starts: pd.DatetimeIndex) -> HoursAhead:
        """Return the parts of the log mean of the hours, kept for the next question about the same ones."""
        if not self._asked or self._asked[0].starts is not starts:
            self._asked[:] = [look_ahead(starts, self.learnt)]
        return self._asked[0]

    @cached_property
    def _asked(self) -> list[HoursAhead]:
        """The hours asked for last."""
        return []

    def mean(self, starts: pd.DatetimeIndex) -> Floats:
        """Return the expected consultations of each hour."""
        return self.ahead(starts).mean()

    def draw(self, starts: pd.DatetimeIndex, draws: int, rng: np.random.Generator) -> Floats:
        """Return joint sample paths, draws x hours."""
        return self.ahead(starts).draw(draws, rng, widening=self.short)

    def parts(self, starts: pd.DatetimeIndex) -> pd.DataFrame:
        """Return the factors whose product is the mean."""
        return self.ahead(starts).parts()

    def effects(self, starts: pd.DatetimeIndex) -> tuple[Effect, ...]:
        """Return every holiday and promotion that acts on the hours."""
        return self.ahead(starts).effects()
