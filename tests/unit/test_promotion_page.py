"""A promotion's page and files: they stand alone, say what the tables say, in both languages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from browser import PHONE, chromium, overflow
from builders_plan import START, STREAMS, build_plan
from matplotlib.text import Text

from forecast.promotions import promotion_calendar
from reports.charts.promotion import plot_need
from reports.charts.style import new_figure
from reports.comparison import move_text
from reports.promotion import (
    contingency_grid,
    promotion_summary,
    promotion_text,
    remedy_text,
    write_promotion,
)
from reports.promotion_workbook import write_promotion_workbook
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


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_on_a_phone_rows_of_wide_tables_become_cards_that_fit(tmp_path: Any, lang: str) -> None:
    (tmp_path / "promo.html").write_text(promotion_text(build_promotion(), lang), encoding="utf-8")
    with chromium(PHONE) as browser:
        browser.get((tmp_path / "promo.html").as_uri())
        assert overflow(browser) <= 0
        widths = browser.execute_script(
            "return Array.from(document.querySelectorAll('table.stack td')).map((one) => [one.scrollWidth, "
            "one.clientWidth, getComputedStyle(one, '::before').content])"
        )
    assert len(widths) > 10
    assert all(wanted <= there for wanted, there, _ in widths)
    assert all(len(head.strip('"')) > 1 for _, _, head in widths)


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
        "promo.xlsx",
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_holds_need_by_hour_with_live_totals_and_every_case(tmp_path: Any, lang: str) -> None:
    found, say = build_promotion(), words(lang)
    write_promotion_workbook(found, tmp_path / "promo.xlsx", lang)
    book = openpyxl.load_workbook(tmp_path / "promo.xlsx")
    values = openpyxl.load_workbook(tmp_path / "promo.xlsx", data_only=True)
    need = book[say("workbook.sheet_promo_need")]
    heads = [cell.value for cell in need[1]]
    gap = heads.index(say("promo.short")) + 1
    assert need.max_row == len(found.need) + 2
    assert str(need.cell(need.max_row, gap).value).startswith("=SUBTOTAL(109,")
    total = values[say("workbook.sheet_promo_need")].cell(need.max_row, gap).value
    assert total == pytest.approx(found.need["gap"].sum())
    cases = book[say("workbook.sheet_promo_contingency")]
    assert cases.max_row == len(found.contingency) + 1
    assert "甲" in str([cell.value for cell in cases[2]])
    assert {say(f"workbook.sheet_promo_{name}") for name in ("levers", "reserves", "training")} <= set(
        book.sheetnames
    )


def test_how_far_a_lever_moves_is_told_in_points_and_true_minus_signs() -> None:
    say = words("en")
    assert move_text("bot_share", "-0.05", say) == "−5 points"
    assert move_text("bot_share", "+0.05", say) == "+5 points"
    assert [move_text("cap_down", step, say) for step in ("-1", "×1.1", "4 x 1 h")] == [
        "−1",
        "×1.1",
        "4 × 1 h",
    ]


def test_hours_are_named_under_the_picture_of_a_day_and_its_last_hour_is_drawn() -> None:
    found = build_promotion()
    day = found.need[(found.need["stream"] == STREAMS[0]) & (found.need["start"].dt.day == START.day)]
    _, axes = new_figure()
    plot_need(axes, day, promotions=(), timezone="Asia/Shanghai", say=words("zh"), title="")
    texts = [label.get_text() for label in axes.get_xticklabels()]
    assert texts[0] == "08:00\n12/7 一"
    assert "20:00" in texts
    on_duty = axes.get_lines()[1].get_ydata()
    assert len(on_duty) == len(day) + 1
    assert on_duty[-1] == on_duty[-2]


def test_the_title_of_a_picture_stands_above_the_names_of_its_promotions() -> None:
    found = build_promotion()
    own = found.need[found.need["stream"] == STREAMS[0]]
    first, hour = own["start"].min(), pd.Timedelta(hours=1)
    phases = [
        ("sale", "kick-off", first, first + 30 * hour),
        ("show", "", first + 4 * hour, first + 9 * hour),
    ]
    figure, axes = new_figure()
    plot_need(axes, own, promotions=phases, timezone="Asia/Shanghai", say=words("zh"), title="Pre-sale")
    figure.canvas.draw()
    title = axes.get_title(loc="left")
    assert title == "Pre-sale"
    box = next(text for text in axes.findobj(Text) if text.get_text() == title).get_window_extent()
    names = [text for text in axes.texts if text.get_text()]
    assert len(names) == 2
    assert all(box.y0 >= text.get_window_extent().y1 for text in names)


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
