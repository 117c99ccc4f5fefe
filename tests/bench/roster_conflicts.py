"""Ten rosters that cannot be: is the true cause named, how soon, and what is cheapest to give up.

``python tests/bench/roster_conflicts.py [--people 40]``

Each case plants one cause in a team's fortnight. Counted causes must be named within 1 s, all answers be
there within 10 s. Too few people for the work is no such case: it is priced and shown, not refused. Ends
with 1 where a cause is missed or a time overstepped.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from roster_team import START, TEMPLATES, ZONE, need_of, team, wishes_of

from forecast.config import Shop, ShopSettings, Stream
from forecast.randomness import generator
from forecast.timegrid import instant
from scheduling.config import PoolLimit, Settings, ShiftTemplate
from scheduling.roster.assign import make_roster
from scheduling.roster.case import RosterCase
from scheduling.roster.conflicts import count_conflicts
from scheduling.roster.people import Employee, Wish
from scheduling.roster.problem import build_problem

DAYS = 14
COUNTED_SECONDS, SECONDS = 1.0, 10.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """One planted cause: `says` must stand in what counting says, or `rules` be the core's kinds of rules."""

    name: str
    wishes: tuple[Wish, ...]
    says: str = ""
    rules: frozenset[str] = frozenset()
    people: tuple[Employee, ...] = ()
    pools: tuple[PoolLimit, ...] = ()
    templates: tuple[ShiftTemplate, ...] = TEMPLATES
    last_roster: pd.DataFrame | None = None


def fixed(person: Employee, day: int, template: str = "早班") -> Wish:
    """Return a fixed duty on a day counted from the first."""
    return Wish(
        employee=person.employee, date=START + dt.timedelta(days=day), kind="fixed", template=template
    )


def cases(people: Sequence[Employee]) -> Iterator[Case]:
    """Yield the ten."""
    staff = [person for person in people if person.pool == "staff"]
    half = next(person for person in people if person.pool == "part_time")
    a, b = staff[0], staff[1]
    on_leave = Wish(employee=a.employee, date=START + dt.timedelta(days=3), kind="leave")
    yield Case(name="leave clash", wishes=(on_leave, fixed(a, 3)), says="is on leave that day")
    yield Case(name="closed to the pool", wishes=(fixed(a, 2, "半班"),), says="closed to pool staff")
    other = replace(a, skills=("livestream",))
    yield Case(name="skill gap", people=(other,), wishes=(fixed(a, 1),), says="can serve none of")
    late = replace(a, starts_on=START + dt.timedelta(days=7))
    yield Case(name="not yet employed", people=(late,), wishes=(fixed(a, 5),), says="not employed that day")
    yield Case(
        name="more seats taken than there are",
        pools=(PoolLimit(name="staff", max_people=3),),
        wishes=tuple(fixed(person, 4) for person in staff[:5]),
        says="5 fixed duties of pool staff",
    )
    yield Case(
        name="late, then early",
        wishes=(fixed(a, 2, "晚班"), fixed(a, 3)),
        templates=(TEMPLATES[0], replace(TEMPLATES[1], starts=("15:00",)), TEMPLATES[2]),
        rules=frozenset({"FixedDuty", "MinRest"}),
    )
    yield Case(
        name="rest owed from last week",
        wishes=(fixed(b, 0),),
        last_roster=_late_before(b),
        rules=frozenset({"FixedDuty", "MinRest"}),
    )
    yield Case(
        name="seven days in a row over two weeks",
        wishes=tuple(fixed(a, day) for day in range(3, 10)),
        rules=frozenset({"FixedDuty", "MaxConsecutiveDays"}),
    )
    yield Case(
        name="48 hours in a week of 44",
        people=(replace(b, max_hours_per_week=None),),
        wishes=tuple(fixed(b, day) for day in (0, 1, 2, 3, 4, 5)),
        rules=frozenset({"FixedDuty", "MaxHoursPerWeek"}),
    )
    yield Case(
        name="24 hours on a contract of 20",
        wishes=tuple(fixed(half, day, "半班") for day in (7, 8, 9, 10, 11, 12)),
        rules=frozenset({"FixedDuty", "ContractHours"}),
    )


def _late_before(person: Employee) -> pd.DataFrame:
    """Return a roster in which a person works late on the day before the first."""
    day = START - dt.timedelta(days=1)
    return pd.DataFrame(
        [
            {
                "employee": person.employee,
                "date": day,
                "template": "晚班",
                "stream": "pre",
                "start": instant(day, 15 * 60, ZONE),
                "end": instant(day, 24 * 60, ZONE),
                "breaks": "18:00-19:00",
                "paid_hours": 8.0,
                "cost": 0.0,
            }
        ]
    )


def run(case: Case, team_of: Sequence[Employee], wishes: Sequence[Wish], need: pd.DataFrame) -> bool:
    """Ask for the roster, print the answer; return whether it is right and soon enough."""
    changed = {person.employee: person for person in case.people}
    people = [changed.get(person.employee, person) for person in team_of]
    named = {wish.employee for wish in case.wishes}
    asked = [wish for wish in wishes if wish.kind != "leave" or wish.employee not in named]
    settings = Settings(
        demand=ShopSettings(
            folder=Path("bench"),
            shop=Shop(timezone=ZONE),
            streams=(Stream(id="pre", skill="presale"), Stream(id="after", skill="aftersale")),
        ),
        templates=case.templates,
        pools=case.pools,
    )
    whole = RosterCase(
        employees=people,
        wishes=[*asked, *case.wishes],
        settings=settings,
        start=START,
        days=DAYS,
        requirement=need,
        last_roster=case.last_roster,
    )
    began = time.perf_counter()
    problem = build_problem(whole)
    counted = count_conflicts(problem)
    counted_seconds = time.perf_counter() - began
    began = time.perf_counter()
    result = make_roster(whole)
    seconds = time.perf_counter() - began
    cores = [conflict for conflict in result.conflicts if conflict.kind == "core"]
    remedies = [conflict for conflict in result.conflicts if conflict.kind == "relaxation"]
    if case.says:
        is_named = len(counted) == 1 and case.says in counted[0].text and counted_seconds <= COUNTED_SECONDS
    else:
        rules = {reason.name for core in cores for reason in core.reasons}
        is_named = not counted and len(cores) == 1 and rules == case.rules
    is_right = is_named and result.status == "INFEASIBLE" and bool(remedies) and seconds <= SECONDS
    told = counted[0].text if counted else cores[0].text if cores else "nothing"
    print(
        f"{case.name:34s} | {'named' if is_right else 'MISSED'} | counted {counted_seconds:5.2f} s"
        f" | whole answer {seconds:5.2f} s | {told}"
    )
    for remedy in remedies:
        proof = "" if remedy.is_proven else " (not proven cheapest)"
        print(f"{'':36s} {remedy.price:6.0f}{proof}: {remedy.text}")
    return is_right


def main() -> int:
    """Run the ten."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=40)
    options = parser.parse_args()
    rng = generator(1, "team", options.people, DAYS)
    people = team(options.people, rng)
    wishes, need = wishes_of(people, DAYS, rng), need_of(people, DAYS, 0.72)
    right = [run(case, people, wishes, need) for case in cases(people)]
    print(f"{sum(right)} of {len(right)} causes named in time")
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
