"""Fitting the calendar regression: columns, three passes with odd hours left out, dispersion, day level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from forecast.models.base import Floats
from forecast.models.columns import Design
from forecast.models.day_level import (
    LONGEST_DAYS,
    SHIFT_WORTH,
    DayLevel,
    find_shift,
    fit_day_level,
    shift_gain,
)
from forecast.models.days import Days
from forecast.models.holiday_doubt import HolidaySpread
from forecast.models.holiday_spread import find_holiday_spread, past_holidays
from forecast.models.hour_drift import HourDrift, class_dispersions, find_drift, hour_class
from forecast.models.hour_spread import find_hour_spreads
from forecast.models.layout import Layout
from forecast.models.odd_hours import (
    Flags,
    Ints,
    find_odd_hours,
    held,
    moment_dispersion,
    profile_mean,
    robust_dispersion,
)
from forecast.models.penalised import Solution, fit_penalised
from forecast.models.priors import AS_USUAL, learnt_stiffness, prior_penalty
from forecast.models.promotion_columns import in_promotion_hours, peak_hours
from forecast.models.usable_hours import UsableHours
from forecast.models.week_memory import HOURS_A_WEEK, WeekMemory, find_week_memory

HALF_LIFE_WEEKS = 52.0
PASSES = 3
NO_HOUR = -1  # holidays are of no weekday
SETTLED_DAYS = 28  # before, the level is still unsure of itself
UNSURE_HOLIDAY_SD = 0.10  # log; a holiday's own size hides what it says about the level
HOLIDAY_REACH = 3  # days around a holiday that may be odd without being a new level
RIDGE_SHIFT = 1.0
DISPERSION_HOURS = 60.0  # a promotion's dispersion is shrunk to the ordinary one as if it had so many hours

PROMOTION_GROUPS = ("promotion", "live", "kind", "event", "promotion_on_holiday")
SHAPE_GROUPS = ("hour", "weekday", "week")
LEVEL_GROUPS = ("level", "walk")


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    """The regression's columns by name, their values, and the curvature at the optimum."""

    names: tuple[str, ...]
    solution: Solution

    def among(self, groups: tuple[str, ...]) -> Flags:
        """Return which columns belong to the groups; a column's group is its name before the first colon."""
        return np.array([name.split(":", 1)[0] in groups for name in self.names], dtype=bool)

    def log_effect(self, design: Design, groups: tuple[str, ...]) -> Floats:
        """Return the groups' part of the log mean in each hour."""
        beta = np.where(self.among(groups), self.solution.beta, 0.0)
        return np.asarray(design.aligned(self.names) @ beta)


@dataclass(frozen=True, kw_only=True)
class RegressionFit:
    """A fitted regression.

    Attributes
    ----------
    coefficients
        Of the last pass.
    used
        Which of the usable hours it was learnt from.
    day_level
        Level and memory of the days.
    dispersions, promotion_dispersion
        a of Var = μ + a μ² in an hour once its day's level is known; ordinary hours by class
        (`hour_class`), and promotion hours together.
    promotion_factor
        That of promotion hours over what their classes have otherwise.
    hour_spreads
        By what ordinary hours' paths are stretched (`find_hour_spreads`).
    drift
        How far the shape of the day has moved from the profile.
    week_memory
        What the last weeks' hours carry into those ahead.
    design_effect
        How much less the hours tell than as many independent ones, because they share their day's luck.
    fitted
        Mean of each usable hour, day level included.
    mean_shape
        Log of the mean week's factor over the open hours: what makes a level an hourly volume.
    holiday_days
        Days of each holiday that it was learnt from.
    holiday_spread
        By how much past holidays lay farther from what was to be expected than the rule has it, or nearer.
    notes
        What was left out, and a shift of the level if one is suspected.
    """

    coefficients: Coefficients
    used: Flags
    day_level: DayLevel
    dispersions: Floats
    hour_spreads: Floats
    promotion_dispersion: float
    promotion_factor: float
    drift: HourDrift
    week_memory: WeekMemory
    design_effect: float
    fitted: Floats
    mean_shape: float
    holiday_days: Mapping[str, int]
    holiday_spread: HolidaySpread
    notes: tuple[str, ...]


