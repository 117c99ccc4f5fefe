"""What the law pays above the wage: which days and minutes, at which rate.

Statutory holidays, rest days and overtime each have a rate; what a duty's minutes are is told day by day
here, what lies beyond a week's or a period's hours in `tallies`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from forecast.special_days import find_special_days
from scheduling.config import Labour, Settings

DAY_MIN = 8 * 60  # China's Labour Law, article 36
WEEK_MIN = 40 * 60  # State Council's provisions on working hours of employees, 1995
# Hours of work of a month and a quarter by the ministry's conversion of working days, from its first day:
# 250 working days a year until 2024, 248 since two more holidays count (人社部发〔2025〕2号).
STANDARD_DAYS = ((dt.date(2025, 1, 1), 248), (dt.date.min, 250))
PERIODS = {"month": 12, "quarter": 4}


@dataclass(frozen=True, kw_only=True)
class PayDays:
    """Days on which work is paid above the wage whatever the hours of the week are."""

    statutory: frozenset[dt.date] = frozenset()
    rest: frozenset[dt.date] = frozenset()


def find_pay_days(settings: Settings, first: dt.date, last: dt.date) -> PayDays:
    """Return the statutory holidays and the rest days from `first` to `last`.

    Rest days are known by date only where ``[labour] rest_days`` is ``weekend``.

    Raises
    ------
    ConfigError, DataError
        If the shop's holidays cannot be read.
    """
    shop, labour = settings.demand.shop, settings.labour
    known = find_special_days(shop.holidays, first=first, last=last, folder=settings.demand.folder)
    span = [first + dt.timedelta(days=d) for d in range((last - first).days + 1)]
    named = labour.statutory_holidays
    statutory = known.statutory if named is None else frozenset(named)
    rest: frozenset[dt.date] = frozenset()
    if labour.rest_days == "weekend" and labour.averaged_over == "none":
        free = {day for day in span if day.weekday() >= 5 or day in known.holidays}
        rest = frozenset(free - known.makeup_workdays)
    return PayDays(statutory=frozenset(span) & statutory, rest=rest - statutory)


def standard_min(labour: Labour, day: dt.date) -> int:
    """Return the minutes of work of the period averaged over that `day` lies in."""
    if labour.standard_hours is not None:
        return round(60 * labour.standard_hours)
    days = next(days for since, days in STANDARD_DAYS if day >= since)
    return round(days * DAY_MIN / PERIODS[labour.averaged_over])


def counted_min(labour: Labour, days: PayDays, date: dt.date, paid_min: int) -> int:
    """Return a duty's minutes that count towards the week's or the period's hours.

    Hours that are paid above the wage already count nowhere else.
    """
    if date in days.statutory and labour.holiday_pay.mode != "off":
        return 0
    if labour.averaged_over != "none":
        return paid_min
    return min(paid_min, DAY_MIN) if labour.overtime_pay.mode != "off" else paid_min


def overtime_min(labour: Labour, days: PayDays, date: dt.date, paid_min: int) -> int:
    """Return a duty's minutes that count towards the most overtime: those beyond eight hours of a workday.

    Where hours are averaged, all that count towards the period's.
    """
    if labour.averaged_over != "none":
        return counted_min(labour, days, date, paid_min)
    is_workday = date not in days.statutory and date not in days.rest
    return max(0, paid_min - DAY_MIN) if is_workday else 0


def day_premium(labour: Labour, days: PayDays, date: dt.date, paid_min: int) -> tuple[str, int, float]:
    """Return which pay a duty earns by its day and length alone, for how many minutes, and the rate above 1.

    The pay is ``holiday``, ``rest_day``, ``overtime`` or empty.
    """
    if date in days.statutory and labour.holiday_pay.mode != "off":
        return "holiday", paid_min, labour.holiday_pay.rate - 1
    if date in days.rest and labour.rest_day_pay.mode != "off":
        return "rest_day", paid_min, labour.rest_day_pay.rate - 1
    if labour.averaged_over == "none" and labour.overtime_pay.mode != "off" and paid_min > DAY_MIN:
        return "overtime", paid_min - DAY_MIN, labour.overtime_pay.rate - 1
    return "", 0, 0.0
