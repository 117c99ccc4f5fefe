"""Small service days for tests of the planner's model."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from scheduling.day import ServiceDay
from scheduling.shifts.templates import TemplateInstance


def service_day(
    rates: list[float] | None = None,
    *,
    rule: dict[str, Any] | None = None,
    target: float = 0.9,
    **service: Any,
) -> ServiceDay:
    """Return a day from 09:00 in half-hours with these sessions an hour; the whole of it is judged."""
    hourly = np.array(rates if rates is not None else [60.0] * 8)
    return ServiceDay(
        first_min=540,
        interval_min=30,
        sessions=hourly / 2,
        service=ServiceParameters(**service),
        rule=ReplyRule(id="test", **(rule or {})),
        target=target,
    )


def half_duty(start: int, end: int) -> TemplateInstance:
    """Return a duty without a break, between minutes of the day, at a unit of money an hour."""
    return TemplateInstance(
        template="班",
        form="half",
        start_min=start,
        end_min=end,
        breaks=(),
        pool="staff",
        paid_hours=(end - start) / 60,
        cost=(end - start) / 60,
    )
