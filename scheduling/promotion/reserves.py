"""Who can be called in on which day, in the order in which to call."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from forecast.errors import DataError, Problem, nearest
from forecast.formulas import check_names
from forecast.tabular import read_table
from forecast.timegrid import zone
from scheduling.config import Limit, Pool, Settings
from scheduling.roster.availability import can_work
from scheduling.roster.people import Employee, Wish

LEAD_H: Mapping[str, float] = {"staff": 2.0, "part_time": 3.0, "outsourced": 24.0}  # where nobody says
REST_DAY_PAY = 2.0  # of staff called in on a day off (labour law: 200 %)
OF_HEADS = 0.20  # reserves wanted a day, of the people on duty
FEWEST = 3
CALLED_H = 4.0  # a person called in works so long at least
EVENING = (18, 22)  # hours for which rest to the duties before and after is checked


@dataclass(frozen=True, kw_only=True)
class Reserve:
    """Somebody who can be called in.

    Attributes
    ----------
    employee
        Name.
    pool, streams, speed, reception_cap, cost_per_hour
        As in ``agents.csv``.
    lead_time_h
        Hours between the call and the first chat.
    available_from, available_to
        First and last day; None: always.
    """

    employee: str
    pool: Pool = "part_time"
    streams: tuple[str, ...] = ()
    lead_time_h: float = 3.0
    cost_per_hour: float = 25.0
    speed: float = 1.0
    reception_cap: int | None = None
    available_from: dt.date | None = None
    available_to: dt.date | None = None


def read_reserves(path: Path, streams: Sequence[str]) -> tuple[Reserve, ...]:
    """Read ``reserves.csv``; a missing file is an empty one.

    Parameters
    ----------
    path
        CSV or Excel with `employee` and optionally the other fields of `Reserve`.
    streams
        The shop's.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    if not path.is_file():
        return ()
    table = read_table(path)
    known = tuple(f.name for f in fields(Reserve))
    problems: list[str | Problem] = [
        Problem(file=path.name, row=1, column=str(name), message=f"unknown column{nearest(str(name), known)}")
        for name in table.columns
        if name not in known
    ]
    if "employee" not in table.columns:
        problems.append(Problem(file=path.name, row=1, column="employee", message="the column is missing"))
    if problems:
        raise DataError(problems)
    found: list[Reserve] = []
    for number, cells in zip(table.index, table.to_dict("records"), strict=True):
        values: dict[str, Any] = {}
        for name, text in cells.items():
            try:
                value = _value(str(name), str(text).strip(), streams)
            except ValueError as error:
                problems.append(
                    Problem(file=path.name, row=int(number), column=str(name), message=str(error))
                )
                continue
            if value is not None:
                values[str(name)] = value
        if not values.get("employee"):
            problems.append(Problem(file=path.name, row=int(number), column="employee", message="empty"))
            continue
        pool = str(values.get("pool", "part_time"))
        found.append(Reserve(**{"lead_time_h": LEAD_H[pool], **values}))
    if problems:
        raise DataError(problems)
    return tuple(found)


def _value(name: str, text: str, streams: Sequence[str]) -> Any:
    """Return a cell's value, or None where it is empty."""
    if not text:
        return None
    if name == "streams":
        names = tuple(part.strip() for part in text.replace("；", ";").split(";") if part.strip())
        for one in names:
            if one not in streams:
                raise ValueError(f"{one!r} is no stream{nearest(one, list(streams))}")
        return names
    if name == "pool":
        if text not in get_args(Pool):
            raise ValueError(f"{text!r} is no pool{nearest(text, get_args(Pool))}")
        return text
    if name.startswith("available"):
        return dt.date.fromisoformat(text)
    if name == "employee":
        check_names(employee=text)
        return text
    number = float(text)
    least = 1.0 if name == "reception_cap" else 0.0
    if not least <= number < math.inf or (name == "speed" and number == 0):
        raise ValueError(f"{text} is out of range")
    return int(number) if name == "reception_cap" else number


