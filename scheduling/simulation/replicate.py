"""Many simulated days of one plan: what it achieves, and how sure that is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from forecast.randomness import generator
from scheduling.day import DutySpan, Floats, ServiceDay
from scheduling.simulation import counting
from scheduling.simulation.arrivals import DrawnDay, draw_day
from scheduling.simulation.engine import simulate
from scheduling.simulation.estimate import Estimate, ratio
from scheduling.simulation.events import reply_events
from scheduling.simulation.records import Flags, Records
from scheduling.simulation.staff import Staff, staff_of, streams_of

__all__ = ["Judgement", "StreamJudgement", "judge", "reply_events"]

UNITS = [counting.INTERVAL_ON_TIME, counting.INTERVAL_TOTAL]  # kept by simulated day

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class StreamJudgement:
    """What one stream's plan achieves on an average day.

    Attributes
    ----------
    share, ci, lower_bound
        The rule's share (ratio of expected sums), its 95 % interval and its one-sided 95 % bound on the worse
        side. Under a rule in mean seconds they hold seconds, and the bound lies above.
    unanswered
        Sessions of the window that are never answered / sessions of the window.
    on_time_of_asked
        Rounds on time / the rounds there would be if every session were served.
    overtime_hours
        Typing after the end of duties and in breaks, a day. [h]
    on_time, total, arrived
        Units of the rule, on time (or their seconds) and all, and sessions that arrive: means per interval.
    on_time_by_day, total_by_day
        The first two of each simulated day (days x intervals), for the share of a part of the day.
    open_sessions
        Mean sessions holding a slot, per interval.
    mean_first_response_s, mean_response_s
        Question to end of reply, first replies and all, of questions in the window that are answered. [s]
    days
        Simulated days.
    numerators, denominators, unanswered_sessions, window_sessions, rounds_on_time, rounds_asked
        Sums of each simulated day, for ratios over several days of a plan (`scheduling.simulation.estimate`).
    """

    share: float
    ci: tuple[float, float]
    lower_bound: float
    unanswered: float
    on_time_of_asked: float
    overtime_hours: float
    on_time: Floats
    total: Floats
    on_time_by_day: Floats
    total_by_day: Floats
    open_sessions: Floats
    arrived: Floats
    mean_first_response_s: float
    mean_response_s: float
    days: int
    numerators: Floats
    denominators: Floats
    unanswered_sessions: Floats
    window_sessions: Floats
    rounds_on_time: Floats
    rounds_asked: Floats

    @property
    def half_width(self) -> float:
        """Half the width of the 95 % interval."""
        return 0.5 * (self.ci[1] - self.ci[0])


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a plan achieves, by stream, over `days` simulated days."""

    streams: Mapping[str, StreamJudgement]
    days: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class DaySums:
    """What is counted on simulated days of a plan.

    Attributes
    ----------
    sums
        Days x streams x columns of `counting`.
    units
        Days x streams x (units on time, all units) x intervals.
    by_interval
        Streams x columns x intervals, summed over the days.
    """

    sums: Floats
    units: Floats
    by_interval: Floats


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What does not change from one simulated day to the next."""

    days: Mapping[str, ServiceDay]
    streams: Records
    terms: Sequence[counting.Terms]


def judge(
    days: Mapping[str, ServiceDay],
    duties: Sequence[DutySpan],
    *,
    seed: int,
    half_width: float = 0.003,
    least_days: int = 20,
    most_days: int = 2000,
    sessions: Mapping[str, Floats] | None = None,
    absence_rate: float | Mapping[str, float] = 0.0,
    first_day: int = 0,
    threads: int | None = None,
) -> Judgement:
    """Simulate a plan reply by reply until its shares are known well enough.

    Parameters
    ----------
    days
        What each stream asks on the day.
    duties
        Who is on when. A duty that names no stream serves all of them.
    seed
        Same seed, same buyers, whatever the plan.
    half_width
        Simulate until the 95 % interval of each stream's share is at most twice as wide. Under a rule in mean
        seconds it is a share of the target.
    least_days, most_days
        Limits on the days simulated.
    sessions
        Draws of the expected sessions by stream (draws x intervals), taken in turn.
    absence_rate
        Chance that a duty is not worked, for all duties or by stream; an agent on several streams has the
        largest of theirs.
    first_day
        Number of the first simulated day: other numbers are other buyers.
    threads
        Days simulated at once; default: as many as there are processors. It does not change the result.

    Returns
    -------
    Judgement
        Shares with their error, and what happens per interval.
    """
    parts: list[DaySums] = []
    known, wanted = 0, min(max(least_days, 1), most_days)
    while known < wanted:
        parts.append(
            simulate_days(
                days,
                duties,
                seed=seed,
                first_day=first_day + known,
                count=wanted - known,
                sessions=sessions,
                absence_rate=absence_rate,
                threads=threads,
            )
        )
        known = wanted
        wanted = min(_days_needed(np.concatenate([p.sums for p in parts]), days, half_width), most_days)
    return judgement_of(parts, days, seed=seed)


def simulate_days(
    days: Mapping[str, ServiceDay],
    duties: Sequence[DutySpan],
    *,
    seed: int,
    first_day: int,
    count: int,
    sessions: Mapping[str, Floats] | None = None,
    absence_rate: float | Mapping[str, float] = 0.0,
    threads: int | None = None,
) -> DaySums:
    """Simulate that many days of a plan, to be judged by `judgement_of`; see `judge`."""
    setting, staff = setting_of(days), staff_of(duties, days)
    absence = _absence_rates(duties, days, absence_rate)

    def one_day(number: int) -> tuple[Floats, Floats]:
        drawn = draw_day(days, seed=seed, number=number, sessions=sessions)
        return simulate_day(setting, drawn, staff, who_comes(staff, absence, seed, number))

    found = on_threads(one_day, range(first_day, first_day + count), threads)
    by_interval = np.zeros(1)
    for _, intervals in found:
        by_interval = by_interval + intervals
    return DaySums(
        sums=np.stack([sums for sums, _ in found]),
        units=np.stack([intervals[:, UNITS] for _, intervals in found]),
        by_interval=by_interval,
    )


def setting_of(days: Mapping[str, ServiceDay]) -> Setting:
    """Check the days and prepare what all simulated days share."""
    if not days:
        raise ValueError("days must name at least one stream")
    for name, day in days.items():
        if day.service.sessions_per_hour is not None:
            raise ValueError(
                f"stream {name}: reply_s must be scaled to sessions_per_hour before a simulation, got "
                f"sessions_per_hour = {day.service.sessions_per_hour:g}"
            )
    return Setting(
        days=days, streams=streams_of(days), terms=[counting.terms_of(day) for day in days.values()]
    )


def simulate_day(
    setting: Setting, drawn: DrawnDay, staff: Staff, present: Flags | None
) -> tuple[Floats, Floats]:
    """Return one day's sums and its counts per interval."""
    happened = simulate(drawn, staff, setting.streams, present=present)
    return counting.count_day(happened, staff, setting.streams, setting.terms)


