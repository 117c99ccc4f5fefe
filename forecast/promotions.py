"""The promotion calendar: past and future events with their phases, and hours to drop from the history."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from forecast.config import gather_tables, read_toml
from forecast.errors import ConfigError, Problem, nearest
from forecast.formulas import check_names
from forecast.timegrid import zone

T = TypeVar("T")

PhaseKind = Literal["presale_deposit", "tail", "warmup", "spot", "last_day", "return", "aftersale"]
SELLING: tuple[PhaseKind, ...] = ("spot", "last_day", "tail", "return")  # orders can be paid for
KINDS = ("big_promo", "brand_day", "live", "new_year", "gift_day", "aftersale", "closed", "shock")
SECTIONS = ("schema", "timezone", "event", "ignore")
SAME_CHAT = ({"taobao", "tmall"},)  # platforms whose buyers write to one and the same chat tool
BAND_SD = 2.56  # standard deviations between the 10 % and the 90 % quantile of a normal


@dataclass(frozen=True, kw_only=True)
class Multiplier:
    """Mean of consultations over a phase, in multiples of the same hours without it; 80 % band and centre."""

    low: float
    mid: float
    high: float

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for numbers out of order."""
        if not 0 < self.low <= self.mid <= self.high:
            raise ValueError(
                "multiplier needs 0 < low <= mid <= high, "
                f"got low {self.low:g}, mid {self.mid:g}, high {self.high:g}"
            )


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """How a phase's uplift runs inside it: a spike in its first hours that decays to the plateau, or flat.

    Attributes
    ----------
    shape
        ``kickoff`` or ``flat``.
    peak_hours
        Hours the spike stays at its top before it decays.
    half_life_h
        Time in which the spike halves, after the top. [hours]
    rise
        Height of the spike over the plateau's uplift. [multiples of that uplift]
    """

    shape: Literal["kickoff", "flat"] = "kickoff"
    peak_hours: float = 1.0
    half_life_h: float = 3.0
    rise: float = 2.0

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a value out of range."""
        if self.peak_hours < 0 or self.rise < 0:
            raise ValueError(
                f"peak_hours and rise must not be negative, got {self.peak_hours:g}, {self.rise:g}"
            )
        if self.half_life_h <= 0:
            raise ValueError(f"half_life_h must be above 0, got {self.half_life_h:g}")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of an event with its own clock, half-open ``[start, end)``.

    ``mix`` is the share of the phase's volume by skill; ``bot_share`` and ``handle_factor`` (shorter or
    longer chats) are read by the requirement.
    """

    kind: PhaseKind
    start: dt.datetime
    end: dt.datetime
    name: str = ""
    multiplier: Multiplier | None = None
    kernel: Kernel | None = None
    mix: Mapping[str, float] = field(default_factory=dict)
    bot_share: float | None = None
    handle_factor: float | None = None

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for times out of order and shares out of range."""
        check_names(name=self.name)
        if (self.start.tzinfo is None) != (self.end.tzinfo is None):
            raise ValueError("start and end must both carry an offset, or neither")
        if not self.start < self.end:
            raise ValueError(
                f"a phase must start before it ends, got {self.start:%Y-%m-%d %H:%M} "
                f"to {self.end:%Y-%m-%d %H:%M}"
            )
        if any(share < 0 for share in self.mix.values()) or (
            self.mix and abs(sum(self.mix.values()) - 1) > 0.02
        ):
            raise ValueError(f"mix must hold shares that add up to 1, got {dict(self.mix)}")
        if self.bot_share is not None and not 0 <= self.bot_share < 1:
            raise ValueError(f"bot_share must be in [0, 1), got {self.bot_share:g}")
        if self.handle_factor is not None and self.handle_factor <= 0:
            raise ValueError(f"handle_factor must be above 0, got {self.handle_factor:g}")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the shop expects of an event; 0 is unknown.

    ``growth`` is the event's own uplift against that of the events it is `like`, beside the shop's trend.
    """

    gmv_yuan: float = 0.0
    orders: float = 0.0
    growth: float = 0.0

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a negative number."""
        if min(self.gmv_yuan, self.orders, self.growth) < 0:
            raise ValueError(f"expected must not be negative, got {self}")


@dataclass(frozen=True, kw_only=True)
class Event:
    """A promotion, a live stream, or hours that were out of the ordinary (``closed``, ``shock``).

    ``kind`` groups events that resemble each other; a kind of the shop's own is welcome.
    """

    id: str
    kind: str
    phase: tuple[Phase, ...]
    name: str = ""
    channels: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    source: str = ""
    confidence: Literal["confirmed", "reported", "assumed"] = "assumed"
    expected: Expected = field(default_factory=Expected)

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for an event without phases or a kind that is a slip of the pen."""
        check_names(id=self.id, name=self.name)
        if not self.phase:
            raise ValueError("an event needs at least one [[event.phase]] with start and end")
        if self.kind not in KINDS:
            hint = nearest(self.kind, KINDS)
            if hint.startswith("; did you mean"):
                raise ValueError(f"kind {self.kind!r} is not known{hint}")

    @property
    def start(self) -> dt.datetime:
        """Start of the first phase."""
        return min(phase.start for phase in self.phase)

    @property
    def end(self) -> dt.datetime:
        """End of the last phase."""
        return max(phase.end for phase in self.phase)

    @property
    def kick_off(self) -> dt.datetime:
        """Start of the first sale; of the first phase where nothing is sold."""
        selling = [phase.start for phase in self.phase if phase.kind in SELLING]
        return min(selling, default=self.start)

    @property
    def selling_end(self) -> dt.datetime:
        """End of the last sale; of the first phase where nothing is sold."""
        selling = [phase.end for phase in self.phase if phase.kind in SELLING]
        return max(selling, default=self.phase[0].end)

    def concerns(self, platform: str) -> bool:
        """Return whether the event acts on a platform; an event without channels acts on all."""
        if not self.channels or not platform:
            return True
        same = {platform}.union(*(group for group in SAME_CHAT if platform in group))
        return bool(same & {channel.lower() for channel in self.channels})


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """Hours ``[start, end)`` to drop from the history, and why."""

    start: dt.datetime
    end: dt.datetime
    why: str = ""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for times out of order."""
        if not self.start < self.end:
            raise ValueError(f"ignored hours must start before they end, got {self.start} to {self.end}")


@dataclass(frozen=True, kw_only=True)
class PromotionCalendar:
    """Events in order of their start, and hours to drop from the history. All times are aware."""

    events: tuple[Event, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    def of(self, platform: str) -> tuple[Event, ...]:
        """Return the events that act on a platform."""
        return tuple(event for event in self.events if event.concerns(platform))

    def event(self, event_id: str) -> Event:
        """Return the event of that id.

        Raises
        ------
        ConfigError
            If there is none.
        """
        for event in self.events:
            if event.id == event_id:
                return event
        known = [event.id for event in self.events]
        raise ConfigError(f"promotions.toml: no event has the id {event_id!r}{nearest(event_id, known)}")


def read_promotions(path: Path, timezone: str) -> PromotionCalendar:
    """Read a promotion calendar; a missing file is an empty one.

    Parameters
    ----------
    path
        ``promotions.toml``.
    timezone
        The shop's; times without offset are its wall times, or those of the file's own `timezone`.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    tables = read_toml(path)
    problems: list[str | Problem] = [
        Problem(file=path.name, message=f"unknown section or key {key!r}{nearest(key, SECTIONS)}")
        for key in tables
        if key not in SECTIONS
    ]
    if tables.get("schema", 1) != 1:
        problems.append(
            Problem(file=path.name, message=f"schema {tables['schema']!r} is not known; known: 1")
        )
    try:
        calendar = promotion_calendar(
            tables.get("event", []),
            ignored=tables.get("ignore", []),
            timezone=str(tables.get("timezone", timezone)),
            source=path.name,
        )
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None
    if problems:
        raise ConfigError(problems)
    return calendar


