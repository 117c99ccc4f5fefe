"""People called in on top of a plan: the duty each works, and what an hour more of somebody on duty costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scheduling.config import Settings
from scheduling.day import DutySpan, Floats, ServiceDay

LEAST_MIN = 180  # a person called in works so long at least
USUAL_WAGE = 25.0  # per hour, where the shop has no shift templates


def mean_wage(settings: Settings) -> float:
    """Return the mean hourly cost of the shop's shift templates."""
    wages = [template.cost_per_hour for template in settings.templates]
    return float(np.mean(wages)) if wages else USUAL_WAGE


def called_duty(person: Mapping[str, Any], stream: str, start_min: int, end_min: int) -> DutySpan:
    """Return the duty of a person called in, with his speed and reception cap (``reserve_table`` rows)."""
    cap = person["reception_cap"]
    return DutySpan(
        start_min=start_min,
        end_min=end_min,
        streams=(stream,),
        speed=float(person["speed"]),
        reception_cap=None if cap is None or cap != cap else int(cap),
    )


def best_hours(
    person: Mapping[str, Any],
    stream: str,
    day: ServiceDay,
    worth: Floats,
    *,
    minutes: int,
    earliest_min: int = 0,
    latest_min: int | None = None,
) -> DutySpan | None:
    """Return the duty of a person called in for so long where that is worth most.

    Parameters
    ----------
    person, stream
        Who, and for what.
    day, worth
        The day, and what one agent more brings in each of its intervals.
    minutes
        How long; less where the time between does not last so long.
    earliest_min, latest_min
        When the person can be there, and until when. [min since midnight]

    Returns
    -------
    DutySpan or None
        None where there is no time left or nothing is gained.
    """
    step = day.interval_min
    start = max(day.first_min, -(-earliest_min // step) * step)
    end = day.last_min if latest_min is None else min(day.last_min, latest_min)
    minutes = min(minutes, end - start)
    if minutes < step:
        return None
    first, last = (start - day.first_min) // step, (end - day.first_min) // step
    sums = np.convolve(worth[first:last], np.ones(minutes // step), mode="valid")
    if sums.max() <= 0:
        return None
    begin = day.first_min + (first + int(np.argmax(sums))) * step
    return called_duty(person, stream, begin, begin + minutes)
