"""The hours ahead taken apart: shape, calendar, holidays, promotions, level; then mean, paths, reasons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import linalg

from forecast.models.base import Effect, Floats
from forecast.models.columns import Design
from forecast.models.event_outlook import WITHIN_EVENT_SD, EventSpread, Outlook, event_outlook
from forecast.models.holiday_doubt import holiday_doubt
from forecast.models.hour_drift import hour_class
from forecast.models.hour_spread import stretch_paths
from forecast.models.layout import Layout
from forecast.models.odd_hours import Flags, Ints
from forecast.models.priors import whole_day
from forecast.models.promotion_columns import LIVE, felt_size, rows_touched, seconds
from forecast.models.regression_fit import LEVEL_GROUPS, PROMOTION_GROUPS, SHAPE_GROUPS, RegressionFit
from forecast.models.usable_hours import UsableHours
from forecast.promotions import SELLING, Event
from forecast.randomness import mirrored_normals

CALENDAR_GROUPS = ("month_day", "season", "reopening")
HOLIDAY_GROUPS = ("holiday", "holiday_block", "holiday_shadow")
FELT = 0.05  # log; a promotion's effect below this leaves an hour ordinary
LEAST_DISPERSION = 1e-4
LARGEST_LOG = 30.0
HOURLY: tuple[str, ...] = (
    *("day", "is_open", "shape", "calendar", "holiday", "promotion", "level", "level_variance"),
    *("classes", "weeks_ahead"),
)


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What a stream's history has taught, as far as hours ahead ask for it.

    Attributes
    ----------
    spreads
        By kind of event, how far one may lie from its kind; "" for kinds never seen.
    past
        Ids of the events in the history.
    skill
        Of the stream.
    """

    usable: UsableHours
    layout: Layout
    fit: RegressionFit
    spreads: Mapping[str, EventSpread]
    past: tuple[str, ...]
    skill: str


