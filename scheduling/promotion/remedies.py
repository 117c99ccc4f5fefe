"""A trouble and its remedy: whom to call in, who stays longer, and the simulator's word on both.

Hours in trouble and remedies are sought on other random numbers than those on which the shares are stated:
what looked worst, or was stopped at because it looked good enough, is judged anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from scheduling.config import Settings
from scheduling.day import DutySpan, ServiceDay
from scheduling.demand import StreamDemand, served_day
from scheduling.duties import Duties
from scheduling.judgement import Judged
from scheduling.promotion.called_in import LEAST_MIN, best_hours, called_duty, mean_wage
from scheduling.promotion.levers import OVERTIME_PAY, hours_more
from scheduling.scenarios.standing import hour_worth
from scheduling.simulation.estimate import Estimate, ratio
from scheduling.simulation.replicate import StreamJudgement, judge

# First simulated days: numbers that no search of shifts, judge or promise draws, nor one of these another's.
TRIED = 300_000  # while hours in trouble and remedies are sought
STATED = 400_000
CHECKED = 500_000
BEFORE_MIN = 60  # hours before the trouble that may help: nobody waits when it begins
LEAST_GAIN = 0.005  # of the share, by a remedy that does not reach the target; less is not worth its money
LONGER = 3  # duties made an hour longer where nobody else can be called
LOOK_DAYS = 60  # simulated days of the first look at a remedy
JUDGED = 200  # of its second look, and of what is stated


@dataclass(frozen=True, kw_only=True)
class Board:
    """A plan on the table: demand, duties, the simulator's word, and who can be called in."""

    demands: Mapping[str, StreamDemand]
    duties: Duties
    judged: Judged
    settings: Settings
    reserves: pd.DataFrame
    seed: int

    def spans(self, stream: str, date: dt.date) -> list[DutySpan]:
        """Return the duties of a day."""
        return list(self.duties.get(date, {}).get(stream, ()))

    def on_call(self, stream: str, date: dt.date) -> list[dict[str, Any]]:
        """Return who can be called in for a stream on a day, in order."""
        rows: list[Any] = self.reserves[self.reserves["date"] == date].to_dict("records")
        return [row for row in rows if serves(row, stream)]


