"""What last weeks' hours say about the same hours of the next: odd Tuesdays at eight that come again.

Profile and drift move slowly. Where an hour of the week that was above them last week tends to be so again,
the forecast follows as far as the past did; where it does not, nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecast.models.base import Floats

Ints = npt.NDArray[np.int64]

HOURS_A_WEEK = 168
LONGEST_WEEKS = 26
FEWEST_PAIRS = 1000  # hours with both weeks before them that a memory is learnt from
FARTHEST = 0.7  # log; what is farther off was a fault, not a habit
LUCK = 0.02  # share of explained variance that is taken for chance
RIDGE = 0.02  # on both weights, in terms of the weeks' own variance
FEWEST_WEEKS = 4
WEEKS_AHEAD = 8


@dataclass(frozen=True, kw_only=True)
class WeekMemory:
    """Log effect on each hour of the week (Monday 00:00 first) in the weeks ahead, weeks x 168."""

    effect: Floats

    def ahead(self, week_hour: Ints, weeks_ahead: Ints) -> Floats:
        """Return the log effect in each hour; weeks ahead count from 0, the past has none."""
        here = (weeks_ahead >= 0) & (weeks_ahead < len(self.effect))
        return np.where(here, self.effect[np.where(here, weeks_ahead, 0), week_hour], 0.0)


def find_week_memory(
    gaps: Floats, foreseen: Floats, volume: Floats, *, week_hour: Ints, week: Ints, now: Floats
) -> WeekMemory:
    """Return what the last two weeks' hours carry into those ahead.

    Parameters
    ----------
    gaps
        Log ratio of what came in each hour to its part of the day's total by the profile.
    foreseen
        Drift of the hour's class as known a week before.
    volume
        Weight of each hour.
    week_hour, week
        Hour of the week, and age in weeks, 0 for the last.
    now
        Drift at the end of the history, by hour of the week.

    Notes
    -----
    Regression of each hour's gap to the drift foreseen on those of one and two weeks before, to the same
    drift. Both weights shrink by the share of the explained variance that may be luck.
    """
    nothing = WeekMemory(effect=np.zeros((WEEKS_AHEAD, HOURS_A_WEEK)))
    weeks = min(int(week.max()) + 1, LONGEST_WEEKS) if len(week) else 0
    if weeks < FEWEST_WEEKS:
        return nothing
    recent = week < weeks
    place = (weeks - 1 - week[recent], week_hour[recent])
    gap, drift = np.full((2, weeks, HOURS_A_WEEK), np.nan)
    weight = np.zeros((weeks, HOURS_A_WEEK))
    gap[place], drift[place], weight[place] = gaps[recent], foreseen[recent], volume[recent]

    def off(of: Floats, to: Floats) -> Floats:
        return np.clip(of - to, -FARTHEST, FARTHEST)

    came, one, two = (off(gap[2 - lag : weeks - lag], drift[2:]) for lag in (0, 1, 2))
    known = ~np.isnan(came + one + two)
    if known.sum() < FEWEST_PAIRS:
        return nothing
    w, y, x = weight[2:][known], came[known], np.stack([one[known], two[known]])
    square = (w * x) @ x.T
    square += RIDGE * np.trace(square) / 2 * np.eye(2)
    towards = (w * x) @ y
    weights = np.linalg.solve(square, towards)
    explained = float(weights @ towards) / max(float(w @ y**2), 1e-12)
    if explained <= LUCK:
        return nothing
    weights *= 1 - LUCK / explained
    last, before = (np.nan_to_num(off(gap[-age], now)) for age in (1, 2))
    effect = np.zeros((WEEKS_AHEAD, HOURS_A_WEEK))
    for number in range(WEEKS_AHEAD):
        effect[number] = weights[0] * last + weights[1] * before
        last, before = effect[number], last
    return WeekMemory(effect=effect)
