"""What a header means: the column's role, whatever a platform calls it, and the unit it carries."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from forecast.errors import DataError, Problem, nearest

COUNTS = ("arrived", "served", "direct", "asked_persons", "received_persons")  # the first present serves
MOMENTS = ("first_message", "start", "time", "assigned")  # when a consultation began, best first

UNITS_S = {
    "秒": 1.0,
    "s": 1.0,
    "sec": 1.0,
    "seconds": 1.0,
    "分钟": 60.0,
    "分": 60.0,
    "min": 60.0,
    "minutes": 60.0,
    "小时": 3600.0,
    "时": 3600.0,
    "h": 3600.0,
    "hours": 3600.0,
}
_UNIT = "|".join(sorted(UNITS_S, key=len, reverse=True))
_IN_BRACKETS = re.compile(rf"\(\s*({_UNIT})\s*\)\s*$")
_AT_END = re.compile(r"(?:[_\s](s|sec|seconds|min|minutes|h|hours)|(秒|分钟|小时))$")
_NOISE = re.compile(r"[\s_()\[\]【】\-—–/:\"'*.]")
_CLOCK_HEADER = re.compile(r"^(\d{1,2})(?::00)?(?:[-~至到](\d{1,2})(?::00)?)?[点时h]?$")


@cache
def _book() -> Mapping[str, Any]:
    text = resources.files("forecast.logs").joinpath("header-synonyms.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def plain(text: str) -> str:
    """Return a header or cell without what differs between exports of the same thing.

    Examples
    --------
    >>> plain("3分钟人工回复率 (会话)"), plain("平均响应时长（秒)")
    ('3分钟人工回复率会话', '平均响应时长秒')
    """
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).lower()


@cache
def _roles() -> Mapping[str, tuple[str, ...]]:
    """Return the roles that know a plain header, in the synonyms' order."""
    known: dict[str, list[str]] = {}
    for role, names in _book()["headers"].items():
        for name in (role, *names["zh"], *names["en"]):
            roles = known.setdefault(plain(name), [])
            if role not in roles:
                roles.append(role)
    return {name: tuple(roles) for name, roles in known.items()}


@cache
def summary_names() -> frozenset[str]:
    """Return plain names of rows that sum up others."""
    return frozenset(plain(name) for name in _book()["summary_rows"]["values"])


@cache
def sender_names() -> Mapping[str, str]:
    """Return kinds of sender by the plain word an export has for them."""
    return {plain(word): kind for kind, names in _book()["sender_values"].items() for word in names}


def all_roles() -> tuple[str, ...]:
    """Return every role a column can have."""
    return tuple(_book()["headers"])


@dataclass(frozen=True)
class Header:
    """A header as it stands, the roles it may have, and the seconds of its unit where it names one."""

    text: str
    roles: tuple[str, ...] = ()
    unit_s: float | None = None


@cache
def read_header(text: str) -> Header:
    """Return what a header means; a header nobody knows has no roles.

    Examples
    --------
    >>> read_header("平均响应时长（分钟）")
    Header(text='平均响应时长（分钟）', roles=('mean_reply_s',), unit_s=60.0)
    """
    whole = unicodedata.normalize("NFKC", text).strip().lower()
    unit_s: float | None = None
    stripped = whole
    if (found := _IN_BRACKETS.search(whole)) or (found := _AT_END.search(whole)):
        unit_s = UNITS_S[next(group for group in found.groups() if group)]
        stripped = whole[: found.start()]
    for name in (plain(whole), plain(stripped)):
        if name in _roles():
            return Header(text=text, roles=_roles()[name], unit_s=unit_s)
    return Header(text=text)


def clock_hour(text: str) -> int | None:
    """Return the hour that a header of a wide table names (``9:00-10:00``, ``9点``), if it does."""
    found = _CLOCK_HEADER.match(unicodedata.normalize("NFKC", text).strip())
    if found is None or int(found[1]) > 23:
        return None
    return int(found[1])


def hour_columns(headers: Sequence[str]) -> dict[int, int]:
    """Return the hour of each column of a wide table, by position; empty where there are fewer than six."""
    hours = {at: hour for at, text in enumerate(headers) if (hour := clock_hour(text)) is not None}
    return hours if len(hours) >= 6 and len(set(hours.values())) == len(hours) else {}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Several columns that could have one role: the one taken, and the others."""

    role: str
    taken: str
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where each role of a table stands.

    Attributes
    ----------
    headers
        As they stand in the file.
    place
        Position by role; of several columns of one role the first, or the one that was asked for.
    choices
        Roles that several columns could have.
    wide
        Hour of the day by position, where every hour has a column of its own.
    """

    headers: tuple[str, ...]
    place: Mapping[str, int]
    choices: tuple[Choice, ...] = ()
    wide: Mapping[int, int] = field(default_factory=dict)

    def has(self, *roles: str) -> bool:
        """Whether the table has any of the roles."""
        return any(role in self.place for role in roles)

    def name(self, role: str) -> str:
        """Return the header of a role."""
        return self.headers[self.place[role]]

    def unit_s(self, role: str, default: float = 1.0) -> float:
        """Return the seconds of a duration's unit."""
        unit = read_header(self.name(role)).unit_s
        return default if unit is None else unit


def find_columns(headers: Sequence[str], mapping: Mapping[str, str], *, file: str, row: int) -> Columns:
    """Return the columns of a table.

    Parameters
    ----------
    headers
        As they stand.
    mapping
        Header by role, where somebody said so; it wins over the synonyms. Keys with a colon are words of
        cells, not headers.
    file, row
        Where the headers stand, for messages.

    Raises
    ------
    DataError
        If the mapping names a role that does not exist.
    """
    wanted = {role: name for role, name in mapping.items() if ":" not in role}
    # `offered` is the contract's word for the count that serves, whatever it counts.
    wanted = {("arrived" if role == "offered" else role): name for role, name in wanted.items()}
    unknown = [role for role in wanted if role not in all_roles()]
    if unknown:
        raise DataError(
            [
                Problem(
                    file=file, row=row, message=f"--map {role}=...: no such role{nearest(role, all_roles())}"
                )
                for role in unknown
            ]
        )
    positions: dict[str, list[int]] = {}
    asked: dict[str, int] = {}
    for role, name in wanted.items():
        same = [at for at, text in enumerate(headers) if text == name or plain(text) == plain(name)]
        if same:
            asked[role] = same[0]
    for at, text in enumerate(headers):
        if at in asked.values():
            continue
        for role in read_header(text).roles:
            positions.setdefault(role, []).append(at)
    found = {role: places[0] for role, places in positions.items()} | asked
    choices = tuple(
        Choice(
            role=role,
            taken=headers[places[0]],
            others=tuple(headers[at] for at in places[1:]),
        )
        for role, places in positions.items()
        if len(places) > 1 and role not in asked
    )
    return Columns(headers=tuple(headers), place=found, choices=choices, wide=hour_columns(headers))


def recognised(cells: Sequence[str], mapping: Mapping[str, str]) -> int:
    """Return how many cells of a row are headers that somebody knows."""
    asked = {plain(name) for name in mapping.values()}
    filled = [cell for cell in cells if cell.strip()]
    known = sum(bool(read_header(cell.strip()).roles) or plain(cell) in asked for cell in filled)
    return known + len(hour_columns(list(cells)))
