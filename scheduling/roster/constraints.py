"""The rules of a roster in the solver's words: one ``post_<rule>`` for each class in `rules`.

`forbids` says which single duties the hard rules rule out; such duties get no variable at all, except where
a conflict is to be explained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scheduling.roster import rules
from scheduling.roster.constraints_hours import (
    post_contract_day_hours,
    post_contract_hours,
    post_contract_span_hours,
    post_holiday_pay,
    post_least_hours,
    post_max_hours_per_day,
    post_max_hours_per_month,
    post_max_hours_per_quarter,
    post_max_hours_per_week,
    post_max_overtime_per_month,
    post_overtime_pay,
    post_rest_day_pay,
)
from scheduling.roster.constraints_people import (
    post_allowed_template,
    post_attended,
    post_available,
    post_employed,
    post_fixed_duty,
    post_max_people,
    post_on_leave,
    post_one_duty_a_day,
    post_qualified,
)
from scheduling.roster.constraints_rest import (
    post_max_consecutive_days,
    post_max_weekends_per_month,
    post_min_rest,
    post_rest_days_per_week,
)
from scheduling.roster.variables import RosterModel


def post_rules(model: RosterModel) -> None:
    """Post every rule of the problem."""
    for rule in model.problem.rules:
        POST[type(rule)](rule, model)


POST: dict[type[Any], Callable[[Any, RosterModel], None]] = {
    rules.OneDutyADay: post_one_duty_a_day,
    rules.Qualified: post_qualified,
    rules.AllowedTemplate: post_allowed_template,
    rules.Employed: post_employed,
    rules.OnLeave: post_on_leave,
    rules.Available: post_available,
    rules.Attended: post_attended,
    rules.FixedDuty: post_fixed_duty,
    rules.ContractHours: post_contract_hours,
    rules.ContractDayHours: post_contract_day_hours,
    rules.ContractSpanHours: post_contract_span_hours,
    rules.LeastHours: post_least_hours,
    rules.MaxPeople: post_max_people,
    rules.MaxHoursPerDay: post_max_hours_per_day,
    rules.MaxHoursPerWeek: post_max_hours_per_week,
    rules.MaxHoursPerMonth: post_max_hours_per_month,
    rules.MaxHoursPerQuarter: post_max_hours_per_quarter,
    rules.MaxOvertimePerMonth: post_max_overtime_per_month,
    rules.MinRest: post_min_rest,
    rules.MaxConsecutiveDays: post_max_consecutive_days,
    rules.RestDaysPerWeek: post_rest_days_per_week,
    rules.MaxWeekendsPerMonth: post_max_weekends_per_month,
    rules.HolidayPay: post_holiday_pay,
    rules.RestDayPay: post_rest_day_pay,
    rules.OvertimePay: post_overtime_pay,
}
