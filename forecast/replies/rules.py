"""Reply-rate rules of the platforms: dated data with source and grade, never code.

The presets stand in ``reply-rules.toml`` beside this file; a shop's own ``[[rule]]`` tables have the same
schema and override a preset of the same id.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from forecast.errors import ConfigError, nearest
from forecast.timegrid import clock_minutes

Unit = Literal["message", "round", "session", "buyer_day"]
Responder = Literal["human", "bot_assist", "bot_auto", "welcome", "card"]


@dataclass(frozen=True, kw_only=True)
class Period:
    """The span over which a rule takes its share.

    ``rolling`` ends on every day and reaches back over `days`; ``last_day`` is a day of its own, as
    ``natural_day``, on platforms that show yesterday's value. ``days`` and ``weighting`` belong to rolling
    periods; ``recent`` lets older days count less.
    """

    kind: Literal["rolling", "natural_day", "natural_week", "natural_month", "last_day"] = "rolling"
    days: int = 30
    weighting: Literal["even", "recent"] = "even"

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a length that cannot be meant."""
        if self.days < 1:
            raise ValueError(f"days must be at least 1, got {self.days}")


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """A span that a rule does not assess, in wall times, its end exclusive."""

    start: dt.datetime
    end: dt.datetime
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplyRule:
    """A platform's metric as dated data: what is counted, when, whose replies, and where the line is.

    ``window`` holds wall times, its end exclusive. ``effective_from <= date < effective_to`` where given.
    For ``metric = "mean_seconds"`` the targets are seconds and less is better. What each field makes the
    engine do: `forecast/replies/README.md`.
    """

    id: str
    platform: str = "any"
    name: str = ""
    grade: str = ""
    source: str = ""
    effective_from: dt.date | None = None
    effective_to: dt.date | None = None
    metric: Literal["share", "mean_seconds"] = "share"
    unit: Unit = "round"
    pass_if: Literal["first_reply", "every_reply"] = "first_reply"
    threshold_s: float = 180.0
    window: tuple[str, str] = ("00:00", "24:00")
    window_by: Literal["question", "reply", "session_start"] = "question"
    clock: Literal["first_message", "assigned"] = "first_message"
    counts_as_reply: tuple[Responder, ...] = ("human",)
    population: Literal["all", "after_human_transfer", "human_needed"] = "all"
    unanswered: Literal["fail", "exclude"] = "fail"
    offline: Literal["fail", "leave_message", "exclude"] = "fail"
    session_gap_min: float = 0.0
    scope: Literal["shop", "agent"] = "shop"
    period: Period = field(default_factory=Period)
    min_sample: int = 0
    exclude: tuple[str, ...] = ()
    exemptions: tuple[Mapping[str, Any], ...] = ()
    targets: Mapping[str, float] = field(default_factory=dict)

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a window, threshold or target that cannot be meant."""
        start, end = self.window_minutes
        if not start < end:
            raise ValueError(f"window must start before it ends, got {self.window[0]} to {self.window[1]}")
        if self.threshold_s <= 0:
            raise ValueError(f"threshold_s must be above 0 seconds, got {self.threshold_s:g}")
        if self.metric == "share" and any(not 0 <= line <= 1 for line in self.targets.values()):
            raise ValueError(f"targets of a share must be in [0, 1], got {dict(self.targets)}")
        if self.session_gap_min < 0 or self.min_sample < 0:
            raise ValueError("session_gap_min and min_sample must be 0 or more")
        if not self.counts_as_reply:
            raise ValueError("counts_as_reply must name at least one sender, for example human")
        if self.effective_from and self.effective_to and self.effective_from >= self.effective_to:
            raise ValueError(f"effective_from {self.effective_from} must lie before {self.effective_to}")
        _ = self.exempt_spans

    @property
    def window_minutes(self) -> tuple[int, int]:
        """Start and end of the assessed window, in minutes since midnight."""
        return clock_minutes(self.window[0]), clock_minutes(self.window[1])

    @property
    def pass_line(self) -> float:
        """The line a plan aims at: the target called ``pass``, else 0.90 of units or the threshold."""
        fallback = 0.90 if self.metric == "share" else self.threshold_s
        return self.targets.get("pass", fallback)

    @property
    def exempt_spans(self) -> tuple[Exemption, ...]:
        """Spans that are not assessed.

        Raises
        ------
        ValueError
            If an exemption has no ``from`` or ``to``, or ends before it starts.
        """
        return tuple(_exemption(table) for table in self.exemptions)

    def is_effective(self, day: dt.date) -> bool:
        """Whether the rule is in force on that day."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_to is None or day < self.effective_to
        )


def _exemption(table: Mapping[str, Any]) -> Exemption:
    """Return a TOML table ``{ from, to, why }`` as an exemption."""
    try:
        start, end = (_wall_time(table[key]) for key in ("from", "to"))
    except KeyError as missing:
        raise ValueError(f"an exemption needs from and to; {missing} is missing in {dict(table)}") from None
    if not start < end:
        raise ValueError(f"an exemption must start before it ends, got {start} to {end}")
    return Exemption(start=start, end=end, why=str(table.get("why", "")))


def _wall_time(value: Any) -> dt.datetime:
    """Return a TOML date or local date-time as a wall time."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    raise ValueError(f"{value!r} is not a date or a wall time; write 2026-02-15T00:00:00")


@cache
def preset_rules() -> dict[str, ReplyRule]:
    """Return the rules that ship with the program, by id."""
    from forecast.config import parse_tables

    text = resources.files("forecast.replies").joinpath("reply-rules.toml").read_text(encoding="utf-8")
    rules = parse_tables(ReplyRule, tomllib.loads(text)["rule"], source="reply-rules.toml", section="rule")
    return {rule.id: rule for rule in rules}


def rule_book(own: Iterable[ReplyRule] = ()) -> dict[str, ReplyRule]:
    """Return presets and the shop's own rules by id; the shop's own win."""
    return preset_rules() | {rule.id: rule for rule in own}


def rules_in_force(
    book: Mapping[str, ReplyRule], day: dt.date, *, platform: str | None = None
) -> list[ReplyRule]:
    """Return the rules in force on a day, in the book's order; of one platform where it is named.

    Rules for ``any`` platform hold on each.
    """
    return [
        rule
        for rule in book.values()
        if rule.is_effective(day) and (platform is None or rule.platform in (platform, "any"))
    ]


def find_rule(rule_id: str, book: Mapping[str, ReplyRule]) -> ReplyRule:
    """Return the rule of that id.

    Raises
    ------
    ConfigError
        If no rule has that id; the message names the nearest.
    """
    if rule_id not in book:
        raise ConfigError(f"no rule is called {rule_id!r}{nearest(rule_id, list(book))}")
    return book[rule_id]