@dataclass(frozen=True, kw_only=True)
class HoursAhead:
    """Hours and the parts of their log mean.

    Attributes
    ----------
    shape, calendar, holiday, promotion
        Log effects, one an hour.
    level, level_variance
        Log level of the hour's day, and how unsure it is.
    classes, weeks_ahead
        Class of each hour (`hour_class`) and whole weeks since the history's end, below 0 before it.
    outlooks
        Events that touch the hours.
    is_open
        Closed hours have mean zero.
    """

    starts: pd.DatetimeIndex
    day: Ints
    design: Design
    layout: Layout
    fit: RegressionFit
    is_open: Flags
    shape: Floats
    calendar: Floats
    holiday: Floats
    promotion: Floats
    level: Floats
    level_variance: Floats
    classes: Ints
    weeks_ahead: Ints
    outlooks: tuple[Outlook, ...]

    def only(self, starts: pd.DatetimeIndex) -> HoursAhead:
        """Return some of the hours."""
        rows = self.starts.get_indexer(starts)
        place = np.full(len(self.starts), -1)
        place[rows] = np.arange(len(rows))
        return replace(
            self,
            starts=starts,
            design=self.layout.design(starts),
            outlooks=tuple(outlook.at(place) for outlook in self.outlooks),
            **{name: getattr(self, name)[rows] for name in HOURLY},
        )

    def mean(self) -> Floats:
        """Return the expected consultations of each hour."""
        logs = self.shape + self.calendar + self.holiday + self.promotion + self.level
        logs += self.level_variance / 2 + self._event_variance() / 2 + self._drift_variance() / 2
        return np.where(self.is_open, np.exp(logs), 0.0)

    def _drift_variance(self) -> Floats:
        return self.fit.drift.moments(self.classes, self.weeks_ahead)[1]

    def _event_variance(self) -> Floats:
        variance = np.zeros(len(self.starts))
        for outlook in self.outlooks:
            variance[outlook.rows] += outlook.sd**2
        return variance

    def draw(self, draws: int, rng: np.random.Generator, *, widening: float) -> Floats:
        """Return joint sample paths, draws x hours.

        Luck is drawn from the outside in: the days' level, the calendar's coefficients, each holiday's and
        each event's size, then every hour's own rate and count. `widening` stretches all but the counting;
        in the end ordinary hours are stretched as past errors have it. What hours share is drawn in mirrored
        pairs of paths.
        """
        days, which = np.unique(self.day, return_inverse=True)
        luck = self.fit.day_level.draw(days, draws, rng)[:, which] - self.level
        luck += self._coefficient_luck(draws, rng)
        if self.fit.drift.walk_sd > 0:
            luck += self.fit.drift.draw(self.classes, self.weeks_ahead, draws, rng)
        run, doubt, of_hours = holiday_doubt(
            days, self.layout.known.special_days, self.fit.holiday_days, self.fit.holiday_spread
        )
        luck += (mirrored_normals(rng, draws, int(run.max()) + 1)[:, run] * doubt)[:, which]
        for outlook in self.outlooks:
            luck[:, outlook.rows] += mirrored_normals(rng, draws, 1) * outlook.sd
        logs = self.shape + self.calendar + self.holiday + self.promotion + self.level
        rate = np.exp(np.minimum(logs + widening * luck, LARGEST_LOG))
        own = self.fit.dispersions[self.classes]
        a = np.where(np.abs(self.promotion) > FELT, own * self.fit.promotion_factor, own)
        a = np.maximum(a * widening**2 + of_hours[which] ** 2, LEAST_DISPERSION)
        counts = rng.poisson(rate * rng.gamma(1 / a, a, rate.shape)).astype(float)
        ordinary = np.abs(self.promotion) <= FELT
        counts[:, ordinary] = stretch_paths(
            counts[:, ordinary], self.fit.hour_spreads[self.classes[ordinary]]
        )
        return np.asarray(counts * self.is_open)

    def _coefficient_luck(self, draws: int, rng: np.random.Generator) -> Floats:
        """Return what not knowing the coefficients adds to log means, draws x hours; not those of sales."""
        coefficients = self.fit.coefficients
        sized = coefficients.among(PROMOTION_GROUPS) & ~whole_day(coefficients.names)
        free = np.flatnonzero(~coefficients.among(LEVEL_GROUPS) & ~sized)
        solution = coefficients.solution
        precision = solution.information / self.fit.design_effect + solution.penalty
        factor = linalg.cholesky(precision[np.ix_(free, free)], lower=False, check_finite=False)
        luck = linalg.solve_triangular(
            factor, mirrored_normals(rng, draws, len(free)).T, lower=False, check_finite=False
        )
        columns = self.design.aligned(coefficients.names)[:, free]
        return np.asarray(columns @ luck).T

    def parts(self) -> pd.DataFrame:
        """Return `level` [consultations an hour] and the factors whose product is the mean."""
        week = self.fit.mean_shape
        return pd.DataFrame(
            {
                "level": np.where(self.is_open, np.exp(self.level + self.level_variance / 2 + week), 0.0),
                "week_shape": np.exp(self.shape - week + self._drift_variance() / 2),
                "calendar": np.exp(self.calendar),
                "holiday": np.exp(self.holiday),
                "promotion": np.exp(self.promotion + self._event_variance() / 2),
            },
            index=self.starts,
        )

    def effects(self) -> tuple[Effect, ...]:
        """Return every holiday and promotion that acts on the hours."""
        return (*self._holiday_effects(), *self._promotion_effects())

    def _holiday_effects(self) -> list[Effect]:
        special = self.layout.known.special_days
        epoch = np.datetime64("1970-01-01")
        names = np.array(
            [special.holidays.get((epoch + int(day)).astype("datetime64[D]").item(), "") for day in self.day],
            dtype=object,
        )
        found = []
        for name in dict.fromkeys(one for one in names if one):
            own = (names == name) & self.is_open
            days = self.fit.holiday_days.get(name, 0)
            others = sum(self.fit.holiday_days.values())
            source = (
                f"learnt from {days} past days"
                if days
                else f"not in the history; learnt from {others} days of other holidays"
            )
            factor = float(np.exp(self.holiday[own]).mean()) if own.any() else 1.0
            found.append(Effect(name=name, kind="holiday", factor=factor, examples=days, source=source))
        return found

    def _promotion_effects(self) -> list[Effect]:
        plain = np.exp(self.shape + self.calendar + self.holiday + self.level) * self.is_open
        found = []
        for outlook in self.outlooks:
            selling = np.zeros(len(outlook.rows), dtype=bool)
            moments = self.starts.as_unit("s").asi8[outlook.rows]
            for phase in outlook.event.phase:
                if phase.kind in SELLING or not any(p.kind in SELLING for p in outlook.event.phase):
                    selling |= (moments >= seconds(phase.start)) & (moments < seconds(phase.end))
            base = plain[outlook.rows][selling]
            if base.sum() <= 0:
                continue
            uplift = np.exp(outlook.log_effect[selling] + outlook.sd[selling] ** 2 / 2)
            found.append(
                Effect(
                    name=outlook.event.id,
                    kind="promotion",
                    factor=float((base * uplift).sum() / base.sum()),
                    examples=outlook.examples,
                    source=outlook.source,
                )
            )
        return found


