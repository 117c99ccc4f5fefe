"""Breaks: where a template allows them, and how they are written."""

from __future__ import annotations

import math

from forecast.errors import ConfigError
from forecast.timegrid import clock_minutes, clock_text
from scheduling.config import ShiftTemplate

Pause = tuple[tuple[int, int], ...]  # one way to take the breaks of a duty [min since midnight of its day]


def legal_pauses(template: ShiftTemplate, start_min: int, interval_min: int) -> tuple[Pause, ...]:
    """Return every way to take the break of a duty that starts at `start_min`.

    Breaks begin on the planning grid; a template without a break has one way, the empty one.

    Raises
    ------
    ConfigError
        If the break window leaves no room for the break.

    Examples
    --------
    >>> lunch = ShiftTemplate(
    ...     name="早班",
    ...     form="early",
    ...     starts=("08:00",),
    ...     hours=9,
    ...     break_min=60,
    ...     break_window=("11:00", "12:30"),
    ... )
    >>> [pauses_text(pause) for pause in legal_pauses(lunch, 480, 30)]
    ['11:00-12:00', '11:30-12:30']
    """
    if template.break_min == 0:
        return ((),)
    end_min = start_min + round(template.hours * 60)
    first, last = _window(template, start_min, end_min)
    begin = math.ceil(max(first, start_min) / interval_min) * interval_min
    latest = math.floor(min(last, end_min)) - template.break_min
    found = tuple(((at, at + template.break_min),) for at in range(begin, latest + 1, interval_min))
    if not found:
        raise ConfigError(
            f"shop.toml: [[template]] {template.name}: a duty from {clock_text(start_min)} to "
            f"{clock_text(end_min)} has no room for its break of {template.break_min} min; "
            "widen break_window or break_after_hours, or drop this start"
        )
    return found


def _window(template: ShiftTemplate, start_min: int, end_min: int) -> tuple[float, float]:
    """Return when the break may begin and must have ended."""
    if template.break_window is not None:
        first, last = (clock_minutes(text) for text in template.break_window)
        return first, last
    if template.break_after_hours is not None:
        first_h, last_h = template.break_after_hours
        return start_min + 60 * first_h, start_min + 60 * last_h + template.break_min
    third = (end_min - start_min) / 3
    return start_min + third, max(end_min - third, start_min + third + template.break_min)


def pauses_text(pause: Pause) -> str:
    """Return breaks as the tables write them, ``HH:MM-HH:MM`` joined by ``;``."""
    return ";".join(f"{clock_text(a % 1440)}-{clock_text(_end(b))}" for a, b in pause)


def _end(minutes: int) -> int:
    return minutes if minutes <= 1440 else minutes % 1440


def read_pauses(text: object, start_min: int) -> Pause:
    """Return the breaks written in a table's cell; times before the duty's start lie past midnight.

    A cell without text (None, NaN) is a duty without a break.

    Raises
    ------
    ValueError
        If a part is not ``HH:MM-HH:MM``.
    """
    if not isinstance(text, str):
        return ()
    found = []
    for part in text.split(";"):
        if not part.strip():
            continue
        first, _, last = part.partition("-")
        begin, end = clock_minutes(first), clock_minutes(last)
        begin += 1440 if begin < start_min else 0
        end += 1440 if end <= begin else 0
        found.append((begin, end))
    return tuple(sorted(found))
