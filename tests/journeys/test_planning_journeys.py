"""From a shop folder to a finished plan, as a user would, and every stage alone from files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from forecast.frames import FORECAST, check_frame
from forecast.table_files import read_contract_table
from reports.cli.app import app
from scheduling.frames import COVER, REQUIREMENT, ROSTER, SHIFT_PLAN
from scheduling.inputs import read_inputs
from scheduling.roster.audit import audit

pytestmark = pytest.mark.slow

REAL = Path(__file__).parents[3] / "shared" / "data"
ZONE = "Asia/Shanghai"
TABLES = {
    "forecast.csv": FORECAST,
    "requirement.csv": REQUIREMENT,
    "shift_plan.csv": SHIFT_PLAN,
    "cover.csv": COVER,
    "simulated_cover.csv": COVER,
}
FIGURES = {
    *("rule", "unit", "target", "promised", "promised_low", "probability", "simulated", "simulated_ci"),
    *("certified", "unanswered", "on_time_of_asked", "overtime_hours", "paid_hours", "cost"),
}


def run(*arguments: str | Path) -> int:
    return int(app.main([str(argument) for argument in arguments], standalone_mode=False) or 0)


def summary_of(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = json.loads((folder / "summary.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def demo(planned_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(planned_shop, tmp_path_factory.mktemp("planning") / "shop"))


@pytest.fixture(scope="module")
def plan(demo: Path) -> Path:
    return demo / "plans" / "2026-12-07"


def test_the_demo_keeps_every_promise(tmp_path: Path) -> None:
    assert run("demo", tmp_path / "demo-shop", "-q") == 0
    out = next((tmp_path / "demo-shop" / "plans").iterdir())
    for stream in summary_of(out)["streams"].values():
        assert stream["certified"]
        assert stream["probability"] >= 0.8
        assert stream["unanswered"] <= 0.01


def test_a_plan_writes_every_file_of_the_contract(plan: Path) -> None:
    for name, contract in TABLES.items():
        check_frame(read_contract_table(plan / name, contract, timezone=ZONE), contract)
    roster = read_contract_table(plan / "roster.csv", ROSTER, timezone=ZONE)
    assert len(roster) > 20
    calendars = list((plan / "calendars").glob("*.ics"))
    assert len(calendars) >= roster["employee"].nunique()
    assert (plan / "排班表.xlsx").stat().st_size > 5000
    page = (plan / "report.html").read_text("utf-8")
    assert "合成数据" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_roster_breaks_no_rule(demo: Path, plan: Path) -> None:
    inputs = read_inputs(demo)
    roster = read_contract_table(plan / "roster.csv", ROSTER, timezone=ZONE)
    start = pd.Timestamp("2026-12-07").date()
    found = list(audit(roster, inputs.employees, inputs.wishes, inputs.settings, start=start, days=2))
    assert [violation for violation in found if violation.is_hard] == []


def test_promised_and_simulated_agree_within_two_points(plan: Path) -> None:
    for stream in summary_of(plan)["streams"].values():
        assert set(stream) >= FIGURES
        assert abs(stream["promised"] - stream["simulated"]) <= 0.02
        assert stream["unanswered"] <= 0.01


def test_shifts_cost_less_than_every_interval_at_the_target(plan: Path) -> None:
    summary = summary_of(plan)
    planned = pd.read_csv(plan / "shift_plan.csv", encoding="utf-8-sig")["paid_hours"].sum()
    assert planned < summary["baselines"]["every_interval"]["paid_hours"]
    assert set(summary["baselines"]) == {"daily_ratio", "erlang_c", "erlang_c_slots", "every_interval"}


def test_the_same_command_gives_the_same_bytes(demo: Path, plan: Path) -> None:
    again = demo / "plans" / "again"
    span = ("--start", "2026-12-07", "--days", "2", "--effort", "quick")
    run("plan", demo, *span, "--out", again, "-q")
    for path in [*sorted(plan.glob("*.csv")), plan / "summary.json"]:
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_every_stage_runs_alone_from_the_files_of_the_stage_before(
    demo: Path, plan: Path, tmp_path: Path
) -> None:
    given = ("--forecast", plan / "forecast.csv", "-q")
    assert run("require", demo, *given, "--out", tmp_path) == 0
    day = ("--start", "2026-12-08", "--days", "1")
    assert run("shifts", demo, *given, *day, "--effort", "quick", "--out", tmp_path / "day") in (0, 7)
    assert {"shift_plan.csv", "cover.csv", "summary.json"} <= {p.name for p in (tmp_path / "day").iterdir()}
    covered = tmp_path / "covered"
    requirement = ("--requirement", tmp_path / "requirement.csv")
    assert run("shifts", demo, *given, *day, *requirement, "--out", covered) in (0, 7)
    cover = read_contract_table(covered / "cover.csv", COVER, timezone=ZONE)
    assert (cover["on_duty"] >= cover["required"]).all()
    shift_plan = ("--shift-plan", plan / "shift_plan.csv")
    assert run("roster", demo, *given, *shift_plan, "--out", tmp_path / "rostered") in (0, 7)
    assert (tmp_path / "rostered" / "roster.csv").exists()
    roster = ("--roster", plan / "roster.csv")
    assert run("simulate", demo, *given, *roster, "--out", tmp_path / "judged") in (0, 7)
    judged = json.loads((tmp_path / "judged" / "simulation.json").read_text("utf-8"))
    for name, stream in summary_of(plan)["streams"].items():
        assert judged["streams"][name]["simulated"] == pytest.approx(stream["simulated"], abs=1e-9)


def test_one_stage_leaves_a_finished_plan_as_it_is(
    planned_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = Path(shutil.copytree(planned_shop, tmp_path / "shop"))
    finished = shop / "plans" / "2026-12-07"
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    for command, file in (("forecast", "forecast.csv"), ("require", "requirement.csv")):
        assert run(command, shop, "--start", "2026-12-07", "--days", "1", "-q") == 0
        beside = shop / "plans" / f"2026-12-07-{command}" / file
        assert beside.is_file()
        assert str(beside) in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    assert run("forecast", shop, "--start", "2026-12-09", "--days", "1", "-q") == 0
    assert (shop / "plans" / "2026-12-09" / "forecast.csv").is_file()


def test_an_edited_workbook_is_scored_again(plan: Path) -> None:
    assert run("check", plan / "排班表.xlsx", "-q") in (0, 7)


def test_the_rest_of_a_day_is_forecast_anew(demo: Path, tmp_path: Path) -> None:
    assert run("forecast", demo, "--now", "2026-12-06T14:00", "--out", tmp_path, "-q") == 0
    table = read_contract_table(tmp_path / "forecast.csv", FORECAST, timezone=ZONE)
    assert table["start"].min() == pd.Timestamp("2026-12-06T14:00+08:00")


def test_models_are_held_against_the_past(demo: Path, tmp_path: Path) -> None:
    assert run("backtest", demo, "--origins", "2", "--days", "7", "--out", tmp_path, "-q") == 0
    table = pd.read_csv(tmp_path / "backtest.csv", encoding="utf-8-sig")
    named = [
        "stream",
        "model",
        "origin",
        "horizon_h",
        "wape",
        "mase",
        "bias",
        "pinball",
        "cover80",
        "cover95",
    ]
    assert list(table.columns[: len(named)]) == named
    best = table.groupby("model")["pinball"].mean()
    assert best["regression"] < best["seasonal-naive"]
    assert (tmp_path / "backtest.png").stat().st_size > 10_000


@pytest.mark.skipif(not REAL.is_dir(), reason="the real series are not beside this checkout")
@pytest.mark.parametrize("series", ["hourly.csv", "halfhour.csv"])
def test_nothing_but_a_real_two_column_history_is_enough(tmp_path: Path, series: str) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "shop.toml").write_text("", encoding="utf-8")
    counts = pd.read_csv(REAL / "nyc_taxi" / series)
    counts["passengers"] = (counts["passengers"] / 100).round()  # a shop of ten people, for the test's time
    counts.to_csv(shop / "history.csv", index=False)
    out = tmp_path / "plan"
    span = ("--start", "2015-02-01", "--days", "2", "--effort", "quick")
    assert run("plan", shop, *span, "--out", out, "-q") in (0, 7)
    for name in ("forecast.csv", "requirement.csv", "shift_plan.csv", "report.html", "summary.json"):
        assert (out / name).exists()
    assert not (out / "roster.csv").exists()
    for stream in summary_of(out)["streams"].values():
        assert abs(stream["promised"] - stream["simulated"]) <= 0.02
