"""One promotion: its days, who can be called in, what is taught by when, and plan B."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders_scenarios import DAYS, START, STREAM, ZONE, ask, build_base, build_inputs

from forecast.errors import DataError
from forecast.promotions import promotion_calendar
from forecast.timegrid import instant
from scheduling.day import DutySpan
from scheduling.judgement import FRESH
from scheduling.promise import FUTURES
from scheduling.promotion.contingency import contingency_cases, contingency_table
from scheduling.promotion.event import event_span, need_bands, selling_days
from scheduling.promotion.levers import cheapest_way, lever_table, levers_of, pull
from scheduling.promotion.remedies import CHECKED, STATED, TRIED, Board, Case, play, remedied, share_of
from scheduling.promotion.reserves import Reserve, read_reserves, reserve_table
from scheduling.promotion.training import DEFAULT_COURSES, Course, decide_by, read_courses, training_table
from scheduling.roster.people import Employee, Wish

DATES = [START + dt.timedelta(days=d) for d in range(DAYS)]


def _event(*phases: tuple[str, dt.datetime, dt.datetime]) -> Any:
    table = {
        "id": "e",
        "kind": "big_promo",
        "phase": [{"kind": kind, "start": start, "end": end} for kind, start, end in phases],
    }
    return promotion_calendar([table], timezone=ZONE).event("e")


EVENT = _event(
    ("warmup", dt.datetime(2026, 12, 8, 20), dt.datetime(2026, 12, 10)),
    ("spot", dt.datetime(2026, 12, 10), dt.datetime(2026, 12, 12)),
    ("aftersale", dt.datetime(2026, 12, 12), dt.datetime(2026, 12, 20)),
)


def _reserve_table(**given: Any) -> pd.DataFrame:
    settings = build_inputs().settings
    defaults: dict[str, Any] = {
        "reserves": (),
        "employees": (),
        "wishes": (),
        "roster": None,
        "dates": DATES,
        "heads": dict.fromkeys(DATES, 10),
        "streams": [STREAM],
    }
    values = defaults | given
    return reserve_table(
        values.pop("reserves"),
        values.pop("employees"),
        values.pop("wishes"),
        values.pop("roster"),
        settings,
        **values,
    )


def _roster(*duties: tuple[str, dt.date, int, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "employee": name,
                "date": date,
                "template": "白班",
                "stream": STREAM,
                "start": instant(date, 60 * first, ZONE),
                "end": instant(date, 60 * last, ZONE),
                "breaks": "",
                "paid_hours": float(last - first),
                "cost": 0.0,
            }
            for name, date, first, last in duties
        ]
    )


def test_an_event_is_planned_from_its_first_phase_to_the_end_of_its_last() -> None:
    assert event_span(EVENT, ZONE) == (dt.date(2026, 12, 8), 12)
    assert selling_days(EVENT, ZONE) == {dt.date(2026, 12, 10), dt.date(2026, 12, 11)}


def test_busy_days_need_no_fewer_people_than_quiet_ones() -> None:
    inputs = build_inputs()
    demands = pull(build_base(), inputs, (), ask()).demands
    bands = need_bands(demands, inputs.settings, processes=1)
    assert len(bands) == 18
    assert bands["need_low"].sum() < bands["need_high"].sum()
    assert (bands["need_low"] <= bands["need_mid"]).all()
    assert (bands["need_mid"] <= bands["need_high"]).all()


def test_people_off_duty_are_called_by_lead_time_cost_and_hours() -> None:
    people = (
        Employee(employee="忙"),
        Employee(employee="闲", cost_per_hour=20.0),
        Employee(employee="贵", cost_per_hour=40.0),
        Employee(employee="假", cost_per_hour=20.0),
    )
    table = _reserve_table(
        employees=people,
        roster=_roster(("忙", START, 9, 18)),
        wishes=(Wish(employee="假", date=START, kind="leave"),),
        reserves=(Reserve(employee="外", lead_time_h=1.0),),
    )
    today = table[table["date"] == START]
    assert list(today["employee"]) == ["外", "闲", "贵"]
    assert list(today["order"]) == [1, 2, 3]
    assert list(today["cost_per_hour"]) == [25.0, 40.0, 80.0]  # staff on a day off: double


def test_nobody_is_called_against_the_labour_rules() -> None:
    week = [START - dt.timedelta(days=d) for d in range(1, 4)]  # Monday to Wednesday; START is a Thursday
    tired = _roster(*(("累", date, 9, 21) for date in week), ("累", START + dt.timedelta(days=1), 9, 18))
    late = _roster(("晚", START - dt.timedelta(days=1), 18, 34))
    table = _reserve_table(
        employees=(Employee(employee="累"), Employee(employee="晚")),
        roster=pd.concat([tired, late], ignore_index=True),
        dates=[START],
    )
    assert list(table["employee"]) == ["#1", "#2", "#3"]


def test_a_shop_that_names_nobody_is_told_how_many_to_find() -> None:
    table = _reserve_table(heads=dict.fromkeys(DATES, 20))
    assert list(table[table["date"] == START]["employee"]) == ["#1", "#2", "#3", "#4"]


def test_reserves_are_read_with_every_problem_named(tmp_path: Path) -> None:
    path = tmp_path / "reserves.csv"
    path.write_text(
        "employee,pool,lead_time_h,streams\n王,part_tim,3,shop\n李,staff,-1,shp\n", encoding="utf-8"
    )
    with pytest.raises(DataError) as caught:
        read_reserves(path, [STREAM])
    text = str(caught.value)
    assert "did you mean part_time?" in text
    assert "row 3, column lead_time_h" in text
    assert "did you mean shop?" in text
    path.write_text("employee,pool,lead_time_h\n王,outsourced,\n", encoding="utf-8")
    assert read_reserves(path, [STREAM]) == (Reserve(employee="王", pool="outsourced", lead_time_h=24.0),)
    assert read_reserves(tmp_path / "none.csv", [STREAM]) == ()


def test_training_is_over_before_the_sale(tmp_path: Path) -> None:
    table = training_table(
        DEFAULT_COURSES,
        EVENT,
        {"staff": ["甲"], "part_time": ["乙"]},
        timezone=ZONE,
        today=dt.date(2026, 12, 6),
    )
    assert (table["deadline"] < dt.date(2026, 12, 10)).all()
    assert list(table["deadline"]) == sorted(table["deadline"])
    assert not table[table["course"] == "system"]["in_time"].any()
    assert table[table["course"] == "activity"]["names"].tolist() == ["甲;乙"]
    path = tmp_path / "training.csv"
    path.write_text("course,pool,hours,days_before\n赠品规则,all,0.5,2\n", encoding="utf-8")
    assert read_courses(path) == (Course(course="赠品规则", pool="all", hours=0.5, days_before=2),)
    path.write_text("course,pool,hours\n赠品规则,everyone,0.5\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 2"):
        read_courses(path)


def test_levers_say_what_they_cost_and_bring() -> None:
    base, inputs = build_base(agents=2), build_inputs()
    table, plain = lever_table(base, inputs, EVENT, ask(), today=dt.date(2026, 12, 1))
    by_name = table.set_index("lever")
    assert {"part_time", "extra_half", "overtime", "bot_share", "cap_up"} <= set(by_name.index)
    assert by_name.loc["part_time", "points"] > 0
    assert by_name.loc["part_time", "cost"] > 0
    assert by_name.loc["bot_share", "points"] > 0
    assert by_name.loc["part_time", "decide_by"] == decide_by("part_time", EVENT, ZONE)
    assert not by_name.loc["part_time", "in_time"]
    per_point = table["cost_per_point"].dropna()
    assert list(per_point) == sorted(per_point)
    assert plain.on_time < 1


def test_levers_that_come_too_late_are_not_pulled() -> None:
    base, inputs = build_base(agents=2), build_inputs()
    table, plain = lever_table(base, inputs, EVENT, ask(), today=dt.date(2026, 12, 9))
    names, pulled = cheapest_way(base, inputs, table, ask(), target=1.0)
    assert "part_time" not in names
    assert set(names) <= set(table[table["in_time"]]["lever"])
    assert pulled is not None
    assert pulled.on_time > plain.on_time


def test_every_lever_of_a_shop_can_be_pulled() -> None:
    assert [lever.name for lever in levers_of(build_inputs())] == [
        "part_time",
        "extra_half",
        "longer_half",
        "overtime",
        "bot_share",
        "cap_up",
        "cap_down",
    ]


def _board(agents: int = 2) -> Board:
    inputs = build_inputs()
    plain = pull(build_base(agents=agents), inputs, (), ask())
    return Board(
        demands=plain.demands,
        duties=plain.standing.duties,
        judged=plain.judged,
        settings=inputs.settings,
        reserves=_reserve_table(),
        seed=0,
    )


def test_nobody_is_called_in_for_longer_than_the_labour_rules_allow() -> None:
    board = _board(agents=1)
    day, spans = board.demands[STREAM].days[START], board.spans(STREAM, START)
    found = remedied(board, "p90_hours", STREAM, START, day, spans, (540, 1080))
    called = [duty for duty in found.helped[START] if duty not in spans][: found.people]
    assert found.people > 0
    limit = board.settings.labour.max_hours_per_day.value
    assert all(duty.end_min - duty.start_min <= 60 * limit for duty in called)
    assert found.cost > 0


def test_people_stay_longer_only_for_the_hours_in_trouble() -> None:
    """Longer duties far from those hours cost money and brought nothing there."""
    board = replace(_board(), reserves=_reserve_table().head(0))
    day = board.demands[STREAM].days[START]
    apart = [DutySpan(start_min=540, end_min=780), DutySpan(start_min=900, end_min=1080)]
    at_noon = remedied(board, "p90_hours", STREAM, START, day, apart, (780, 900))
    assert at_noon.longer == len(apart)
    assert at_noon.cost > 0
    at_the_end = remedied(board, "p90_hours", STREAM, START, day, apart, (1020, 1080))
    assert (at_the_end.longer, at_the_end.cost) == (0, 0.0)
    assert at_the_end.helped == at_the_end.plain


def test_hours_in_trouble_have_the_error_of_their_own_units() -> None:
    board = _board()
    case = Case(
        case="three_ill",
        stream=STREAM,
        days={START: board.demands[STREAM].days[START]},
        plain={START: board.spans(STREAM, START)},
        block=(600, 720),
    )
    shares = [
        share_of(case, play(board, case, case.plain, first_day=TRIED, days=40, seed=seed))
        for seed in range(0, 10_000_000, 500_000)
    ]
    spread = float(np.std([one.value for one in shares], ddof=1))
    stated = float(np.mean([one.half_width for one in shares])) / 2.02  # Student's t of 39 degrees
    assert spread == pytest.approx(stated, rel=0.5)


def test_what_is_stated_was_not_sought_on() -> None:
    """Hours and remedies are picked for how they look: on the same numbers they would look too good."""
    firsts = sorted((TRIED, STATED, CHECKED, FRESH, FUTURES))
    assert all(later - sooner >= 100_000 for sooner, later in pairwise(firsts))


def test_plan_b_is_played_with_and_without_its_remedy() -> None:
    base, inputs, board = build_base(agents=2), build_inputs(), _board()
    plain = pull(base, inputs, (), ask())
    cases = contingency_cases(board, base.forecast, inputs.calendar, inputs.calendar.event("sale"))
    table = contingency_table(board, cases)
    assert set(table["case"]) == {"p90_hours", "live_overrun", "three_ill", "volume_30"}
    assert (table["with"] >= table["without"] - 1e-9).all()
    assert (table["people"] + table["longer"] > 0).any()
    helped = table[table["people"] > 0]
    assert (helped["cost"] > 0).all()
    assert (helped["with"] > helped["without"]).all()
    # What the plan says would happen agrees with other random numbers.
    assert (table["check_without"] - table["without"]).abs().max() < 0.03
    assert (table["check_with"] - table["with"]).abs().max() < 0.03
    ill = table[table["case"] == "three_ill"].iloc[0]
    assert ill["without"] < plain.on_time


def test_what_hits_all_streams_at_once_calls_nobody_for_two_of_them() -> None:
    """Each stream had called the same people at the same time."""
    board, base, inputs = _board(agents=1), build_base(agents=1), build_inputs()
    other = replace(board.demands[STREAM], stream="other")
    stream = inputs.settings.demand.stream(STREAM)
    demand = replace(inputs.settings.demand, streams=(stream, replace(stream, id="other")))
    both = replace(
        board,
        demands={STREAM: board.demands[STREAM], "other": other},
        duties={date: {**of, "other": of[STREAM]} for date, of in board.duties.items()},
        settings=replace(board.settings, demand=demand),
        reserves=board.reserves.assign(streams=f"{STREAM};other"),
    )
    cases = contingency_cases(both, base.forecast.head(0), inputs.calendar, inputs.calendar.event("sale"))
    for trouble in ("live_overrun", "volume_30"):
        one, two = (case for case in cases if case.case == trouble)
        called = [
            {date: [duty for duty in case.helped[date] if duty not in case.plain[date]] for date in case.days}
            for case in (one, two)
        ]
        people = both.reserves.groupby("date").size()
        assert one.people + two.people > 0
        assert all(sum(len(of[date]) for of in called if date in of) <= people[date] for date in one.days)
    overrun = [set(case.names) for case in cases if case.case == "live_overrun"]
    assert not overrun[0] & overrun[1]
