"""Scenarios side by side: from a shop's folder to tables and page, resumed where they stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from builders_scenarios import DAYS, START, ask, build_base, build_inputs

from forecast.errors import ConfigError
from forecast.table_files import write_csv, write_parquet
from reports.comparison import headline, reason_texts, scenario_grid, unanswered
from reports.comparison_page import comparison_text
from reports.comparison_tables import compare_table, write_tables
from reports.words import words
from scheduling.inputs import read_inputs
from scheduling.scenarios.comparison import Comparison, Row, compare
from scheduling.scenarios.keys import Scenario, ScenarioFile
from scheduling.scenarios.outcome import answer
from scheduling.scenarios.overrides import apply
from scheduling.scenarios.runner import Failure
from scheduling.scenarios.sensitivity import agent_worth, frontier

SHOP = """
[shop]
name = "小店"
interval_min = 60
holidays = "none"
[[stream]]
id = "shop"
open = ["09:00", "18:00"]
confidence = 0.5
[stream.service]
reception_cap = 4
bot_share = 0.2
[[template]]
name = "白班"
form = "early"
starts = ["09:00"]
hours = 9
cost_per_hour = 20
[[template]]
name = "半班"
form = "half"
starts = ["09:00", "13:00", "14:00"]
hours = 4
pools = ["part_time"]
"""
SCENARIOS = (
    Scenario(name="量多", changes={"volume": 1.3}),
    Scenario(name="现状", changes={"bot_share": 0.2}),
    Scenario(name="加人", changes={"add_agents": {"pool": "part_time", "count": 1}}),
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder, base = tmp_path / "shop", build_base(agents=2)
    plan = folder / "plans" / "p"
    plan.mkdir(parents=True)
    (folder / "shop.toml").write_text(SHOP, encoding="utf-8")
    write_csv(base.forecast, plan / "forecast.csv")
    assert base.draws is not None
    write_parquet(base.draws, plan / "draws.parquet")
    write_csv(base.requirement, plan / "requirement.csv")
    write_csv(base.shift_plan, plan / "shift_plan.csv")
    (plan / "summary.json").write_text("{}", encoding="utf-8")
    record = {"start": START.isoformat(), "days": DAYS, "seed": 0}
    (plan / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def _compared(
    shop: Path, cache: Path, told: list[str], scenarios: tuple[Scenario, ...] = SCENARIOS
) -> Comparison:
    return compare(
        shop,
        read_inputs(shop, needs_history=False),
        ScenarioFile(base="plans/p", scenarios=scenarios),
        start=None,
        days=7,
        cache_folder=cache,
        anew=False,
        beside=False,
        processes=1,
        say=told.append,
    )


def test_the_scenario_that_changes_nothing_comes_first_and_is_the_base(shop: Path, tmp_path: Path) -> None:
    told: list[str] = []
    found = _compared(shop, tmp_path / "cache", told)
    assert [row.name for row in found.rows] == ["现状", "量多", "加人"]
    assert (found.start, found.days) == (START, DAYS)
    inputs = build_inputs()
    plain = answer(build_base(agents=2), inputs, ask())
    assert found.rows[0].outcome["on_time"] == plain["on_time"]  # type: ignore[call-overload, index]
    rates = {row.name: row.outcome["on_time"] for row in found.rows}  # type: ignore[call-overload, index]
    assert rates["量多"] < rates["现状"] < rates["加人"]
    assert len(told) == 3


def test_a_comparison_that_was_stopped_goes_on_where_it_was(shop: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = _compared(shop, cache, [], SCENARIOS[:2])
    answers = {path: path.stat().st_mtime_ns for path in cache.glob("*.answer.json")}
    assert len(answers) == 2
    again = _compared(shop, cache, [])
    assert {path: path.stat().st_mtime_ns for path in answers} == answers
    assert [row.outcome for row in again.rows[:2]] == [row.outcome for row in first.rows]


def test_problems_of_all_scenarios_are_told_before_anything_runs(shop: Path, tmp_path: Path) -> None:
    wrong = (Scenario(name="a", changes={"target": -1}), Scenario(name="b", changes={"rule": "none"}))
    with pytest.raises(ConfigError) as caught:
        _compared(shop, tmp_path / "cache", [], wrong)
    assert len(caught.value.problems) == 2
    assert not list(tmp_path.glob("cache/*"))


@pytest.fixture(scope="module")
def found() -> Comparison:
    base, inputs = build_base(agents=2), build_inputs()
    rows = [Row(name="现状", note="", changes=(), outcome=answer(base, inputs, ask(anew=True)))]
    for name, changes in (("量多", {"volume": 1.3}), ("换规则", {"rule": "kuaishou.human3min.week"})):
        applied = apply(inputs, changes, streams=["shop"], name=name)
        outcome = answer(base, inputs, ask(changes, anew=True))
        rows.append(Row(name=name, note="", changes=applied.changes, outcome=outcome))
    rows.append(Row(name="坏的", note="", changes=(), outcome=Failure(kind="WorkerDied", reason="gone")))
    lever = {"lever": "volume", "low": "×0.9", "high": "×1.1", "on_time_low": 0.95, "on_time_high": 0.85}
    return Comparison(
        shop="小店",
        inputs=inputs,
        base=base,
        is_own=True,
        start=START,
        days=DAYS,
        seed=0,
        rows=tuple(rows),
        tornado=(lever,),
        worth=tuple(agent_worth(base, inputs, ask())["rows"]),
        frontier=tuple(frontier(base, inputs, ask())["rows"]),
    )


def test_the_table_has_the_columns_that_are_scripted_against(found: Comparison, tmp_path: Path) -> None:
    write_tables(found, tmp_path)
    table = pd.read_csv(tmp_path / "compare.csv", encoding="utf-8-sig")
    wanted = [
        "scenario",
        "agent_days",
        "paid_hours",
        "cost",
        "on_time",
        "probability",
        "gap_hours",
        "worst_hour",
    ]
    assert list(table.columns[:8]) == wanted
    assert list(table["scenario"]) == ["现状", "量多", "换规则", "坏的"]
    assert table.loc[3, "error"] == "gone"
    hours = pd.read_csv(tmp_path / "compare_hours.csv", encoding="utf-8-sig")
    base = hours[hours["scenario"] == "现状"]
    assert base["units_on_time"].sum() / base["units"].sum() == pytest.approx(
        table.loc[0, "on_time"], abs=1e-4
    )
    for name in ("compare_streams", "changes", "frontier", "worth", "sensitivity"):
        assert len(pd.read_csv(tmp_path / f"{name}.csv", encoding="utf-8-sig")) > 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_stands_alone_and_says_what_failed(found: Comparison, lang: str) -> None:
    text = comparison_text(found, lang)
    assert text == comparison_text(found, lang)
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert "width=device-width" in text
    assert "gone" in text
    assert text.count("data:image/svg+xml;base64,") == 4


def test_sentences_say_what_becomes_of_the_plan_and_what_planning_anew_takes(found: Comparison) -> None:
    say = words("en")
    texts = reason_texts(found, found.rows[1], say)
    assert "points" in texts[0]
    assert "anew" in texts[-1]
    assert any("counts differently" in text for text in reason_texts(found, found.rows[2], say))
    assert reason_texts(found, found.rows[3], say) == ["not worked out: gone"]
    assert headline(found, say)
    grid = scenario_grid(found, say)
    assert all(len(row) == len(grid.head) for row in grid.rows)


def test_a_failed_scenario_leaves_its_figures_empty(found: Comparison) -> None:
    table = compare_table(found).set_index("scenario")
    assert table.loc["坏的", ["cost", "on_time", "probability"]].isna().all()


@pytest.mark.parametrize(
    ("target", "interval", "is_certified", "left"),
    [
        (0.9, [0.95, 0.97], False, 0.03),
        (0.9, [0.85, 0.97], False, None),
        (0.9, [0.95, 0.97], True, None),
        (30.0, [20.0, 25.0], False, 0.03),
        (30.0, [20.0, 35.0], False, None),
    ],
)
def test_sessions_never_answered_are_named_where_they_alone_break_the_target(
    target, interval, is_certified, left
):
    stream = {"target": target, "simulated_ci": interval, "certified": is_certified, "unanswered": 0.03}
    kept = {"target": 0.9, "simulated_ci": [0.5, 0.6], "certified": True, "unanswered": 0.2}
    assert unanswered({"streams": {"a": stream, "b": kept}}) == left