def _absence_rates(
    duties: Sequence[DutySpan], days: Mapping[str, ServiceDay], rate: float | Mapping[str, float]
) -> Floats:
    """Return each duty's chance of not being worked."""
    rates = {name: rate.get(name, 0.0) if isinstance(rate, Mapping) else rate for name in days}
    if any(not 0 <= value <= 1 for value in rates.values()):
        raise ValueError(f"absence_rate must be in [0, 1], got {rate}")
    return np.array(
        [max((rates[name] for name in duty.streams or days if name in days), default=0.0) for duty in duties]
    )


def who_comes(staff: Staff, absence: Floats, seed: int, number: int) -> Flags | None:
    """Return who comes on one simulated day, or None where all do. Each duty keeps its luck."""
    if not np.any(absence > 0):
        return None
    comes = generator(seed, "absence", number).random(len(absence)) >= absence
    present: Flags = comes[staff.agents["duty"]]
    return present


def on_threads(work: Callable[[int], T], numbers: Sequence[int], threads: int | None) -> list[T]:
    """Return the work on each number, in their order, done on several threads."""
    workers = min(threads or os.cpu_count() or 1, len(numbers))
    if workers <= 1:
        return [work(number) for number in numbers]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, numbers))


def _days_needed(sums: Floats, days: Mapping[str, ServiceDay], half_width: float) -> int:
    """Return how many days the narrowest wish needs, as far as the days so far can tell."""
    done = len(sums)
    needed = done
    for stream, day in enumerate(days.values()):
        wanted = half_width * (day.target if day.rule.metric == "mean_seconds" else 1.0)
        reached = _share(sums[:, stream], day).half_width
        if reached > wanted:
            growth = 1.05 * (reached / wanted) ** 2 if wanted > 0 and np.isfinite(reached) else 4.0
            needed = max(needed, int(np.ceil(done * min(max(growth, 1.1), 4.0))), done + 1)
    return needed