def fit_regression(usable: UsableHours, layout: Layout) -> RegressionFit:
    """Fit regression and day level to the usable hours of a stream."""
    design = layout.design(usable.starts)
    clock = layout.clock(usable.starts)
    counts = usable.hours
    in_promotion = in_promotion_hours(design)
    guarded = peak_hours(design) | clock.holiday
    days = Days.of(clock, usable, layout)
    mu = profile_mean(counts, clock)
    dispersion = robust_dispersion(counts, mu)
    age = np.exp2(-np.asarray(days.age_days) / 7 / HALF_LIFE_WEEKS)
    design_effect, stiffness = 1.0, AS_USUAL
    penalty = prior_penalty(design, design_effect)
    beta = np.zeros(len(design.names))
    beta[design.names.index("level:base")] = np.log(max(counts.mean(), 1e-3))
    used = ~(find_odd_hours(counts, mu, dispersion, np.ones_like(in_promotion)) | days.empty(counts, mu))
    for number in range(PASSES):
        weights = age / (1 + dispersion * mu)
        solution = fit_penalised(
            design.matrix[used],
            counts[used],
            weights=weights[used],
            penalty=penalty,
            start=beta,
            tolerance=1e-4 if number < PASSES - 1 else 1e-7,
        )
        beta = solution.beta
        mu = np.exp(design.matrix @ beta)
        if number == PASSES - 1:
            break
        dispersion = robust_dispersion(counts[used & ~in_promotion], mu[used & ~in_promotion])
        used = ~(
            find_odd_hours(counts, mu, dispersion, guarded)
            | days.odd(counts, mu, dispersion, in_promotion, used)
            | days.empty(counts, mu)
        )
        ordinary = used & ~in_promotion
        nothing = np.zeros(int(ordinary.sum()))
        dispersion = moment_dispersion(
            counts[ordinary], mu[ordinary], nothing, typical=dispersion, weight=1.0
        )
        design_effect = days.design_effect(counts, mu, used, dispersion, in_promotion)
        stiffness = learnt_stiffness(design, solution)
        penalty = prior_penalty(design, design_effect, stiffness)
    passes = _Passes(
        coefficients=Coefficients(names=design.names, solution=solution),
        design=design,
        counts=counts,
        used=used,
        classes=hour_class(clock.hour, clock.weekday, clock.holiday),
        week_hour=np.where(clock.holiday, NO_HOUR, clock.weekday * 24 + clock.hour),
        days=days,
        dispersion=dispersion,
        design_effect=design_effect,
        in_promotion=in_promotion,
        weights=weights,
    )
    shift = passes.shift()
    if shift is not None:  # its days would be read as days of the month, or as a wave after an event
        design = design.with_column("level:shift", RIDGE_SHIFT, days.since(shift[0]))
        solution = fit_penalised(
            design.matrix[used],
            counts[used],
            weights=weights[used],
            penalty=prior_penalty(design, design_effect, stiffness),
            start=np.append(beta, 0.0),
        )
        coefficients = Coefficients(names=design.names, solution=solution)
        passes = replace(passes, design=design, coefficients=coefficients)
    return _with_day_level(passes, shift)


@dataclass(frozen=True, kw_only=True)
class _Passes:
    """What the passes leave: coefficients, the hours they were learnt from, dispersion about them."""

    coefficients: Coefficients
    design: Design
    counts: Floats
    used: Flags
    classes: Ints
    week_hour: Ints
    days: Days
    dispersion: float
    design_effect: float
    in_promotion: Flags
    weights: Floats

    def base(self) -> Floats:
        """Return the mean without its level."""
        beta = self.coefficients.solution.beta
        level = self.coefficients.among(LEVEL_GROUPS)
        return np.asarray(np.exp(self.design.matrix @ np.where(level, 0.0, beta)))

    def telling(self) -> Flags:
        """Return the days that tell about the level."""
        effect = self.coefficients.log_effect(self.design, PROMOTION_GROUPS)
        return self.days.telling(self.used, effect, self.in_promotion)

    def shift(self) -> tuple[int, float] | None:
        """Return a suspected shift of the level, in days before the end and log size."""
        mu = np.exp(self.design.matrix @ self.coefficients.solution.beta)
        ratios = self.days.levels(self.counts, mu, self.base(), self.used)
        near_holiday = np.convolve(self.days.holiday, np.ones(2 * HOLIDAY_REACH + 1), mode="same") > 0
        ratios = np.where(self.telling() & ~near_holiday, ratios, np.nan)
        found = find_shift(ratios)
        if found is None:
            return None
        noise = self.days.noise(mu, self.used, self.dispersion / 2)
        return found if shift_gain(ratios, noise, found) > SHIFT_WORTH else None


