"""How much work goes into a plan: limits on evaluations and simulated days, never on seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scheduling.shifts.search import Effort

EffortName = Literal["quick", "normal", "thorough"]


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
    half_width
        Of the 95 % interval of a share on fresh days.
    most_days
        Most fresh days of one judgement.
    walks
        Walks from different starts, with different luck.
    attempts
        Plans that are judged on fresh days before the search gives up.
    draws
        Forecast draws that plans are checked against while searching; all of them are in the end.
    """

    walk: Effort
    stages: int
    simulated_sessions: float
    half_width: float
    most_days: int
    walks: int = 1
    attempts: int = 4
    draws: int = 40


EFFORTS: dict[EffortName, DesignEffort] = {
    "quick": DesignEffort(
        walk=Effort(evaluations=110, removals=12, tries=5),
        stages=1,
        simulated_sessions=1.5e6,
        half_width=0.003,
        most_days=600,
        attempts=2,
        draws=20,
    ),
    "normal": DesignEffort(
        walk=Effort(evaluations=900),
        stages=3,
        simulated_sessions=12e6,
        half_width=0.0012,
        most_days=4000,
    ),
    "thorough": DesignEffort(
        walk=Effort(evaluations=4500, removals=32),
        stages=5,
        simulated_sessions=80e6,
        half_width=0.0008,
        most_days=8000,
        walks=2,
        attempts=6,
        draws=100,
    ),
}
