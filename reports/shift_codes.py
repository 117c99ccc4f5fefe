"""Short codes for duties: what stands in a roster's cells, and what a manager may write there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from forecast.timegrid import clock_minutes, clock_text, zone
from reports.words import LANGUAGES, words
from scheduling.config import ShiftTemplate


def rest_marks() -> tuple[str, ...]:
    """Return what a cell may hold for a day off or leave, in every language; empty is a day off, too."""
    return tuple(words(lang)(f"names.cell_{kind}") for lang in LANGUAGES for kind in ("off", "leave"))


@dataclass(frozen=True, kw_only=True)
class ShiftCode:
    """One legal duty: a template and one of its starts [min since midnight]."""

    code: str
    template: ShiftTemplate
    begin: int

    @property
    def end(self) -> int:
        """End of the duty [min since midnight]."""
        return self.begin + round(self.template.hours * 60)

    @property
    def span(self) -> str:
        """Start and end as wall times."""
        return f"{clock_text(self.begin)}–{clock_text(self.end)}"


def shift_codes(templates: Sequence[ShiftTemplate], used: Iterable[tuple[str, int]] = ()) -> list[ShiftCode]:
    """Return a code for every template and start.

    A code is the template's first character (its whole name where two templates share that), followed by
    the start where the template has several: 早8, 早8:30, 晚.

    Parameters
    ----------
    templates
        The shop's shift templates.
    used
        Template names and starts [min since midnight] that a roster uses beyond the templates' own starts.

    Examples
    --------
    >>> early = ShiftTemplate(name="早班", form="early", starts=("08:00", "08:30"), hours=9.0, break_min=60)
    >>> late = ShiftTemplate(name="晚班", form="late", starts=("15:00",), hours=9.0, break_min=60)
    >>> [one.code for one in shift_codes([early, late])]
    ['早8', '早8:30', '晚']
    """
    initials = [template.name[:1] for template in templates]
    extra = list(used)
    codes = []
    for template, initial in zip(templates, initials, strict=True):
        short = initial if initials.count(initial) == 1 and initial not in rest_marks() else template.name
        starts = {clock_minutes(text) for text in template.starts}
        starts |= {begin for name, begin in extra if name == template.name}
        codes += [
            ShiftCode(
                code=short if len(starts) == 1 else f"{short}{_short_clock(begin)}",
                template=template,
                begin=begin,
            )
            for begin in sorted(starts)
        ]
    return codes


def _short_clock(minutes: int) -> str:
    """Return 8 for 08:00 and 8:30 for 08:30."""
    return f"{minutes // 60}" if minutes % 60 == 0 else f"{minutes // 60}:{minutes % 60:02d}"


def begin_minutes(roster: pd.DataFrame, timezone: str) -> pd.Series:
    """Return each duty's start in minutes since midnight of its working day."""
    return _wall_minutes(roster["start"], roster["date"], timezone)


def end_minutes(roster: pd.DataFrame, timezone: str) -> pd.Series:
    """Return each duty's end in minutes since midnight of its working day, past midnight above 1440."""
    return _wall_minutes(roster["end"], roster["date"], timezone)


def _wall_minutes(instants: pd.Series, days: pd.Series, timezone: str) -> pd.Series:
    wall = instants.dt.tz_convert(zone(timezone)).dt.tz_localize(None)
    minutes: pd.Series = ((wall - pd.to_datetime(days)) // pd.Timedelta(minutes=1)).astype(int)
    return minutes


def plain(text: str) -> str:
    """Return a cell's text with full-width letters and signs made narrow and blanks dropped."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def find_code(text: str, codes: Sequence[ShiftCode]) -> ShiftCode | str:
    """Return the duty that a cell's text names, or why none is named.

    Accepted are a code, and a template's name or first character where that leaves no choice.
    """
    wanted = plain(text)
    for one in codes:
        if plain(one.code) == wanted:
            return one
    alike = [one for one in codes if wanted in (plain(one.template.name), plain(one.template.name[:1]))]
    spelt = [one for one in codes if wanted == plain(f"{one.template.name}{_short_clock(one.begin)}")]
    if len(spelt or alike) == 1:
        return (spelt or alike)[0]
    choices = ", ".join(one.code for one in alike or codes)
    if alike:
        return f"{text!r} names several starts; write one of {choices}"
    return f"{text!r} is no shift; write one of {choices}, {', '.join(rest_marks())}, or leave the cell empty"
