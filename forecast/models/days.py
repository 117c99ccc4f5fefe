"""The days of a history: which hour lies in which, what came on each, and what each can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from forecast.models.base import Floats
from forecast.models.calendar_columns import WallClock
from forecast.models.columns import Design
from forecast.models.day_level import log_count_bias
from forecast.models.layout import Layout
from forecast.models.odd_hours import CERTAIN_ZERO, Flags, Ints, find_odd_days
from forecast.models.penalised import Solution
from forecast.models.promotion_columns import LIVE, seconds
from forecast.models.usable_hours import UsableHours
from forecast.promotions import Event

STRONG_EFFECT = 0.25  # log; hours under a stronger promotion tell nothing about the day level
MOST_STRONG_SHARE = 0.3
FEWEST_HOURS_SHARE = 0.6
BEFORE_KICK_OFF_S = 24 * 3600  # buyers gather the evening before; a filter would carry that past the event
FEWEST_DAYS_TO_JUDGE = 10
TYPICAL_MEMORY, REMEMBERED_DAYS = 0.32, 6


@dataclass(frozen=True, kw_only=True)
class Days:
    """The days of the usable hours.

    ``position`` is the day of each hour, counted from the first; ``first`` is that day since 1970.
    """

    position: Ints
    first: int
    count: int
    age_days: Ints
    expected_hours: Ints
    holiday: Flags
    before_kick_off: Flags

    @classmethod
    def of(cls, clock: WallClock, usable: UsableHours, layout: Layout) -> Days:
        """Return the days of the usable hours."""
        first = int(clock.day.min())
        end = (usable.end - pd.Timestamp(0).date()).days
        count = end - first
        position = clock.day - first
        week = np.array(usable.open_hours.week).reshape(7, 24).sum(axis=1)
        weekday = (np.arange(first, end) + 3) % 7  # 1970-01-01 was a Thursday
        holiday = np.zeros(count, dtype=bool)
        holiday[np.unique(position[clock.holiday])] = True
        return cls(
            position=position,
            first=first,
            count=count,
            age_days=end - 1 - clock.day,
            expected_hours=week[weekday],
            holiday=holiday,
            before_kick_off=_before_kick_off(usable.starts, layout.events),
        )

    def sums(self, values: Floats | Flags, where: Flags) -> Floats:
        """Return each day's sum over the hours where `where` holds."""
        weights = np.asarray(values, dtype=float)[where]
        return np.bincount(self.position[where], weights=weights, minlength=self.count).astype(float)

    def ratios(self, counts: Floats, mu: Floats, used: Flags) -> Floats:
        """Return each day's log ratio of what came to `mu`; NaN for days with too few hours."""
        came, said = self.sums(counts, used), self.sums(mu, used)
        enough = self.sums(used, used) >= np.maximum(FEWEST_HOURS_SHARE * self.expected_hours, 1)
        return np.where(enough, np.log((came + 0.5) / (said + 0.5)), np.nan)

    def levels(self, counts: Floats, mu: Floats, base: Floats, used: Flags) -> Floats:
        """Return each day's log level: what came over the mean without its level, `base`."""
        lift = np.log(np.maximum(self.sums(mu, used), 1e-9) / np.maximum(self.sums(base, used), 1e-9))
        return self.ratios(counts, mu, used) + lift

    def noise(self, mu: Floats, used: Flags, dispersion: float) -> Floats:
        """Return the variance of each day's log ratio that counting alone explains."""
        said = np.maximum(self.sums(mu, used), 0.5)
        return np.asarray((said + dispersion * self.sums(mu**2, used)) / said**2)

    def odd(self, counts: Floats, mu: Floats, dispersion: float, in_promotion: Flags, used: Flags) -> Flags:
        """Return hours of days that are far from the days around them."""
        share = self.sums(in_promotion, used) / np.maximum(self.sums(used, used), 1)
        usual = (share < MOST_STRONG_SHARE) & ~self.holiday
        odd = find_odd_days(self.ratios(counts, mu, used), self.noise(mu, used, dispersion / 2), usual)
        return odd[self.position]

    def empty(self, counts: Floats, mu: Floats) -> Flags:
        """Return hours of days on which nobody came though many were expected: closed, or not logged."""
        everywhere = np.ones(len(counts), dtype=bool)
        came, said = self.sums(counts, everywhere), self.sums(mu, everywhere)
        return np.asarray(((came == 0) & (said > CERTAIN_ZERO))[self.position])

    def since(self, recent: int) -> Floats:
        """Return 1 in the hours of the last `recent` days."""
        return (self.position >= self.count - recent).astype(float)

    def log_bias(self, mu: Floats, used: Flags, dispersion: float) -> Floats:
        """Return by how much each day's log ratio is low on average: counts are skew."""
        said = np.maximum(self.sums(mu, used), 1e-3)
        return log_count_bias(said, dispersion * self.sums(mu**2, used) / said**2)

    def within(self, counts: Floats, base: Floats, used: Flags) -> tuple[Floats, Floats]:
        """Return each hour's part of what came on its day, by its share of the day's mean; and the share."""
        share = base / np.maximum(self.sums(base, used), 1e-12)[self.position]
        return share * self.sums(counts, used)[self.position], share

    def telling(self, used: Flags, effect: Floats, in_promotion: Flags) -> Flags:
        """Return days that tell about the level: not mostly under a promotion or just before one."""
        hidden = (np.abs(effect) > STRONG_EFFECT) & in_promotion | self.before_kick_off
        share = self.sums(hidden, used) / np.maximum(self.sums(used, used), 1)
        return share <= MOST_STRONG_SHARE

    def design_effect(
        self, counts: Floats, mu: Floats, used: Flags, dispersion: float, in_promotion: Flags
    ) -> float:
        """Return the variance of ordinary days' log ratios over what independent hours would give."""
        share = self.sums(in_promotion, used) / np.maximum(self.sums(used, used), 1)
        ratios = self.ratios(counts, mu, used)
        usual = (share < MOST_STRONG_SHARE) & ~self.holiday & ~np.isnan(ratios)
        if usual.sum() < FEWEST_DAYS_TO_JUDGE:
            return 1.0
        spread = 1.4826 * float(np.median(np.abs(ratios[usual] - np.median(ratios[usual]))))
        return max(1.0, spread**2 / float(np.median(self.noise(mu, used, dispersion)[usual])))

    def taken(
        self, design: Design, solution: Solution, weights: Floats, *, columns: Flags, of: Ints
    ) -> Floats:
        """Return the share of the variance of the own moves of days `of` that these columns fit to them.

        Columns over several days, such as a sale's or its wake's, take the more of moves that last for days:
        these are held to be remembered as they typically are (`TYPICAL_MEMORY`).
        """
        trust = np.bincount(self.position, weights=weights, minlength=self.count)
        shape = (self.count, len(weights))
        of_day = sparse.csr_array((weights, (self.position, np.arange(len(weights)))), shape=shape)
        rows = sparse.csr_array(of_day @ design.matrix)
        own = np.flatnonzero(columns)
        moved = rows @ solution.inverse[:, own]
        left = -(rows[of][:, own] @ moved.T) / np.maximum(trust[of], 1e-12)[:, None]
        left[np.arange(len(of)), of] += 1
        kept = (left**2).sum(axis=1)
        for lag in range(1, REMEMBERED_DAYS):
            kept += 2 * TYPICAL_MEMORY**lag * np.einsum("ij,ij->i", left[:, lag:], left[:, :-lag])
        return np.asarray(1 - kept)

    def holiday_days(self, design: Design, used: Flags) -> dict[str, int]:
        """Return how many days of each holiday were learnt from."""
        columns = sparse.csc_array(design.matrix)
        found = {}
        for column, name in enumerate(design.names):
            if name.startswith("holiday:"):
                rows = columns.indices[columns.indptr[column] : columns.indptr[column + 1]]
                found[name.removeprefix("holiday:")] = len(np.unique(self.position[rows[used[rows]]]))
        return found

    def notes(self, used: Flags, shift: tuple[int, float] | None) -> tuple[str, ...]:
        """Say which hours were left out as odd, and whether the level seems to have shifted of late."""
        notes = []
        if left_out := int((~used).sum()):
            days = np.unique(self.position[~used]) + self.first
            shown = ", ".join(str(np.datetime64(int(day), "D")) for day in days[-5:])
            notes.append(
                "not learnt from, for they fit no calendar (outage, burst or missing log): "
                f"{left_out} hours on {len(days)} days; the latest: {shown}"
            )
        if shift is not None:
            since = np.datetime64(self.first + self.count - shift[0], "D")
            notes.append(
                f"the level seems to have shifted by {np.expm1(shift[1]):+.0%} about {since}; the forecast "
                "follows within days. If it will not last, list those days under [[ignore]]"
            )
        return tuple(notes)


def _before_kick_off(starts: pd.DatetimeIndex, events: tuple[Event, ...]) -> Flags:
    """Return hours in a warm-up, or in the 24 hours before a kick-off; live streams gather no crowd."""
    moments = starts.as_unit("s").asi8
    flags = np.zeros(len(starts), dtype=bool)
    for event in events:
        if event.kind == LIVE:
            continue
        spans = [(seconds(event.kick_off) - BEFORE_KICK_OFF_S, seconds(event.kick_off))]
        spans += [(seconds(p.start), seconds(p.end)) for p in event.phase if p.kind == "warmup"]
        for first, last in spans:
            begin, end = np.searchsorted(moments, [first, last])
            flags[begin:end] = True
    return flags
