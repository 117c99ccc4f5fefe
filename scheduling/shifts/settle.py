"""From plans the model likes to plans the simulator agrees with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from scheduling.day import Ints
from scheduling.shifts.moves import FLOOR
from scheduling.shifts.search import SLACK, Tried, Walk
from scheduling.shifts.task import DayTask
from scheduling.shifts.trials import LOOK, Trial, Trials

NEAR = 0.012  # of the target, within which plans are worth a trial
FAR = 0.08  # below the target, within which plans serve beside better days
LEVELS_BELOW = 6  # costs below the border at which such plans are tried
LEVELS = 3  # costs at which plans that pass are gathered
MOST_UNANSWERED = 0.01  # by which the model may be wrong about unanswered sessions


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A plan with what the model promises and what the simulator estimates at the level planned for.

    ``ahead`` is by how much the estimate is above the target (below it in a rule in seconds, as a share of
    the target), ``error`` its standard error.
    """

    counts: Ints
    cost: float
    promised: float
    ahead: float
    error: float
    trial: Trial


def by_cost(choice: Choice) -> tuple[float, float]:
    """Return what choices are ordered by: cost, then how far ahead they are."""
    return round(choice.cost, 6), -choice.ahead


@dataclass
class Settler:
    """Tries plans on simulated days, cheapest first, and learns how kind the model is."""

    task: DayTask  # with the target that is really wanted
    trials: Trials
    rungs: tuple[int, ...]  # simulated days after which a plan goes on or is dropped
    per_cost: int  # plans of the same cost that are tried
    margin: float = 0.0  # above the target that a judgement on fresh days needs
    kindness: list[float] = field(default_factory=list)
    kind_unanswered: list[float] = field(default_factory=list)
    choices: dict[bytes, Choice] = field(default_factory=dict)

    def ahead(self, share: float) -> float:
        """Return by how much a share is better than the target."""
        return self.task.ahead(share)

    @property
    def kind(self) -> float:
        """How much better the model's shares are than the simulator's."""
        return float(np.median(self.kindness[-12:])) if self.kindness else 0.0

    def aimed(self) -> DayTask:
        """Return the task with its target and limit shifted by what the model is too kind by."""
        shift = self.kind + self.margin
        target = (
            self.task.target * (1 - shift) if self.task.is_seconds else min(self.task.target + shift, 0.9999)
        )
        unanswered = float(np.median(self.kind_unanswered[-12:])) if self.kind_unanswered else 0.0
        least = 0.0
        if self.task.absence_rate > 0:  # a few days tell little of those on which all on duty are absent
            least, unanswered = self.task.max_unanswered / 4, min(0.0, unanswered)
        allowed = max(least, self.task.max_unanswered + unanswered)
        return replace(
            self.task,
            target=target,
            max_unanswered=1.0 if self.task.max_unanswered >= 1 else min(allowed, 0.99),
        )

    def settle(self, walk: Walk) -> None:
        """Try the cheapest plans near the border until some of several costs pass."""
        near = sorted(
            (tried for tried in walk.tried.values() if self._is_near(tried)),
            key=lambda tried: (round(tried.cost, 6), -self.ahead(tried.share)),
        )
        for tried in self._spread(near):
            self.take(tried, LOOK)
        passed: set[float] = {round(c.cost, 6) for c in self.passing()}
        at_cost: dict[float, int] = {}
        for tried in near:
            level = round(tried.cost, 6)
            if at_cost.get(level, 0) >= self.per_cost or not self.trials.can_afford(LOOK):
                continue
            if level in passed or self.ahead(tried.share) - self.kind < self.margin - 0.004:
                continue
            if len([cost for cost in passed if cost < level - SLACK]) >= LEVELS:
                break
            at_cost[level] = at_cost.get(level, 0) + 1
            if self._climb(tried):
                passed.add(level)

    def _climb(self, tried: Tried) -> bool:
        """Simulate a plan on more and more days while it may still pass; return whether it does."""
        for days in self.rungs:
            if not self.trials.can_afford(days):
                return False
            choice = self.take(tried, days)
            if choice.ahead < self.margin - choice.error:
                return False
        return self._passes(choice)

    def look_around(self, walk: Walk) -> None:
        """Try the best plan of a few costs below the border, for days that are judged with others."""
        passing = self.passing()
        most = passing[0].cost if passing else np.inf
        best: dict[float, Tried] = {}
        for tried in walk.tried.values():
            level = round(tried.cost, 6)
            known = best.get(level)
            if level < most and self._is_near(tried, FAR) and (known is None or self._is_ahead(tried, known)):
                best[level] = tried
        for level in sorted(best, reverse=True)[:LEVELS_BELOW]:
            if self.trials.can_afford(LOOK):
                self.take(best[level], LOOK)

    def _is_ahead(self, one: Tried, other: Tried) -> bool:
        return self.ahead(one.share) > self.ahead(other.share)

    def _is_near(self, tried: Tried, reach: float = NEAR) -> bool:
        allowed = self.task.max_unanswered + MOST_UNANSWERED
        fits_floor = tried.now[FLOOR] >= -SLACK
        return bool(fits_floor and self.ahead(tried.share) > -reach and tried.unanswered <= allowed)

    def _spread(self, near: list[Tried]) -> list[Tried]:
        """Return a few plans of different cost at the border, to learn the model's kindness from."""
        at_border = [
            tried for tried in near if abs(self.ahead(tried.share) - self.margin - self.kind) < 0.006
        ]
        unknown = [tried for tried in at_border if tried.counts.tobytes() not in self.choices]
        seen: dict[float, Tried] = {}
        for tried in unknown:
            seen.setdefault(round(tried.cost, 6), tried)
        return list(seen.values())[:4]

    def take(self, tried: Tried, days: int) -> Choice:
        """Simulate a plan and learn from it."""
        key = tried.counts.tobytes()
        known = self.choices.get(key)
        if known is not None and known.trial.days >= self.trials.days(days):
            return known
        estimate, error = self.trials.estimate(tried.counts, days)
        trial = self.trials.of(tried.counts, days)
        choice = Choice(
            counts=tried.counts,
            cost=tried.cost,
            promised=tried.share,
            ahead=self.ahead(estimate),
            error=error / self.task.target if self.task.is_seconds else error,
            trial=trial,
        )
        self.choices[key] = choice
        self.kindness.append(self.ahead(tried.share) - choice.ahead)
        self.kind_unanswered.append(tried.unanswered - trial.unanswered_share)
        return choice

    def _passes(self, choice: Choice) -> bool:
        return (
            choice.trial.days >= self.trials.days(self.rungs[-1])
            and choice.ahead - self.margin > 0.3 * choice.error
            and choice.trial.unanswered_share <= self.task.max_unanswered
        )

    def passing(self) -> list[Choice]:
        """Return the plans that fresh days are likely to confirm, cheapest first."""
        found = [choice for choice in self.choices.values() if self._passes(choice)]
        return sorted(found, key=by_cost)

    def nearest(self) -> Choice | None:
        """Return the plan with the best estimate where none passes."""
        found = [c for c in self.choices.values() if c.trial.unanswered_share <= self.task.max_unanswered]
        return max(found, key=lambda choice: choice.ahead, default=None)
