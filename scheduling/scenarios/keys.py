"""What a scenario may change, read into dataclasses; every unknown key names the nearest known one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from forecast.config import Stream, parse_tables, read_toml
from forecast.errors import ConfigError, Problem, nearest
from forecast.formulas import begins_like_formula, name_fault
from forecast.replies.service_parameters import ServiceParameters
from scheduling.config import Pool

STREAM_KEYS = tuple(f.name for f in fields(Stream) if f.name not in ("id", "platform", "skill", "service"))
SERVICE_KEYS = tuple(f.name for f in fields(ServiceParameters))
ADDED_KEYS = ("reception_cap_add", "bot_share_add")
FACTOR_KEYS = ("volume", "promotion_multiplier", "reply_factor", "cost_factor", *ADDED_KEYS)
OTHER_KEYS = (
    "cost_per_hour",
    "add_agents",
    "remove_agents",
    "pool",
    "template",
    "drop_templates",
    "labour",
)
CHANGES = (*FACTOR_KEYS, *STREAM_KEYS, *SERVICE_KEYS, *OTHER_KEYS)
HEAD = ("name", "like", "note")
FILE_KEYS = ("base", "scenario")


@dataclass(frozen=True, kw_only=True)
class AddedAgents:
    """People who come on top: so many of one pool, each with this cap, speed and wage.

    ``streams`` and ``templates`` narrow where they may work; empty: anywhere their pool may.
    """

    pool: Pool = "part_time"
    count: int = 1
    reception_cap: int | None = None
    speed: float = 1.0
    cost_per_hour: float | None = None
    streams: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for people that cannot be meant."""
        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")
        if self.reception_cap is not None and self.reception_cap < 1:
            raise ValueError(f"reception_cap must be at least 1, got {self.reception_cap}")
        if not 0 < self.speed <= 10:
            raise ValueError(f"speed must be above 0 and at most 10, got {self.speed:g}")
        if self.cost_per_hour is not None and self.cost_per_hour < 0:
            raise ValueError(f"cost_per_hour must be 0 or more, got {self.cost_per_hour:g}")


