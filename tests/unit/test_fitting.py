"""Tables on narrow screens."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.console import Console

from reports.fitting import FittingTable, Screen, folded

FIGURES = ("咨询量", "最忙一小时", "其 P90", "需要人时", "已排人时", "缺口人时", "预计", "仿真")


def a_table() -> FittingTable:
    table = FittingTable("淘宝 售前")
    table.add_column("日期", words=True)
    for name in FIGURES:
        table.add_column(name)
    table.add_column("大促", words=True)
    for day in range(7, 10):
        table.add_row(
            f"12月{day}日 周一", *(f"1,{day}0{n}.5%" for n in range(8)), "2026 双12 现货预热、2026 双12 开售"
        )
    return table


def shown(table: FittingTable, width: int) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_every_head_and_figure_is_whole_at_every_width(width: int) -> None:
    text = shown(a_table(), width)
    assert "…" not in text
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width
    for day in range(7, 10):
        for n in range(8):
            assert f"1,{day}0{n}.5%" in text
    letters = "".join(text.split())
    for letter in "".join(FIGURES).replace(" ", ""):
        assert letter in letters


def test_what_is_wide_enough_stays_one_table_on_one_line_a_row() -> None:
    text = shown(a_table(), 200)
    assert text.count("日期") == 1
    assert len(text.strip().splitlines()) == 4 + 3  # title, blank, heads, rule, rows


def test_a_narrow_screen_repeats_what_tells_the_rows_apart() -> None:
    table = FittingTable()
    for name in ("stream", "model"):
        table.add_column(name, words=True)
    for number in range(12):
        table.add_column(f"figure{number}")
    for model in ("regression", "naive"):
        table.add_row("shop", model, *("123.45" for _ in range(12)))
    text = shown(table, 60)
    assert text.count("regression") == text.count("naive") > 1


def test_english_heads_break_between_words_only() -> None:
    table = FittingTable()
    table.add_column("Stream", words=True)
    for name in ("Consultations", "Busiest hour", "Needed agent-hours", "Unanswered", "Expected"):
        table.add_column(name)
    table.add_row("shop", *("1" for _ in range(5)))
    for width in (30, 40, 60):
        for word in ("Consultations", "Busiest", "hour", "agent-hours", "Unanswered", "Expected"):
            assert word in shown(table, width)


@pytest.mark.parametrize("width", range(4, 12))
def test_a_folded_chinese_head_leaves_no_letter_alone_and_loses_none(width):
    for head in ("需要人时", "最忙一小时", "达标概率", "渠道"):
        lines = folded(head, width).split("\n")
        assert "".join(lines) == head
        assert max(map(cell_len, lines)) <= width
        assert len(lines) == 1 or min(map(len, lines)) >= 2 or len(head) % 2


def test_no_line_of_a_folded_chinese_cell_begins_with_a_closing_mark() -> None:
    table = FittingTable()
    for name in ("编号", "名称", "单位"):
        table.add_column(name, words=True)
    table.add_row("douyin.human3min.session", "3分钟人工回复率(会话)", "每个会话，每天")
    for width in range(46, 64):
        lines = [line.strip() for line in shown(table, width).splitlines()]
        assert not any(line.startswith((")", "，", "）")) for line in lines)


def test_a_chinese_head_of_two_letters_stays_whole() -> None:
    table = FittingTable()
    for name in ("文件", "重复", "冲突", "丢弃", "读入行"):
        table.add_column(name)
    table.add_row("咨询量.csv", "0", "0", "0", "630")
    assert all(name in shown(table, 34) for name in ("重复", "冲突", "丢弃"))


@pytest.mark.parametrize("width", [40, 80])
def test_sentences_fill_their_lines_and_go_on_below_their_indent(width: int) -> None:
    sentence = (
        "  淘宝 售前：排班求解：最优；目标值 535，下界 535，差距 0.00%。一次求解，前面的比后面的重：变动 25、"
        "工资差 10。"
    )
    console = Screen(width=width)
    with console.capture() as capture:
        console.print(sentence, markup=False)
    lines = capture.get().splitlines()
    assert "".join("".join(lines).split()) == "".join(sentence.split())
    assert all(line.startswith("  ") and line[2] not in " ，。；" for line in lines)
    assert all(width - 16 < cell_len(line) <= width for line in lines[:-1])
