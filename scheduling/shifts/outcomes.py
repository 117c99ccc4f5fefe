"""What a stream's designed shifts promise over a span, and how they were judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

from scheduling.demand import DayKey
from scheduling.shifts.chance import LOW
from scheduling.shifts.day_search import DayChoices
from scheduling.shifts.judging import ratio_of, share_of
from scheduling.shifts.periods import Period
from scheduling.shifts.plans import DayPlan, StreamOutcome
from scheduling.shifts.task import DayTask


def stream_outcome(periods: Sequence[Period], plans: Sequence[DayPlan]) -> StreamOutcome:
    """Return the outcome of one stream.

    Parameters
    ----------
    periods
        The periods of its rule, judged.
    plans
        The plans of their days.
    """
    judged = [day for period in periods for day in period.judged]
    is_seconds = periods[0].task.is_seconds
    share = share_of(judged, (0.0, 0.0), float(not is_seconds))
    on_time = sum(float(plan.evaluation.on_time.sum()) for plan in plans)
    total = sum(float(plan.evaluation.total.sum()) for plan in plans)
    cost = sum(plan.cost for plan in plans)
    bound = sum(min(plan.bound, plan.cost) for plan in plans)
    certified = all(period.certified for period in periods)
    lows = [period.low(LOW) for period in periods]
    out_of_reach = any(plan.found.out_of_reach for plan in plans)
    return StreamOutcome(
        promised=on_time / total if total > 0 else float(not is_seconds),
        promised_low=max(lows) if is_seconds else min(lows),
        probability=min(period.chance for period in periods),
        certified=certified,
        simulated=share.value,
        simulated_ci=(max(0.0, share.low), share.high if is_seconds else min(1.0, share.high)),
        unanswered=ratio_of(judged, "unanswered_sessions", "window_sessions"),
        on_time_of_asked=ratio_of(judged, "rounds_on_time", "rounds_asked", nothing=1.0),
        overtime_hours=sum(day.overtime_hours for day in judged),
        paid_hours=sum(plan.paid_hours for plan in plans),
        cost=cost,
        bound=bound,
        gap=(cost - bound) / cost if cost > 0 else 0.0,
        status="certified" if certified else "out_of_reach" if out_of_reach else "not_certified",
    )


def shared_notes(dates: Collection[dt.date]) -> list[str]:
    """Say on which days streams share people of whom there are too few for all."""
    when = ", ".join(str(date) for date in sorted(dates))
    return (
        [f"{when}: streams want more people of one kind than there are; shared out by need"] if when else []
    )


def beyond_reach_notes(
    streams: Iterable[str], tasks: Mapping[DayKey, DayTask], found: Mapping[DayKey, DayChoices]
) -> list[str]:
    """Say on which days no number of people meets what is asked, and what they would bring."""
    notes = []
    for stream in streams:
        beyond = {key[1]: day.best for key, day in found.items() if key[0] == stream and day.best}
        if not beyond:
            continue
        when = f"{min(beyond)} to {max(beyond)}" if len(beyond) > 1 else str(min(beyond))
        task = tasks[stream, min(beyond)]
        left = max(best.unanswered_share for best in beyond.values())
        shares = [best.share for best in beyond.values()]
        share = max(shares) if task.is_seconds else min(shares)
        said = f"{share:.0f} s" if task.is_seconds else f"{share:.1%}"
        notes.append(
            f"{stream}: on {when} any number of people on these shifts would reach {said} at best and "
            f"leave {left:.2%} unanswered, which is not enough; planned for nearly that"
        )
    return notes
