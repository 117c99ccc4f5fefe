"""Every text a person sees, in Chinese and English, from the message catalogues.

A message stands in ``catalogues/SECTION.toml`` as one line with both languages, and is asked for by
``section.name``::

    gap = { zh = "缺 {people} 人", en = "short of {people}" }      # in catalogues/screen.toml

    say = words("zh")
    say("screen.gap", people=3)

A catalogue is read when its first message is asked for; nothing heavy is imported.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Formatter
from typing import Literal

from forecast.errors import nearest

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
NOTHING = "–"  # stands where a number is not known
SINGULAR = {
    "backtests": "backtest",
    "consultations": "consultation",
    "days": "day",
    "duties": "duty",
    "hours": "hour",
    "intervals": "interval",
    "items": "item",
    "meetings": "meeting",
    "messages": "message",
    "minutes": "minute",
    "people": "person",
    "rows": "row",
    "scenarios": "scenario",
    "sessions": "session",
    "streams": "stream",
    "times": "time",
    "weekends": "weekend",
    "weeks": "week",
    "wishes": "wish",
}
COUNT_OF_ONE = re.compile(rf"(?<![\d.,])1 ({'|'.join(SINGULAR)})\b")


@cache
def catalogue(section: str) -> dict[str, dict[str, str]]:
    """Return a section's messages: name, then language, then text.

    Raises
    ------
    KeyError
        If there is no such section.
    """
    file = resources.files("reports").joinpath("catalogues", f"{section}.toml")
    if not file.is_file():
        raise KeyError(f"no catalogue is called {section!r}{nearest(section, sections())}")
    messages: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return messages


def sections() -> list[str]:
    """Return the names of the catalogues."""
    folder = resources.files("reports").joinpath("catalogues")
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def placeholders(text: str) -> set[str]:
    """Return the names of the values a message needs.

    Examples
    --------
    >>> sorted(placeholders("{stream}: {share:.1%}"))
    ['share', 'stream']
    """
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _one(text: str) -> str:
    """Return English text in which a count of one is followed by a singular.

    Examples
    --------
    >>> _one("1 hours on 21 days, 0.1 weeks, 1 duties")
    '1 hour on 21 days, 0.1 weeks, 1 duty'
    """
    return COUNT_OF_ONE.sub(lambda found: f"1 {SINGULAR[found[1]]}", text)


@dataclass(frozen=True)
class Words:
    """Messages and formats of one language. Call it with a message's key and values."""

    lang: Language

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the message `key` (``section.name``) with its values put in.

        Raises
        ------
        KeyError
            If there is no such message or a value is missing.
        """
        section, _, name = key.partition(".")
        messages = catalogue(section)
        if name not in messages:
            raise KeyError(f"no message is called {key!r}{nearest(name, list(messages))}")
        text = messages[name][self.lang]
        if not values:
            return text
        said = text.format(**values)
        return _one(said) if self.lang == "en" else said

    def has(self, key: str) -> bool:
        """Whether there is a message of that key."""
        section, _, name = key.partition(".")
        return section in sections() and name in catalogue(section)

    def either(self, key: str, fallback: str) -> str:
        """Return the message `key`, or `fallback`: for names that may be the shop's own."""
        return self(key) if self.has(key) else fallback

    def day(self, day: dt.date) -> str:
        """Return month, day and weekday."""
        return self("format.day", month=day.month, day=day.day, weekday=self.weekday(day))

    def short_day(self, day: dt.date) -> str:
        """Return month and day in figures."""
        return f"{day.month}/{day.day}"

    def span(self, first: dt.date, last: dt.date) -> str:
        """Return first and last day, or the only one."""
        if first == last:
            return self.day(first)
        return self("format.span", first=self.day(first), last=self.day(last))

    def days(self, count: int) -> str:
        """Return how many days."""
        return self("format.days" if count != 1 else "format.one_day", count=count)

    def weekday(self, day: dt.date) -> str:
        """Return the weekday's short name."""
        return self("format.weekdays").split(" ")[day.weekday()]

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Return a number with thousands apart; nothing known is a dash."""
        if value is None or value != value:
            return NOTHING
        return f"{value:,.{decimals}f}".replace("-", "−")

    def share(self, value: float | None, metric: str = "share", decimals: int = 1) -> str:
        """Return a share as a percentage, or mean seconds where the rule's metric is that."""
        if value is None or value != value:
            return NOTHING
        if metric == "mean_seconds":
            return self("format.seconds", seconds=f"{value:.{decimals}f}")
        return f"{value * 100:.{decimals}f}%"

    def money(self, value: float | None) -> str:
        """Return an amount of the shop's money, without decimals."""
        if value is None or value != value:
            return NOTHING
        return self("format.money", amount=f"{value:,.0f}")


@cache
def words(lang: str) -> Words:
    """Return the messages of a language.

    Raises
    ------
    ValueError
        If the language has no messages.

    Examples
    --------
    >>> words("en").share(0.9234)
    '92.3%'
    """
    for known in LANGUAGES:
        if lang == known:
            return Words(known)
    raise ValueError(f"no messages in {lang!r}; there are {', '.join(LANGUAGES)}")