def serves(person: Mapping[str, Any], stream: str) -> bool:
    """Whether somebody who can be called in (a row of ``reserve_table``) can serve a stream."""
    return stream in str(person["streams"]).split(";")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing that goes wrong with a stream, and what is done about it.

    Attributes
    ----------
    case, stream
        Which thing, and where.
    days
        What each day concerned asks then.
    plain, helped
        Who is on duty on these days as it comes, and with the remedy.
    block
        Hours in trouble [min since midnight]; None: the days as a whole.
    people, hours, longer, cost, names
        Calls, their paid hours (of those who stay too), people who stay an hour longer, the money, whom.
    """

    case: str
    stream: str
    days: Mapping[dt.date, ServiceDay]
    plain: Mapping[dt.date, Sequence[DutySpan]]
    helped: Mapping[dt.date, Sequence[DutySpan]] = field(default_factory=dict)
    block: tuple[int, int] | None = None
    people: int = 0
    hours: float = 0.0
    longer: int = 0
    cost: float = 0.0
    names: tuple[str, ...] = ()


def remedied(
    board: Board,
    case: str,
    stream: str,
    date: dt.date,
    day: ServiceDay,
    spans: list[DutySpan],
    block: tuple[int, int],
    taken: Collection[str] = (),
) -> Case:
    """Return a day's trouble with as few people called in, in order, as bring its hours to the target.

    Where those are not enough, as many as `LONGER` people on duty stay or come an hour longer. Those `taken`,
    called in for other hours of that day, are not called again. What hardly helps is left out.
    """
    trouble = Case(case=case, stream=stream, days={date: day}, plain={date: spans}, block=block)
    waiting = [row for row in board.on_call(stream, date) if str(row["employee"]) not in taken]
    staff = list(spans)
    called: list[tuple[Mapping[str, Any], DutySpan]] = []
    stay, is_mended = 0, False
    while not (is_mended := _is_mended(board, trouble, {date: staff})):
        if waiting:
            person = waiting.pop(0)
            called.append((person, _duty(board, trouble, date, person, staff)))
            staff = [*staff, called[-1][1]]
            continue
        longer = _hour_more(board, trouble, date, staff, untouched=len(spans) - stay)
        if stay == LONGER or longer is None:
            break
        staff, stay = longer, stay + 1
    if not is_mended and _gain(board, trouble, {date: staff}) < LEAST_GAIN:
        return replace(trouble, helped={date: spans})
    return _with_remedy(board, trouble, date, staff, called, stay)


def _with_remedy(
    board: Board,
    trouble: Case,
    date: dt.date,
    staff: list[DutySpan],
    called: Sequence[tuple[Mapping[str, Any], DutySpan]],
    stay: int,
) -> Case:
    """Return a trouble with the people called and those who stay, and what they cost."""
    paid = [(duty.end_min - duty.start_min) / 60 for _, duty in called]
    money = sum(h * float(who["cost_per_hour"]) for h, (who, _) in zip(paid, called, strict=True))
    return replace(
        trouble,
        helped={date: staff},
        people=len(called),
        hours=sum(paid) + stay,
        longer=stay,
        cost=money + stay * mean_wage(board.settings) * OVERTIME_PAY,
        names=tuple(str(who["employee"]) for who, _ in called),
    )


def _is_mended(board: Board, trouble: Case, duties: Mapping[dt.date, Sequence[DutySpan]]) -> bool:
    """Whether the hours reach the target, on a first look and on a longer one."""
    return all(
        meets(trouble, share_of(trouble, play(board, trouble, duties, first_day=TRIED, days=days)).value)
        for days in (LOOK_DAYS, JUDGED)
    )


def _gain(board: Board, trouble: Case, duties: Mapping[dt.date, Sequence[DutySpan]]) -> float:
    """Return how much better the share gets (mean seconds relative to the target)."""
    plain, helped = (
        share_of(trouble, play(board, trouble, on, first_day=TRIED, days=JUDGED)).value
        for on in (trouble.plain, duties)
    )
    if _is_seconds(trouble):
        return (plain - helped) / next(iter(trouble.days.values())).target
    return helped - plain


def _hour_more(
    board: Board, trouble: Case, date: dt.date, spans: list[DutySpan], *, untouched: int
) -> list[DutySpan] | None:
    """Return the duties with one of the first so many an hour longer where that helps most; it goes last."""
    demand, day, block = board.demands[trouble.stream], trouble.days[date], trouble.block
    assert block is not None
    grown = replace(demand, days={**demand.days, date: day})
    near = (day.starts_min >= block[0] - BEFORE_MIN) & (day.starts_min < block[1])
    worth = hour_worth(grown, date, spans, board.settings)[1] * near
    options = [
        (gain, place, longer)
        for place, span in enumerate(spans[:untouched])
        for longer, gain in hours_more(span, worth, grown, date)
        if gain > 0
    ]
    if not options:
        return None
    _, place, longer = max(options, key=lambda option: (option[0], -option[1]))
    return [*spans[:place], *spans[place + 1 :], longer]


def _duty(
    board: Board, trouble: Case, date: dt.date, person: Mapping[str, Any], spans: list[DutySpan]
) -> DutySpan:
    """Return the duty of a person called in: the hours in trouble and a little before, three at least.

    Nobody works longer than the labour rules allow; of longer trouble he takes the hours worth most.
    """
    day, block = trouble.days[date], trouble.block
    assert block is not None
    end = min(block[1], day.last_min)
    start = max(day.first_min, min(block[0] - day.interval_min, end - LEAST_MIN))
    end = min(day.last_min, max(end, start + LEAST_MIN))
    limit = board.settings.labour.max_hours_per_day
    most = int(60 * limit.value) if limit.mode == "hard" else end - start
    if end - start > most:
        demand = board.demands[trouble.stream]
        grown = replace(demand, days={**demand.days, date: day})
        worth = hour_worth(grown, date, spans, board.settings)[1]
        best = best_hours(
            person, trouble.stream, day, worth, minutes=most, earliest_min=start, latest_min=end
        )
        return best or called_duty(person, trouble.stream, end - most, end)
    return called_duty(person, trouble.stream, start, end)


# --- the simulator's word


def play(
    board: Board,
    case: Case,
    duties: Mapping[dt.date, Sequence[DutySpan]],
    *,
    first_day: int,
    days: int,
    seed: int | None = None,
) -> dict[dt.date, StreamJudgement]:
    """Simulate the days of a case with these duties.

    Parameters
    ----------
    board, case, duties
        The plan, the trouble, who is on.
    first_day, days
        Number of the first simulated day, and how many for each day of the case.
    seed
        Another seed than the plan's.
    """
    stream = board.settings.demand.stream(case.stream)
    return {
        date: judge(
            {case.stream: served_day(day, stream.shrinkage)},
            list(duties[date]),
            seed=(board.seed if seed is None else seed) + date.toordinal(),
            least_days=days,
            most_days=days,
            absence_rate=stream.absence_rate,
            first_day=first_day,
        ).streams[case.stream]
        for date, day in case.days.items()
    }


def share_of(case: Case, seen: Mapping[dt.date, StreamJudgement]) -> Estimate:
    """Return the share of the hours in trouble (mean seconds under such a rule), with its error.

    Each simulated day's units of those hours are one observation.
    """
    nothing = 0.0 if _is_seconds(case) else 1.0
    if case.block is None:
        return ratio([(day.numerators, day.denominators) for day in seen.values()], nothing=nothing)
    parts = []
    for date, day in seen.items():
        inside = _inside(case.days[date], case.block)
        parts.append((day.on_time_by_day[:, inside].sum(axis=1), day.total_by_day[:, inside].sum(axis=1)))
    return ratio(parts, nothing=nothing)


def _inside(day: ServiceDay, block: tuple[int, int]) -> Any:
    inside = (day.starts_min >= block[0]) & (day.starts_min < block[1])
    return inside & day.window_mask if (inside & day.window_mask).any() else inside


def meets(case: Case, share: float) -> bool:
    """Whether a share reaches the target."""
    target = next(iter(case.days.values())).target
    return share <= target if _is_seconds(case) else share >= target


def _is_seconds(case: Case) -> bool:
    return next(iter(case.days.values())).rule.metric == "mean_seconds"
