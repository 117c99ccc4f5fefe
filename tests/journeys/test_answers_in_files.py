"""From bare exports to an answer in at most five commands; what the screen says stands in a written file."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builders_messages import build_simulated_log

from forecast.replies.rules import preset_rules
from forecast.replies.service_parameters import ServiceParameters
from forecast.table_files import write_csv
from reports.cli.app import app
from reports.words import words

pytestmark = pytest.mark.slow

NUMBER = re.compile(r"(?<![\w.#,])[−-]?\d[\d,]*(?:\.\d+)?(?!\w)")
SALE = dt.date(2026, 3, 24)
SHOP = """[shop]
holidays = "none"
interval_min = 60
[[stream]]
id = "shop"
open = ["09:00", "21:00"]
confidence = 0.5
max_unanswered = 0.2
[[template]]
name = "Early"
form = "early"
starts = ["09:00"]
hours = 7.0
break_min = 60
break_window = ["11:00", "14:00"]
cost_per_hour = 25.0
[[template]]
name = "Late"
form = "late"
starts = ["14:00"]
hours = 7.0
break_min = 60
break_window = ["16:00", "19:00"]
cost_per_hour = 25.0
[[template]]
name = "Half"
form = "half"
starts = ["09:00", "17:00"]
hours = 4.0
pools = ["part_time"]
cost_per_hour = 28.0
"""
AGENTS = "employee,pool\n" + "".join(f"{name},staff\n" for name in ("Ann", "Bob", "Cid", "Dee", "Eve", "Fay"))
PROMOTIONS = """schema = 1
[[event]]
id = "sale"
kind = "big_promo"
[[event.phase]]
kind = "spot"
start = 2026-03-24T00:00:00
end = 2026-03-25T00:00:00
multiplier = { low = 1.2, mid = 1.5, high = 2.5 }
"""
SCENARIOS = """[[scenario]]
name = "as it is"
[[scenario]]
name = "more"
volume = 1.3
[[scenario]]
name = "cap"
reception_cap = 3
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of messages as a platform exports them."""
    messages, _ = build_simulated_log(
        ServiceParameters(reply_s=40.0, patience_s=300.0),
        rule=preset_rules()["taobao.human3min.30d"],
        sessions_per_half_hour=6.0,
        speeds=(1.0, 1.0),
        days=21,
        seed=1,
    )
    path = tmp_path_factory.mktemp("exports") / "log.csv"
    write_csv(messages, path)
    return path


@pytest.fixture
def shop(tmp_path: Path, log: Path) -> Path:
    """A fresh folder with the files a shop writes itself, and the exports imported: two commands."""
    folder = tmp_path / "shop"
    folder.mkdir()
    files = {
        "shop.toml": SHOP,
        "agents.csv": AGENTS,
        "promotions.toml": PROMOTIONS,
        "scenarios.toml": SCENARIOS,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert run("import", log, "--shop", folder, "-q") == 0
    assert run("calibrate", folder, "-q") == 0
    return folder


def run(*arguments: object) -> int:
    return int(app.main([str(argument) for argument in arguments], standalone_mode=False) or 0)


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command of a plan; return what it shows."""
    capsys.readouterr()
    assert run(*arguments, "--effort", "quick", "--lang", "en", "-q") in (0, 7)
    return capsys.readouterr().out


# --- the screen


def numbers(text: str) -> list[str]:
    return NUMBER.findall(text)


def between(screen: str, first: str, last: str) -> str:
    """Return the lines after the one with `first` and before the one with `last`."""
    lines = screen.splitlines()
    start = next(place for place, line in enumerate(lines) if first in line)
    end = next(place for place, line in enumerate(lines) if place > start and last in line)
    return "\n".join(lines[start + 1 : end])


def table_rows(screen: str, first: str, last: str) -> list[list[str]]:
    """Return the numbers of each row of the table between two lines."""
    body = re.split("─ *\n", between(screen, first, last), maxsplit=1)[1]
    return [numbers(line) for line in body.splitlines() if line.strip()]


# --- the files, as a reader would say their figures


def share(value: float, decimals: int = 1) -> str:
    return f"{100 * value:.{decimals}f}"


def lever_amount(written: str) -> list[str]:
    """Return the numbers of a lever's amount as the screen shows them: a share of 0.05 as 5 points."""
    found = numbers(written.replace("+", " "))
    shown = [f"{100 * float(one):g}" if one.startswith("0.") else one for one in found]
    return [one.replace("-", "\N{MINUS SIGN}") for one in shown]


def amount(value: float, decimals: int = 0) -> str:
    return f"{value:,.{decimals}f}".replace("-", "−")


def day(at: dt.date) -> list[str]:
    return [str(at.month), str(at.day)]


def clock(start: pd.Timestamp, end: pd.Timestamp) -> list[str]:
    return [f"{start:%H}", f"{start:%M}", f"{end:%H}", f"{end:%M}"]


def table_of(path: Path) -> pd.DataFrame:
    """Return a written table, its instants in the shop's time."""
    table = pd.read_csv(path, encoding="utf-8-sig")
    for name in {"start", "end"} & set(table):
        table[name] = pd.to_datetime(table[name], utc=True).dt.tz_convert("Asia/Shanghai")
    return table


