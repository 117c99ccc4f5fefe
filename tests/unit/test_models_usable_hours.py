"""Which rows of a history a model may learn from."""

import datetime as dt

import pytest
from builders_forecast import END, STREAM, known, plain_history

from forecast.errors import DataError
from forecast.models.usable_hours import find_usable_hours


def closed(start, end):
    return {"id": "closed", "kind": "closed", "phase": [{"kind": "spot", "start": start, "end": end}]}


def test_closed_days_are_the_shops_days_whatever_offset_they_are_written_in():
    local = closed(dt.datetime(2026, 4, 1), dt.datetime(2026, 4, 3))
    utc = closed(
        dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC),
        dt.datetime(2026, 4, 2, 16, tzinfo=dt.UTC),
    )
    days = {
        find_usable_hours(plain_history(days=30), known([event]), STREAM).closed_days
        for event in (local, utc)
    }
    assert days == {frozenset((dt.date(2026, 4, day) - dt.date(1970, 1, 1)).days for day in (1, 2))}


def test_a_history_shorter_than_a_week_says_how_long_it_is_and_what_is_needed():
    with pytest.raises(DataError, match=r"spans 6 days, 2026-03-24 to 2026-03-29; .* at least 7"):
        find_usable_hours(plain_history(days=6), known(), STREAM)
    assert find_usable_hours(plain_history(days=7), known(), STREAM).end == END
