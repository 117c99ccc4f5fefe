"""An assignment as tables: the roster, the intervals that are short, what everybody got."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter

import numpy as np
import pandas as pd

from forecast.timegrid import instant, midnight
from scheduling.breaks import pauses_text
from scheduling.roster.duties import QUARTERS
from scheduling.roster.objective import Prices, wage_of
from scheduling.roster.pay import day_premium
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.tallies import pay_tallies, premium_minutes
from scheduling.roster.variables import Assignment, Choices, frozen_cover

ROSTER_COLUMNS = [
    "employee",
    "date",
    "template",
    "stream",
    "start",
    "end",
    "breaks",
    "paid_hours",
    "cost",
    "premium",
    "meetings",
]
FEW_HOURS_DAYS = 5  # open days from which on somebody's few hours are worth a word
SHORT_COLUMNS = ["stream", "start", "required", "on_duty", "short"]


def roster_table(problem: RosterProblem, assignment: Assignment) -> pd.DataFrame:
    """Return the `ROSTER` table of an assignment, by person and date.

    ``premium`` is what the law adds to the wage, and part of ``cost`` [money]; ``meetings`` are times off
    the chats, paid.
    """
    rows = []
    extra = premiums(problem, assignment)
    for (p, d), (number, way) in sorted(assignment.items()):
        option, person, date = problem.options[d][number], problem.employees[p], problem.date(d)
        rate = option.template.cost_per_hour if person.cost_per_hour is None else person.cost_per_hour
        rows.append(
            {
                "employee": person.employee,
                "date": date,
                "template": option.template.name,
                "stream": option.stream,
                "start": instant(date, option.clock_start, problem.timezone),
                "end": instant(
                    date, option.clock_start + round(60 * option.template.hours), problem.timezone
                ),
                "breaks": pauses_text(option.pauses[way]),
                "paid_hours": option.template.paid_hours,
                "cost": option.template.paid_hours * rate + extra[p, d],
                "premium": extra[p, d],
                "meetings": pauses_text(option.away),
            }
        )
    frame = pd.DataFrame(rows, columns=ROSTER_COLUMNS)
    if frame.empty:
        empty = pd.DatetimeIndex([], tz=problem.timezone)
        return frame.assign(start=empty, end=empty).astype(
            {"paid_hours": float, "cost": float, "premium": float}
        )
    return frame


def premiums(problem: RosterProblem, assignment: Assignment) -> dict[Cell, float]:
    """Return what the law adds to the wage of each duty. [money]

    What lies beyond a week's or a period's hours falls to the last duties of the period.
    """
    labour = problem.settings.labour
    found: dict[Cell, float] = {}
    days: dict[int, dict[int, int]] = {}
    for (p, d), (number, _) in sorted(assignment.items()):
        option, person = problem.options[d][number], problem.employees[p]
        days.setdefault(p, {})[d] = number
        rate = wage_of(problem, p)
        _, minutes, share = day_premium(labour, problem.pay_days, problem.date(d), option.paid_min)
        found[p, d] = rate * share * minutes / 60 if person.pool in labour.premium_pools else 0.0
    for tally in pay_tallies(problem, Prices()):
        for p, duties in days.items():
            if tally.prices[p] is not None:
                for d, minutes in premium_minutes(tally, p, duties).items():
                    found[p, d] += wage_of(problem, p) * tally.extra * minutes / 60
    return found


def short_table(problem: RosterProblem, assignment: Assignment) -> pd.DataFrame:
    """Return the intervals with fewer agents on duty than required.

    ``on_duty`` counts agents of average speed, to a quarter.
    """
    present = frozen_cover(problem, assignment) / QUARTERS
    rows = np.flatnonzero(problem.required - present > 1e-6)
    origin = midnight(problem.start, problem.timezone)
    per_stream = problem.intervals
    return pd.DataFrame(
        {
            "stream": [problem.streams[row // per_stream] for row in rows],
            "start": pd.DatetimeIndex(
                [origin + pd.Timedelta(minutes=int(row % per_stream) * problem.interval_min) for row in rows],
                tz=problem.timezone,
            ),
            "required": problem.required[rows],
            "on_duty": present[rows],
            "short": (problem.required - present)[rows],
        },
        columns=SHORT_COLUMNS,
    )


def fairness_table(problem: RosterProblem, assignment: Assignment) -> pd.DataFrame:
    """Return duties, hours and burdens of each person, and what they carried in where anything was."""
    rows = []
    carries = any(carried.worked for carried in problem.carried)
    for p, person in enumerate(problem.employees):
        mine = [problem.options[d][assignment[p, d][0]] for d in range(problem.days) if (p, d) in assignment]
        carried = problem.carried[p]
        row: dict[str, object] = {
            "employee": person.employee,
            "duties": len(mine),
            "hours": sum(option.paid_min for option in mine) / 60,
            "late": sum(option.is_late for option in mine),
            "weekend": sum(option.is_weekend for option in mine),
            "peak": sum(option.peak_hours for option in mine),
        }
        if carries:
            row |= {
                "late_before": carried.late,
                "weekend_before": carried.weekend,
                "peak_before": carried.peak_hours,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def few_hours_notes(problem: RosterProblem, choices: Choices, assignment: Assignment) -> tuple[str, ...]:
    """Return a note on each pool in which somebody gets far fewer hours a day than most.

    Who has contracted least hours is left out: the roster's price for those says it already.
    """
    open_days = Counter(p for (p, _), numbers in choices.items() if numbers)
    hours = [0.0] * len(problem.employees)
    for (p, d), (number, _) in assignment.items():
        hours[p] += problem.options[d][number].paid_min / 60
    pools: dict[str, list[int]] = {}
    for p, person in enumerate(problem.employees):
        if open_days[p] >= FEW_HOURS_DAYS:
            pools.setdefault(person.pool, []).append(p)
    notes = []
    for people in pools.values():
        usual = statistics.median(hours[p] / open_days[p] for p in people)
        few = [
            f"{problem.employees[p].employee} {hours[p]:g}/{usual * open_days[p]:.0f}"
            for p in people
            if problem.employees[p].min_hours_per_week is None and hours[p] < usual * open_days[p] / 2
        ]
        if few:
            names = ", ".join(few)
            notes.append(
                f"few paid hours, against what is usual in the pool: {names}. "
                "Without min_hours_per_week in agents.csv nobody has a claim to hours"
            )
    return tuple(notes)


def interval_start(problem: RosterProblem, row: int) -> pd.Timestamp:
    """Return the instant at which a cover row begins."""
    minutes = int(row % problem.intervals) * problem.interval_min
    return midnight(problem.start, problem.timezone) + pd.Timedelta(minutes=minutes)


def day_of_row(problem: RosterProblem, row: int) -> dt.date:
    """Return the local calendar day of a cover row."""
    return interval_start(problem, row).date()
