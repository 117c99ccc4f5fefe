"""What is due by law for the duties of a finished roster, added up from the table alone.

The second entry of the books of pay: it shares the calendar and the settings with the solver's side, and no
code with `pay` and `tallies`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from forecast.special_days import find_special_days
from scheduling.config import Labour, Settings
from scheduling.roster.people import Employee

DAY_HOURS, WEEK_HOURS = 8.0, 40.0
# Hours of work of the law's month and quarter: until 2024, and since (20.67 and 62 days of eight hours).
PERIOD_HOURS = {("month", False): 166.6667, ("quarter", False): 500.0} | {
    ("month", True): 165.3333,
    ("quarter", True): 496.0,
}

Worked = tuple[dt.date, float, bool]  # day, paid hours, whether of the roster under audit


@dataclass(frozen=True, kw_only=True)
class PaidHours:
    """Hours of one duty that the law pays above the wage, by their kind."""

    date: dt.date
    holiday: float = 0.0
    rest_day: float = 0.0
    overtime: float = 0.0

    def money(self, wage: float, labour: Labour) -> float:
        """Return what they add to the wage."""
        return wage * (
            self.holiday * (labour.holiday_pay.rate - 1)
            + self.rest_day * (labour.rest_day_pay.rate - 1)
            + self.overtime * (labour.overtime_pay.rate - 1)
        )


def premium_due(
    roster: pd.DataFrame,
    employees: Sequence[Employee],
    settings: Settings,
    *,
    last_roster: pd.DataFrame | None = None,
) -> pd.Series:
    """Return the pay above the wage that is due in all for each person. [money]

    Parameters
    ----------
    roster
        `ROSTER` table.
    employees, settings
        Wages and pools; the rates and the calendar.
    last_roster
        The duties before, whose hours count towards the week, month or quarter.
    """
    first = min(roster["date"], default=dt.date.max)
    due: dict[str, float] = {}
    for person in employees:
        worked = [
            *_worked(last_roster, person.employee, before=first),
            *_worked(roster, person.employee),
        ]
        wage = _wage(person, settings)
        found = paid_hours(worked, person, settings)
        due[person.employee] = sum(hours.money(wage, settings.labour) for hours in found)
    return pd.Series(due, dtype=float)


def with_pay_due(
    roster: pd.DataFrame,
    employees: Sequence[Employee],
    settings: Settings,
    *,
    last_roster: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return a roster with its pay worked out anew, as after cells were edited: `cost` and `premium`.

    Duties of people that nobody knows keep what stands there. The parameters are those of `premium_due`.
    """
    first = min(roster["date"], default=dt.date.max)
    people = {person.employee: person for person in employees}
    wages = {template.name: template.cost_per_hour for template in settings.templates}
    found = roster.assign(premium=0.0)
    for name, rows in roster.groupby("employee").groups.items():
        person = people.get(str(name))
        if person is None:
            continue
        mine = roster.loc[rows].sort_values("date")
        wage = _wage(person, settings)
        worked = [*_worked(last_roster, person.employee, before=first), *_worked(mine, person.employee)]
        extra = [hours.money(wage, settings.labour) for hours in paid_hours(worked, person, settings)]
        found.loc[mine.index, "premium"] = extra or 0.0
        own = person.cost_per_hour
        plain = [wages.get(t, wage) if own is None else own for t in mine["template"]] * mine["paid_hours"]
        found.loc[mine.index, "cost"] = plain + found.loc[mine.index, "premium"]
    return found


def _worked(roster: pd.DataFrame | None, name: str, *, before: dt.date | None = None) -> Iterator[Worked]:
    """Yield somebody's days and hours; with `before` they are of an earlier roster, up to that day."""
    mine = None if roster is None else roster[roster["employee"] == name]
    if mine is None:
        return
    for day, hours in zip(mine["date"], mine["paid_hours"], strict=True):
        date = pd.Timestamp(day).date()
        if before is None or date < before:
            yield date, float(hours), before is None


def _wage(person: Employee, settings: Settings) -> float:
    """Return a person's wage; without one of their own, the dearest of their pool's templates."""
    if person.cost_per_hour is not None:
        return person.cost_per_hour
    return max((t.cost_per_hour for t in settings.templates if person.pool in t.pools), default=0.0)


