"""How much work goes into a plan: limits on evaluations and simulated days, never on seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scipy.special import ndtri

from scheduling.service.shop import DayModel
from scheduling.simulation.estimate import CONFIDENCE

SMALL_DAY = 4000.0  # sessions of a day; a smaller one is searched longer
EVERY_REPLY = 1.5  # times as much CPU for an evaluation where every reply counts

EffortName = Literal["quick", "normal", "thorough"]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much to search.

    Attributes
    ----------
    evaluations
        Most evaluations of a day by the model in one walk; tables count as several.
    small_day
        Times as many, at most, for a small day: the judge has less to do there, and one duty more or less
        is a larger part of the whole. Where every reply counts an evaluation is dearer, and there are fewer.
    removals
        Sets of duties to take away per ranking.
    tries
        Ranked moves that are evaluated, per ranking.
    rankings
        Rankings, each with other removals, around one plan.
    """

    evaluations: int
    small_day: float = 1.0
    removals: int = 24
    tries: int = 6
    rankings: int = 2

    def of_day(self, model: DayModel) -> float:
        """Return the evaluations of a day that a walk may take."""
        sessions = max(float(model.day.sessions.sum()), 1.0)
        more = min(max(SMALL_DAY / sessions, 1.0), self.small_day)
        return self.evaluations * max(1.0, more / EVERY_REPLY if model.every else more)


@dataclass(frozen=True, kw_only=True)
class DesignEffort:
    """Limits of a day's design.

    Attributes
    ----------
    walk
        The search by the model.
    stages
        Parts of the walk; after each the simulator says how kind the model is.
    simulated_sessions
        Most sessions simulated while searching.
    rungs
        Simulated days after each of which a plan goes on or is dropped.
    per_cost
        Plans of the same cost that are tried.
    half_width
        Of the 95 % interval of a share on fresh days.
    most_days
        Most fresh days of one judgement.
    walks
        Walks from different starts, with different luck.
    attempts
        Plans that are judged on fresh days before the search gives up; they share the 5 % that one of them is
        called certified wrongly.
    draws, final_draws
        Forecast draws that plans are checked against while searching, and in the end; None: all of them.
    spare_chance
        Chance above the wanted one that is searched for: the few draws of a quick search are not the many
        that judge it.
    bound_work
        Work on the lower bound of a day's cost; 0: none is sought. [deterministic seconds]
    level_rounds
        Times the level of demand planned for is moved to reach the wanted chance.
    """

    walk: Effort
    stages: int
    simulated_sessions: float
    rungs: tuple[int, ...]
    half_width: float
    most_days: int
    per_cost: int = 5
    walks: int = 1
    attempts: int = 4
    draws: int = 100
    final_draws: int | None = None
    spare_chance: float = 0.0
    bound_work: float = 1.0
    level_rounds: int = 2

    @property
    def certain(self) -> float:
        """Standard errors by which one of the attempts must be ahead of the target."""
        return float(ndtri(1.0 - (1.0 - CONFIDENCE) / self.attempts))


EFFORTS: dict[EffortName, DesignEffort] = {
    "quick": DesignEffort(
        walk=Effort(evaluations=55, removals=8, tries=4),
        stages=1,
        simulated_sessions=0.4e6,
        rungs=(60, 180),
        half_width=0.003,
        most_days=400,
        attempts=2,
        draws=24,
        level_rounds=1,
        final_draws=24,
        spare_chance=0.03,
        bound_work=0.05,
    ),
    "normal": DesignEffort(
        walk=Effort(evaluations=1000, small_day=1.7, tries=8),
        stages=3,
        simulated_sessions=14e6,
        rungs=(60, 360, 1440),
        half_width=0.0006,
        most_days=15_000,
        walks=2,
    ),
    "thorough": DesignEffort(
        walk=Effort(evaluations=4500, removals=32),
        stages=5,
        simulated_sessions=160e6,
        rungs=(60, 360, 1440, 5760),
        half_width=0.0002,
        most_days=15_000,
        per_cost=8,
        walks=2,
        attempts=4,
        draws=200,
    ),
}
