"""The rules of a roster: each a sentence with its numbers.

Double entry: for every class here there is a ``post_<rule>`` in `constraints` and a ``find_<rule>`` in
`audit`; the two share no code.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass

from scheduling.config import Limit, Pay, Settings


@dataclass(frozen=True, kw_only=True)
class OneDutyADay:
    """Nobody works two duties on one day."""


@dataclass(frozen=True, kw_only=True)
class Qualified:
    """Nobody serves a stream they cannot serve."""


@dataclass(frozen=True, kw_only=True)
class AllowedTemplate:
    """Nobody works a template that is closed to their pool or to themselves."""


@dataclass(frozen=True, kw_only=True)
class Employed:
    """Nobody works before their first or after their last day."""


@dataclass(frozen=True, kw_only=True)
class OnLeave:
    """Nobody works on a day of leave."""


@dataclass(frozen=True, kw_only=True)
class Available:
    """Nobody who named times works outside them."""


@dataclass(frozen=True, kw_only=True)
class Attended:
    """Who has a duty around a meeting of theirs is off the chats then; training needs such a duty."""


@dataclass(frozen=True, kw_only=True)
class FixedDuty:
    """A fixed duty is worked."""


@dataclass(frozen=True, kw_only=True)
class ContractHours:
    """Nobody is paid more hours in an ISO week than their own contract says."""


@dataclass(frozen=True, kw_only=True)
class ContractDayHours:
    """Nobody is paid more hours on a day than their own contract says."""


@dataclass(frozen=True, kw_only=True)
class ContractSpanHours:
    """Nobody is paid more hours on all days of the span together than their own contract says."""


@dataclass(frozen=True, kw_only=True)
class LeastHours:
    """Everybody is paid at least their contract's hours in an ISO week; each hour below has a price."""

    price: float


@dataclass(frozen=True, kw_only=True)
class MaxPeople:
    """No more people of a template, or of a pool, work on a day than the settings say."""


@dataclass(frozen=True, kw_only=True)
class MaxHoursPerDay:
    """Nobody is paid more than `limit` hours on a day."""

    limit: Limit


@dataclass(frozen=True, kw_only=True)
class MaxHoursPerWeek:
    """Nobody is paid more than `limit` hours in an ISO week."""

    limit: Limit


@dataclass(frozen=True, kw_only=True)
class MaxHoursPerMonth:
    """Nobody is paid more than `limit` hours in a calendar month."""

    limit: Limit


@dataclass(frozen=True, kw_only=True)
class MaxHoursPerQuarter:
    """Nobody is paid more than `limit` hours in a calendar quarter."""

    limit: Limit


@dataclass(frozen=True, kw_only=True)
class MaxOvertimePerMonth:
    """Nobody works more than `limit` hours of overtime a month; a quarter averaged over has three."""

    limit: Limit


@dataclass(frozen=True, kw_only=True)
class MinRest:
    """Nobody starts a duty within `limit` hours of ending the one before."""

    limit: Limit


@dataclass(frozen=True, kw_only=True)
class MaxConsecutiveDays:
    """Nobody works more than `limit` days in a row."""

    limit: Limit


@dataclass(frozen=True, kw_only=True)
class RestDaysPerWeek:
    """Everybody has at least `limit` days without a duty in every ISO week.

    With `alternate`, the week of `alternate_from` and every second one have that many instead.
    """

    limit: Limit
    alternate: int | None = None
    alternate_from: dt.date | None = None

    def least(self, monday: dt.date) -> int:
        """Return the days without a duty in the week that begins on `monday`."""
        if self.alternate is not None and self.alternate_from is not None:
            first = self.alternate_from - dt.timedelta(days=self.alternate_from.weekday())
            if (monday - first).days // 7 % 2 == 0:
                return self.alternate
        return math.ceil(self.limit.value)


@dataclass(frozen=True, kw_only=True)
class MaxWeekendsPerMonth:
    """Nobody works on more than `limit` weekends of a month: those whose Saturday lies in it."""

    limit: Limit


