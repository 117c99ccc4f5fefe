"""The public shift-scheduling instances: read one, check and score an assignment.

Format and origin: T. Curtois and R. Qu, "Computational results on new staff scheduling benchmark
instances", University of Nottingham, 2014 (schedulingbenchmarks.org/nrp). The scoring here shares no code
with any search: it walks through each person's days.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

Rows = Mapping[str, list[str]]  # person -> a shift id a day, "" for a day off

SECTIONS = (
    "SECTION_HORIZON",
    "SECTION_SHIFTS",
    "SECTION_STAFF",
    "SECTION_DAYS_OFF",
    "SECTION_SHIFT_ON_REQUESTS",
    "SECTION_SHIFT_OFF_REQUESTS",
    "SECTION_COVER",
)
NEEDED = ("SECTION_HORIZON", "SECTION_SHIFTS", "SECTION_STAFF", "SECTION_COVER")


class InstanceError(Exception):
    """A file that is no instance; each problem says in which line."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """One row of the staff: limits on shifts, minutes, runs and weekends, and days that must be free."""

    name: str
    most: dict[str, int]
    most_min: int
    least_min: int
    most_run: int
    least_run: int
    least_off: int
    most_weekends: int
    off: set[int] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance. Requests are keyed by person, day and shift; cover by day and shift."""

    name: str
    days: int
    minutes: dict[str, int]
    not_after: dict[str, set[str]]
    people: dict[str, Person]
    on: dict[tuple[str, int, str], int]
    off: dict[tuple[str, int, str], int]
    cover: dict[tuple[int, str], tuple[int, int, int]]


@dataclass(frozen=True, kw_only=True)
class Score:
    """What an assignment costs, part by part, and the hard rules it breaks."""

    on: int
    off: int
    under: int
    over: int
    broken: tuple[str, ...]

    @property
    def total(self) -> int:
        """The objective."""
        return self.on + self.off + self.under + self.over


