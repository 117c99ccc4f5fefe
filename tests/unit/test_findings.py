"""The rows that screen, page and workbook share."""

from __future__ import annotations

import dataclasses
import datetime as dt
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from builders_plan import START, STREAMS, ZONE, build_plan

from reports import findings
from reports.words import words


@pytest.fixture(scope="module")
def plan():
    return build_plan(days=7)


def _with_figures(plan, **figures):
    summary = {**plan.summary, "streams": {name: dict(s) for name, s in plan.summary["streams"].items()}}
    summary["streams"][STREAMS[1]].update(figures)
    return dataclasses.replace(plan, summary=summary)


def test_a_plan_without_certificate_is_missed_whatever_its_probability(plan):
    changed = _with_figures(plan, certified=False, probability=1.0)
    assert findings.verdicts(changed)[1].state == "missed"


def test_a_certified_plan_below_the_wanted_confidence_is_at_risk(plan):
    changed = _with_figures(plan, certified=True, probability=0.5)
    assert findings.verdicts(changed)[1].state == "risky"


def test_the_worst_stream_speaks_for_the_plan(plan):
    assert findings.overall(findings.verdicts(plan)) == "missed"
    assert findings.overall(findings.verdicts(build_plan(days=2, met=True))) == "met"


def test_model_and_simulator_that_disagree_are_noticed(plan):
    assert all(verdict.agrees for verdict in findings.verdicts(plan))
    assert not findings.verdicts(_with_figures(plan, promised=0.99))[1].agrees


def test_gaps_count_only_inside_the_rules_window(plan):
    cover = findings.local_cover(plan)
    outside = cover[(cover["minute"] < 9 * 60) & (cover["required"] > cover["on_duty"])]
    assert len(outside) > 0
    assert (outside["gap"] == 0).all()


def test_neighbouring_intervals_make_one_gap_and_the_hours_add_up(plan):
    cover = findings.local_cover(plan)
    found = findings.gaps(plan)
    assert sum(gap.agent_hours for gap in found) == pytest.approx(cover["gap"].sum() / 2)
    for stream in STREAMS:
        spans = sorted((gap.start, gap.end) for gap in found if gap.stream == stream)
        assert all(first[1] < second[0] for first, second in pairwise(spans))


def test_a_days_share_is_a_ratio_of_sums_over_the_window(plan):
    day = findings.day_rows(plan, STREAMS[0])[0]
    rows = findings.local_cover(plan)
    rows = rows[(rows["stream"] == STREAMS[0]) & (rows["date"] == START) & rows["in_window"]]
    assert day.expected == pytest.approx((rows["on_time"] * rows["offered"]).sum() / rows["offered"].sum())


def test_hours_without_consultations_have_no_share():
    rows = pd.DataFrame({"offered": [0.0, 0.0], "on_time": [1.0, float("nan")]})
    assert findings.weighted_share(rows) is None


def test_the_phase_that_ends_at_midnight_does_not_touch_the_next_day(plan):
    assert list(findings.promotions_on(plan, START + dt.timedelta(days=5))) == ["双12 现货"]
    assert list(findings.promotions_on(plan, START + dt.timedelta(days=6))) == []


def test_streams_are_called_by_platform_and_skill(plan):
    assert findings.stream_label(plan, STREAMS[0], words("zh")) == "淘宝 售前"
    assert findings.stream_label(plan, STREAMS[0], words("en")) == "Taobao Pre-sale"


def test_streams_of_the_same_platform_and_skill_keep_their_ids_apart(plan):
    demand = plan.settings.demand
    twins = tuple(dataclasses.replace(one, platform="jd", skill="presale") for one in demand.streams)
    settings = dataclasses.replace(plan.settings, demand=dataclasses.replace(demand, streams=twins))
    label = findings.stream_label(dataclasses.replace(plan, settings=settings), STREAMS[0], words("zh"))
    assert label == f"京东 售前 ({STREAMS[0]})"


def test_the_end_of_a_day_is_written_as_24_00():
    start = pd.Timestamp("2026-12-07 23:30", tz=ZONE)
    assert findings.clock_span(start, start + pd.Timedelta(minutes=30)) == "23:30–24:00"
    assert findings.clock_span(start, start + pd.Timedelta(hours=2)) == "23:30–25:30"


def test_days_in_a_row_are_told_from_first_to_last():
    from forecast.config import ShopSettings

    note = (
        "2026-12-07, 2026-12-08, 2026-12-09, 2026-12-11: "
        "streams want more people of one kind than there are; shared out by need"
    )
    settings = ShopSettings(folder=Path())
    (chinese,) = findings.note_lines([note], settings, words("zh"))
    (english,) = findings.note_lines([note], settings, words("en"))
    assert chinese.startswith("12月7日 周一 至 12月9日 周三、12月11日 周五：")
    assert english.startswith("Mon 12/7 to Wed 12/9, Fri 12/11: streams want")


def test_a_phase_that_its_event_names_already_is_not_said_twice():
    assert findings.promotion_label("2026-12-11 直播", "直播") == "2026-12-11 直播"
    assert findings.promotion_label("2026 双12", "现货开售") == "2026 双12 现货开售"
    assert findings.promotion_label("2026 双12", "") == "2026 双12"


def test_changes_name_streams_as_every_other_table_does(plan):
    from types import SimpleNamespace

    from reports.replan_tables import change_grid

    row = {
        "employee": "王芳",
        "date": START,
        "before": f"早班 08:00 {STREAMS[0]}",
        "after": "",
        "because": "absent",
    }
    answer = SimpleNamespace(changes=pd.DataFrame([row]))
    say = words("zh")
    (cells,) = change_grid(answer, plan.settings.demand, say).rows
    assert cells[2:4] == (f"早班 08:00 {findings.stream_label(plan, STREAMS[0], say)}", "休")
    assert STREAMS[0] not in cells[2]


def test_streams_come_in_the_order_of_the_shops_settings(plan):
    settings = plan.settings.demand
    known = [stream.id for stream in settings.streams]
    assert findings.shop_order(["another", *reversed(known), *known], settings) == [*known, "another"]
