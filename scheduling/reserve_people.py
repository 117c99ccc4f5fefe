"""The reserve list as people of a roster: who may be called, in order, and who is not on the team."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from scheduling.inputs import Inputs
from scheduling.promotion.reserves import read_reserves
from scheduling.roster.absences import Reserve
from scheduling.roster.people import Employee


@dataclass(frozen=True, kw_only=True)
class ReservePeople:
    """Reserves in the order of the list, and those of them who are not among the agents."""

    reserves: tuple[Reserve, ...] = ()
    outsiders: tuple[Employee, ...] = ()


def reserve_people(path: Path, inputs: Inputs) -> ReservePeople:
    """Read ``reserves.csv``; rows stand in the order in which to call, a missing file is an empty list.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    listed = read_reserves(path, [stream.id for stream in inputs.settings.demand.streams])
    team = {person.employee for person in inputs.employees}
    return ReservePeople(
        reserves=tuple(
            Reserve(employee=one.employee, order=place, lead_hours=one.lead_time_h)
            for place, one in enumerate(listed, start=1)
        ),
        outsiders=tuple(
            Employee(
                employee=one.employee,
                pool=one.pool,
                streams=one.streams,
                speed=one.speed,
                reception_cap=one.reception_cap,
                cost_per_hour=one.cost_per_hour,
                starts_on=one.available_from,
                ends_on=one.available_to,
            )
            for one in listed
            if one.employee not in team
        ),
    )


def with_called_reserves(inputs: Inputs, shop: Path, names: Collection[str]) -> Inputs:
    """Return inputs whose people contain the reserves that a roster names, though no agents themselves."""
    team = {person.employee for person in inputs.employees}
    if not set(names) - team:
        return inputs
    found = reserve_people(shop / "reserves.csv", inputs).outsiders
    called = tuple(person for person in found if person.employee in set(names))
    return replace(inputs, employees=(*inputs.employees, *called))
