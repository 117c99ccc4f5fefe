"""Settings of a shop: TOML in, frozen dataclasses out, every problem at once.

A setting's type is a plain dataclass that checks itself. Unknown keys are errors that name the nearest
known one; an empty file equals the defaults.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from forecast.errors import ConfigError, Problem, nearest
from forecast.formulas import check_names
from forecast.replies.rules import ReplyRule, find_rule, rule_book
from forecast.replies.service_parameters import ServiceParameters
from forecast.timegrid import clock_minutes, zone

T = TypeVar("T")

SAYS_ALL = ("missing", "value_error")  # complaints that name the value themselves, if there is one
UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")  # pydantic's names for it
SUPPLY_SECTIONS = ("template", "labour", "pool")  # read by scheduling.config
SECTIONS = ("shop", "stream", "rule", *SUPPLY_SECTIONS)
DEFAULT_STREAM = "shop"
DEFAULT_RULE = "taobao.human3min.30d"


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What holds for the whole shop."""

    name: str = ""
    timezone: str = "Asia/Shanghai"
    language: Literal["zh", "en"] | None = None
    interval_min: Literal[15, 30, 60] = 30
    holidays: str = "CN"

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a time zone that does not exist."""
        try:
            zone(self.timezone)
        except ConfigError as error:
            raise ValueError(str(error)) from None


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A stream of consultations, platform x skill, with its own forecast and rule.

    ``open`` is None where the open hours are taken from the history, ``target`` None where it is the
    rule's pass line.
    """

    id: str = DEFAULT_STREAM
    platform: str = "taobao"
    skill: str = ""
    open: tuple[str, str] | None = None
    rule: str = DEFAULT_RULE
    target: float | None = None
    confidence: float = 0.90
    floor: float = 0.50
    max_unanswered: float = 0.01
    shrinkage: float = 0.0
    absence_rate: float = 0.0
    service: ServiceParameters = field(default_factory=ServiceParameters)

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a value outside its range."""
        check_names(id=self.id, platform=self.platform, skill=self.skill)
        if self.open is not None:
            start, end = (clock_minutes(text) for text in self.open)
            if not start < end:
                raise ValueError(f"open must start before it ends, got {self.open[0]} to {self.open[1]}")
        if self.target is not None and self.target <= 0:
            raise ValueError(f"target must be above 0, got {self.target:g}")
        for name in ("shrinkage", "absence_rate"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name):g}")
        for name in ("confidence", "floor", "max_unanswered"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name):g}")

    @property
    def open_minutes(self) -> tuple[int, int] | None:
        """Open hours in minutes since midnight, where they are set."""
        return None if self.open is None else (clock_minutes(self.open[0]), clock_minutes(self.open[1]))


@dataclass(frozen=True, kw_only=True)
class ShopSettings:
    """What ``shop.toml`` and ``service.toml`` say about demand; supply's sections stand in `supply`, unread.

    ``streams`` is empty where ``shop.toml`` names none: every stream of the history has the defaults then,
    and what ``service.toml`` says of it (`calibrated`). ``agents`` are the ``[[agent]]`` tables of
    ``service.toml`` by employee. Where ``shop.toml`` does not name holidays (``holidays_named``), they are a
    guess that a history may contradict.
    """

    folder: Path
    shop: Shop = field(default_factory=Shop)
    streams: tuple[Stream, ...] = ()
    rules: tuple[ReplyRule, ...] = ()
    supply: Mapping[str, Any] = field(default_factory=dict)
    calibrated: Mapping[str, ServiceParameters] = field(default_factory=dict)
    agents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    holidays_named: bool = True

    def stream(self, stream_id: str) -> Stream:
        """Return the stream of that id; a shop that names no streams has every stream with the defaults."""
        for stream in self.streams:
            if stream.id == stream_id:
                return stream
        if not self.streams:
            return Stream(id=stream_id, service=self.calibrated.get(stream_id, ServiceParameters()))
        known = [stream.id for stream in self.streams]
        raise ConfigError(f"shop.toml: no stream is called {stream_id!r}{nearest(stream_id, known)}")

    def rule(self, stream_id: str) -> ReplyRule:
        """Return the rule that assesses a stream."""
        return find_rule(self.stream(stream_id).rule, rule_book(self.rules))

    def target(self, stream_id: str) -> float:
        """Return a stream's target: its own, else its rule's pass line."""
        target = self.stream(stream_id).target
        return self.rule(stream_id).pass_line if target is None else target


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content; a missing file is an empty one.

    Raises
    ------
    ConfigError
        If the file is not TOML; the message names line and column.
    """
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(
            Problem(file=path.name, message="not UTF-8 text; open it in an editor and save it as UTF-8")
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(Problem(file=path.name, message=f"not a TOML file: {error}")) from None


def read_shop(folder: Path) -> ShopSettings:
    """Read a shop's settings.

    Parameters
    ----------
    folder
        The shop folder; its ``shop.toml`` may be missing or empty.

    Raises
    ------
    ConfigError
        With every unknown key and every value out of range in ``shop.toml`` and ``service.toml``.
    """
    tables = read_toml(folder / "shop.toml")
    problems: list[str | Problem] = [
        Problem(file="shop.toml", message=f"unknown section or key {key!r}{nearest(key, SECTIONS)}")
        for key in tables
        if key not in SECTIONS
    ]
    learnt = read_toml(folder / "service.toml")
    streams = _with_calibrated_service(tables.get("stream", []), learnt)
    calibrated = {str(table.get("id")): table.get("service", {}) for table in learnt.get("stream", [])}
    services = gather_tables(problems, ServiceParameters, calibrated.values(), "service.toml", "stream")
    shop = gather_tables(problems, Shop, [tables.get("shop", {})], "shop.toml", "shop")
    stream_list = gather_tables(problems, Stream, streams, "shop.toml", "stream")
    rules = gather_tables(problems, ReplyRule, tables.get("rule", []), "shop.toml", "rule")
    ids = [stream.id for stream in stream_list]
    problems += [
        Problem(file="shop.toml", message=f"[[stream]] id {name!r} stands twice; ids must differ")
        for name in sorted({name for name in ids if ids.count(name) > 1})
    ]
    book = rule_book(rules)
    problems += [
        Problem(
            file="shop.toml",
            message=f"[[stream]] {s.id}: no rule is called {s.rule!r}{nearest(s.rule, list(book))}",
        )
        for s in stream_list
        if s.rule not in book
    ]
    if problems:
        raise ConfigError(problems)
    supply: dict[str, Any] = {name: tables[name] for name in SUPPLY_SECTIONS if name in tables}
    return ShopSettings(
        folder=folder,
        shop=shop[0],
        streams=tuple(stream_list),
        rules=tuple(rules),
        supply=supply,
        calibrated=dict(zip(calibrated, services, strict=True)),
        agents={str(table["employee"]): table for table in learnt.get("agent", []) if "employee" in table},
        holidays_named="holidays" in tables.get("shop", {}),
    )


def _with_calibrated_service(
    streams: Sequence[Mapping[str, Any]], calibrated: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Put what was calibrated beneath what ``shop.toml`` says."""
    services = {table.get("id"): table.get("service", {}) for table in calibrated.get("stream", [])}
    return [
        {**table, "service": {**services.get(table.get("id"), {}), **table.get("service", {})}}
        for table in streams
    ]


def gather_tables(
    problems: list[str | Problem],
    kind: type[T],
    tables: Iterable[Mapping[str, Any]],
    source: str,
    section: str,
) -> list[T]:
    """Return the parsed tables, or none of them and their complaints in `problems`."""
    try:
        return parse_tables(kind, tables, source=source, section=section)
    except ConfigError as error:
        problems += error.problems
        return []


def parse_tables(kind: type[T], tables: Iterable[Mapping[str, Any]], *, source: str, section: str) -> list[T]:
    """Return one `kind` for each TOML table.

    Parameters
    ----------
    kind
        A frozen dataclass that forbids extra keys and checks itself.
    tables
        TOML tables, in the file's order.
    source, section
        File and section they came from, for messages.

    Raises
    ------
    ConfigError
        With every problem of every table.
    """
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(kind)
    parsed: list[T] = []
    problems: list[str | Problem] = []
    for number, table in enumerate(tables, start=1):
        label = (
            f"[{section}]"
            if section in ("shop", "labour")
            else f"[[{section}]] {table.get('id', table.get('name', number))}"
        )
        try:
            parsed.append(adapter.validate_python(dict(table)))
        except ValidationError as error:
            details = error.errors()
            strange = [detail["loc"] for detail in details if detail["type"] in UNKNOWN_KEY]
            if strange:  # what checks itself is looked at only once its keys are known
                try:
                    adapter.validate_python(_without(table, strange))
                except ValidationError as rest:
                    details += [detail for detail in rest.errors() if detail["loc"] not in strange]
            complaints = dict.fromkeys(_complaint(kind, detail) for detail in details)
            problems += [Problem(file=source, message=f"{label}: {text}") for text in complaints]
    if problems:
        raise ConfigError(problems)
    return parsed


def _without(table: Mapping[str, Any], places: Iterable[tuple[int | str, ...]]) -> dict[str, Any]:
    """Return a copy of a table without the keys at some places."""
    copied = deepcopy(dict(table))
    for *path, name in places:
        owner: Any = copied
        for step in path:
            owner = owner[step]
        owner.pop(name, None)
    return copied


def _complaint(kind: type[Any], detail: Any) -> str:
    """Put one validation error in words: which key, what is wrong, what is known."""
    path = [str(part) for part in detail["loc"]]
    dotted = ".".join(path)
    if detail["type"] in UNKNOWN_KEY:
        owner = _field_type(kind, path[:-1])
        return f"unknown key {dotted}{nearest(path[-1], [f.name for f in fields(owner)])}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not dotted:
        return message
    if detail["type"] in SAYS_ALL:
        return f"{dotted}: {message[:1].lower() + message[1:]}"
    return f"{dotted}: {message[:1].lower() + message[1:]}, got {detail['input']!r}"


def _field_type(kind: Any, path: Sequence[str]) -> Any:
    """Follow field names from a dataclass to the dataclass that they lead to."""
    for name in path:
        hint = get_type_hints(kind).get(name)
        if hint is None:
            break
        options = [hint, *get_args(hint)] if get_origin(hint) is not None else [hint]
        kind = next((option for option in options if is_dataclass(option)), kind)
    return kind
