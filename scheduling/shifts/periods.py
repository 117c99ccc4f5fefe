"""Which days of a span a rule judges together, and what is decided for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from scheduling.day import Floats
from scheduling.demand import DayKey, StreamDemand
from scheduling.shifts.chance import shares_of
from scheduling.shifts.settle import Choice
from scheduling.shifts.task import DayTask
from scheduling.simulation.replicate import StreamJudgement

MOST_LEVEL = 3.0


@dataclass(kw_only=True)
class Period:
    """Days of one stream that the rule judges together.

    Attributes
    ----------
    stream, dates
        The days.
    before
        Units in time and all units of the period before those days.
    task
        What each of the days must meet (one of them; target and rule are the same on all).
    wanted
        Share of draws in which the period is to meet its target; 0 where there are no draws.
    level
        Factor on the demand that is planned for.
    margin
        By how much estimates must be ahead of the target.
    reserve
        How far below the limit estimates of the share never answered must stay.
    lost
        What the judge of the whole plan, with its people, found missing of the share at the wanted chance.
    chosen, judged, sums
        Each day's plan, its judgement, and what the model expects of it in each draw (days x draws x 2).
    certified
        Whether the judgement holds.
    """

    stream: str
    dates: tuple[dt.date, ...]
    before: tuple[float, float]
    task: DayTask
    wanted: float
    level: float = 1.0
    margin: float = 0.0
    reserve: float = 0.0
    lost: float = 0.0
    chosen: list[Choice] = field(default_factory=list)
    judged: list[StreamJudgement] = field(default_factory=list)
    sums: Floats = field(default_factory=lambda: np.zeros((0, 0, 2)))
    certified: bool = False

    @property
    def keys(self) -> list[DayKey]:
        """Stream and date of each day."""
        return [(self.stream, date) for date in self.dates]

    @property
    def cost(self) -> float:
        """Cost of the chosen plans. [money]"""
        return sum(choice.cost for choice in self.chosen)

    @property
    def kind(self) -> float:
        """How much better the model's shares are than the simulator's, for the chosen plans."""
        weights = np.array([max(float(c.trial.denominator.mean()), 1e-9) for c in self.chosen])
        kind = [self.task.ahead(choice.promised) - choice.ahead for choice in self.chosen]
        return float(np.average(kind, weights=weights))

    @property
    def ahead(self) -> Floats:
        """By how much each draw's expected share, corrected by `kind` and `lost`, is ahead of the target."""
        shares = shares_of(self.sums, self.before)
        return np.array([self.task.ahead(share) for share in shares]) - self.kind - self.lost

    @property
    def chance(self) -> float:
        """Share of the draws whose expected share meets the target."""
        return float(np.mean(self.ahead >= 0))

    def low(self, quantile: float) -> float:
        """Return a quantile of the model's share over draws, on the worse side."""
        shares = shares_of(self.sums, self.before)
        return float(np.quantile(shares, 1.0 - quantile if self.task.is_seconds else quantile))


def periods_of(demand: StreamDemand) -> Iterator[tuple[tuple[dt.date, ...], bool]]:
    """Yield the dates that are judged together, and whether the days before them count as well (rolling)."""
    dates = sorted(demand.days)
    kind = demand.days[dates[0]].rule.period.kind

    def label(date: dt.date) -> tuple[int, ...]:
        if kind == "natural_week":
            return tuple(date.isocalendar()[:2])
        if kind == "natural_month":
            return (date.year, date.month)
        return (date.toordinal(),) if kind in ("natural_day", "last_day") else ()

    for _, together in groupby(dates, key=label):
        yield tuple(together), kind == "rolling"


def planning_level(demand: StreamDemand, dates: Sequence[dt.date], wanted: float) -> float:
    """Return the factor on the demand of days judged together that the wanted share of draws stays below.

    At a wanted share of 0.5 and below, and without draws, the mean itself is planned for.
    """
    if wanted <= 0.5 or not all(len(demand.draws.get(date, ())) for date in dates):
        return 1.0
    totals = np.sum([demand.draws[date].sum(axis=1) for date in dates], axis=0)
    expected = sum(float(demand.days[date].sessions.sum()) for date in dates)
    return float(np.clip(np.quantile(totals, wanted) / expected, 1.0, MOST_LEVEL)) if expected > 0 else 1.0
