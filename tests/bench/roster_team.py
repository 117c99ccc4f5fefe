"""Rosters of generated chat teams: objective, bound, gap, hours short, seconds to 5 % and 1 %, memory.

``python tests/bench/roster_team.py 50x7 200x7 1000x7 [--effort normal]``

Seconds are wall time. They are given to a gap of 5 % and 1 % of the last bound, of the cost as it is and with
paid hours: with `WAGE` for each contracted hour added to cost and bound, as the money at stake is.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.config import Shop, ShopSettings, Stream
from forecast.randomness import generator
from forecast.timegrid import slots
from scheduling.config import Settings, ShiftTemplate
from scheduling.roster.assign import make_roster
from scheduling.roster.audit import audit
from scheduling.roster.case import RosterCase
from scheduling.roster.people import Employee, Wish

WAGE = 25.0  # per contracted hour
START = dt.date(2026, 11, 16)
ZONE = "Asia/Shanghai"
TEMPLATES = (
    ShiftTemplate(
        name="早班",
        form="early",
        starts=("08:00", "09:00", "10:00"),
        hours=9,
        break_min=60,
        break_window=("11:00", "14:00"),
    ),
    ShiftTemplate(
        name="晚班",
        form="late",
        starts=("14:00", "15:00"),
        hours=9,
        break_min=60,
        break_window=("17:00", "20:00"),
    ),
    ShiftTemplate(
        name="半班", form="half", starts=("18:00", "19:00", "20:00"), hours=4, pools=("part_time",)
    ),
)


def team(count: int, rng: np.random.Generator) -> list[Employee]:
    """Return a team with 15 % part-timers and three kinds of skills."""
    people = []
    for i in range(count):
        is_part_time = rng.random() < 0.15
        skills = [("presale",), ("aftersale",), ("presale", "aftersale")][
            int(rng.choice(3, p=[0.5, 0.3, 0.2]))
        ]
        people.append(
            Employee(
                employee=f"P{i:04d}",
                skills=skills,
                pool="part_time" if is_part_time else "staff",
                max_hours_per_week=20.0 if is_part_time else 44.0,
            )
        )
    return people


def wishes_of(people: list[Employee], days: int, rng: np.random.Generator) -> list[Wish]:
    """Return leave, days off and evenings off for about every eighth cell."""
    found = []
    for person in people:
        for d in range(days):
            luck, date = rng.random(), START + dt.timedelta(days=d)
            if luck < 0.02:
                found.append(Wish(employee=person.employee, date=date, kind="leave"))
            elif luck < 0.08:
                weight = float(rng.integers(1, 4))
                found.append(Wish(employee=person.employee, date=date, kind="off", weight=weight))
            elif luck < 0.12:
                found.append(Wish(employee=person.employee, date=date, kind="avoid", template="晚班"))
    return found


def need_of(people: list[Employee], days: int, load: float) -> pd.DataFrame:
    """Return a requirement of two humps a day that asks for `load` of the team's hours."""
    hours = sum(40 if person.pool == "staff" else 20 for person in people) * days / 7 * load
    rows = [
        (stream, at, share * (0.85 if at.weekday() >= 5 else 1.05) * _shape(at.hour + at.minute / 60))
        for stream, share in (("pre", 0.58), ("after", 0.42))
        for at in slots(START, days, 30, ZONE)
        if at.hour >= 8
    ]
    frame = pd.DataFrame(rows, columns=["stream", "start", "weight"])
    frame["agents_net"] = np.round(frame["weight"] * hours / (frame["weight"].sum() / 2))
    return frame.drop(columns="weight")


def _shape(hour: float) -> float:
    return float(np.exp(-(((hour - 11) / 3) ** 2)) + 1.2 * np.exp(-(((hour - 20.5) / 3) ** 2)) + 0.3)


def run(people_count: int, days: int, effort: str, load: float) -> None:
    """Make one roster and print its figures."""
    rng = generator(1, "team", people_count, days)
    people = team(people_count, rng)
    wishes = wishes_of(people, days, rng)
    requirement = need_of(people, days, load)
    settings = Settings(
        demand=ShopSettings(
            folder=Path("bench"),
            shop=Shop(timezone=ZONE),
            streams=(Stream(id="pre", skill="presale"), Stream(id="after", skill="aftersale")),
        ),
        templates=TEMPLATES,
    )
    cpu, began = time.process_time(), time.perf_counter()
    seen: list[tuple[float, float]] = []
    result = make_roster(
        RosterCase(
            employees=people,
            wishes=wishes,
            settings=settings,
            start=START,
            days=days,
            requirement=requirement,
        ),
        effort=effort,
        progress=lambda report: seen.append((time.perf_counter() - began, report.objective)),
    )
    cpu = time.process_time() - cpu
    assert result.roster is not None
    breaches = len(audit(result.roster, people, wishes, settings, start=START, days=days))
    wages = WAGE * sum(person.max_hours_per_week or 0.0 for person in people) * days / 7
    assert result.objective is not None
    assert result.bound is not None
    seen.append((result.seconds, result.objective))
    plain, paid = (
        " ".join(_reached(seen, result.bound + extra, extra, gap) for gap in (0.05, 0.01))
        for extra in (0.0, wages)
    )
    paid_gap = (result.objective - result.bound) / (result.objective + wages)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{people_count:5d} x {days:2d} | {result.status:8s} | objective {result.objective:12.1f} | bound "
        f"{result.bound:12.1f} | gap {result.gap:7.2%} | short {result.short['short'].sum() / 2:7.1f} of "
        f"{requirement['agents_net'].sum() / 2:7.0f} h | first {seen[0][0]:4.1f} s | to 5 % and 1 %: {plain}"
        f" | with paid hours {paid}, gap {paid_gap:.2%} | end {result.seconds:5.1f} s | CPU {cpu:6.1f} s | "
        f"{memory:5.0f} MB | breaches {breaches}"
    )
    print("      ", {name: round(value, 1) for name, value in result.terms.items() if value})


def _reached(seen: list[tuple[float, float]], bound: float, extra: float, gap: float) -> str:
    """Return when the cost came that near to the bound, both with `extra`."""
    at = next((s for s, objective in seen if (objective + extra) * (1 - gap) <= bound), None)
    return "not" if at is None else f"{at:.1f} s"


def main() -> None:
    """Run the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", default=["20x7", "50x7", "50x28", "200x7"])
    parser.add_argument("--effort", default="normal", choices=["quick", "normal", "thorough"])
    parser.add_argument("--load", type=float, default=0.72)
    options = parser.parse_args()
    for size in options.sizes:
        people, days = map(int, size.split("x"))
        run(people, days, options.effort, options.load)


if __name__ == "__main__":
    main()
