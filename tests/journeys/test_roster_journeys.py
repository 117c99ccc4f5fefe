"""A published roster in a manager's hands: somebody is ill, a cell is edited, a question is asked."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from forecast.table_files import read_contract_table, write_csv
from reports.cli.app import app
from reports.cli.outcomes import NoRosterError
from scheduling.frames import ROSTER
from scheduling.inputs import read_inputs
from scheduling.roster.audit import audit

pytestmark = pytest.mark.slow

ZONE = "Asia/Shanghai"
START = pd.Timestamp("2026-12-07").date()


def run(*arguments: str | Path) -> int:
    return int(app.main([str(argument) for argument in arguments], standalone_mode=False) or 0)


@pytest.fixture(scope="module")
def shop(planned_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo shop with a finished plan of two days."""
    return Path(shutil.copytree(planned_shop, tmp_path_factory.mktemp("roster") / "shop"))


@pytest.fixture(scope="module")
def plan(shop: Path) -> Path:
    return shop / "plans" / "2026-12-07"


def roster_of(plan: Path) -> pd.DataFrame:
    return read_contract_table(plan / "roster.csv", ROSTER, timezone=ZONE)


def test_one_absence_is_repaired_into_a_plan_of_its_own(
    shop: Path, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = roster_of(plan)
    absent = str(old.loc[old["date"] > START, "employee"].iloc[0])
    out = tmp_path / "repaired"
    code = run("replan", plan, "--absent", f"{absent}:2026-12-08", "--out", out, "-q", "--json")
    assert code in (0, 7)
    told = json.loads(capsys.readouterr().out)
    assert told["changes"][0]["because"] == "absent"
    assert len(told["changes"]) <= 6
    new = roster_of(out)
    assert absent not in set(new.loc[new["date"] > START, "employee"])
    first = [frame[frame["date"] == START].reset_index(drop=True) for frame in (old, new)]
    pd.testing.assert_frame_equal(*first)
    inputs = read_inputs(shop)
    found = audit(new, inputs.employees, inputs.wishes, inputs.settings, start=START, days=2)
    assert [violation for violation in found if violation.is_hard] == []
    assert (out / "changes.csv").is_file()
    calendar = (out / "calendars" / f"{absent}.ics").read_text("utf-8")
    assert "STATUS:CANCELLED" in calendar
    assert json.loads((out / "summary.json").read_text("utf-8"))["replan"]["of"] == "2026-12-07"


def test_the_repaired_plan_is_the_newest_and_the_old_one_stays(shop: Path, plan: Path) -> None:
    before = (plan / "roster.csv").read_bytes()
    (shop / "absences.csv").write_text(
        f"employee,date,until,reason\n{roster_of(plan)['employee'].iloc[0]},2026-12-07,,flu\n", "utf-8"
    )
    assert run("replan", shop, "-q") in (0, 7)
    (shop / "absences.csv").unlink()
    assert (plan / "roster.csv").read_bytes() == before
    assert (plan.parent / "2026-12-07-r1" / "roster.csv").is_file()
    assert run("explain", shop, "-q") == 0


def test_prices_of_a_change_are_shown_side_by_side(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = str(roster_of(plan)["employee"].iloc[0])
    assert run("replan", plan, "--absent", f"{name}:2026-12-07", "--frontier", "--json", "-q") == 0
    rows = json.loads(capsys.readouterr().out)["frontier"]
    assert [row["price"] for row in rows] == sorted(row["price"] for row in rows)
    changes = [row["changes"] for row in rows]
    assert changes == sorted(changes, reverse=True)


def _cell(sheet: object, name: str, column: int) -> object:
    for row in range(4, 60):
        if sheet.cell(row, 2).value == name:  # type: ignore[attr-defined]
            return sheet.cell(row, column)  # type: ignore[attr-defined]
    raise AssertionError(name)


def test_an_edit_that_breaks_a_rule_is_found_and_named(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roster = roster_of(plan)
    late = roster[(roster["template"] == "晚班") & (roster["date"] == START)]
    name = str(late["employee"].iloc[0])
    book = openpyxl.load_workbook(plan / "排班表.xlsx")
    _cell(book["排班表"], name, 4).value = "早8"  # type: ignore[attr-defined]
    edited = tmp_path / "edited.xlsx"
    book.save(edited)
    assert run("check", edited, "--shop", plan, "--json", "-q") == 5
    told = json.loads(capsys.readouterr().out)
    assert not told["is_lawful"]
    assert "MinRest" in {violation["rule"] for violation in told["violations"]}
    assert [change["employee"] for change in told["changes"]] == [name]
    assert run("check", edited, "--shop", plan, "--lang", "zh", "-q") == 5
    assert re.findall(r"[a-z]+ [a-z]+ [a-z]+", capsys.readouterr().out) == []
    with pytest.raises(NoRosterError):
        # the edited early duty stands and yesterday's late one is past: no lawful repair
        run("replan", plan, "--workbook", edited, "--from", "2026-12-08", "-q", "--out", tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_the_weeks_before_count_in_every_look_at_a_roster(
    shop: Path, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    duty = roster_of(plan).query("date == @START").iloc[[0]]
    before = [
        duty.assign(
            date=START - dt.timedelta(days=d),
            start=duty["start"] - pd.Timedelta(days=d),
            end=duty["end"] - pd.Timedelta(days=d),
        )
        for d in range(6, 0, -1)
    ]
    last = tmp_path / "last.csv"
    write_csv(pd.concat(before), last)
    book = plan / "排班表.xlsx"
    assert run("check", book, "--json", "-q") in (0, 7)
    assert json.loads(capsys.readouterr().out)["is_lawful"]
    assert run("check", book, "--last", last, "--json", "-q") == 5
    told = json.loads(capsys.readouterr().out)
    found = [one for one in told["violations"] if one["rule"] == "MaxConsecutiveDays"]
    name = duty["employee"].item()
    worked = roster_of(plan).query("employee == @name")["date"]  # after six days each is one too many
    assert [(one["employee"], one["date"]) for one in found] == [(name, str(date)[:10]) for date in worked]
    mine = next(row for row in told["fairness"] if row["employee"] == duty["employee"].item())
    assert mine["weekend_before"] == 2
    # a plan made with a roster of the weeks before keeps it, and so does its repair
    made = Path(shutil.copytree(plan, tmp_path / "made"))
    shutil.copy(last, made / "last_roster.csv")
    assert run("check", made / "排班表.xlsx", "--shop", shop, "-q") == 5
    absent = str(roster_of(plan).query("date > @START")["employee"].iloc[0])
    repaired = tmp_path / "repaired"
    asked = ("--absent", f"{absent}:2026-12-08", "--shop", shop, "--out", repaired, "-q")
    assert run("replan", made, *asked) in (0, 7)
    assert (repaired / "last_roster.csv").read_bytes() == last.read_bytes()


def test_questions_are_answered(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    duty = roster_of(plan).iloc[0]
    day = ("--employee", str(duty["employee"]), "--date", str(duty["date"]))
    assert run("explain", plan, *day, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["duty"]["template"] == duty["template"]
    assert told["duty"]["alternatives"]
    gap = ("--stream", str(duty["stream"]), "--at", "2026-12-07T12:00")
    assert run("explain", plan, *gap, "--json") == 0
    assert json.loads(capsys.readouterr().out)["gap"]["people"]
    assert run("explain", plan, "--lang", "en") == 0
    assert "Next: paiban explain" in capsys.readouterr().out
