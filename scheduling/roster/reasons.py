"""Answers about a roster: what bars somebody, why a duty, a day off, a gap, a refused wish."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from scheduling.roster.audit_book import Violation

Bar = Literal[
    "works already",
    "in a meeting",
    "not employed",
    "on leave",
    "not available",
    "cannot serve",
    "closed template",
    "rule",
    "none",
]


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Somebody else on a duty: what bars them, or what the roster would cost more with them.

    ``bar`` is ``none`` where nothing does; where it is ``rule``, ``breach`` is the rule that would be broken.
    ``template``, ``stream`` and ``start`` are those of the duty.
    """

    employee: str
    bar: Bar
    message: str
    extra_cost: float | None = None
    breach: Violation | None = None
    template: str = ""
    stream: str = ""
    start: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DutyReasons:
    """Why somebody works a duty: what would be missing without it, and who else there is.

    ``cost_without`` is what the roster costs more if nobody works it [money].
    """

    employee: str
    date: dt.date
    template: str
    stream: str
    start: dt.datetime
    cost_without: float
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, kw_only=True)
class GapReasons:
    """Why agents are missing at one time: where everybody is who could serve the stream.

    ``people`` counts them by what they do or what bars them (rules by their name); ``cheapest`` is the
    change that would cost least, None where no single lawful duty reaches the interval.
    """

    stream: str
    at: dt.datetime
    required: float
    on_duty: float
    people: dict[str, int]
    cheapest: Alternative | None


@dataclass(frozen=True, kw_only=True)
class WishReasons:
    """What granting a wish would cost: the best roster found with it, term by term [money].

    It is held against the best roster found without, by a search as long, and so is never below 0;
    ``slack`` is what the roster that stands costs above the better of the two. ``extra_cost`` is None where
    no roster grants it; ``message`` says what stands against it.
    """

    employee: str
    date: dt.date
    kind: str
    template: str
    is_granted: bool
    extra_cost: float | None
    terms: dict[str, float]
    message: str
    slack: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DayOffReasons:
    """Why somebody is off: what bars them from every duty, or the duty that would cost least.

    ``bars`` counts the duties of the day by what bars them; ``cheapest`` is None where every one is barred.
    """

    employee: str
    date: dt.date
    bars: dict[str, int]
    cheapest: Alternative | None
