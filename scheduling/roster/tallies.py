"""Minutes added up over months, quarters and weeks, and what lies beyond a limit costs."""

from __future__ import annotations

import datetime as dt
import math
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from scheduling.config import Limit
from scheduling.roster.objective import Prices, wage_of
from scheduling.roster.pay import WEEK_MIN, counted_min, overtime_min, standard_min
from scheduling.roster.problem import RosterProblem
from scheduling.roster.rules import (
    ContractSpanHours,
    MaxHoursPerMonth,
    MaxHoursPerQuarter,
    MaxHoursPerWeek,
    MaxOvertimePerMonth,
    OvertimePay,
    RestDayPay,
    Rule,
    limit_of,
    pay_of,
)

Periods = tuple[tuple[int, ...], ...]
MONTHS = {"month": 1, "quarter": 3}


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One rule's minutes of each person in each period, and its limit.

    Attributes
    ----------
    rule, term
        Whose it is, and the term of the objective that it enters.
    periods
        Days of each period; some may lie outside the span.
    is_hard
        Whether the limit may not be passed.
    most
        The limit of each period. [min]
    prices
        Of a minute beyond, for each person; None: the rule does not concern them. [money]
    counts
        Minutes that each option of each day counts.
    carried
        Minutes that each person brings along, by day before the span.
    extra
        Wages that the law adds to an hour beyond.
    own
        The limit of each period for people who have one of their own. [min]
    """

    rule: Rule
    term: str
    periods: Periods
    is_hard: bool
    most: tuple[int, ...]
    prices: tuple[float | None, ...]
    counts: tuple[tuple[int, ...], ...]
    carried: tuple[Mapping[int, int], ...]
    extra: float = 0.0
    own: Mapping[int, int] = field(default_factory=dict)

    def left(self, person: int) -> tuple[int, ...]:
        """Return the minutes that each period still allows; what was worked before cannot be undone."""
        mine = self.carried[person]
        return tuple(
            max(0, self.own.get(person, most) - sum(mine.get(d, 0) for d in days))
            for most, days in zip(self.most, self.periods, strict=True)
        )

    def excess(self, person: int, duties: Mapping[int, int]) -> int:
        """Return the minutes beyond the limits that a person's duties (option by day) come to."""
        return sum(
            max(0, sum(self.counts[d][duties[d]] for d in days if d in duties) - left)
            for days, left in zip(self.periods, self.left(person), strict=True)
        )


def months(problem: RosterProblem, *, length: int = 1) -> Periods:
    """Return the days of each calendar month, or quarter (`length` 3), that the span touches.

    Some may lie outside the span.
    """
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    for day in range(problem.days):
        date = problem.date(day)
        month = date.month - (date.month - 1) % length
        if (date.year, month) not in found:
            last = month + length - 1
            first = (dt.date(date.year, month, 1) - problem.start).days
            end = (dt.date(date.year, last, monthrange(date.year, last)[1]) - problem.start).days
            found[date.year, month] = tuple(range(first, end + 1))
    return tuple(found.values())


def hour_tallies(problem: RosterProblem) -> tuple[Tally, ...]:
    """Return the tallies of paid hours in a month, a quarter and a contract's span, and of overtime.

    The last two only where it can be too much.
    """
    overtime = (_of_overtime(problem, r) for r in problem.rules if isinstance(r, MaxOvertimePerMonth))
    paid = (
        _of_limit(problem, rule, rule.limit, months(problem, length=MONTHS[period]))
        for kind, period in ((MaxHoursPerMonth, "month"), (MaxHoursPerQuarter, "quarter"))
        for rule in problem.rules
        if isinstance(rule, kind)
    )
    contracts = (_of_contract(problem, r) for r in problem.rules if isinstance(r, ContractSpanHours))
    rare = (*overtime, *contracts)
    return (*paid, *(tally for tally in rare if _has_enough_days(problem, tally)))


