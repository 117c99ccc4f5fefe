"""The plan on the screen."""

from __future__ import annotations

import io

import pytest
from builders_plan import build_plan
from rich.cells import cell_len
from rich.console import Console

from reports.tables import print_plan


@pytest.fixture(scope="module")
def plan():
    return build_plan(days=3)


def _printed(plan, lang, **settings):
    out = io.StringIO()
    print_plan(plan, Console(file=out, width=120, **settings), lang)
    return out.getvalue()


def test_columns_stay_aligned_with_chinese_in_them(plan):
    lines = _printed(plan, "zh").splitlines()
    start = next(i for i, line in enumerate(lines) if "最忙一小时" in line)
    widths = {cell_len(line) for line in lines[start : start + 5]}
    assert len(widths) == 1


def test_verdict_days_gaps_wishes_and_next_step_are_printed(plan):
    text = _printed(plan, "zh")
    for words_ in (
        "未达标",
        "86.7%",
        "12月7日 周一",
        "缺口（考核时段共",
        "未满足的愿望",
        "下一步",
        "合成数据",
    ):
        assert words_ in text


def test_piped_output_holds_no_colours(plan):
    assert "\x1b" not in _printed(plan, "zh")
    assert "\x1b" in _printed(plan, "zh", force_terminal=True, color_system="standard")


def test_no_color_is_obeyed(plan, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    text = _printed(plan, "zh", force_terminal=True, color_system="standard")
    assert "\x1b[31m" not in text


def test_square_brackets_in_notes_are_printed_as_they_are():
    import dataclasses

    plan = dataclasses.replace(build_plan(days=1), notes=["[red]x[/red]"])
    assert "[red]x[/red]" in _printed(plan, "en")


def test_without_people_the_next_step_is_to_list_them():
    assert "agents.csv" in _printed(build_plan(days=1, with_roster=False, met=True), "en")


def test_the_solver_says_how_it_ended_and_what_each_rank_came_to(plan):
    import dataclasses

    solver = {
        "status": "FEASIBLE",
        "objective": 20540.96,
        "bound": 20073.08,
        "gap": 0.022778,
        "stages": {"law": 0.0, "cover": 20100.2, "fairness": 120.4, "wishes": 8.0, "cost": 312.4},
    }
    solved = dataclasses.replace(plan, summary={**plan.summary, "solver": solver})
    text = " ".join(_printed(solved, "en").split())
    assert "objective 20,541, bound 20,073, gap 2.28%" in text
    assert "people short and paid hours 20,100, fairness 120, wishes 8, wages 312" in text
    assert "soft rules" not in text
    stopped = dataclasses.replace(plan, summary={**plan.summary, "solver": solver | {"bound": 0.0}})
    assert "objective 20,541, no bound computed" in " ".join(_printed(stopped, "en").split())