class _Lines:
    """The lines of a file by section, and what is wrong with them."""

    def __init__(self, path: Path) -> None:
        self.problems: list[str] = []
        self.sections: dict[str, list[tuple[int, list[str]]]] = {}
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InstanceError(f"{path}: cannot be read: {error}") from error
        section = ""
        for number, raw in enumerate(text.splitlines(), start=1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("SECTION_"):
                section = line
                if section not in SECTIONS:
                    self.complain(number, f"unknown section {section}")
                if section in self.sections:
                    self.complain(number, f"{section} stands twice")
                self.sections.setdefault(section, [])
            elif not section:
                self.complain(number, f"{line!r} stands before the first section")
            else:
                self.sections[section].append((number, [cell.strip() for cell in line.split(",")]))
        for name in NEEDED:
            if not self.sections.get(name):
                self.complain(None, f"{name} is missing or empty")

    def complain(self, number: int | None, text: str) -> None:
        self.problems.append(text if number is None else f"line {number}: {text}")

    def rows(self, section: str, cells: int) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of a section that have as many cells as they should."""
        for number, row in self.sections.get(section, []):
            if len(row) == cells:
                yield number, row
            else:
                self.complain(number, f"{section} has {cells} cells a row, this one {len(row)}")

    def whole(self, number: int, text: str, what: str) -> int:
        try:
            value = int(text)
        except ValueError:
            self.complain(number, f"{what}: {text!r} is not a whole number")
            return 0
        if value < 0:
            self.complain(number, f"{what}: {value} is below 0")
        return max(value, 0)

    def day(self, number: int, text: str, days: int) -> int:
        value = self.whole(number, text, "day")
        if value >= days > 0:
            self.complain(number, f"day {value} lies outside the {days} days")
        return value

    def known(self, number: int, name: str, those: Mapping[str, object], what: str) -> bool:
        if name not in those:
            self.complain(number, f"no {what} is called {name!r}")
        return name in those


def read_instance(path: Path) -> Instance:
    """Read an instance.

    Raises
    ------
    InstanceError
        With every problem, by line.
    """
    lines = _Lines(path)
    horizon = lines.sections.get("SECTION_HORIZON") or [(0, ["0"])]
    days = lines.whole(horizon[0][0], horizon[0][1][0], "horizon")
    if days < 1:
        lines.complain(horizon[0][0], "the horizon must be at least one day")
    minutes: dict[str, int] = {}
    not_after: dict[str, set[str]] = {}
    for number, (name, length, barred) in lines.rows("SECTION_SHIFTS", 3):
        if name in minutes:
            lines.complain(number, f"shift {name} stands twice")
        minutes[name] = lines.whole(number, length, "minutes")
        if minutes[name] == 0:
            lines.complain(number, f"shift {name} must last longer than 0 minutes")
        not_after[name] = {part.strip() for part in barred.split("|") if part.strip()}
    for name, barred_ones in not_after.items():
        for other in sorted(barred_ones - set(minutes)):
            lines.complain(None, f"shift {name} may not be followed by {other}, which is no shift")
    people = _people(lines, minutes)
    for number, row in lines.sections.get("SECTION_DAYS_OFF", []):
        if lines.known(number, row[0], people, "employee"):
            people[row[0]].off.update(lines.day(number, cell, days) for cell in row[1:] if cell)
    requests: dict[str, dict[tuple[str, int, str], int]] = {"ON": {}, "OFF": {}}
    for kind, found in requests.items():
        for number, (name, day, shift, weight) in lines.rows(f"SECTION_SHIFT_{kind}_REQUESTS", 4):
            if lines.known(number, name, people, "employee") & lines.known(number, shift, minutes, "shift"):
                key = (name, lines.day(number, day, days), shift)
                found[key] = found.get(key, 0) + lines.whole(number, weight, "weight")
    cover: dict[tuple[int, str], tuple[int, int, int]] = {}
    for number, (day, shift, need, under, over) in lines.rows("SECTION_COVER", 5):
        if lines.known(number, shift, minutes, "shift"):
            cell = (lines.day(number, day, days), shift)
            if cell in cover:
                lines.complain(number, f"day {day}, shift {shift} stands twice")
            cover[cell] = (
                lines.whole(number, need, "need"),
                lines.whole(number, under, "weight"),
                lines.whole(number, over, "weight"),
            )
    if lines.problems:
        raise InstanceError("\n".join(f"{path.name}: {problem}" for problem in lines.problems[:20]))
    return Instance(
        name=path.stem,
        days=days,
        minutes=minutes,
        not_after=not_after,
        people=people,
        on=requests["ON"],
        off=requests["OFF"],
        cover=cover,
    )


def _people(lines: _Lines, minutes: Mapping[str, int]) -> dict[str, Person]:
    people: dict[str, Person] = {}
    names = ("most minutes", "least minutes", "most in a row", "least in a row", "least off", "weekends")
    for number, row in lines.rows("SECTION_STAFF", 8):
        most: dict[str, int] = dict.fromkeys(minutes, 0)
        for part in filter(None, map(str.strip, row[1].split("|"))):
            shift, equals, count = (piece.strip() for piece in part.partition("="))
            if not equals:
                lines.complain(number, f"{part!r} is not SHIFT=COUNT")
            elif lines.known(number, shift, minutes, "shift"):
                most[shift] = lines.whole(number, count, f"most {shift}")
        limits = [lines.whole(number, cell, what) for cell, what in zip(row[2:], names, strict=True)]
        if row[0] in people:
            lines.complain(number, f"employee {row[0]} stands twice")
        if limits[0] < limits[1]:
            lines.complain(number, f"{row[0]}: at most {limits[0]} but at least {limits[1]} minutes")
        people[row[0]] = Person(
            name=row[0],
            most=most,
            most_min=limits[0],
            least_min=limits[1],
            most_run=limits[2],
            least_run=limits[3],
            least_off=limits[4],
            most_weekends=limits[5],
        )
    return people


def score(instance: Instance, rows: Rows) -> Score:
    """Return what an assignment costs and every hard rule it breaks."""
    broken = [f"{name}: no row" for name in instance.people if name not in rows]
    broken += [f"{name}: nobody of that name" for name in rows if name not in instance.people]
    for name, person in instance.people.items():
        row = rows.get(name, [""] * instance.days)
        if len(row) != instance.days or any(cell and cell not in instance.minutes for cell in row):
            broken.append(f"{name}: {len(row)} days, or a shift that does not exist")
            continue
        broken += [f"{name}: {text}" for text in _broken(instance, person, row)]
    present: dict[tuple[int, str], int] = {}
    for row in rows.values():
        for day, shift in enumerate(row):
            present[day, shift] = present.get((day, shift), 0) + 1
    under = over = 0
    for cell, (need, low_price, high_price) in instance.cover.items():
        count = present.get(cell, 0)
        under += low_price * max(0, need - count)
        over += high_price * max(0, count - need)
    return Score(
        on=sum(w for (name, day, shift), w in instance.on.items() if rows[name][day] != shift),
        off=sum(w for (name, day, shift), w in instance.off.items() if rows[name][day] == shift),
        under=under,
        over=over,
        broken=tuple(broken),
    )


def _broken(instance: Instance, person: Person, row: list[str]) -> Iterator[str]:
    """Yield the hard rules that one person's days break."""
    for day, shift in enumerate(row):
        if shift and day in person.off:
            yield f"works on day {day}, which must be off"
        if day and row[day - 1] and shift in instance.not_after[row[day - 1]]:
            yield f"{shift} on day {day} after {row[day - 1]}"
    for shift, most in person.most.items():
        if row.count(shift) > most:
            yield f"{row.count(shift)} x {shift}, at most {most}"
    total = sum(instance.minutes[shift] for shift in row if shift)
    if not person.least_min <= total <= person.most_min:
        yield f"{total} minutes, {person.least_min} to {person.most_min} allowed"
    weekends = {day // 7 for day, shift in enumerate(row) if shift and day % 7 >= 5}
    if len(weekends) > person.most_weekends:
        yield f"{len(weekends)} weekends, at most {person.most_weekends}"
    begin = 0
    for works, cells in groupby(row, key=bool):
        length = len(list(cells))
        at_border = begin == 0 or begin + length == len(row)
        if works and length > person.most_run:
            yield f"works {length} days from day {begin}, at most {person.most_run}"
        if works and length < person.least_run and not at_border:
            yield f"works {length} days from day {begin}, at least {person.least_run}"
        if not works and length < person.least_off and not at_border:
            yield f"{length} days off from day {begin}, at least {person.least_off}"
        begin += length


def write_assignment(instance: Instance, rows: Rows, path: Path) -> None:
    """Write `employee, day, shift`, one row a shift worked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["employee", "day", "shift"])
        for name in instance.people:
            writer.writerows([name, day, shift] for day, shift in enumerate(rows[name]) if shift)


def read_assignment(instance: Instance, path: Path) -> dict[str, list[str]]:
    """Read an assignment back; two shifts of a person on one day raise `InstanceError`."""
    rows = {name: [""] * instance.days for name in instance.people}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for record in csv.DictReader(file):
            row, day = rows.setdefault(record["employee"], [""] * instance.days), int(record["day"])
            if row[day]:
                raise InstanceError(f"{path.name}: {record['employee']} has two shifts on day {day}")
            row[day] = record["shift"]
    return rows