def unknown_days(problem: RosterProblem) -> tuple[dt.date, dt.date] | None:
    """Return the first and last day whose hours count in a month or quarter and that no last roster covers.

    None where nothing is added up so long, or everything is known.
    """
    labour = problem.settings.labour
    lengths = [1 for rule in problem.rules if isinstance(rule, MaxHoursPerMonth)]
    lengths += [3 for rule in problem.rules if isinstance(rule, MaxHoursPerQuarter)]
    lengths += [MONTHS[labour.averaged_over]] if labour.averaged_over != "none" else []
    if not lengths:
        return None
    first = problem.date(min(days[0] for length in lengths for days in months(problem, length=length)))
    last = problem.last_roster
    known = problem.start if last is None or last.empty else pd.Timestamp(last["date"].min()).date()
    return (first, known - dt.timedelta(days=1)) if first < known else None


def pay_tallies(problem: RosterProblem, prices: Prices) -> tuple[Tally, ...]:
    """Return the tallies of hours paid above the wage."""
    labour = problem.settings.labour
    found = []
    rest_day, overtime = pay_of(problem.rules, RestDayPay), pay_of(problem.rules, OvertimePay)
    if rest_day is not None and labour.rest_days == "rota":
        rule = RestDayPay(pay=rest_day)
        found.append(_of_pay(problem, rule, prices, problem.weeks, (WEEK_MIN,) * len(problem.weeks)))
    if overtime is not None and labour.averaged_over != "none":
        periods = months(problem, length=MONTHS[labour.averaged_over])
        most = tuple(standard_min(labour, problem.date(days[0])) for days in periods)
        found.append(_of_pay(problem, OvertimePay(pay=overtime), prices, periods, most))
    return tuple(found)


def tallies(problem: RosterProblem, prices: Prices) -> tuple[Tally, ...]:
    """Return every tally of a problem."""
    return (*hour_tallies(problem), *pay_tallies(problem, prices))


def binding(problem: RosterProblem, found: tuple[Tally, ...]) -> tuple[Tally, ...]:
    """Return tallies without the soft ones of weeks that no lawful roster can reach: a smaller search."""
    return tuple(tally for tally in found if tally.is_hard or _is_reachable(problem, tally))


def tallies_of(problem: RosterProblem, rule: Rule) -> Iterator[Tally]:
    """Yield the tallies of one rule."""
    yield from (tally for tally in tallies(problem, Prices()) if type(tally.rule) is type(rule))


def _of_limit(problem: RosterProblem, rule: Rule, limit: Limit, periods: Periods) -> Tally:
    return Tally(
        rule=rule,
        term="labour",
        periods=periods,
        is_hard=limit.mode == "hard",
        most=(round(60 * limit.value),) * len(periods),
        prices=(limit.price / 60,) * len(problem.employees),
        counts=tuple(tuple(o.paid_min for o in day) for day in problem.options),
        carried=tuple(carried.paid_min for carried in problem.carried),
    )


def _of_contract(problem: RosterProblem, rule: ContractSpanHours) -> Tally:
    """Return the tally of everybody's own hours; of a span planned again in part, its first days count."""
    whole = tuple(range((problem.span_start - problem.start).days, problem.days))
    hours = [person.max_hours_per_span for person in problem.employees]
    return replace(
        _of_limit(problem, rule, Limit(value=0), (whole,)),
        prices=tuple(None if most is None else 0.0 for most in hours),
        own={p: round(60 * most) for p, most in enumerate(hours) if most is not None},
    )


