"""Small roster problems: a shop with three templates, a few people, a few days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.config import Shop, ShopSettings, Stream
from forecast.timegrid import instant
from scheduling.config import Labour, PoolLimit, Settings, ShiftTemplate
from scheduling.roster.audit import audit
from scheduling.roster.people import Employee, Wish, WishKind

ZONE = "Asia/Shanghai"
MONDAY = dt.date(2026, 11, 16)
PRE, AFTER = "presale", "aftersale"

EARLY = ShiftTemplate(
    name="早班",
    form="early",
    starts=("08:00", "09:00"),
    hours=9,
    break_min=60,
    break_window=("11:00", "14:00"),
)
LATE = ShiftTemplate(
    name="晚班",
    form="late",
    starts=("15:00",),
    hours=9,
    break_min=60,
    break_window=("17:00", "19:00"),
    pools=("staff", "outsourced"),
)
HALF = ShiftTemplate(
    name="半班", form="half", starts=("19:00",), hours=4, pools=("staff", "part_time"), cost_per_hour=30
)


def build_settings(
    *,
    templates: Sequence[ShiftTemplate] = (EARLY, LATE, HALF),
    streams: Sequence[str] = (PRE, AFTER),
    pools: Sequence[PoolLimit] = (),
    interval_min: Any = 60,
    timezone: str = ZONE,
    **labour: Any,
) -> Settings:
    """Return a shop's settings; labour rules by name."""
    return Settings(
        demand=ShopSettings(
            folder=Path("shop"),
            shop=Shop(timezone=timezone, interval_min=interval_min),
            streams=tuple(Stream(id=name, skill=name) for name in streams),
        ),
        templates=tuple(templates),
        labour=Labour(**labour),
        pools=tuple(pools),
    )


def build_people(count: int, **details: Any) -> tuple[Employee, ...]:
    """Return that many people called A, B, C ..."""
    return tuple(Employee(employee=chr(ord("A") + i), **details) for i in range(count))


def day(number: int) -> dt.date:
    """Return a day counted from the Monday."""
    return MONDAY + dt.timedelta(days=number)


def wish(employee: str, number: int, kind: WishKind, template: str = "", weight: float = 1.0) -> Wish:
    """Return a wish for a day counted from the Monday."""
    return Wish(employee=employee, date=day(number), kind=kind, template=template, weight=weight)


def build_requirement(
    agents: float, *, days: int = 7, hours: tuple[int, int] = (8, 24), stream: str = PRE
) -> pd.DataFrame:
    """Return a flat requirement."""
    return pd.DataFrame(
        [(stream, instant(day(d), 60 * hour, ZONE), agents) for d in range(days) for hour in range(*hours)],
        columns=["stream", "start", "agents_net"],
    )


def build_shift_plan(rows: Sequence[tuple[int, ShiftTemplate, str, str, int]]) -> pd.DataFrame:
    """Return a shift plan of rows day, template, start, breaks, agents for presale."""
    return pd.DataFrame(
        [
            {
                "stream": PRE,
                "date": day(d),
                "template": template.name,
                "start": (begin := instant(day(d), 60 * int(start[:2]) + int(start[3:]), ZONE)),
                "end": begin + pd.Timedelta(hours=template.hours),
                "breaks": breaks,
                "pool": template.pools[0],
                "agents": agents,
                "paid_hours": template.paid_hours * agents,
                "cost": template.paid_hours * template.cost_per_hour * agents,
            }
            for d, template, start, breaks, agents in rows
        ]
    )


def build_roster(
    rows: Sequence[tuple[str, int, ShiftTemplate]], *, stream: str = PRE, start: str | None = None
) -> pd.DataFrame:
    """Return a roster of rows employee, day, template; breaks in the middle."""
    records = []
    for employee, d, template in rows:
        clock = start or template.starts[0]
        begin = instant(day(d), 60 * int(clock[:2]) + int(clock[3:]), ZONE)
        pause = {"early": "12:00-13:00", "late": "18:00-19:00"}.get(template.form, "")
        records.append(
            {
                "employee": employee,
                "date": day(d),
                "template": template.name,
                "stream": stream,
                "start": begin,
                "end": begin + pd.Timedelta(hours=template.hours),
                "breaks": pause if template.break_min else "",
                "paid_hours": template.paid_hours,
                "cost": template.paid_hours * template.cost_per_hour,
            }
        )
    columns = ["employee", "date", "template", "stream", "start", "end", "breaks", "paid_hours", "cost"]
    return pd.DataFrame(records, columns=columns)


def broken_rules(
    roster: pd.DataFrame,
    people: tuple[Employee, ...] = build_people(2),
    wishes: tuple[Wish, ...] = (),
    settings: Settings | None = None,
    last_roster: pd.DataFrame | None = None,
) -> list[str]:
    """Return the names of the rules a roster breaks."""
    violations = audit(
        roster,
        people,
        wishes,
        settings or build_settings(),
        start=MONDAY,
        days=14,
        last_roster=last_roster,
    )
    return [violation.rule for violation in violations]