@dataclass(frozen=True, kw_only=True)
class HolidayPay:
    """Hours on a statutory holiday are paid at `pay`."""

    pay: Pay


@dataclass(frozen=True, kw_only=True)
class RestDayPay:
    """Hours on a rest day, or beyond 40 in an ISO week, are paid at `pay`."""

    pay: Pay


@dataclass(frozen=True, kw_only=True)
class OvertimePay:
    """Hours beyond eight on a workday, or beyond a period's standard hours, are paid at `pay`."""

    pay: Pay


Rule = (
    OneDutyADay
    | Qualified
    | AllowedTemplate
    | Employed
    | OnLeave
    | Available
    | Attended
    | FixedDuty
    | ContractHours
    | ContractDayHours
    | ContractSpanHours
    | LeastHours
    | MaxPeople
    | MaxHoursPerDay
    | MaxHoursPerWeek
    | MaxHoursPerMonth
    | MaxHoursPerQuarter
    | MaxOvertimePerMonth
    | MinRest
    | MaxConsecutiveDays
    | RestDaysPerWeek
    | MaxWeekendsPerMonth
    | HolidayPay
    | RestDayPay
    | OvertimePay
)

Limited = (
    MaxHoursPerDay
    | MaxHoursPerWeek
    | MaxHoursPerMonth
    | MaxHoursPerQuarter
    | MaxOvertimePerMonth
    | MinRest
    | MaxConsecutiveDays
    | RestDaysPerWeek
    | MaxWeekendsPerMonth
)
Premium = HolidayPay | RestDayPay | OvertimePay

LEAST_HOURS_PRICE = 30.0  # a contracted hour not worked, in the shop's currency: it is paid in any case


def roster_rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the rules that hold in a shop; those that are ``off`` are left out."""
    labour = settings.labour
    limited: tuple[Limited, ...] = (
        MaxHoursPerDay(limit=labour.max_hours_per_day),
        MaxHoursPerWeek(limit=labour.week_limit),
        MaxHoursPerMonth(limit=labour.max_hours_per_month),
        MaxHoursPerQuarter(limit=labour.max_hours_per_quarter),
        MaxOvertimePerMonth(limit=labour.max_overtime_per_month),
        MinRest(limit=labour.min_rest_hours),
        MaxConsecutiveDays(limit=labour.max_consecutive_days),
        RestDaysPerWeek(
            limit=labour.rest_days_per_week,
            alternate=labour.alternate_rest_days,
            alternate_from=labour.alternate_from,
        ),
        MaxWeekendsPerMonth(limit=labour.max_weekends_per_month),
    )
    premiums: tuple[Premium, ...] = (
        HolidayPay(pay=labour.holiday_pay),
        *(() if labour.averaged_over != "none" else (RestDayPay(pay=labour.rest_day_pay),)),
        OvertimePay(pay=labour.overtime_pay),
    )
    return (
        OneDutyADay(),
        Qualified(),
        AllowedTemplate(),
        Employed(),
        OnLeave(),
        Available(),
        Attended(),
        FixedDuty(),
        ContractHours(),
        ContractDayHours(),
        ContractSpanHours(),
        LeastHours(price=LEAST_HOURS_PRICE),
        MaxPeople(),
        *(rule for rule in limited if rule.limit.mode != "off"),
        *(rule for rule in premiums if rule.pay.mode != "off"),
    )


def rest_days_rule(rules: Iterable[Rule]) -> RestDaysPerWeek | None:
    """Return the rule of rest days, or None where it does not hold."""
    return next((rule for rule in rules if isinstance(rule, RestDaysPerWeek)), None)


def limit_of(rules: Iterable[Rule], kind: type[Limited]) -> Limit | None:
    """Return the limit of a labour rule, or None where it does not hold."""
    return next((rule.limit for rule in rules if isinstance(rule, kind)), None)


def pay_of(rules: Iterable[Rule], kind: type[Premium]) -> Pay | None:
    """Return what a rule of pay says, or None where it does not hold."""
    return next((rule.pay for rule in rules if isinstance(rule, kind)), None)
