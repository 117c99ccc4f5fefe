"""A broken roster rule in the reader's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.notes import in_words
from reports.words import Words

if TYPE_CHECKING:
    from scheduling.roster.audit_book import Violation

UNITS = {
    "ContractHours": "hours",
    "ContractDayHours": "hours",
    "ContractSpanHours": "hours",
    "LeastHours": "hours",
    "MaxHoursPerDay": "hours",
    "MaxHoursPerWeek": "hours",
    "MaxHoursPerMonth": "hours",
    "MaxHoursPerQuarter": "hours",
    "MaxOvertimePerMonth": "hours",
    "HolidayPay": "hours",
    "RestDayPay": "hours",
    "OvertimePay": "hours",
    "MinRest": "hours",
    "MaxConsecutiveDays": "days",
    "RestDaysPerWeek": "days",
    "MaxWeekendsPerMonth": "weekends",
    "MaxPeople": "people",
}


def breach_words(breach: Violation, say: Words) -> str:
    """Return what is wrong, with the figure by which the rule is broken."""
    unit = UNITS.get(breach.rule)
    by = "" if unit is None else say(f"explain.by_{unit}", amount=f"{breach.amount:g}")
    key = f"explain.rule_{breach.rule}"
    return say(key, by=by) if say.has(key) else in_words(breach.message, say)


def rule_words(name: str, say: Words) -> str:
    """Return the name of a rule, or of whatever else bars somebody."""
    key = f"explain.rule_{name}"
    return say(key, by="") if say.has(key) else say.either(f"explain.bar_{name.replace(' ', '_')}", name)