def reserve_table(
    reserves: Sequence[Reserve],
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    roster: pd.DataFrame | None,
    settings: Settings,
    *,
    dates: Sequence[dt.date],
    heads: Mapping[dt.date, int],
    streams: Sequence[str],
) -> pd.DataFrame:
    """Return who can be called in on each day, in call order.

    Returns
    -------
    DataFrame
        `date, order, employee, pool, streams, lead_time_h, cost_per_hour, speed, reception_cap, week_hours`.
        First come those of ``reserves.csv``, then rostered people with the day off whom no rule keeps from a
        half shift; in both, who is there sooner, then who costs less, then who has worked less that week. At
        least a fifth of the people on duty, and three, are listed where there are so many. Staff on their day
        off are paid double.
    """
    rows: list[dict[str, Any]] = []
    for date in dates:
        wanted = max(FEWEST, math.ceil(OF_HEADS * heads.get(date, 0)))
        named = [r for r in reserves if _is_available(r, date)]
        found = [(0, reserve, 0.0) for reserve in named]
        if roster is not None:
            found += [
                (1, _called(person, settings, streams), hours)
                for person in employees
                if (hours := _week_hours(person, date, roster, wishes, settings)) is not None
            ]
        found.sort(key=lambda f: (f[0], f[1].lead_time_h, f[1].cost_per_hour, f[2], f[1].employee))
        if not found:  # nobody is named: so many unnamed part-timers
            found = [(0, Reserve(employee=f"#{n + 1}"), 0.0) for n in range(wanted)]
        for order, (_, reserve, hours) in enumerate(found[: max(wanted, len(named))], start=1):
            rows.append(
                {
                    "date": date,
                    "order": order,
                    "employee": reserve.employee,
                    "pool": reserve.pool,
                    "streams": ";".join(reserve.streams or streams),
                    "lead_time_h": reserve.lead_time_h,
                    "cost_per_hour": reserve.cost_per_hour,
                    "speed": reserve.speed,
                    "reception_cap": reserve.reception_cap,
                    "week_hours": hours,
                }
            )
    columns = ["date", "order", "employee", "pool", "streams", "lead_time_h", "cost_per_hour", "speed"]
    return pd.DataFrame(rows, columns=[*columns, "reception_cap", "week_hours"])


def _is_available(reserve: Reserve, date: dt.date) -> bool:
    return (reserve.available_from is None or reserve.available_from <= date) and (
        reserve.available_to is None or date <= reserve.available_to
    )


def _called(person: Employee, settings: Settings, streams: Sequence[str]) -> Reserve:
    """Return a rostered person as a reserve."""
    wages = [t.cost_per_hour for t in settings.templates if person.pool in t.pools]
    wage = person.cost_per_hour if person.cost_per_hour is not None else max(wages, default=25.0)
    skilled = tuple(
        s for s in streams if not person.skills or settings.demand.stream(s).skill in person.skills
    )
    return Reserve(
        employee=person.employee,
        pool=person.pool,
        streams=person.streams or skilled,
        lead_time_h=LEAD_H[person.pool],
        cost_per_hour=wage * (REST_DAY_PAY if person.pool == "staff" else 1.0),
        speed=person.speed,
        reception_cap=person.reception_cap,
    )


def _week_hours(
    person: Employee, date: dt.date, roster: pd.DataFrame, wishes: Sequence[Wish], settings: Settings
) -> float | None:
    """Return the hours somebody works that week if they could lawfully be called in that day, else None."""
    own = roster[roster["employee"] == person.employee]
    if not person.is_employed(date) or (own["date"] == date).any():
        return None
    if any(w.employee == person.employee and w.date == date and w.kind in ("leave", "off") for w in wishes):
        return None
    if not can_work(person.available, date, *(60 * hour for hour in EVENING)):
        return None
    labour = settings.labour
    week = [d.isocalendar()[:2] == date.isocalendar()[:2] for d in own["date"]]
    hours = float(own.loc[week, "paid_hours"].sum())
    if person.max_hours_per_day is not None and person.max_hours_per_day < CALLED_H:
        return None
    if own["paid_hours"].sum() + CALLED_H > _or_endless(person.max_hours_per_span):
        return None
    if hours + CALLED_H > min(_or_endless(person.max_hours_per_week), _hard(labour.week_limit)):
        return None
    if sum(week) + 1 > 7 - (
        labour.rest_days_per_week.value if labour.rest_days_per_week.mode == "hard" else 0
    ):
        return None
    worked = {date, *own["date"]}
    run, day = 1, date
    while (day := day - dt.timedelta(days=1)) in worked:
        run += 1
    day = date
    while (day := day + dt.timedelta(days=1)) in worked:
        run += 1
    if run > _hard(labour.max_consecutive_days):
        return None
    local = zone(settings.demand.shop.timezone)
    first, last = (pd.Timestamp(date).tz_localize(local) + pd.Timedelta(hours=h) for h in EVENING)
    rest = pd.Timedelta(hours=labour.min_rest_hours.value if labour.min_rest_hours.mode == "hard" else 0)
    if ((own["end"] <= first) & (own["end"] > first - rest)).any():
        return None
    if ((own["start"] >= last) & (own["start"] < last + rest)).any():
        return None
    return hours


def _or_endless(hours: float | None) -> float:
    return math.inf if hours is None else hours


def _hard(limit: Limit) -> float:
    return limit.value if limit.mode == "hard" else math.inf
