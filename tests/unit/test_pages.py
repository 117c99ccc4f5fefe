"""The report page: self-contained, complete, safe, the same for the same plan."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import pytest
from builders_plan import NAMES, build_plan

from reports import pages
from reports.charts.pictures import Picture
from reports.pages import report_text, write_report

SECTIONS = (
    *("咨询量预测", "需要与已排", "各小时及时率", "排班表", "公平", "未满足的愿望"),
    *("和其他算法相比", "大促、节假日和人工调整", "预测有多准", "方法与输入"),
)


class Outline(HTMLParser):
    """Tags seen, attributes of pictures, and whether tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "img":
            self.pictures.append(values)
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def plan():
    return build_plan(days=3)


@pytest.fixture(scope="module")
def page(plan):
    return report_text(plan, "zh")


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the pictures out where the test is about something else."""
    blank = Picture(kind="", alt="", source="data:,")
    kinds = dict.fromkeys(("forecast", "cover", "gaps", "rate"), blank)
    monkeypatch.setattr(pages, "stream_pictures", lambda *_: kinds)


def test_the_page_nests_and_every_picture_has_words(page):
    outline = Outline(page)
    assert outline.open == []
    assert len(outline.pictures) == 10
    assert all(picture["alt"] for picture in outline.pictures)


def test_the_page_asks_the_network_for_nothing(page):
    assert all(address.startswith("data:") for address in Outline(page).addresses)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert "@import" not in style
    assert "url(" not in style


def test_the_answer_comes_first(page):
    first = page.index("未达标：淘宝 售前")
    assert first < page.index("<img")
    assert "86.7%" in page
    assert "95% 区间 86.2%–87.2%" in page


def test_every_section_is_there(page):
    found = re.findall(r"<h[23][^>]*>([^<]+)</h[23]>", page)
    assert [name for name in SECTIONS if name not in found] == []


def test_everybody_stands_in_the_roster(page):
    assert all(f'<th scope="row">{name}</th>' in page for name in NAMES)


def test_synthetic_data_are_called_so(plan, page, undrawn):
    assert "合成数据" in page
    assert "合成数据" not in report_text(dataclasses.replace(plan, synthetic=False), "zh")


def test_what_people_typed_cannot_become_markup(plan, undrawn):
    notes = ["<script>alert(1)</script>"]
    promotions = [("</script><b>", "x", *plan.promotions[0][2:])]
    text = report_text(dataclasses.replace(plan, notes=notes, promotions=promotions), "zh")
    assert "<script>alert" not in text
    assert "</script><b>" not in text


def test_figures_for_live_charts_are_valid_json(plan, page):
    text = page.split('<script type="application/json" id="plan-data">')[1].split("</script>")[0]
    data = json.loads(text)
    assert sorted(data["streams"], reverse=True) == ["taobao-presale", "douyin-aftersale"]
    assert len(data["streams"]["taobao-presale"]["forecast"]["mean"]) == 3 * 24


def test_the_same_plan_gives_the_same_bytes(plan, page, tmp_path):
    write_report(plan, tmp_path / "report.html", "zh")
    assert (tmp_path / "report.html").read_bytes() == page.encode()


def test_english_pages_are_english(plan, undrawn):
    text = report_text(plan, "en")
    assert '<html lang="en">' in text
    assert "Target missed: Taobao Pre-sale reaches" in text


def test_without_people_the_page_counts_shifts(undrawn):
    text = report_text(build_plan(days=2, with_roster=False), "zh")
    assert "班次人数" in text
    assert "未满足的愿望" not in text


def test_a_plan_without_extras_still_has_a_page(plan):
    bare = dataclasses.replace(
        plan,
        effects=None,
        backtest=None,
        promotions=[],
        notes=[],
        forecast_notes=[],
        history=plan.history.iloc[:0],
        forecast=plan.forecast[["stream", "start", "mean"]],
        summary={"streams": plan.summary["streams"]},
    )
    text = report_text(bare, "zh")
    assert "大促、节假日和人工调整" not in text
    assert "和其他算法相比" not in text


def test_a_met_plan_says_so(undrawn):
    text = report_text(build_plan(days=2, met=True), "zh")
    assert "达标：2 个渠道都能达到目标" in text
    assert "考核时段内没有缺口" in text
