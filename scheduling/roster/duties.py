"""The duties that somebody could work: every start of every template, as cover rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.timegrid import clock_minutes, instant, slots
from scheduling.breaks import Pause, legal_pauses, read_pauses
from scheduling.config import Settings, ShiftTemplate
from scheduling.roster.meetings import attended, overlap

Ints = npt.NDArray[np.int64]

QUARTERS = 4  # speeds closer together than an eighth are more than calibration can tell apart


@dataclass(frozen=True, kw_only=True)
class Option:
    """A duty that somebody could work: a template's start on one day, for one stream.

    ``clock_start`` is the wall time it starts at [min since midnight of its day]; ``covered`` are the cover
    rows it is present in when no break is counted, ``lost`` those that each way of taking the break costs.
    ``away`` are meetings inside it [min since midnight], for which its people are off the chats: who has
    other meetings, or none, works another option of the same template and start.
    """

    day: int
    template: ShiftTemplate
    stream: str
    clock_start: int
    start: int
    end: int
    pauses: tuple[Pause, ...]
    covered: Ints = field(repr=False)
    lost: tuple[Ints, ...] = field(repr=False)
    away: Pause = ()
    peak_hours: float = 0.0
    is_weekend: bool = False

    @property
    def paid_min(self) -> int:
        """Paid minutes."""
        return round(self.template.paid_hours * 60)

    @property
    def clock_end(self) -> int:
        """Wall time it ends at [min since midnight of its day]."""
        return self.clock_start + round(self.template.hours * 60)

    @property
    def is_late(self) -> bool:
        """Whether it is a late duty."""
        return self.template.form == "late"


class Clock:
    """Wall times of the span's days as real minutes, and the cover rows they fall in."""

    def __init__(self, start: dt.date, days: int, interval_min: int, timezone: str) -> None:
        self.start, self.days, self.interval_min, self.timezone = start, days, interval_min, timezone
        self.origin = instant(start, 0, timezone)
        self.starts = slots(start, days + 1, interval_min, timezone)
        self._known: dict[tuple[int, int], int] = {}

    def minutes(self, day: int, wall_min: int) -> int:
        """Return the real minutes from the first midnight to a wall time of a day."""
        key = (day, wall_min)
        if key not in self._known:
            at = instant(self.start + dt.timedelta(days=day), wall_min, self.timezone)
            self._known[key] = self.since(at)
        return self._known[key]

    def since(self, at: pd.Timestamp) -> int:
        """Return the real minutes from the first midnight to an instant."""
        return int((at - self.origin) // pd.Timedelta(minutes=1))

    def whole_intervals(self, begin: int, end: int) -> Ints:
        """Return the intervals that lie wholly inside a stretch of minutes."""
        first, last = -(-begin // self.interval_min), end // self.interval_min
        return np.arange(max(first, 0), min(last, len(self.starts)), dtype=np.int64)

    def touched_intervals(self, begin: int, end: int) -> Ints:
        """Return the intervals that a stretch of minutes touches."""
        first, last = begin // self.interval_min, -(-end // self.interval_min)
        return np.arange(max(first, 0), min(last, len(self.starts)), dtype=np.int64)


def options_of(
    day: int,
    plan: pd.DataFrame,
    streams: Sequence[str],
    settings: Settings,
    clock: Clock,
    peak: Mapping[str, frozenset[int]],
    meetings: Collection[Pause],
) -> list[Option]:
    """Return a day's duties: those planned and every other start that the templates allow.

    `meetings` are the times that the meetings of one person, or of several, take that day.
    """
    date = clock.start + dt.timedelta(days=day)
    planned: dict[tuple[str, str, int, Pause], set[Pause]] = {}
    if not plan.empty:
        for row in plan[plan["date"] == date].to_dict("records"):
            start_min = wall_minutes(row["start"], date, clock.timezone)
            away = read_pauses(row.get("meetings"), start_min)
            key = (str(row["stream"]), str(row["template"]), start_min, away)
            planned.setdefault(key, set()).add(read_pauses(row["breaks"], start_min))
    templates = {template.name: template for template in settings.templates}
    starts = {(stream, name, start_min) for stream, name, start_min, _ in planned}
    for template in settings.templates:
        starts |= {(s, template.name, clock_minutes(at)) for s in streams for at in template.starts}
    keys = set(planned)
    for stream, name, start_min in starts:
        end_min = start_min + round(60 * templates[name].hours)
        keys |= {(stream, name, start_min, attended(times, start_min, end_min)) for times in ((), *meetings)}
    order = {template.name: place for place, template in enumerate(settings.templates)}
    made = (
        _option(
            day,
            templates[name],
            stream,
            start_min,
            away,
            planned.get((stream, name, start_min, away), set()),
            planned.get((stream, name, start_min, ()), set()),
            streams,
            clock,
            peak,
        )
        for stream, name, start_min, away in sorted(keys, key=lambda key: (key[0], order[key[1]], *key[2:]))
    )
    return [option for option in made if option.pauses]


def _option(
    day: int,
    template: ShiftTemplate,
    stream: str,
    start_min: int,
    away: Pause,
    written: set[Pause],
    planned_pauses: set[Pause],
    streams: Sequence[str],
    clock: Clock,
    peak: Mapping[str, frozenset[int]],
) -> Option:
    """Return an option; its breaks are those written of it and those that leave its meetings alone."""
    end_min = start_min + round(template.hours * 60)
    start, end = clock.minutes(day, start_min), clock.minutes(day, end_min)
    legal = {*legal_pauses(template, start_min, clock.interval_min), *planned_pauses}
    pauses = tuple(sorted({pause for pause in legal if not overlap(pause, away)} | written))
    first_row = streams.index(stream) * len(clock.starts)
    covered = clock.whole_intervals(start, end)
    lost = tuple(
        np.intersect1d(
            covered,
            np.concatenate(
                [
                    clock.touched_intervals(clock.minutes(day, a), clock.minutes(day, b))
                    for a, b in (*pause, *away)
                ]
                or [covered[:0]]
            ),
        )
        for pause in pauses
    )
    return Option(
        day=day,
        template=template,
        stream=stream,
        clock_start=start_min,
        start=start,
        end=end,
        pauses=pauses,
        covered=covered + first_row,
        lost=tuple(rows + first_row for rows in lost),
        away=away,
        peak_hours=peak_hours_of(start_min, end_min, peak[stream], clock.interval_min),
        is_weekend=(clock.start + dt.timedelta(days=day)).weekday() >= 5,
    )


def wall_minutes(at: pd.Timestamp, date: dt.date, timezone: str) -> int:
    """Return the wall time of an instant [min since a date's midnight]."""
    wall = at.tz_convert(timezone).tz_localize(None)
    return int((wall - pd.Timestamp(date)) // pd.Timedelta(minutes=1))


def peak_hours_of(start_min: int, end_min: int, peak: frozenset[int], interval_min: int) -> float:
    """Return the hours on site inside the peak."""
    tonight = {at + 1440 for at in peak} | peak
    inside = sum(start_min <= at and at + interval_min <= end_min for at in tonight)
    return inside * interval_min / 60
