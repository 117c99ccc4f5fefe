"""Which days of a span a rule judges together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import groupby

from scheduling.demand import StreamDemand


def periods_of(demand: StreamDemand) -> Iterator[tuple[tuple[dt.date, ...], bool]]:
    """Yield the dates that are judged together, and whether the days before them count as well (rolling)."""
    dates = sorted(demand.days)
    kind = demand.days[dates[0]].rule.period.kind

    def label(date: dt.date) -> tuple[int, ...]:
        if kind == "natural_week":
            return tuple(date.isocalendar()[:2])
        if kind == "natural_month":
            return (date.year, date.month)
        return (date.toordinal(),) if kind in ("natural_day", "last_day") else ()

    for _, together in groupby(dates, key=label):
        yield tuple(together), kind == "rolling"