def look_ahead(starts: pd.DatetimeIndex, learnt: Learnt) -> HoursAhead:
    """Return the hours taken apart; hours of the past are explained as they were fitted.

    What is told of a phase holds for all of its hours, so that these are looked at wherever `starts` ends.
    """
    layout, usable = learnt.layout, learnt.usable
    end = pd.Timestamp(usable.end, tz=layout.known.timezone).timestamp()
    moments = starts.as_unit("s").asi8
    events = [e for e in layout.events if seconds(e.end) > end and len(rows_touched(e, moments))]
    whole = starts.union(_hours_of_phases(events, starts.tz, layout, usable))
    if len(whole) == len(starts):
        return _take_apart(starts, events, learnt)
    return _take_apart(whole, events, learnt).only(starts)


def _hours_of_phases(
    events: list[Event], timezone: dt.tzinfo | None, layout: Layout, usable: UsableHours
) -> pd.DatetimeIndex:
    """Return the open hours of all phases of the events."""
    found = [
        pd.date_range(pd.Timestamp(phase.start).floor("h"), phase.end, freq="h", inclusive="left")
        for event in events
        for phase in event.phase
    ]
    none = pd.DatetimeIndex([], tz="UTC")
    hours = pd.DatetimeIndex(none.append([one.tz_convert("UTC") for one in found]).unique())
    hours = hours.tz_convert(timezone)
    return hours[_is_open(hours, layout.clock(hours).day, usable)]


def _take_apart(starts: pd.DatetimeIndex, events: list[Event], learnt: Learnt) -> HoursAhead:
    layout, fit, usable = learnt.layout, learnt.fit, learnt.usable
    design = layout.design(starts)
    clock = layout.clock(starts)
    day = clock.day
    classes = hour_class(clock.hour, clock.weekday, clock.holiday)
    weeks_ahead = (day - (usable.end - pd.Timestamp(0).date()).days) // 7
    level, variance = fit.day_level.moments(day)
    effect = {
        name: fit.coefficients.log_effect(design, groups)
        for name, groups in (
            ("shape", SHAPE_GROUPS),
            ("calendar", CALENDAR_GROUPS),
            ("holiday", HOLIDAY_GROUPS),
            ("promotion", PROMOTION_GROUPS),
        )
    }
    effect["shape"] = effect["shape"] + fit.drift.moments(classes, weeks_ahead)[0]
    memory = fit.week_memory.ahead(clock.weekday * 24 + clock.hour, weeks_ahead)
    effect["shape"] = effect["shape"] + np.where(clock.holiday, 0.0, memory)
    base = np.exp(effect["shape"] + effect["calendar"] + effect["holiday"] + level)
    outlooks, moved = [], effect["promotion"].copy()
    moments = starts.as_unit("s").asi8
    for event in events:
        rows = rows_touched(event, moments)
        effect_learnt = fit.coefficients.log_effect(
            layout.event_design(starts[rows], event), PROMOTION_GROUPS
        )
        outlook = _outlook(event, rows, starts[rows], base[rows], effect_learnt, learnt)
        moved[rows] += outlook.log_effect - effect_learnt
        outlooks.append(outlook)
    return HoursAhead(
        starts=starts,
        day=day,
        design=design,
        layout=layout,
        fit=fit,
        is_open=_is_open(starts, day, usable),
        shape=effect["shape"],
        calendar=effect["calendar"],
        holiday=effect["holiday"],
        promotion=_capped(moved, outlooks, len(starts)),
        level=level,
        level_variance=variance,
        classes=classes,
        weeks_ahead=weeks_ahead,
        outlooks=tuple(outlooks),
    )


