"""How many people there are for the shifts of a day: what the shop allows, and whom it names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from scheduling.config import Settings
from scheduling.demand import DayKey, StreamDemand
from scheduling.roster.availability import can_work
from scheduling.roster.people import Employee, Wish
from scheduling.shifts.task import PeopleLimits
from scheduling.shifts.templates import TemplateInstance


def people_limits(settings: Settings) -> PeopleLimits:
    """Return the limits on people a day that the shop sets, by template and pool."""
    return PeopleLimits(
        templates={t.name: t.max_people for t in settings.templates if t.max_people is not None},
        pools={p.name: p.max_people for p in settings.pools if p.max_people is not None},
    )


def named_limits(
    settings: Settings,
    employees: Sequence[Employee],
    wishes: Sequence[Wish],
    demands: Mapping[str, StreamDemand],
    instances: Sequence[TemplateInstance],
) -> PeopleLimits:
    """Return the limits that the shop sets, and for each date how many of the people named can work.

    Parameters
    ----------
    settings
        Limits by template and pool; the streams.
    employees, wishes
        Who is named. A pool of which nobody is has no limit but its own; neither has a stream that nobody
        can serve on a date: its shifts say how many it takes.
    demands
        Streams and dates.
    instances
        Ways to work: who can work none of those of their pool on a date is not there.
    """
    limits = people_limits(settings)
    if not employees:
        return limits
    away = {(wish.employee, wish.date) for wish in wishes if wish.kind == "leave"}
    pools = {person.pool for person in employees}
    there: dict[dt.date, dict[str, int]] = {}
    able: dict[DayKey, dict[str, int]] = {}
    for date in sorted({date for demand in demands.values() for date in demand.days}):
        people = [p for p in employees if (p.employee, date) not in away and _can_come(p, date, instances)]
        there[date] = _by_pool(people, pools)
        for name in demands:
            stream = settings.demand.stream(name)
            counts = _by_pool((person for person in people if person.can_serve(stream)), pools)
            if any(counts.values()):
                able[name, date] = counts
    return PeopleLimits(templates=limits.templates, pools=limits.pools, there=there, able=able)


def _by_pool(people: Iterable[Employee], pools: Iterable[str]) -> dict[str, int]:
    found = dict.fromkeys(sorted(pools), 0)
    for person in people:
        found[person.pool] += 1
    return found


def _can_come(person: Employee, date: dt.date, instances: Sequence[TemplateInstance]) -> bool:
    """Whether somebody is employed on a date and can work any instance of their pool."""
    return person.is_employed(date) and any(
        instance.pool == person.pool
        and (not person.templates or instance.template in person.templates)
        and can_work(person.available, date, instance.start_min, instance.end_min)
        for instance in instances
    )
