"""What is true of the synthetic shops: volumes, shapes, noise. All of it made up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Skill = Literal["presale", "aftersale"]

# Relative consultations by wall hour; midday and 20-23 h peaks (domain.md 6.2), closed hours 0.
PRESALE_HOURS = (0.0,) * 8 + (
    0.45, 0.70, 0.90, 0.95, 1.05, 1.10, 1.05, 1.00,
    0.95, 0.90, 0.85, 1.00, 1.25, 1.40, 1.35, 1.00,
)  # fmt: skip
AFTERSALE_HOURS = (0.0,) * 8 + (
    0.60, 1.20, 1.40, 1.30, 1.05, 1.00, 1.20, 1.25,
    1.20, 1.10, 0.95, 0.85, 0.90, 0.95, 0.85, 0.60,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class StreamTruth:
    """The true demand of one synthetic stream.

    Attributes
    ----------
    id, skill
        The stream's id; a presale stream feels the selling phases of a promotion, an after-sales stream
        the wave days later.
    per_hour
        Mean consultations an open hour, before bots, on an ordinary day at the end of the history.
    hours
        Relative volume of the 24 wall hours, 0 where closed.
    weekdays
        Relative volume Monday to Sunday.
    weekend_evening
        Log effect on weekend evenings (19 h on): the profile is not the same on all days.
    growth
        Growth a year; 0.10 is ten percent.
    """

    id: str
    skill: Skill
    per_hour: float
    hours: tuple[float, ...] = PRESALE_HOURS
    weekdays: tuple[float, ...] = (1.03, 1.00, 0.99, 0.98, 0.96, 1.00, 1.04)
    weekend_evening: float = -0.08
    growth: float = 0.10


@dataclass(frozen=True, kw_only=True)
class NoiseParameters:
    """What even somebody who knows the true mean cannot foresee.

    Attributes
    ----------
    day_sd, day_memory
        Standard deviation of a day's common factor (log) and its correlation with the day before's.
    overdispersion
        Variance of an hour beyond Poisson, as a share of the squared mean: Var = mean + a mean².
    level_sd
        Step of the weekly level walk (log). It is part of the true mean.
    event_sd
        Spread of a promotion's size (log) around its kind's. It is part of the true mean.
    """

    day_sd: float = 0.06
    day_memory: float = 0.4
    overdispersion: float = 0.006
    level_sd: float = 0.010
    event_sd: float = 0.12


@dataclass(frozen=True, kw_only=True)
class DemoParameters:
    """What is true of the demo shop.

    Sized for the 36 people of `forecast.demo_shop.people`: with the service parameters of its
    ``shop.toml`` a presale agent finishes about 25 sessions an hour and an after-sales agent 15, so an
    ordinary day is covered by the staff on five duties a week, and the promotion needs part-timers and
    people who can do both.

    Attributes
    ----------
    streams
        Presale and after-sales.
    noise
        What nobody can foresee.
    history_days, plan_days
        Length of the history, which ends the day before the plan starts, and of the plan.
    """

    streams: tuple[StreamTruth, ...] = field(
        default_factory=lambda: (
            StreamTruth(id="taobao-presale", skill="presale", per_hour=165.0),
            StreamTruth(
                id="taobao-aftersale",
                skill="aftersale",
                per_hour=46.0,
                hours=AFTERSALE_HOURS,
                weekdays=(1.12, 1.06, 1.02, 1.00, 0.98, 0.90, 0.92),
                weekend_evening=0.04,
            ),
        )
    )
    noise: NoiseParameters = field(default_factory=NoiseParameters)
    history_days: int = 425
    plan_days: int = 14