def _is_open(starts: pd.DatetimeIndex, day: Ints, usable: UsableHours) -> Flags:
    return usable.open_hours.is_open(starts) & ~np.isin(day, list(usable.closed_days))


def _outlook(
    event: Event, rows: Ints, starts: pd.DatetimeIndex, base: Floats, effect_learnt: Floats, learnt: Learnt
) -> Outlook:
    """Return one event's outlook over the hours that it touches."""
    moments, layout = starts.as_unit("s").asi8, learnt.layout
    spread = learnt.spreads.get(event.kind, learnt.spreads[""])
    if event.id in learnt.past:
        spread = EventSpread(examples=spread.examples, sd=min(spread.sd, WITHIN_EVENT_SD))
    family = "live:" if event.kind == LIVE else "promotion:"
    return event_outlook(
        event,
        moments=moments,
        rows=rows,
        learnt=effect_learnt,
        feels=felt_size(event, moments, layout.wave_part),
        base=base,
        spread=spread,
        is_learnt=any(name.startswith(family) for name in learnt.fit.coefficients.names),
        skill_factor=_skill_factors(event, moments, starts, learnt.skill, layout),
        growth_log=_growth_gap(event, moments, base * np.exp(effect_learnt), layout, learnt.usable),
    )


def _skill_factors(
    event: Event, moments: Ints, starts: pd.DatetimeIndex, skill: str, layout: Layout
) -> dict[int, float]:
    """Return, by phase, the skill's share of the volume over its share of the same hours otherwise."""
    volumes = layout.known.skill_volumes
    if not volumes.get(skill):
        return {}
    hours = layout.clock(starts).hour
    own = np.array(volumes[skill])[hours]
    whole = np.sum([np.array(volume)[hours] for volume in volumes.values()], axis=0)
    factors = {}
    for position, phase in enumerate(event.phase):
        inside = (moments > seconds(phase.start) - 3600) & (moments < seconds(phase.end))
        if phase.mix.get(skill, 0.0) > 0 and own[inside].sum() > 0:
            factors[position] = phase.mix[skill] * float(whole[inside].sum() / own[inside].sum())
    return factors


def _growth_gap(
    event: Event, moments: Ints, forecast: Floats, layout: Layout, usable: UsableHours
) -> float | None:
    """Return by how much (log) the growth expected over like events differs from what was learnt."""
    if not event.expected.growth or not event.like:
        return None
    seen = usable.starts.as_unit("s").asi8
    rates = []
    for other in layout.events:
        if other.id in event.like and other.id != event.id:
            selling = felt_size(other, seen, 0.0) == 1
            if selling.any():
                rates.append(float(usable.hours[selling].mean()))
    ahead = felt_size(event, moments, 0.0) == 1
    if not rates or not ahead.any() or rates[-1] <= 0:
        return None
    return float(np.log(event.expected.growth * rates[-1] / forecast[ahead].mean()))


def _capped(promotion: Floats, outlooks: list[Outlook], hours: int) -> Floats:
    """Return promotions' log effect; where several given multipliers meet, at most the highest `high`."""
    high, count = np.zeros(hours), np.zeros(hours, dtype=np.int64)
    for outlook in outlooks:
        high[outlook.rows] = np.maximum(high[outlook.rows], outlook.high)
        count[outlook.rows] += outlook.given
    ceiling = np.log(np.maximum(high, 1.0))
    return np.where(count > 1, np.minimum(promotion, ceiling), promotion)