def promotion_calendar(
    events: Iterable[Mapping[str, Any]],
    *,
    ignored: Iterable[Mapping[str, Any]] = (),
    timezone: str,
    source: str = "promotions.toml",
) -> PromotionCalendar:
    """Return the calendar of ``[[event]]`` and ``[[ignore]]`` tables.

    Raises
    ------
    ConfigError
        With every unknown key, value out of range and doubled id.
    """
    problems: list[str | Problem] = []
    try:
        zone(timezone)
    except ConfigError as error:
        raise ConfigError(Problem(file=source, message=str(error))) from None
    parsed = gather_tables(problems, Event, events, source, "event")
    dropped = gather_tables(problems, Ignored, _ignore_tables(ignored, source, problems), source, "ignore")
    problems += _doubled_ids(parsed, source)
    if problems:
        raise ConfigError(problems)
    local = [_localised_event(event, timezone) for event in parsed]
    return PromotionCalendar(
        events=tuple(sorted(local, key=lambda event: (event.start, event.id))),
        ignored=tuple(
            dataclasses.replace(one, start=_localised(one.start, timezone), end=_localised(one.end, timezone))
            for one in dropped
        ),
    )


def _ignore_tables(
    tables: Iterable[Mapping[str, Any]], source: str, problems: list[str | Problem]
) -> list[dict[str, Any]]:
    """Return ``[[ignore]]`` tables under their field names; ``from`` is not a name a field can have."""
    known = ("from", "to", "why")
    renamed = []
    for number, table in enumerate(tables, start=1):
        faults = [f"unknown key {key}{nearest(key, known)}" for key in table if key not in known]
        faults += [f"{key} is missing" for key in ("from", "to") if key not in table]
        faults += [
            f"{key} must be a date and time such as 2026-03-11T00:00:00, got {table[key]!r}"
            for key in ("from", "to")
            if key in table and not isinstance(table[key], dt.date)
        ]
        problems += [Problem(file=source, message=f"[[ignore]] {number}: {fault}") for fault in faults]
        if not faults:
            renamed.append(
                {"start": table["from"], "end": table["to"]}
                | ({"why": table["why"]} if "why" in table else {})
            )
    return renamed


def _doubled_ids(events: list[Event], source: str) -> list[Problem]:
    ids = [event.id for event in events]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    return [
        Problem(file=source, message=f"[[event]] id {name!r} stands twice; ids must differ") for name in twice
    ]


def _localised_event(event: Event, timezone: str) -> Event:
    phases = tuple(
        dataclasses.replace(
            phase, start=_localised(phase.start, timezone), end=_localised(phase.end, timezone)
        )
        for phase in event.phase
    )
    return dataclasses.replace(event, phase=phases)


def _localised(moment: dt.datetime, timezone: str) -> dt.datetime:
    return moment.replace(tzinfo=zone(timezone)) if moment.tzinfo is None else moment
