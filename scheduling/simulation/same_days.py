"""Many plans on the same simulated days: their sums day by day, to be compared without the days' luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scheduling.day import DutySpan, Floats, ServiceDay
from scheduling.simulation import counting
from scheduling.simulation.arrivals import KeptDay, draw_day
from scheduling.simulation.replicate import on_threads, setting_of, simulate_day, who_comes
from scheduling.simulation.staff import staff_of


@dataclass(frozen=True, kw_only=True)
class PlanSums:
    """Sums per plan and simulated day (plans x days); the same column is the same buyers.

    Attributes
    ----------
    numerator, denominator
        Units of the rule on time (or their seconds), and all.
    unanswered, arrived
        Sessions of the window that are never answered, and all.
    rounds_on_time, rounds_asked
        What `on_time_of_asked` is the ratio of.
    overtime_s
        Typing outside the spans of duty. [s]
    """

    numerator: Floats
    denominator: Floats
    unanswered: Floats
    arrived: Floats
    rounds_on_time: Floats
    rounds_asked: Floats
    overtime_s: Floats


def draw_days(
    day: ServiceDay, *, seed: int, days: int, first_day: int = 0, sessions: Floats | None = None
) -> list[KeptDay]:
    """Draw the buyers of several days of one stream, to be used for many plans (`judge_many`)."""
    draws = None if sessions is None else {"": sessions}
    return [
        KeptDay.of(draw_day({"": day}, seed=seed, number=first_day + i, sessions=draws)) for i in range(days)
    ]


def judge_many(
    day: ServiceDay,
    duty_lists: Sequence[Sequence[DutySpan]],
    *,
    seed: int,
    days: int,
    first_day: int = 0,
    sessions: Floats | None = None,
    absence_rate: float = 0.0,
    drawn: Sequence[KeptDay] | None = None,
    threads: int | None = None,
) -> PlanSums:
    """Simulate several plans of one stream on the same days.

    Parameters
    ----------
    day
        What the stream asks.
    duty_lists
        One list of duties a plan; every duty serves the stream, whatever streams it names.
    seed, days, first_day
        Which buyers: those of the days `first_day` to ``first_day + days`` of the seed.
    sessions
        Draws of the expected sessions (draws x intervals), taken in turn.
    absence_rate
        Chance that a duty is not worked; the n-th duty of every plan has the same luck.
    drawn
        The days' buyers where they are at hand (`draw_days` with the same arguments): a search that judges
        plan after plan draws them once.
    threads
        Days simulated at once; it does not change the result.
    """
    setting = setting_of({"": day})
    staffs = [staff_of([replace(duty, streams=()) for duty in duties], setting.days) for duties in duty_lists]
    absences = [np.full(len(duties), absence_rate) for duties in duty_lists]

    def one_day(position: int) -> Floats:
        number = first_day + position
        buyers = (
            draw_days(day, seed=seed, days=1, first_day=number, sessions=sessions)[0]
            if drawn is None
            else drawn[position]
        )
        return np.stack(
            [
                simulate_day(setting, buyers.drawn(), staff, who_comes(staff, absence, seed, number))[0][0]
                for staff, absence in zip(staffs, absences, strict=True)
            ]
        )

    sums = np.stack(list(on_threads(one_day, range(days), threads)), axis=1)
    return PlanSums(
        numerator=sums[:, :, counting.ON_TIME],
        denominator=sums[:, :, counting.TOTAL],
        unanswered=sums[:, :, counting.UNANSWERED],
        arrived=sums[:, :, counting.ARRIVED],
        rounds_on_time=sums[:, :, counting.ROUNDS_ON_TIME],
        rounds_asked=sums[:, :, counting.ROUNDS_ASKED],
        overtime_s=sums[:, :, counting.OVERTIME_S],
    )
