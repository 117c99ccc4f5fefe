"""A small finished plan to ask what-ifs about: two days, hourly grid, hand-made shifts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.config import Shop, ShopSettings, Stream
from forecast.promotions import promotion_calendar
from forecast.replies.service_parameters import ServiceParameters
from forecast.timegrid import instant
from scheduling.config import PoolLimit, Settings, ShiftTemplate
from scheduling.inputs import Inputs
from scheduling.plan_folder import PlanFolder
from scheduling.roster.people import Employee
from scheduling.scenarios.outcome import Question

ZONE = "Asia/Shanghai"
START = dt.date(2026, 12, 10)
DAYS = 2
STREAM = "shop"

DAY = ShiftTemplate(name="白班", form="early", starts=("09:00",), hours=9, cost_per_hour=20.0)
HALF = ShiftTemplate(
    name="半班",
    form="half",
    starts=("09:00", "13:00", "14:00"),
    hours=4,
    pools=("part_time",),
    cost_per_hour=25.0,
)


def build_inputs(*, employees: tuple[Employee, ...] = (), **stream: Any) -> Inputs:
    """Return a shop open from nine to six with one stream and an event on the second day."""
    event = {
        "id": "sale",
        "kind": "big_promo",
        "phase": [
            {"kind": "spot", "start": dt.datetime(2026, 12, 11, 12), "end": dt.datetime(2026, 12, 11, 16)},
        ],
    }
    service = stream.pop("service", ServiceParameters(reception_cap=4, bot_share=0.2))
    one = Stream(id=STREAM, open=("09:00", "18:00"), service=service, **{"confidence": 0.5, **stream})
    return Inputs(
        settings=Settings(
            demand=ShopSettings(
                folder=Path("shop"), shop=Shop(timezone=ZONE, interval_min=60), streams=(one,)
            ),
            templates=(DAY, HALF),
            pools=(PoolLimit(name="part_time", max_people=1),),
        ),
        history=pd.DataFrame(),
        calendar=promotion_calendar([event], timezone=ZONE),
        employees=employees,
        hashes={},
    )


def build_base(*, agents: int = 3, hourly: float = 60.0, draws: int = 12) -> PlanFolder:
    """Return a plan of so many day shifts for so many consultations an hour."""
    hours = [instant(START + dt.timedelta(days=d), 60 * h, ZONE) for d in range(DAYS) for h in range(9, 18)]
    forecast = pd.DataFrame({"stream": STREAM, "start": hours, "mean": hourly, "p90": 1.2 * hourly})
    level = np.linspace(0.8, 1.2, draws)
    drawn = pd.concat(
        [
            pd.DataFrame({"stream": STREAM, "start": hours, "draw": n, "offered": hourly * level[n]})
            for n in range(draws)
        ],
        ignore_index=True,
    )
    rows = [
        (STREAM, day, DAY.name, instant(day, 540, ZONE), instant(day, 1080, ZONE), "", "staff", agents)
        for day in (START, START + dt.timedelta(days=1))
    ]
    columns = ["stream", "date", "template", "start", "end", "breaks", "pool", "agents"]
    plan = pd.DataFrame(rows, columns=columns).assign(paid_hours=9.0 * agents, cost=180.0 * agents)
    need = pd.DataFrame({"stream": STREAM, "start": hours, "agents_net": agents, "agents_gross": agents})
    return PlanFolder(
        folder=Path(),
        start=START,
        days=DAYS,
        seed=0,
        forecast=forecast,
        draws=drawn,
        requirement=need.assign(offered=hourly, on_time=0.9),
        shift_plan=plan,
        roster=None,
        last_roster=None,
        summary={},
    )


def with_roster(base: PlanFolder) -> tuple[PlanFolder, tuple[Employee, ...]]:
    """Return the plan with its day shifts given to people, the same ones each day, and who they are."""
    people = int(base.shift_plan["agents"].max())
    names = [f"员工{number + 1}" for number in range(people)]
    rows: list[Any] = base.shift_plan.to_dict("records")
    duties = [
        row | {"employee": name, "paid_hours": row["paid_hours"] / people, "cost": row["cost"] / people}
        for row in rows
        for name in names
    ]
    roster = pd.DataFrame(duties).drop(columns=["pool", "agents"])
    return replace(base, roster=roster), tuple(Employee(employee=name) for name in names)


def ask(changes: dict[str, Any] | None = None, **more: Any) -> Question:
    """Return a question about the small plan."""
    given = {"anew": False, **more}
    return Question(name="asked", changes=changes or {}, start=START, days=DAYS, **given)