def _share(sums: Floats, day: ServiceDay) -> Estimate:
    """Return the rule's share over simulated days (days x columns)."""
    nothing = 0.0 if day.rule.metric == "mean_seconds" else 1.0
    return ratio([(sums[:, counting.ON_TIME], sums[:, counting.TOTAL])], nothing=nothing)


def judgement_of(parts: Sequence[DaySums], days: Mapping[str, ServiceDay], *, seed: int) -> Judgement:
    """Return what simulated days of a plan, in parts, say together."""
    sums = np.concatenate([part.sums for part in parts])
    units = np.concatenate([part.units for part in parts])
    by_interval = np.sum([part.by_interval for part in parts], axis=0) / len(sums)
    streams = {
        name: _stream_judgement(
            sums[:, stream],
            units[:, stream, :, : len(day.sessions)],
            by_interval[stream, :, : len(day.sessions)],
            day,
        )
        for stream, (name, day) in enumerate(days.items())
    }
    return Judgement(streams=streams, days=len(sums), seed=seed)


def _stream_judgement(sums: Floats, units: Floats, by_interval: Floats, day: ServiceDay) -> StreamJudgement:
    share, totals = _share(sums, day), sums.sum(axis=0)
    is_share = day.rule.metric == "share"

    def of(above: int, below: int, nothing: float) -> float:
        return float(totals[above] / totals[below]) if totals[below] > 0 else nothing

    return StreamJudgement(
        share=share.value,
        ci=(max(share.low, 0.0), min(share.high, 1.0) if is_share else share.high),
        lower_bound=share.lower if is_share else share.upper,
        unanswered=of(counting.UNANSWERED, counting.ARRIVED, 0.0),
        on_time_of_asked=of(counting.ROUNDS_ON_TIME, counting.ROUNDS_ASKED, 1.0),
        overtime_hours=float(totals[counting.OVERTIME_S]) / 3600.0 / len(sums),
        on_time=by_interval[counting.INTERVAL_ON_TIME],
        total=by_interval[counting.INTERVAL_TOTAL],
        on_time_by_day=units[:, 0],
        total_by_day=units[:, 1],
        open_sessions=by_interval[counting.INTERVAL_OPEN],
        arrived=by_interval[counting.INTERVAL_ARRIVED],
        mean_first_response_s=of(counting.FIRST_S, counting.FIRSTS, 0.0),
        mean_response_s=of(counting.REPLY_S, counting.REPLIES, 0.0),
        days=len(sums),
        numerators=sums[:, counting.ON_TIME],
        denominators=sums[:, counting.TOTAL],
        unanswered_sessions=sums[:, counting.UNANSWERED],
        window_sessions=sums[:, counting.ARRIVED],
        rounds_on_time=sums[:, counting.ROUNDS_ON_TIME],
        rounds_asked=sums[:, counting.ROUNDS_ASKED],
    )
