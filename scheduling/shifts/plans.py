"""What a design hands on: one stream's day, and one stream's span."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.day import Ints
from scheduling.service.evaluation import Evaluation
from scheduling.shifts.day_search import DayChoices
from scheduling.shifts.task import DayTask
from scheduling.simulation.replicate import StreamJudgement


@dataclass(frozen=True, kw_only=True)
class DayPlan:
    """One stream's shifts on one day.

    Attributes
    ----------
    task
        What they had to meet, at the expected demand.
    counts
        People per instance of the task.
    evaluation
        What the model expects.
    judged
        What the simulator found on days that the search never saw.
    found
        What the search found.
    bound
        Lower bound on the cost of the day at the level planned for. [money]
    level
        Factor on the demand that was planned for, so that the wanted share of draws meets the target.
    kind
        How much better the model's share is than the simulator's, on the days of the search.
    """

    task: DayTask
    counts: Ints
    evaluation: Evaluation
    judged: StreamJudgement
    found: DayChoices
    bound: float
    level: float
    kind: float

    @property
    def cost(self) -> float:
        """Cost of the day. [money]"""
        return float(self.counts @ self.task.cost)

    @property
    def paid_hours(self) -> float:
        """Paid hours of the day."""
        return float(self.counts @ self.task.paid_hours)


@dataclass(frozen=True, kw_only=True)
class StreamOutcome:
    """What a stream's shifts promise and how they were judged; fields as in ``summary.json``.

    Attributes
    ----------
    promised, promised_low, probability
        The model's share over the span, its 10 % quantile over draws (of the worst period of the rule), and
        the share of draws whose expected share, corrected by what the model is known to be too kind by,
        meets the target (in the worst period).
    certified
        Whether, in each period of the rule, the one-sided 95 % lower bound is at or above the target and
        few enough sessions stay unanswered.
    simulated, simulated_ci, unanswered, on_time_of_asked, overtime_hours
        The simulator's figures on fresh days.
    bound, gap
        Lower bound on the cost, and how far the cost is above it, relative to the cost.
    status
        certified | not_certified | out_of_reach (limits on people keep the target out of reach).
    """

    promised: float
    promised_low: float
    probability: float
    certified: bool
    simulated: float
    simulated_ci: tuple[float, float]
    unanswered: float
    on_time_of_asked: float
    overtime_hours: float
    paid_hours: float
    cost: float
    bound: float
    gap: float
    status: str