@dataclass(frozen=True, kw_only=True)
class RemovedAgents:
    """People who are missing: by name, or so many of a pool (the last ones named in ``agents.csv``)."""

    names: tuple[str, ...] = ()
    pool: Pool | None = None
    count: int = 0

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` where nobody is meant."""
        if not self.names and (self.pool is None or self.count < 1):
            raise ValueError("remove_agents needs names = [..], or pool and count")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Named changes to the base; ``changes`` holds the file's own keys, those of ``like`` included."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ScenarioFile:
    """``scenarios.toml``: the base plan's folder, and the scenarios in the file's order."""

    base: str | None
    scenarios: tuple[Scenario, ...]


def read_scenarios(path: Path) -> ScenarioFile:
    """Read a file of scenarios.

    Parameters
    ----------
    path
        TOML with ``base`` and one ``[[scenario]]`` table a scenario.

    Raises
    ------
    ConfigError
        With every unknown key, missing or doubled name, and inheritance that leads nowhere or in a circle.
    """
    if not path.is_file():
        raise ConfigError(
            Problem(file=str(path), message="no such file; write one, or name one with --scenarios")
        )
    tables = read_toml(path)
    problems: list[str | Problem] = [
        Problem(file=path.name, message=f"unknown key {key!r}{nearest(key, FILE_KEYS)}")
        for key in tables
        if key not in FILE_KEYS
    ]
    rows: Any = tables.get("scenario", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(Problem(file=path.name, message="scenarios are written as [[scenario]] tables"))
    if not rows and not problems:
        problems.append(Problem(file=path.name, message="no [[scenario]] in it; write at least one"))
    own: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, start=1):
        name = str(row.get("name", "")).strip()
        label = f"[[scenario]] {name or number}"
        if not name:
            problems.append(Problem(file=path.name, message=f"{label}: name is missing"))
        elif begins_like_formula(name):
            problems.append(
                Problem(file=path.name, message=f"[[scenario]] {number}: {name_fault('name', name)}")
            )
        elif name in own:
            problems.append(Problem(file=path.name, message=f"{label} stands twice; names must differ"))
        known = (*HEAD, *CHANGES)
        problems += [
            Problem(file=path.name, message=f"{label}: unknown key {key}{nearest(key, known)}")
            for key in row
            if key not in known
        ]
        own.setdefault(name, row)
    if not problems:
        problems += _inheritance_problems(own, path.name)
    if problems:
        raise ConfigError(problems)
    return ScenarioFile(
        base=None if tables.get("base") is None else str(tables["base"]),
        scenarios=tuple(
            Scenario(name=name, changes=_inherited(name, own), note=str(row.get("note", "")))
            for name, row in own.items()
        ),
    )


def parents(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the scenarios that one starts from, in order."""
    like = row.get("like", ())
    return (like,) if isinstance(like, str) else tuple(str(name) for name in like)


def _inheritance_problems(own: Mapping[str, Mapping[str, Any]], source: str) -> list[Problem]:
    problems = [
        Problem(
            file=source,
            message=f"[[scenario]] {name}: like names {parent!r}, which is no scenario"
            f"{nearest(parent, list(own))}",
        )
        for name, row in own.items()
        for parent in parents(row)
        if parent not in own
    ]
    if problems:
        return problems
    return [
        Problem(file=source, message=f"[[scenario]] {name}: like leads back to itself")
        for name in own
        if _leads_back(name, name, own, set())
    ]


def _leads_back(at: str, name: str, own: Mapping[str, Mapping[str, Any]], seen: set[str]) -> bool:
    for parent in parents(own[at]):
        if parent == name:
            return True
        if parent not in seen:
            seen.add(parent)
            if _leads_back(parent, name, own, seen):
                return True
    return False


def _inherited(name: str, own: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a scenario's changes: those it is like, later ones over earlier ones, then its own.

    Factors multiply and added people add up; of anything else the last word holds.
    """
    found: dict[str, Any] = {}
    for parent in parents(own[name]):
        found = combined(found, _inherited(parent, own))
    return combined(found, {key: value for key, value in own[name].items() if key not in HEAD})


def combined(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return two sets of changes as one.

    Examples
    --------
    >>> combined({"volume": 1.2, "bot_share": 0.4}, {"volume": 1.5, "bot_share": 0.5})
    {'volume': 1.8, 'bot_share': 0.5}
    """
    found = dict(first)
    for key, value in second.items():
        if key not in found:
            found[key] = value
        elif key in FACTOR_KEYS:
            found[key] = _both(found[key], value, adds=key in ADDED_KEYS)
        elif key in ("add_agents", "remove_agents", "template", "drop_templates"):
            found[key] = [*as_list(found[key]), *as_list(value)]
        elif isinstance(found[key], Mapping) and isinstance(value, Mapping):
            found[key] = {**found[key], **value}
        else:
            found[key] = value
    return found


def _both(one: Any, other: Any, *, adds: bool) -> Any:
    """Return two factors together; a table keeps what only one of them names."""
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
            return other  # a table and a number do not combine: the later holds
        neutral = 0 if adds else 1.0
        return {k: _both(one.get(k, neutral), other.get(k, neutral), adds=adds) for k in {**one, **other}}
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one + other if adds else round(one * other, 10)
    return other


def as_list(value: Any) -> list[Any]:
    """Return a value that may stand alone or in a list as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def added_agents(value: Any, source: str, label: str) -> list[AddedAgents]:
    """Return the people who come on top."""
    return parse_tables(AddedAgents, _tables(value, source, label), source=source, section=label)


def removed_agents(value: Any, source: str, label: str) -> list[RemovedAgents]:
    """Return the people who are missing; names may be written alone."""
    rows = as_list(value)
    names = [row for row in rows if isinstance(row, str)]
    tables = [row for row in rows if not isinstance(row, str)]
    if names:
        tables.append({"names": names})
    return parse_tables(RemovedAgents, _tables(tables, source, label), source=source, section=label)


def _tables(value: Any, source: str, label: str) -> Sequence[Mapping[str, Any]]:
    rows = as_list(value)
    if not all(isinstance(row, Mapping) for row in rows):
        raise ConfigError(Problem(file=source, message=f"{label} is written as {{ key = value, ... }}"))
    return rows
