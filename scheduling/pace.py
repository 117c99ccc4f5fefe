"""A day as the people on duty serve it: at their own speed, with as many sessions open as they may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scheduling.day import DutySpan, Ints, ServiceDay, leaving, on_duty
from scheduling.service.agent import away_seconds, exponential_throughput
from scheduling.service.shop import DayModel

PACE_STEPS = 100  # a unit of the factor on the work: each step has a law of one agent of its own
UNEVEN = 0.25  # of the way from a team's mean speed to the harmonic mean; fitted to simulations


def as_worked(day: ServiceDay, duties: Sequence[DutySpan]) -> ServiceDay:
    """Return a day on which the planner's model may count every duty as one agent.

    Parameters
    ----------
    day
        The day for agents of average speed, with the stream's reception cap.
    duties
        Who is on when. The cap becomes the mean of theirs, to the nearest whole one; work takes as much
        longer in each interval as those on duty are slow (where nobody is, all of them). Who may have more
        open than the mean gets more done, as a full agent, and the other way round.

    Notes
    -----
    Sessions go to whoever has the fewest open, so slow people have as many as fast ones and answer later: a
    team is worth less than its mean speed. A quarter of the way to the harmonic mean, weighted by caps, fits.
    """
    people = [duty for duty in duties if duty.working_spans]
    usual = day.service.reception_cap
    if all(duty.speed == 1.0 and duty.reception_cap in (None, usual) for duty in people):
        return day
    minutes = np.array([sum(b - a for a, b in duty.working_spans) for duty in people], dtype=float)
    speeds = np.array([duty.speed for duty in people])
    caps = np.array([usual if duty.reception_cap is None else duty.reception_cap for duty in people])
    cap = max(1, round(float(np.average(caps, weights=minutes))))
    here = np.array([on_duty([duty], day.starts_min, day.interval_min) for duty in people], dtype=float)
    here[:, here.sum(axis=0) == 0] = minutes[:, None]
    heads = here.sum(axis=0)
    full = speeds * [_more_open(day, speed, own, cap) for speed, own in zip(speeds, caps, strict=True)]
    even = (caps @ here) / ((caps / speeds) @ here) / ((speeds @ here) / heads)  # below 1 where people differ
    worth = (full @ here) / heads * (1.0 - UNEVEN * (1.0 - even))
    return replace(
        day,
        service=replace(day.service, reception_cap=cap),
        handle_factor=np.round(PACE_STEPS * day.handle_factor / worth) / PACE_STEPS,
    )


def team_model(day: ServiceDay, duties: Sequence[DutySpan]) -> tuple[DayModel, Ints, Ints]:
    """Return the model of a day as these people serve it, how many are on duty, and how many stop."""
    on = on_duty(duties, day.starts_min, day.interval_min)
    return DayModel(as_worked(day, duties)), on, leaving(duties, day.starts_min)


def _more_open(day: ServiceDay, speed: float, own: int, usual: int) -> float:
    """Return how much more a full agent gets done under his own reception cap than under another."""
    if own == usual:
        return 1.0
    reply_s, away_s = day.service.reply_s / speed, away_seconds(day.service)
    return exponential_throughput(reply_s, away_s, own) / exponential_throughput(reply_s, away_s, usual)
