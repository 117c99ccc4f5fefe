"""From the promotion calendar to the days to plan, and the need by hour with its band."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from forecast.promotions import SELLING, Event
from forecast.timegrid import zone
from scheduling.config import Settings
from scheduling.day import Floats, ServiceDay
from scheduling.demand import StreamDemand
from scheduling.requirement import required_agents
from scheduling.shifts.workers import done, workers

BAND = (0.1, 0.5, 0.9)
NAMES = ("need_low", "need_mid", "need_high")


def event_span(event: Event, timezone: str) -> tuple[dt.date, int]:
    """Return first day and number of days from an event's first phase to the end of its last one.

    Examples
    --------
    >>> from forecast.promotions import promotion_calendar
    >>> table = {
    ...     "id": "d12",
    ...     "kind": "big_promo",
    ...     "phase": [
    ...         {"kind": "spot", "start": dt.datetime(2026, 12, 10, 20), "end": dt.datetime(2026, 12, 13)}
    ...     ],
    ... }
    >>> calendar = promotion_calendar([table], timezone="Asia/Shanghai")
    >>> event_span(calendar.event("d12"), "Asia/Shanghai")
    (datetime.date(2026, 12, 10), 3)
    """
    local = zone(timezone)
    first = event.start.astimezone(local).date()
    last = (event.end.astimezone(local) - dt.timedelta(microseconds=1)).date()
    return first, (last - first).days + 1


def selling_days(event: Event, timezone: str) -> set[dt.date]:
    """Return the days on which orders can be paid for; every day of an event that sells nothing."""
    local = zone(timezone)
    spans = [(p.start, p.end) for p in event.phase if p.kind in SELLING] or [(event.start, event.end)]
    found: set[dt.date] = set()
    for start, end in spans:
        day = start.astimezone(local).date()
        while day <= (end.astimezone(local) - dt.timedelta(microseconds=1)).date():
            found.add(day)
            day += dt.timedelta(days=1)
    return found


def phase_of(event: Event, at: pd.Timestamp) -> str:
    """Return the phase that covers an instant, the one that began last; empty between phases."""
    inside = [phase for phase in event.phase if phase.start <= at < phase.end]
    return max(inside, key=lambda phase: phase.start).kind if inside else ""


def need_bands(
    demands: Mapping[str, StreamDemand], settings: Settings, *, processes: int = 2
) -> pd.DataFrame:
    """Return agents needed on quiet, middling and busy days of the draws.

    Returns
    -------
    DataFrame
        `stream, start, need_low, need_mid, need_high` [agents], one row an interval: what meets the target on
        a day whose total is the 10 %, 50 % and 90 % quantile of its draws; without draws all three are alike.
        In no interval fewer than on a quieter day, though the busier day's people could stand elsewhere.
    """
    jobs, keys = [], []
    for name, demand in demands.items():
        stream = settings.demand.stream(name)
        for date, day in demand.days.items():
            for quantile in BAND:
                jobs.append(
                    (_scaled(day, demand.draws.get(date), quantile), stream.floor, stream.max_unanswered)
                )
                keys.append((name, date))
    with workers(processes, len(jobs)) as pool:
        found = done(pool, _needed, jobs)
    parts = []
    for position in range(0, len(keys), len(BAND)):
        name, date = keys[position]
        ordered = np.maximum.accumulate(found[position : position + len(BAND)], axis=0)
        columns = dict(zip(NAMES, ordered, strict=True))
        parts.append(pd.DataFrame({"stream": name, "start": demands[name].starts[date], **columns}))
    return pd.concat(parts, ignore_index=True)


def _scaled(day: ServiceDay, draws: Floats | None, quantile: float) -> ServiceDay:
    total = float(day.sessions.sum())
    if draws is None or len(draws) == 0 or total <= 0:
        return day
    level = float(np.quantile(draws.sum(axis=1), quantile)) / total
    return replace(day, sessions=day.sessions * level, settled=day.settled * level)


def _needed(job: tuple[ServiceDay, float, float]) -> Floats:
    day, floor, most = job
    return required_agents(day, floor=floor, max_unanswered=most).agents.astype(float)
