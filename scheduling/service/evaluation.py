"""What the model expects of one day."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.day import Floats


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What the model expects of one day.

    Attributes
    ----------
    on_time, total
        Expected units of the rule, in time and all, one value an interval, zero outside the window.
        Under a rule in mean seconds `on_time` holds the summed reply times [s].
    asked
        Rounds there would be if every session of the window were served. [rounds]
    rounds_on_time
        Rounds of the window answered within the threshold. [rounds]
    arrived, unanswered
        Sessions of the window, and those of them that are never answered, by interval of arrival.
    open_sessions
        Mean sessions holding a slot. [sessions]
    target
        The day's target.
    less_is_better
        Whether the rule is in mean seconds.
    """

    on_time: Floats
    total: Floats
    asked: Floats
    rounds_on_time: Floats
    arrived: Floats
    unanswered: Floats
    open_sessions: Floats
    target: float
    less_is_better: bool = False

    @property
    def share(self) -> float:
        """Units in time / units; mean seconds under such a rule; 1 (or 0 s) when nothing is counted."""
        total = float(self.total.sum())
        if total <= 0:
            return 0.0 if self.less_is_better else 1.0
        return float(self.on_time.sum()) / total

    @property
    def surplus(self) -> float:
        """Units above the target: Σ on_time - target Σ total; seconds below it under a rule in seconds."""
        surplus = float(self.on_time.sum() - self.target * self.total.sum())
        return -surplus if self.less_is_better else surplus

    @property
    def unanswered_share(self) -> float:
        """Sessions of the window that are never answered / sessions of the window."""
        arrived = float(self.arrived.sum())
        return float(self.unanswered.sum()) / arrived if arrived > 0 else 0.0

    @property
    def on_time_of_asked(self) -> float:
        """Rounds in time / rounds there would be if every session were served."""
        asked = float(self.asked.sum())
        return float(self.rounds_on_time.sum()) / asked if asked > 0 else 1.0
