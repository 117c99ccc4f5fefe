"""Plans for several levels of demand, and the cheapest mixture of them that gives the wanted chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scheduling.day import Floats
from scheduling.demand import DayKey
from scheduling.shifts.day_search import DayChoices
from scheduling.shifts.periods import MOST_LEVEL, Period
from scheduling.shifts.settle import Choice

CHANCE_TO_SPARE = 0.04  # above the wanted chance: planned for too much


@dataclass(frozen=True, kw_only=True)
class LevelPlan:
    """A period's plan for one level of demand, and what it does in each draw.

    Attributes
    ----------
    level
        Factor on the demand planned for.
    chosen, found
        Each day's plan, and what the search of each day found.
    sums
        Units in time and all units (days x draws x 2).
    ahead
        By how much each draw's share is ahead of the target, with nothing `Period.lost`.
    cost
        The plans' cost.
    """

    level: float
    chosen: tuple[Choice, ...]
    found: dict[DayKey, DayChoices]
    sums: Floats
    ahead: Floats
    cost: float

    @classmethod
    def of(cls, period: Period, found: dict[DayKey, DayChoices]) -> LevelPlan:
        """Return a period's present plan."""
        return cls(
            level=period.level,
            chosen=tuple(period.chosen),
            found=found,
            sums=period.sums,
            ahead=period.ahead + period.lost,
            cost=period.cost,
        )

    def has_chance(self, period: Period) -> bool:
        """Whether enough of the draws meet the period's target."""
        return float(np.mean(self.ahead >= period.lost)) >= period.wanted


def settle_level(period: Period, plans: Sequence[LevelPlan]) -> dict[DayKey, DayChoices]:
    """Give the period the best of its plans and return what was found for its days.

    The cheapest plan that has the wanted chance, with days of a cheaper one that has not where the chance
    allows it: a level of demand is one number, but people come in whole duties. Where none has the chance,
    the dearest, which is nearest to it.
    """
    enough = min((p for p in plans if p.has_chance(period)), key=lambda p: p.cost, default=None)
    if enough is None:
        take(period, best := max(plans, key=lambda p: p.cost))
        return best.found
    take(period, enough)
    found = dict(enough.found)
    for short in sorted(plans, key=lambda p: p.cost):
        if not short.has_chance(period):
            found |= {period.keys[at]: short.found[period.keys[at]] for at in _lend(period, short)}
            period.level = min(period.level, short.level)
    return found


def wants_level(period: Period) -> bool:
    """Whether another level may be worth a search: chance missed, or more than enough of it."""
    if period.wanted <= 0.5:
        return False
    too_much = period.chance > period.wanted + CHANCE_TO_SPARE and period.level > 1.0
    return period.chance < period.wanted or too_much


def move_level(period: Period) -> None:
    """Plan for another level: what brings the wanted quantile of the draws to the target."""
    missing = -float(np.quantile(period.ahead, 1.0 - period.wanted))
    totals = period.sums[:, :, 1].sum(axis=0)
    slope = 0.5  # of the share, per unit of log demand
    if len(totals) > 3 and totals.std() > 1e-6 * totals.mean():
        slope = max(0.1, -float(np.polyfit(np.log(totals), period.ahead, 1)[0]))
    change = float(np.clip(missing / slope, -0.10, 0.25))
    change += 0.004 if change > 0 else 0.0
    period.level = float(np.clip(period.level * np.exp(change), 1.0, MOST_LEVEL))


def take(period: Period, plan: LevelPlan) -> None:
    """Give the period a plan."""
    period.level, period.chosen, period.sums = plan.level, list(plan.chosen), plan.sums


def _lend(period: Period, short: LevelPlan) -> list[int]:
    """Replace days of the period by a cheaper plan's while the chance lasts; return which."""
    taken: list[int] = []
    while True:
        best: tuple[float, int] | None = None
        for at in range(len(period.dates)):
            saved = period.chosen[at].cost - short.chosen[at].cost
            if at in taken or saved <= 0:
                continue
            kept = period.chosen[at], period.sums
            _put(period, at, short.chosen[at], short.sums[at])
            if period.chance >= period.wanted:
                left = float(np.quantile(period.ahead, 1.0 - period.wanted))
                worth = left + saved / max(short.cost, 1e-9)
                best = max(best or (worth, at), (worth, at))
            period.chosen[at], period.sums = kept
        if best is None:
            return taken
        taken.append(best[1])
        _put(period, best[1], short.chosen[best[1]], short.sums[best[1]])


def _put(period: Period, at: int, choice: Choice, sums: Floats) -> None:
    """Give one of the period's days another plan."""
    period.chosen[at] = choice
    period.sums = period.sums.copy()
    period.sums[at] = sums
