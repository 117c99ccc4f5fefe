"""Small service days for tests of the planner's model."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from scheduling.day import ServiceDay


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
