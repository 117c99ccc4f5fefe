"""Shift templates laid out on the planning grid: every start, every legal break, every pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.timegrid import clock_minutes, clock_text
from scheduling.breaks import legal_pauses
from scheduling.config import Form, ShiftTemplate
from scheduling.day import DutySpan, Ints

FULL_HOURS = 9.0
HALF_HOURS = 5.0
NOON = 12 * 60


@dataclass(frozen=True, kw_only=True)
class TemplateInstance:
    """One way to work a template: its start, its break and the pool it comes from.

    Times are minutes since the day's midnight; past midnight they go on above 1440.
    """

    template: str
    form: Form
    start_min: int
    end_min: int
    breaks: tuple[tuple[int, int], ...]
    pool: str
    paid_hours: float
    cost: float

    def duty_span(self, streams: tuple[str, ...] = ()) -> DutySpan:
        """Return the duty of one person who works it."""
        return DutySpan(start_min=self.start_min, end_min=self.end_min, breaks=self.breaks, streams=streams)


def template_instances(templates: Sequence[ShiftTemplate], interval_min: int) -> tuple[TemplateInstance, ...]:
    """Return every instance of the templates, in a fixed order.

    Raises
    ------
    ConfigError
        If a start leaves no room for its break.
    """
    return tuple(
        TemplateInstance(
            template=template.name,
            form=template.form,
            start_min=clock_minutes(start),
            end_min=clock_minutes(start) + round(template.hours * 60),
            breaks=pause,
            pool=pool,
            paid_hours=template.paid_hours,
            cost=template.paid_hours * template.cost_per_hour,
        )
        for template in templates
        for start in template.starts
        for pause in legal_pauses(template, clock_minutes(start), interval_min)
        for pool in template.pools
    )


def default_templates(opens: tuple[int, int]) -> tuple[ShiftTemplate, ...]:
    """Return early, late and half shifts over the open hours, for a shop that names no templates.

    Parameters
    ----------
    opens
        Wall minutes between which the shop is open.

    Notes
    -----
    Early and late are nine hours with one hour's break and start on the hour; the half shift is five hours
    with half an hour's break. A shop open for less than nine hours has the half shift, shortened to fit.
    """
    first, last = opens
    full, half = round(60 * FULL_HOURS), round(60 * min(HALF_HOURS, (last - first) / 60))
    halves = _hourly(first, last - half)
    templates = [
        ShiftTemplate(
            name="半班",
            form="half",
            starts=halves,
            hours=half / 60,
            break_min=30 if half >= 300 else 0,
            pools=("staff", "part_time"),
        )
    ]
    if last - first >= full:
        starts = [clock_minutes(text) for text in _hourly(first, last - full)]
        early = tuple(clock_text(start) for start in starts if start < max(NOON, first + 60))
        late = tuple(clock_text(start) for start in starts if start >= max(NOON, first + 60))
        if early:
            templates.insert(0, _full("早班", "early", early))
        if late:
            templates.insert(-1, _full("晚班", "late", late))
    return tuple(templates)


def _hourly(first: int, last: int) -> tuple[str, ...]:
    """Return wall times from first to last on the hour grid of `first`, the last always among them."""
    starts = list(range(first, last + 1, 60))
    return tuple(clock_text(start) for start in sorted({*starts, last}))


def _full(name: str, form: Form, starts: tuple[str, ...]) -> ShiftTemplate:
    return ShiftTemplate(name=name, form=form, starts=starts, hours=FULL_HOURS, break_min=60)


def presence(duties: Sequence[DutySpan], starts_min: Ints, interval_min: int) -> tuple[Ints, Ints]:
    """Return, per duty and interval, who takes new sessions and who stops at its start (0 or 1)."""
    on = np.zeros((len(duties), len(starts_min)), dtype=np.int64)
    stops = np.zeros_like(on)
    for row, duty in enumerate(duties):
        for start, end in duty.working_spans:
            on[row] |= (starts_min >= start) & (starts_min + interval_min <= end)
            stops[row] |= starts_min == end
    return on, stops
