"""The people of a shop and what they wish for: ``agents.csv`` and ``wishes.csv``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from forecast.config import Stream
from forecast.formulas import check_names
from forecast.frames import raise_problems
from forecast.table_rows import Reader, either
from forecast.tabular import read_table
from scheduling.config import Pool, Settings
from scheduling.roster.availability import AvailableTime

WishKind = Literal["leave", "off", "prefer", "avoid", "fixed"]
POOLS: tuple[str, ...] = get_args(Pool)
WISH_KINDS: tuple[str, ...] = get_args(WishKind)
LARGEST_WEIGHT = 100.0
HOURS = ("max_hours_per_week", "min_hours_per_week", "max_hours_per_day", "max_hours_per_span")
OWN_TABLES = ("available", "meetings")  # told in tables of their own, not in agents.csv

MeetingKind = Literal["meeting", "training"]


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Time that somebody is off the chats inside a duty; paid, but no cover.

    Attributes
    ----------
    date, until
        First and last day; the same day where the time is fixed.
    start_min, end_min
        When [min since the day's midnight]; None: the roster chooses a day and a time.
    minutes
        How long.
    kind
        ``meeting``: who has a duty around it attends; ``training``: the person works and attends.
    """

    date: dt.date
    until: dt.date
    start_min: int | None = None
    end_min: int | None = None
    minutes: int
    kind: MeetingKind = "meeting"
    note: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a length that cannot be meant."""
        if not 0 < self.minutes <= 12 * 60:
            raise ValueError(f"hours must be above 0 and at most 12, got {self.minutes / 60:g}")

    def at(self, date: dt.date, time: tuple[int, int]) -> Meeting:
        """Return the meeting as training on a day at a time."""
        return replace(self, date=date, until=date, start_min=time[0], end_min=time[1], kind="training")


@dataclass(frozen=True, kw_only=True)
class Employee:
    """One agent: what they can do, when they are employed, how much they may work.

    Attributes
    ----------
    employee
        Name, unique in the shop.
    skills, streams
        What they can serve: the streams named, else every stream whose skill they have, else every stream.
    pool
        ``staff``, ``part_time`` or ``outsourced``.
    reception_cap
        Sessions open at once; None: the stream's.
    speed
        Work done per hour relative to the average agent.
    max_hours_per_week, min_hours_per_week
        Contracted limits on paid hours of an ISO week; None: the labour rules alone. Falling below the
        least hours is priced, not forbidden.
    max_hours_per_day, max_hours_per_span
        Contracted most paid hours of a day, and of all the days planned together; None: the labour rules
        alone.
    templates
        Shift templates they may work; empty: every template of their pool.
    cost_per_hour
        Wage per paid hour; None: the template's.
    starts_on, ends_on
        First and last day of employment; None: open.
    accounts
        Platform accounts, as they stand in logs.
    routing_weight
        Share of new sessions relative to others; None: not set.
    available
        When they can work; empty: always. From ``availability.csv``.
    meetings
        When they are off the chats inside a duty. From ``meetings.csv``.
    """

    employee: str
    skills: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    pool: Pool = "staff"
    reception_cap: int | None = None
    speed: float = 1.0
    max_hours_per_week: float | None = None
    min_hours_per_week: float | None = None
    max_hours_per_day: float | None = None
    max_hours_per_span: float | None = None
    templates: tuple[str, ...] = ()
    cost_per_hour: float | None = None
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    accounts: tuple[str, ...] = ()
    routing_weight: float | None = None
    available: tuple[AvailableTime, ...] = ()
    meetings: tuple[Meeting, ...] = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` for a person that cannot be meant."""
        if not self.employee:
            raise ValueError("employee must have a name")
        check_names(employee=self.employee)
        if not 0 < self.speed <= 10:
            raise ValueError(f"speed must be above 0 and at most 10, got {self.speed:g}")
        if self.reception_cap is not None and self.reception_cap < 1:
            raise ValueError(f"reception_cap must be at least 1, got {self.reception_cap}")
        for name in (*HOURS, "cost_per_hour", "routing_weight"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} must be 0 or more, got {value:g}")
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError(f"ends_on {self.ends_on} lies before starts_on {self.starts_on}")

    def can_serve(self, stream: Stream) -> bool:
        """Return whether the person can serve a stream: named, else by skill, else anyone."""
        if self.streams:
            return stream.id in self.streams
        return not self.skills or stream.skill in ("", *self.skills)

    def is_employed(self, day: dt.date) -> bool:
        """Return whether the person is employed on that day."""
        return (self.starts_on is None or self.starts_on <= day) and (
            self.ends_on is None or day <= self.ends_on
        )


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What one person wants, or must have, on one day.

    ``leave`` and ``fixed`` bind; ``off``, ``prefer`` and ``avoid`` are granted where they can be, heavier
    ones first. ``template`` is empty where any duty is meant.
    """

    employee: str
    date: dt.date
    kind: WishKind
    template: str = ""
    weight: float = 1.0
    note: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a wish that cannot be weighed."""
        if not 0 <= self.weight <= LARGEST_WEIGHT:
            raise ValueError(f"weight must be in [0, {LARGEST_WEIGHT:g}], got {self.weight:g}")