def paid_hours(worked: Iterable[Worked], person: Employee, settings: Settings) -> Iterator[PaidHours]:
    """Yield the hours above the wage of each new duty of one person."""
    days = sorted(worked)
    labour = settings.labour
    if not days or person.pool not in labour.premium_pools:
        return
    calendar = find_special_days(
        settings.demand.shop.holidays, first=days[0][0], last=days[-1][0], folder=settings.demand.folder
    )
    of_law = calendar.statutory if labour.statutory_holidays is None else set(labour.statutory_holidays)
    pays_rest = labour.rest_day_pay.mode != "off" and labour.averaged_over == "none"
    pays_overtime = labour.overtime_pay.mode != "off"
    spent: dict[object, float] = defaultdict(float)
    for date, hours, is_new in days:
        holiday = rest_day = overtime = 0.0
        is_free = date.weekday() > 4 or date in calendar.holidays
        if date in of_law and labour.holiday_pay.mode != "off":
            holiday = hours
        elif labour.averaged_over != "none":
            period = (date.year, date.month if labour.averaged_over == "month" else (date.month + 2) // 3)
            before, most = spent[period], _period_hours(labour, date)
            spent[period] += hours
            overtime = _beyond(before, hours, most) if pays_overtime else 0.0
        elif labour.rest_days == "weekend" and is_free and date not in calendar.makeup_workdays | of_law:
            rest_day = hours if pays_rest else 0.0
            overtime = max(0.0, hours - DAY_HOURS) if pays_overtime and not pays_rest else 0.0
        else:
            overtime = max(0.0, hours - DAY_HOURS) if pays_overtime else 0.0
            if labour.rest_days == "rota" and pays_rest:
                week = date.isocalendar()[:2]
                rest_day = _beyond(spent[week], hours - overtime, WEEK_HOURS)
                spent[week] += hours - overtime
        if is_new:
            yield PaidHours(date=date, holiday=holiday, rest_day=rest_day, overtime=overtime)


def overtime_hours(worked: Sequence[tuple[dt.date, float]], settings: Settings) -> list[float]:
    """Return each duty's hours that count towards the most overtime.

    Beyond eight on a workday; where hours are averaged, all but those paid as holidays.
    """
    labour, dates = settings.labour, [date for date, _ in worked]
    if labour.averaged_over == "none" and all(hours <= DAY_HOURS for _, hours in worked):
        return [0.0] * len(worked)
    calendar = find_special_days(
        settings.demand.shop.holidays,
        first=min(dates, default=dt.date(2000, 1, 1)),
        last=max(dates, default=dt.date(2000, 1, 1)),
        folder=settings.demand.folder,
    )
    of_law = calendar.statutory if labour.statutory_holidays is None else set(labour.statutory_holidays)
    found = []
    for date, hours in worked:
        is_free = date.weekday() > 4 or date in calendar.holidays
        is_rest = labour.rest_days == "weekend" and is_free and date not in calendar.makeup_workdays
        if labour.averaged_over != "none":
            found.append(0.0 if date in of_law and labour.holiday_pay.mode != "off" else hours)
        else:
            found.append(0.0 if date in of_law or is_rest else max(0.0, hours - DAY_HOURS))
    return found


def most_overtime(labour: Labour, first: dt.date, a_month: float) -> float:
    """Return what `overtime_hours` of the month or period from `first` on may come to."""
    if labour.averaged_over == "none":
        return a_month
    months = 3 if labour.averaged_over == "quarter" else 1
    return _period_hours(labour, first) + months * a_month


def _beyond(before: float, hours: float, most: float) -> float:
    """Return how many of the last `hours` lie beyond a limit."""
    return min(hours, max(0.0, before + hours - most))


def _period_hours(labour: Labour, date: dt.date) -> float:
    if labour.standard_hours is not None:
        return labour.standard_hours
    # A quarter or month lies wholly in one year, so the year tells which law holds.
    return PERIOD_HOURS[labour.averaged_over, date.year >= 2025]