def _of_overtime(problem: RosterProblem, rule: MaxOvertimePerMonth) -> Tally:
    labour = problem.settings.labour
    length = MONTHS.get(labour.averaged_over, 1)
    periods = months(problem, length=length)
    standard = [
        standard_min(labour, problem.date(days[0])) if labour.averaged_over != "none" else 0
        for days in periods
    ]
    return Tally(
        rule=rule,
        term="labour",
        periods=periods,
        is_hard=rule.limit.mode == "hard",
        most=tuple(round(60 * rule.limit.value) * length + minutes for minutes in standard),
        prices=tuple(
            rule.limit.price / 60 if person.pool in labour.premium_pools else None
            for person in problem.employees
        ),
        counts=tuple(
            tuple(overtime_min(labour, problem.pay_days, problem.date(d), o.paid_min) for o in day)
            for d, day in enumerate(problem.options)
        ),
        carried=tuple(
            {
                d: overtime_min(labour, problem.pay_days, problem.date(d), minutes)
                for d, minutes in carried.paid_min.items()
            }
            for carried in problem.carried
        ),
    )


def _has_enough_days(problem: RosterProblem, tally: Tally) -> bool:
    """Return whether the longest duty on every day would take anybody beyond a tally."""
    longest = [max(counts, default=0) for counts in tally.counts]
    totals = [sum(longest[d] for d in days if 0 <= d < problem.days) for days in tally.periods]
    return any(
        total > left
        for p, price in enumerate(tally.prices)
        if price is not None
        for total, left in zip(totals, tally.left(p), strict=True)
    )


def _of_pay(
    problem: RosterProblem,
    rule: RestDayPay | OvertimePay,
    prices: Prices,
    periods: Periods,
    most: tuple[int, ...],
) -> Tally:
    labour = problem.settings.labour
    return Tally(
        rule=rule,
        term="premium",
        periods=periods,
        is_hard=rule.pay.mode == "hard",
        most=most,
        prices=tuple(
            (prices.premium_hour + prices.cost * wage_of(problem, p)) * (rule.pay.rate - 1) / 60
            if person.pool in labour.premium_pools
            else None
            for p, person in enumerate(problem.employees)
        ),
        counts=tuple(
            tuple(counted_min(labour, problem.pay_days, problem.date(d), o.paid_min) for o in day)
            for d, day in enumerate(problem.options)
        ),
        carried=tuple(
            {
                d: counted_min(labour, problem.pay_days, problem.date(d), minutes)
                for d, minutes in carried.paid_min.items()
            }
            for carried in problem.carried
        ),
        extra=rule.pay.rate - 1,
    )


def _is_reachable(problem: RosterProblem, tally: Tally) -> bool:
    """Return whether hard weekly hours leave room for a minute beyond a tally of weeks."""
    week = limit_of(problem.rules, MaxHoursPerWeek)
    if tally.periods != problem.weeks or week is None or week.mode != "hard":
        return True
    most = round(60 * week.value)
    for p, price in enumerate(tally.prices):
        if price is None:
            continue
        person, carried = problem.employees[p], problem.carried[p].paid_min
        lengths = {o.paid_min for day in problem.options for o in day if person.pool in o.template.pools}
        unit = math.gcd(*lengths) or 1
        for days, left in zip(problem.weeks, tally.left(p), strict=True):
            allowed = max(0, most - sum(carried.get(d, 0) for d in days))
            if allowed - allowed % unit > left:
                return True
    return False


def premium_minutes(tally: Tally, person: int, duties: Mapping[int, int]) -> dict[int, int]:
    """Return the minutes beyond the limits on each day worked: the last ones of a period."""
    found = {}
    for days, left in zip(tally.periods, tally.left(person), strict=True):
        rest = left
        for d in days:
            if d in duties:
                counted = tally.counts[d][duties[d]]
                found[d] = max(0, counted - rest)
                rest = max(0, rest - counted)
    return found


def shares(problem: RosterProblem, tally: Tally, person: int) -> Sequence[float]:
    """Return what each week may take of a tally's periods, by their days; of two periods the lesser share.

    Whatever days of a week are worked, no period takes more than it has left.
    """
    share = [math.inf] * len(problem.weeks)
    for days, left in zip(tally.periods, tally.left(person), strict=True):
        inside = Counter(problem.week_of(d) for d in days if 0 <= d < problem.days)
        for week, count in inside.items():
            share[week] = min(share[week], left * count / inside.total())
    return share