def team_pace(employees: Sequence[Employee], stream: Stream) -> float:
    """Return the mean speed of those who can serve a stream; 1 where nobody is known."""
    speeds = [person.speed for person in employees if person.can_serve(stream)]
    return sum(speeds) / len(speeds) if speeds else 1.0


def read_agents(path: Path, settings: Settings) -> tuple[Employee, ...]:
    """Read the people of a shop.

    Parameters
    ----------
    path
        CSV or Excel with the columns named as the fields of `Employee`; lists are ``;``-separated. Only
        `employee` is required; an empty cell is the default. Columns of other names are left alone.
    settings
        The shop's: streams, skills and templates that may be named.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    columns = tuple(f.name for f in fields(Employee) if f.name not in OWN_TABLES)
    reader = Reader(path, columns, required=("employee",))
    streams = tuple(stream.id for stream in settings.demand.streams)
    skills = tuple({stream.skill: None for stream in settings.demand.streams if stream.skill})
    templates = settings.template_names
    people: list[Employee] = []
    first_row: dict[str, int] = {}
    for row in reader.rows():
        name = row.text("employee")
        if name in first_row:
            row.complain("employee", f"{name} stands in row {first_row[name]} already; names must differ")
        first_row.setdefault(name, row.number)
        person = row.build(
            Employee,
            employee=name,
            skills=row.names("skills", skills),
            streams=row.names("streams", streams),
            pool=row.choice("pool", POOLS) or "staff",
            reception_cap=row.number_of("reception_cap", whole=True),
            speed=either(row.number_of("speed"), 1.0),
            max_hours_per_week=row.number_of("max_hours_per_week"),
            min_hours_per_week=row.number_of("min_hours_per_week"),
            max_hours_per_day=row.number_of("max_hours_per_day"),
            max_hours_per_span=row.number_of("max_hours_per_span"),
            templates=row.names("templates", templates),
            cost_per_hour=row.number_of("cost_per_hour"),
            starts_on=row.day("starts_on"),
            ends_on=row.day("ends_on"),
            accounts=row.names("accounts", ()),
            routing_weight=row.number_of("routing_weight"),
        )
        people += [] if person is None else [person]
    raise_problems(reader.problems)
    return tuple(people)


def with_calibrated_agents(
    people: Sequence[Employee], learnt: Mapping[str, Mapping[str, Any]], path: Path
) -> tuple[Employee, ...]:
    """Return people with the speed and reception cap that their logs tell, where `path` leaves them empty.

    Parameters
    ----------
    people
        As `read_agents` read them.
    learnt
        ``[[agent]]`` tables of ``service.toml`` by employee. A cap that nobody was seen to reach (no buyer
        queued while the agent held as many) is the most seen and no limit.
    path
        ``agents.csv``.
    """
    if not learnt:
        return tuple(people)
    table = read_table(path)
    filled = {
        name: set(table.loc[table[name].str.strip() != "", "employee"]) if name in table else set()
        for name in ("speed", "reception_cap")
    }
    changed = []
    for person in people:
        found = learnt.get(person.employee, {})
        new: dict[str, Any] = {}
        if "speed" in found and person.employee not in filled["speed"]:
            new["speed"] = float(found["speed"])
        reached = found.get("reception_cap_reached", True)
        if "reception_cap" in found and reached and person.employee not in filled["reception_cap"]:
            new["reception_cap"] = int(found["reception_cap"])
        changed.append(replace(person, **new) if new else person)
    return tuple(changed)


def read_wishes(path: Path, employees: Sequence[Employee], settings: Settings) -> tuple[Wish, ...]:
    """Read wishes, leave and fixed duties.

    Parameters
    ----------
    path
        CSV or Excel with the columns `employee, date, kind` and optionally `template, weight, note`.
    employees, settings
        Who and which templates may be named.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    columns = tuple(f.name for f in fields(Wish))
    reader = Reader(path, columns, required=("employee", "date", "kind"))
    people = tuple(person.employee for person in employees)
    templates = settings.template_names
    wishes: list[Wish] = []
    first_row: dict[tuple[Any, ...], int] = {}
    for row in reader.rows():
        wish = row.build(
            Wish,
            employee=row.known("employee", people),
            date=row.day("date", required=True),
            kind=row.choice("kind", WISH_KINDS, required=True),
            template=row.known("template", templates) if row.text("template") else "",
            weight=either(row.number_of("weight"), 1.0),
            note=row.text("note"),
        )
        if wish is None:
            continue
        key = (wish.employee, wish.date, wish.kind, wish.template)
        if key in first_row:
            row.complain("date", f"the same wish stands in row {first_row[key]}; keep one of them")
        first_row.setdefault(key, row.number)
        wishes.append(wish)
    raise_problems(reader.problems)
    return tuple(wishes)
