"""A day that has begun: what is known of it, its close, and what helps."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders_service import service_day

from forecast.config import ShopSettings, Stream
from forecast.intraday import Reforecast
from reports.intraday_tables import unsafe_lines
from reports.words import words
from scheduling.config import Settings
from scheduling.day import DutySpan
from scheduling.demand import StreamDemand
from scheduling.running_day import OnDuty, Today, actions_for, as_known, close_of, is_safe

DAY = dt.date(2026, 3, 2)
ZONE = "Asia/Shanghai"


def today(people: int, *, rate: float = 110.0, now_min: int = 540, **others: object) -> Today:
    """Return a day from 9:00 to 13:00 with so many people all of it."""
    day = service_day([rate] * 8)
    draws = day.sessions * np.linspace(0.9, 1.1, 20)[:, None]
    starts = pd.date_range("2026-03-02 09:00", periods=8, freq="30min", tz=ZONE)
    demand = StreamDemand(
        stream="a", days={DAY: day}, offered={DAY: day.sessions}, draws={DAY: draws}, starts={DAY: starts}
    )
    settings = Settings(
        demand=ShopSettings(folder=Path(), streams=(Stream(id="a", confidence=0.8, max_unanswered=0.05),))
    )
    duty = DutySpan(start_min=540, end_min=780, streams=("a",))
    on_duty = [OnDuty(name=f"p{number}", span=duty) for number in range(people)]
    return replace(
        Today(demand=demand, on_duty=on_duty, now_min=now_min, settings=settings, seed=3), **others
    )


def person(name: str, lead_h: float = 0.0) -> dict[str, object]:
    return {
        "employee": name, "lead_time_h": lead_h, "cost_per_hour": 30.0, "speed": 1.0, "reception_cap": None,
    }  # fmt: skip


def spans(one: Today) -> list[DutySpan]:
    return [on.span for on in one.on_duty]


def test_hours_seen_count_as_they_came_and_the_rest_as_forecast_anew() -> None:
    starts = pd.date_range("2026-03-02 09:00", periods=4, freq="h", tz=ZONE)
    table = pd.DataFrame({"stream": "a", "start": starts, "mean": 10.0, "p50": 9.0})
    draws = pd.DataFrame({"stream": "a", "start": starts, "draw": 0, "offered": 8.0})
    seen = pd.DataFrame({"stream": "a", "start": starts[:1], "offered": 30.0})
    rest = Reforecast(table=table.assign(mean=15.0), draws=draws.assign(offered=14.0), notes=("a: 30 seen",))
    known, drawn = as_known(table, draws, seen, rest, now=starts[2] + pd.Timedelta(minutes=20))
    assert known["mean"].tolist() == [30.0, 10.0, 15.0, 15.0]  # an hour without a count keeps the plan's
    assert known["came"].fillna(-1).tolist() == [30.0, -1.0, -1.0, -1.0]  # and what is forecast did not come
    assert drawn["offered"].tolist() == [30.0, 8.0, 14.0, 14.0]


def test_people_are_called_until_the_close_is_safe_and_no_more() -> None:
    short = today(4, on_call=[person(f"r{number}") for number in range(6)])
    advice = actions_for(short)
    rows = advice.rows
    assert not is_safe(short, advice.close)
    assert advice.ends_well
    called = [row for row in rows if row["action"] == "call"]
    assert [row["names"] for row in called] == [f"r{number}" for number in range(len(called))]
    assert rows[-1]["chance_with"] >= 0.8
    assert all(row["chance_with"] < 0.8 for row in rows[:-1])
    assert all(row["close_with"] > row["close_without"] for row in rows)
    assert all(
        row["start"] >= pd.Timestamp("2026-03-02 10:00", tz=ZONE) for row in called
    )  # an hour's notice


def test_nobody_is_there_before_his_lead_time() -> None:
    late = today(4, on_call=[person("far", lead_h=2.0)])
    [row] = [row for row in actions_for(late).rows if row["names"] == "far"]
    assert row["start"] >= pd.Timestamp("2026-03-02 11:00", tz=ZONE)
    gone = today(4, now_min=720, on_call=[person("far", lead_h=2.0)])
    assert not any(row["names"] == "far" for row in actions_for(gone).rows)


def test_who_is_sent_home_leaves_a_day_that_is_still_safe() -> None:
    ample = today(9)
    advice = actions_for(ample)
    rows = advice.rows
    assert is_safe(ample, advice.close)
    assert rows
    assert {row["action"] for row in rows} == {"go"}
    staff = spans(ample)[: 9 - len(rows)]
    staff += [DutySpan(start_min=540, end_min=600, streams=("a",))] * len(rows)  # they left at ten
    after = close_of(ample, staff)
    assert after.chance == pytest.approx(rows[-1]["chance_with"])
    assert after == advice.after
    assert is_safe(ample, after)


def test_the_last_one_on_duty_is_never_sent_home() -> None:
    quiet = today(1, rate=0.5)
    assert actions_for(quiet).rows == []


def test_the_period_so_far_decides_where_it_is_known() -> None:
    plain = today(4)
    assert close_of(plain, spans(plain)).period is None
    rich, poor = (replace(plain, so_far=(share * 1e6, 1e6)) for share in (0.95, 0.85))
    assert close_of(rich, spans(rich)).chance == 1.0
    assert close_of(rich, spans(rich)).period == pytest.approx(0.95, abs=0.001)
    assert close_of(poor, spans(poor)).chance == 0.0


def test_a_good_period_sends_nobody_home_from_a_day_below_its_target() -> None:
    poor = today(4, so_far=(0.97e6, 1e6))
    advice = actions_for(poor)
    assert is_safe(poor, advice.close)
    assert advice.close.share < poor.day.target
    assert advice.rows == []
    assert advice.after == advice.close


def test_a_sure_rate_with_too_many_unanswered_does_not_end_well() -> None:
    hasty = today(4, on_call=[person(f"r{number}") for number in range(6)])
    day = replace(hasty.day, service=replace(hasty.day.service, patience_s=60.0))
    hasty = replace(hasty, demand=replace(hasty.demand, days={DAY: day}))
    advice = actions_for(hasty)
    assert advice.after.chance >= 0.8  # the rate alone would do
    assert advice.after.unanswered > 0.05
    assert not advice.ends_well
    [line] = unsafe_lines(advice, words("en"))
    assert "stay unanswered" in line
    assert "at most 5.00%" in line


def test_people_are_called_for_answers_even_where_the_rate_is_sure() -> None:
    hasty = today(5, on_call=[person(f"r{number}") for number in range(6)])
    day = replace(hasty.day, service=replace(hasty.day.service, patience_s=120.0))
    hasty = replace(hasty, demand=replace(hasty.demand, days={DAY: day}))
    advice = actions_for(hasty)
    assert advice.close.chance >= 0.8
    assert advice.close.unanswered > 0.05
    assert advice.rows
    assert advice.ends_well
    assert unsafe_lines(advice, words("en")) == []
    assert actions_for(hasty, close=advice.close) == advice
