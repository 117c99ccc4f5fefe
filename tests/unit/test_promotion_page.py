"""A promotion's page and files: they stand alone, say what the tables say, in both languages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders_plan import START, STREAMS, build_plan

from forecast.promotions import promotion_calendar
from reports.promotion import (
    contingency_grid,
    promotion_summary,
    promotion_text,
    remedy_text,
    write_promotion,
)
from reports.words import words
from scheduling.promotion.contingency import COLUMNS
from scheduling.promotion.plan import Promotion, aftersale_table, need_table


def build_promotion(*, met: bool = False) -> Promotion:
    """Return a promotion around a small finished plan."""
    plan: Any = build_plan(met=met)
    table = {
        "id": "d12",
        "name": "双12",
        "kind": "big_promo",
        "phase": [
            {"kind": "warmup", "start": dt.datetime(2026, 12, 7, 20), "end": dt.datetime(2026, 12, 10, 20)},
            {"kind": "spot", "start": dt.datetime(2026, 12, 10, 20), "end": dt.datetime(2026, 12, 13)},
            {"kind": "aftersale", "start": dt.datetime(2026, 12, 13), "end": dt.datetime(2026, 12, 21)},
        ],
    }
    event = promotion_calendar([table], timezone="Asia/Shanghai").event("d12")
    cover = plan.simulated_cover
    bands = cover[["stream", "start"]].assign(need_low=2.0, need_mid=3.0, need_high=4.0)
    at = cover["start"].iloc[0]
    case: dict[str, Any] = dict.fromkeys(COLUMNS, 0.5) | {
        "case": "three_ill",
        "stream": STREAMS[0],
        "date": START,
        "start": at,
        "end": at + pd.Timedelta(hours=3),
        "people": 2,
        "longer": 1,
        "hours": 6.0,
        "cost": 300.0,
        "names": "甲;乙",
        "met": True,
    }
    cases = [case, {**case, "case": "p90_hours", "people": 0, "longer": 0, "names": "", "met": False}]
    levers = pd.DataFrame(
        {
            "lever": ["bot_share", "cap_up"],
            "amount": ["+0.05", "+1"],
            "cost": [0.0, 0.0],
            "points": [1.2, -0.1],
            "cost_per_point": [0.0, np.nan],
            "on_time": [0.93, 0.91],
            "decide_by": [dt.date(2026, 12, 3)] * 2,
            "in_time": [True, False],
        }
    )
    reserves = pd.DataFrame(
        {"date": [START], "order": [1], "employee": ["甲"], "pool": ["part_time"], "lead_time_h": [3.0]}
    )
    training = pd.DataFrame(
        {
            "course": ["system", "赠品规则"],
            "pool": ["part_time", "all"],
            "people": [2, 25],
            "hours": [4.0, 0.5],
            "deadline": [dt.date(2026, 12, 5)] * 2,
            "in_time": [False, True],
        }
    )
    return Promotion(
        plan=plan,
        event=event,
        need=need_table(plan, bands, event),
        levers=levers,
        way=() if met else ("bot_share",),
        way_on_time=None if met else 0.93,
        way_cost=None if met else 0.0,
        contingency=pd.DataFrame(cases, columns=COLUMNS),
        reserves=reserves,
        training=training,
        aftersale=aftersale_table(plan, event),
        today=dt.date(2026, 12, 1),
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_stands_alone(lang: str) -> None:
    found = build_promotion()
    text = promotion_text(found, lang)
    assert text == promotion_text(found, lang)
    assert "https://" not in text
    assert "width=device-width" in text
    assert "赠品规则" in text
    assert words(lang)("promo.lever_bot_share") in text


def test_every_table_is_written(tmp_path: Any) -> None:
    write_promotion(build_promotion(), tmp_path, "zh")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "need.csv",
        "levers.csv",
        "contingency.csv",
        "reserve_list.csv",
        "training_list.csv",
        "aftersale.csv",
        "promo.html",
    }


def test_need_is_hourly_and_gaps_add_up_to_those_of_the_plan() -> None:
    found = build_promotion()
    hours = found.need.groupby("stream").size()
    assert (hours == 14 * 16).all()
    assert set(found.need["phase"]) == {"", "warmup", "spot", "aftersale"}
    assert found.gap_hours > 0
    assert (found.need["need_low"] <= found.need["need_high"]).all()


def test_after_sales_people_are_counted_by_day() -> None:
    found = build_promotion()
    assert found.aftersale["people"].gt(0).all()
    selling = found.aftersale.loc[found.aftersale["is_selling"], "date"]
    assert list(selling) == [dt.date(2026, 12, d) for d in (10, 11, 12)]


def test_a_remedy_is_put_in_words() -> None:
    say = words("en")
    rows: list[Any] = build_promotion().contingency.to_dict("records")
    assert remedy_text(rows[0], say) == "call 2 (甲, 乙); 1 stay an hour longer"
    assert remedy_text(rows[1], say) == "nothing that helps"
    often = {**rows[0], "people": 3, "longer": 0}
    assert remedy_text(often, say) == "3 calls, 2 people (甲, 乙)"
    grid = contingency_grid(build_promotion(), say)
    assert all(len(row) == len(grid.head) for row in grid.rows)


def test_the_summary_counts_cases_and_names_the_levers_pulled() -> None:
    found = promotion_summary(build_promotion())
    assert found["event"] == "d12"
    assert found["levers"] == ["bot_share"]
    assert found["contingency"] == {
        "p90_hours": {"cases": 1, "met": 0},
        "three_ill": {"cases": 1, "met": 1},
    }
    assert promotion_summary(build_promotion(met=True))["levers"] == []
