"""A roster over tables of one's own in a shop whose demand nobody knows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from forecast.errors import DataError
from forecast.table_files import write_csv
from reports.cli.app import app
from scheduling.inputs import read_inputs
from scheduling.roster.audit import audit

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
DAYS = ("2026-12-07", "2026-12-08")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop with settings and people, without history, logs or forecast."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for name in ("shop.toml", "agents.csv"):
        shutil.copy(EXAMPLES / name, folder)
    return folder


def requirement(folder: Path, **more: float) -> Path:
    """Write two days on which two agents are needed from 9 to 18."""
    rows = [
        {"stream": "presale", "start": pd.Timestamp(f"{day} {hour:02}:{half}", tz="Asia/Shanghai")}
        for day in DAYS
        for hour in range(9, 18)
        for half in ("00", "30")
    ]
    write_csv(pd.DataFrame(rows).assign(agents_net=2.0, **more), folder / "need.csv")
    return folder / "need.csv"


def shift_plan(folder: Path) -> Path:
    """Write a plan of two people a day from 9 to 18."""
    rows = [
        {
            "stream": "presale",
            "date": day,
            "template": "全天班",
            "start": pd.Timestamp(f"{day} 09:00", tz="Asia/Shanghai"),
            "end": pd.Timestamp(f"{day} 18:00", tz="Asia/Shanghai"),
            "breaks": "12:00-13:00",
            "pool": "staff",
            "agents": 2,
            "paid_hours": 16.0,
            "cost": 400.0,
        }
        for day in DAYS
    ]
    write_csv(pd.DataFrame(rows), folder / "shifts.csv")
    return folder / "shifts.csv"


def rostered(shop: Path, *options: str | Path) -> tuple[int, dict]:
    """Run the command; return its exit code and ``summary.json``."""
    arguments = ["roster", str(shop), *map(str, options), "-q", "--out", str(shop / "out")]
    code = int(app.main(arguments, standalone_mode=False) or 0)
    return code, json.loads((shop / "out" / "summary.json").read_text("utf-8"))


def test_a_requirement_alone_is_rostered_and_nothing_is_said_of_reply_rates(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, summary = rostered(shop, "--requirement", requirement(shop))
    assert code == 0
    figures = summary["streams"]["presale"]
    assert (figures["promised"], figures["simulated"], figures["certified"]) == (None, None, None)
    assert figures["paid_hours"] >= 36
    assert "not simulated" in capsys.readouterr().out
    written = {path.name for path in (shop / "out").iterdir()}
    assert {"roster.csv", "cover.csv", "排班表.xlsx", "calendars"} <= written
    assert not {"forecast.csv", "simulated_cover.csv"} & written
    cover = pd.read_csv(shop / "out" / "cover.csv")
    assert (cover["on_duty"] >= cover["required"]).all()
    assert cover["on_time"].isna().all()
    inputs = read_inputs(shop, needs_history=False)
    roster = pd.read_csv(shop / "out" / "roster.csv", parse_dates=["start", "end"])
    assert audit(roster, inputs.employees, (), inputs.settings) == []


@pytest.mark.parametrize("with_need", [True, False])
def test_a_shift_plan_needs_no_history(shop: Path, with_need: bool) -> None:
    options = ["--shift-plan", shift_plan(shop)] + (["--requirement", requirement(shop)] if with_need else [])
    code, summary = rostered(shop, *options)
    assert code == 0
    assert summary["streams"]["presale"]["paid_hours"] == 32
    cover = pd.read_csv(shop / "out" / "cover.csv")
    at_noon = cover[cover["start"].str.contains("T12:")]
    assert set(at_noon["required"]) == ({2.0} if with_need else {0.0})


def test_a_requirement_that_names_consultations_is_simulated(shop: Path) -> None:
    code, summary = rostered(shop, "--requirement", requirement(shop, offered=4.0))
    figures = summary["streams"]["presale"]
    assert figures["simulated"] > 0.9
    assert code == (0 if figures["certified"] else 7)


def test_without_any_table_a_history_is_asked_for(shop: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        rostered(shop, "--start", DAYS[0], "--days", "2")


def test_its_gaps_and_people_are_explained_as_those_of_any_plan(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need = pd.read_csv(requirement(shop)).assign(agents_net=30.0)
    need.to_csv(shop / "need.csv", index=False)
    rostered(shop, "--requirement", shop / "need.csv")
    capsys.readouterr()
    code = app.main(["explain", str(shop / "out"), "--shop", str(shop), "--json"], standalone_mode=False)
    assert not code
    found = json.loads(capsys.readouterr().out)
    assert found["short_intervals"] == 36
    assert all(gap["required"] > gap["on_duty"] for gap in found["gaps"])
