"""Orders times consultation rate stand beside the forecast, and take its place only where a row says so."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.config import Shop, ShopSettings, Stream
from forecast.errors import DataError
from forecast.open_hours import OpenHours
from forecast.promotions import PromotionCalendar
from forecast.selection import forecast_demand
from forecast.timegrid import slots, zone
from forecast.traffic import Traffic, compare_traffic, learnt_rate, read_traffic

ZONE = "Asia/Shanghai"
SETTINGS = ShopSettings(folder=Path(), shop=Shop(holidays="none"), streams=(Stream(id="a"), Stream(id="b")))
HEAD = "stream,start,end,orders,visitors,consultation_rate,apply,note\n"


def history() -> pd.DataFrame:
    """Return four weeks of 9 to 21 h with 20 consultations an hour: 240 a day."""
    starts = slots(dt.date(2026, 11, 9), 28, 60, ZONE)
    starts = starts[(starts.hour >= 9) & (starts.hour < 21)]
    return pd.DataFrame({"stream": "a", "start": starts, "offered": 20.0})


def day(date: str, count: float, *, unit: str = "orders", **more) -> Traffic:
    start = pd.Timestamp(date, tz=zone(ZONE))
    end = start + pd.DateOffset(days=1)
    return Traffic(stream="a", start=start, end=end, unit=unit, count=count, **more)


def ahead() -> pd.DataFrame:
    starts = slots(dt.date(2026, 12, 7), 1, 60, ZONE)[9:21]
    return pd.DataFrame({"stream": "a", "start": starts, "mean": 20.0})


class Steady:
    """A model of 20 consultations an hour, 9 to 21 h."""

    open_hours = OpenHours(timezone=ZONE, week=tuple(9 <= hour % 24 < 21 for hour in range(168)))

    def mean(self, starts: pd.DatetimeIndex) -> np.ndarray:
        return np.full(len(starts), 20.0)


def test_a_rate_is_learnt_from_whole_past_days_of_the_same_unit():
    rows = [day("2026-11-20", 600), day("2026-11-21", 1000), day("2026-11-22", 50, unit="visitors")]
    assert learnt_rate(day("2026-12-07", 1000), rows, history()) == (pytest.approx(480 / 1600), 2)


def test_days_with_lost_hours_and_days_to_come_teach_nothing():
    seen = history()
    seen = seen[(seen["start"].dt.date != dt.date(2026, 11, 20)) | (seen["start"].dt.hour < 13)]
    rows = [day("2026-11-20", 600), day("2026-12-08", 9)]
    rate, taught = learnt_rate(day("2026-12-07", 1000), rows, seen)
    assert np.isnan(rate)
    assert taught == 0


def test_both_totals_are_told_and_nothing_moves_unless_a_row_says_so():
    notes, moves = compare_traffic(
        ahead(), [day("2026-12-07", 1000, rate=0.3, row=2)], history(), {"a": Steady()}
    )
    assert notes["a"] == [
        "traffic row 2, 2026-12-07 00:00 to 2026-12-08 00:00: 1000 orders x the given 0.300 "
        "make 300 consultations, the forecast says 240 (+25.0%)"
    ]
    assert moves == []


def test_a_row_longer_than_the_forecast_is_held_against_what_came_and_what_is_expected_of_its_other_days():
    # The one day forecast had been held against the whole row: 960 consultations instead of its 240.
    start, end = pd.Timestamp("2026-12-05", tz=zone(ZONE)), pd.Timestamp("2026-12-08 13:00", tz=zone(ZONE))
    row = Traffic(stream="a", start=start, end=end, unit="orders", count=4000, rate=0.2, apply=True, row=2)
    notes, moves = compare_traffic(ahead(), [row], history(), {"a": Steady()})
    assert notes["a"][0].endswith(
        "make 800 consultations, the forecast says 800 (+0.0%)"
    )  # 240 + 240 | 240 + 80
    assert [move.factor for move in moves] == [pytest.approx(1.0)]


@pytest.mark.parametrize("days", [1, 3])
def test_a_day_is_scaled_alike_however_many_days_of_its_row_are_forecast(days):
    start, end = (pd.Timestamp(date, tz=zone(ZONE)) for date in ("2026-12-07", "2026-12-14"))
    row = Traffic(stream="a", start=start, end=end, unit="orders", count=7000, rate=0.3, apply=True, row=2)
    found = forecast_demand(
        history(),
        SETTINGS,
        calendar=PromotionCalendar(),
        start=dt.date(2026, 12, 7),
        days=days,
        seed=0,
        draws=50,
        traffic=(row,),
    )
    totals = found.table.groupby(found.table["start"].dt.date)["mean"].sum()
    assert len(totals) == days
    assert totals.to_numpy() == pytest.approx(2100 / 7, rel=0.01)


def test_where_no_rate_is_known_it_says_so():
    notes, moves = compare_traffic(
        ahead(), [day("2026-12-07", 1000, apply=True, row=2)], history(), {"a": Steady()}
    )
    assert notes["a"][0].endswith("no consultation_rate is given and no past rows teach one")
    assert moves == []


def test_a_row_that_is_applied_scales_the_day_to_its_total():
    found = forecast_demand(
        history(),
        SETTINGS,
        calendar=PromotionCalendar(),
        start=dt.date(2026, 12, 7),
        days=2,
        seed=0,
        draws=50,
        traffic=(day("2026-11-20", 600), day("2026-12-07", 1000, apply=True, row=3)),
    )
    totals = found.table.groupby(found.table["start"].dt.date)["mean"].sum()
    assert totals[dt.date(2026, 12, 7)] == pytest.approx(1000 * 240 / 600)
    assert totals[dt.date(2026, 12, 8)] == pytest.approx(240, rel=0.1)
    assert found.effects["a"][-1].source.startswith("traffic.csv row 3")


def test_every_bad_row_is_named_at_once(tmp_path):
    path = tmp_path / "traffic.csv"
    path.write_text(
        HEAD + ",2026-12-07,2026-12-08,10,,,,\n"
        "a,soon,2026-12-08,10,,,,\n"
        "a,2026-12-08,2026-12-07,10,,,,\n"
        "a,2026-12-07,2026-12-08,10,20,,,\n"
        "a,2026-12-07,2026-12-08,ten,,-1,perhaps,\n"
    )
    with pytest.raises(DataError) as caught:
        read_traffic(path, SETTINGS)
    assert [str(problem).partition(": ")[0] for problem in caught.value.problems] == [
        "traffic.csv row 2, column stream",
        "traffic.csv row 3, column start",
        "traffic.csv row 4, column end",
        "traffic.csv row 5, column orders",
        "traffic.csv row 6, column orders",
        "traffic.csv row 6, column consultation_rate",
        "traffic.csv row 6, column apply",
    ]