def verdict(folder: Path) -> list[str]:
    """Return the figures of the first line of a plan: its stream's."""
    one = summary_of(folder)["streams"]["shop"]
    return [
        share(one["target"]),
        *(share(value) for value in (one["simulated"], *one["simulated_ci"], one["promised"])),
        share(one["probability"], 0),
        share(one["unanswered"], 2),
        amount(one["paid_hours"]),
        amount(one["cost"]),
    ]


def summary_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return found


def rate(rows: pd.DataFrame) -> str:
    return share(float((rows["on_time"] * rows["offered"]).sum() / rows["offered"].sum()))


def days_of(folder: Path) -> Iterator[list[str]]:
    """Yield the figures of each day, worked out from the tables by hour; the rule counts from 9 to 23."""
    forecast, cover, judged = (
        table_of(folder / f"{name}.csv") for name in ("forecast", "cover", "simulated_cover")
    )
    for date, hours in cover.groupby(cover["start"].dt.date):
        demand = forecast[forecast["start"].dt.date == date]
        top = demand.loc[demand["mean"].idxmax()]
        short = (hours["required"] - hours["on_duty"]).clip(lower=0)
        yield [
            *day(date),
            amount(demand["mean"].sum()),
            *(f"{top['start']:%H}", "00"),
            amount(top["p90"]),
            *(amount(value.sum(), 1) for value in (hours["required"], hours["on_duty"], short)),
            rate(hours),
            rate(judged[judged["start"].dt.date == date]),
        ]


# --- the journeys


def test_from_exports_to_a_promotions_plan_b(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screen = answer(capsys, "promo", shop, "--event", "sale")
    out = shop / "plans" / "promo-sale"
    assert table_rows(screen, "Tue 3/24", "Consultations")[0] == verdict(out)
    levers = table_of(out / "levers.csv")
    assert table_rows(screen, "Ways to close the gap", "Plan B") == [
        [
            *lever_amount(str(row["amount"])),
            amount(row["cost"]),
            amount(row["points"], 2),
            *([] if pd.isna(row["cost_per_point"]) else [amount(row["cost_per_point"])]),
            share(row["on_time"]),
            *day(dt.date.fromisoformat(row["decide_by"])),
        ]
        for row in levers.to_dict("records")
    ]
    promotion = summary_of(out)["promotion"]
    one = summary_of(out)["streams"]["shop"]
    told = [share(one["simulated"]), share(one["target"]), share(one["probability"], 0)]
    assert numbers(screen[screen.index("The plan ") :])[:4] == [*told, amount(promotion["gap_hours"], 1)]
    cases = table_of(out / "contingency.csv")
    assert {"p90_hours", "three_ill", "volume_30"} <= set(cases["case"])
    labels = [number for case in cases["case"] for number in numbers(words("en")(f"promo.case_{case}"))]
    expected = Counter[str]()
    for row in cases.to_dict("records"):
        expected.update(share(row[which]) for which in ("without", "check_without", "with", "check_with"))
        expected.update([*day(row["start"].date()), *clock(row["start"], row["end"]), amount(row["cost"])])
        expected.update([str(row[who]) for who in ("people", "longer") if row[who]])
    shown = Counter(numbers(between(screen, "Plan B", "The plan ")))
    assert expected - shown == Counter()
    assert set(shown) <= set(expected) | set(labels)


def test_from_exports_to_the_weeks_roster(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screen = answer(capsys, "plan", shop, "--start", "2026-03-23", "--days", "7")
    out = shop / "plans" / "2026-03-23"
    assert table_rows(screen, "Mon 3/23", "Consultations")[0] == verdict(out)
    shown = table_rows(screen, "Consultations", "Gaps")
    assert len(shown) == 7
    assert [row[:11] for row in shown] == list(days_of(out))
    roster = table_of(out / "roster.csv")
    each = roster.groupby("employee")
    duties, hours = each.size(), each["paid_hours"].sum()
    told = numbers(screen[screen.index("Fairness") :])[:4]
    assert told == [amount(value) for value in (duties.min(), duties.max(), hours.min(), hours.max())]


def test_from_exports_to_what_ifs(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--start", "2026-03-23", "--days", "2")
    screen = answer(capsys, "compare", shop, *span, "--no-anew", "--no-beside")
    table = table_of(shop / "plans" / "compare-2026-03-23" / "compare.csv")
    assert list(table["scenario"]) == ["as it is", "more", "cap"]
    expected = []
    for row in table.to_dict("records"):
        worst = pd.Timestamp(row["worst_hour"])
        expected.append(
            [
                *(amount(row["agent_days"]), amount(row["cost"]), share(row["on_time"])),
                *(share(row["probability"], 0), amount(row["gap_hours"], 1)),
                *(*day(worst.date()), f"{worst:%H}", f"{worst:%M}", share(row["worst_share"], 0)),
            ]
        )
    assert table_rows(screen, "scenarios meet", "Next:") == expected
    gains = 100 * (table["on_time"] - table["on_time"].iloc[0])
    told = numbers(screen.splitlines()[0].replace("+", " "))
    assert told == [str(table["met"].sum()), str(len(table)), amount(gains.iloc[1:].max(), 1)]