def _with_day_level(passes: _Passes, shift: tuple[int, float] | None) -> RegressionFit:
    """Return the fit with its day level, and the dispersion that is left once the days are known."""
    coefficients, design, counts = passes.coefficients, passes.design, passes.counts
    used, days, in_promotion = passes.used, passes.days, passes.in_promotion
    mu = np.exp(design.matrix @ coefficients.solution.beta)
    base = passes.base()
    within, share = days.within(counts, base, used)
    known = used & (share < 1)
    ordinary, promotion = known & ~in_promotion, known & in_promotion
    left = moment_dispersion(
        counts[ordinary], within[ordinary], share[ordinary], typical=passes.dispersion / 2, weight=1.0
    )
    drift, foreseen = find_drift(
        counts[ordinary],
        within[ordinary],
        share[ordinary],
        classes=passes.classes[ordinary],
        week=days.age_days[ordinary] // 7,
        dispersion=left,
    )
    if foreseen.any():
        moved = base.copy()
        moved[ordinary] *= np.exp(foreseen)
        within, share = days.within(counts, moved, used)
        known = used & (share < 1)
        ordinary, promotion = known & ~in_promotion, known & in_promotion
        left = moment_dispersion(
            counts[ordinary], within[ordinary], share[ordinary], typical=passes.dispersion / 2, weight=1.0
        )
    grown = 1 + _terms_spent(coefficients.solution) / max(int(used.sum()), 1)
    left *= grown
    ratios = days.levels(counts, mu, base, used) - days.log_bias(mu, used, left)
    ratios = np.where(passes.telling(), ratios, np.nan)
    noise = days.noise(mu, used, left) + UNSURE_HOLIDAY_SD**2 * days.holiday
    recent = ~np.isnan(ratios) & (np.arange(days.count) >= days.count - LONGEST_DAYS)
    taken = days.taken(
        design,
        coefficients.solution,
        np.where(used, passes.weights * mu, 0.0),
        columns=~coefficients.among(LEVEL_GROUPS),
        of=np.flatnonzero(recent),
    )
    spent = float(taken.sum() / max(recent.sum(), 1))
    level = fit_day_level(ratios, noise, first_day=days.first, shift=shift, spent=spent)
    place = days.position + days.first - level.first_day
    fitted = np.where(place >= 0, base * np.exp(level.smooth[np.clip(place, 0, None)]), mu)
    dispersions = class_dispersions(
        counts[ordinary],
        within[ordinary],
        share[ordinary],
        classes=passes.classes[ordinary],
        dispersion=left,
    )
    moved = base.copy()
    moved[ordinary] *= np.exp(foreseen)
    seen = ordinary & (place >= SETTLED_DAYS)
    errors = _errors_ahead(
        counts[seen], moved[seen], passes.classes[seen], place[seen], level, drift, dispersions / grown
    )
    wide = moment_dispersion(
        held(counts[promotion], within[promotion]),
        within[promotion],
        share[promotion],
        typical=left,
        weight=DISPERSION_HOURS,
    )
    usual = dispersions[passes.classes[promotion]]
    return RegressionFit(
        coefficients=coefficients,
        used=used,
        day_level=level,
        dispersions=dispersions,
        hour_spreads=find_hour_spreads(errors, passes.classes[seen]),
        drift=drift,
        week_memory=_week_memory(passes, ordinary, base, foreseen, drift),
        promotion_dispersion=wide,
        promotion_factor=wide / np.average(usual, weights=within[promotion] ** 2) if promotion.any() else 1.0,
        design_effect=passes.design_effect,
        fitted=fitted,
        mean_shape=float(np.log(np.exp(coefficients.log_effect(design, SHAPE_GROUPS)).mean())),
        holiday_days=days.holiday_days(design, used),
        holiday_spread=find_holiday_spread(
            past_holidays(
                counts,
                mu,
                passes.weights,
                used & ~in_promotion,
                day=days.position + days.first,
                design=design,
                solution=coefficients.solution,
                design_effect=passes.design_effect,
                day_level=level,
                dispersion=dispersions[passes.classes],
            )
        ),
        notes=days.notes(used, shift),
    )


def _week_memory(
    passes: _Passes, ordinary: Flags, base: Floats, foreseen: Floats, drift: HourDrift
) -> WeekMemory:
    """Return the memory of hours of the week, learnt from ordinary hours off holidays."""
    within = passes.days.within(passes.counts, base, passes.used)[0]
    usual = ordinary & (passes.week_hour != NO_HOUR)
    hour = np.arange(HOURS_A_WEEK)
    return find_week_memory(
        np.log((passes.counts[usual] + 0.5) / (within[usual] + 0.5)),
        foreseen[passes.week_hour[ordinary] != NO_HOUR],
        within[usual],
        week_hour=passes.week_hour[usual],
        week=passes.days.age_days[usual] // 7,
        now=drift.state[hour_class(hour % 24, hour // 24, np.zeros(HOURS_A_WEEK, dtype=bool))],
    )


def _errors_ahead(
    counts: Floats,
    base: Floats,
    classes: Ints,
    day: Ints,
    level: DayLevel,
    drift: HourDrift,
    dispersions: Floats,
) -> Floats:
    """Return hours' errors over the standard deviations foretold, their day's level seen a week ahead."""
    said = base * np.exp(level.foreseen[day])
    variance = level.foreseen_variance[day] + dispersions[classes] + 1 / said
    variance += drift.moments(classes, np.zeros_like(classes))[1]
    return np.asarray((counts - said) / (said * np.sqrt(variance)))


def _terms_spent(solution: Solution) -> float:
    """Return how many free coefficients the fit is worth: trace of (I + P)^-1 I."""
    return float((solution.inverse * solution.information).sum())
