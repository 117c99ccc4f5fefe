"""The calendar regression: calendar and promotions x a day level that moves x count noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import linalg

from forecast.config import Stream
from forecast.models.base import Effect, Floats, Known
from forecast.models.calendar_columns import Reach
from forecast.models.columns import Design
from forecast.models.promotion_columns import LIVE, MOST_EVENT_TERMS, NOT_LEARNT
from forecast.models.regression_fit import (
    LEVEL_GROUPS,
    PROMOTION_GROUPS,
    Layout,
    RegressionFit,
    fit_regression,
)
from forecast.models.usable_hours import UsableHours, find_usable_hours
from forecast.open_hours import OpenHours
from forecast.promotions import Event

SHAPE_GROUPS = ("hour", "weekday", "week")
SEASON_GROUPS = ("month_day", "season", "reopening")
HOLIDAY_GROUPS = ("holiday", "holiday_block", "holiday_shadow")


@dataclass(frozen=True, kw_only=True)
class CalendarRegression:
    """The default model; see ``forecast/models/README.md``."""

    name: str = "regression"

    def fit(self, series: pd.Series, known: Known, *, stream: Stream) -> FittedRegression:
        """Fit to hourly counts (see `forecast.models.base.ForecastModel.fit`)."""
        usable = find_usable_hours(series, known, stream)
        events = tuple(e for e in known.promotions.of(stream.platform) if e.kind not in NOT_LEARNT)
        past = _past_events(events, usable)
        layout = Layout(
            known=known,
            events=events,
            own_terms=_own_terms(events, past),
            reach=Reach(end=usable.end, weeks=usable.weeks),
            closed_days=usable.closed_days,
        )
        return FittedRegression(
            name=self.name, usable=usable, layout=layout, fit=fit_regression(usable, layout)
        )


def _past_events(events: tuple[Event, ...], usable: UsableHours) -> list[Event]:
    """Return events whose sale has begun and left rows in the history."""
    starts = usable.starts
    return [e for e in events if ((starts >= e.kick_off) & (starts < e.selling_end)).any()]


def _own_terms(events: tuple[Event, ...], past: list[Event]) -> dict[str, dict[str, float]]:
    """Return the plateau terms of each event: its own, or those of the past events that it is like."""
    terms: dict[str, dict[str, float]] = {}
    for kind in {event.kind for event in past} - {LIVE}:
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
    usable: UsableHours
    layout: Layout
    fit: RegressionFit

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the history, and what to be wary of."""
        return (*self.usable.notes, *self.fit.notes)

    @property
    def open_hours(self) -> OpenHours:
        """When the stream is open."""
        return self.usable.open_hours

    def mean(self, starts: pd.DatetimeIndex) -> Floats:
        """Return the expected consultations of each hour."""
        design = self.layout.design(starts)
        log_mean, variance = self.fit.day_level.moments(self.layout.clock(starts).day)
        return np.where(
            self.open_hours.is_open(starts), self._base(design) * np.exp(log_mean + variance / 2), 0.0
        )

    def _base(self, design: Design) -> Floats:
        coefficients = self.fit.coefficients
        beta = np.where(coefficients.among(LEVEL_GROUPS), 0.0, coefficients.solution.beta)
        return np.exp(design.aligned(coefficients.names) @ beta)

    def draw(self, starts: pd.DatetimeIndex, draws: int, rng: np.random.Generator) -> Floats:
        """Return joint sample paths, draws x hours."""
        design = self.layout.design(starts)
        day = self.layout.clock(starts).day
        days, which = np.unique(day, return_inverse=True)
        paths = self.fit.day_level.draw(days, draws, rng)[:, which]
        rate = self._base(design) * np.exp(paths + self._coefficient_luck(design, draws, rng))
        effect = np.abs(self.fit.coefficients.log_effect(design, PROMOTION_GROUPS))
        a = np.where(effect > 0.05, self.fit.promotion_dispersion, self.fit.dispersion)
        counts = rng.poisson(rate * rng.gamma(1 / a, a, rate.shape)).astype(float)
        return counts * self.open_hours.is_open(starts)

    def _coefficient_luck(self, design: Design, draws: int, rng: np.random.Generator) -> Floats:
        """Return what not knowing the calendar's coefficients adds to the log mean, draws x hours."""
        coefficients = self.fit.coefficients
        free = np.flatnonzero(~coefficients.among((*LEVEL_GROUPS, *PROMOTION_GROUPS)))
        precision = coefficients.solution.information / self.fit.design_effect + coefficients.solution.penalty
        factor = linalg.cholesky(precision[np.ix_(free, free)], lower=False, check_finite=False)
        luck = linalg.solve_triangular(factor, rng.standard_normal((len(free), draws)), check_finite=False)
        columns = design.aligned(coefficients.names)[:, free]
        return np.asarray(columns @ luck).T
