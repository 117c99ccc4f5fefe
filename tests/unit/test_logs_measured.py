"""From file to measure.csv: every unit, pass rule and clock agrees with a plain reading of the file."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
from pathlib import Path

import pandas as pd
import pytest
from builders_exports import ZONE, build_shop
from click.testing import CliRunner

from forecast.logs import reading
from forecast.replies import activity
from reports.cli.app import app

THRESHOLD_S = 180
OPEN, CLOSE = 9 * 60, 23 * 60
COMBINATIONS = [
    (unit, pass_if, clock)
    for unit in ("message", "round", "session", "buyer_day")
    for pass_if in ("first_reply", "every_reply")
    for clock in ("first_message", "assigned")
]
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "ibm_care" / "conversations.csv"


def run(*words: object) -> str:
    """Run a command that ends well; return what it prints."""
    result = CliRunner().invoke(
        app, [str(word) for word in words], standalone_mode=False, catch_exceptions=False
    )
    assert result.return_value in (0, None)
    return result.stdout


def messy_log(seed: int, path: Path) -> None:
    """Write a log with bots, welcomes, silence, edges of the window, and answers in several messages."""
    chance = random.Random(seed)
    rows = []
    for number in range(220):
        buyer, session = f"b{number % 130}", f"s{number}"
        edge = chance.choice([8.98, 22.97, 0.0, chance.uniform(7, 24)])
        moment = dt.datetime(2026, 11, 1 + number % 3) + dt.timedelta(hours=edge)
        moment = moment.replace(microsecond=0)
        assigned = moment + dt.timedelta(seconds=chance.choice([0, 0, 30, 170, 400]))
        kind = chance.random()
        closed = assigned + dt.timedelta(minutes=30)
        facts = [assigned.isoformat(), closed.isoformat()] if kind > 0.15 else ["", ""]

        def say(sender: str, agent: str = "") -> None:
            rows.append([session, buyer, agent, sender, moment.isoformat(sep=" "), *facts])  # noqa: B023

        say("buyer")
        if chance.random() < 0.4:
            moment += dt.timedelta(seconds=1)
            say("welcome", "bot")
        if kind < 0.15:
            moment += dt.timedelta(seconds=2)
            say("bot_auto", "bot")
            continue
        for _ in range(chance.randrange(0, 5)):
            moment += dt.timedelta(seconds=chance.choice([3, 60, 179, 180, 181, 400]))
            say(chance.choice(["human", "human", "human", "bot_assist", "card"]), f"a{number % 4}")
            if chance.random() < 0.4:
                moment += dt.timedelta(seconds=5)
                say("human", f"a{number % 4}")
            moment += dt.timedelta(seconds=chance.choice([10, 45, 900]))
            say("buyer")
            if chance.random() < 0.3:
                moment += dt.timedelta(seconds=chance.choice([0, 20]))
                say("buyer")
        if chance.random() < 0.6:
            moment += dt.timedelta(seconds=chance.choice([20, 300]))
            say("human", f"a{number % 4}")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["session_id", "buyer", "agent", "sender", "time", "assigned", "closed"])
        writer.writerows(rows)


def plainly(path: Path, unit: str, pass_if: str, clock: str) -> dict[str, tuple[int, int]]:
    """Return on-time and judged units by day, read row by row with nothing but the standard library."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sessions: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        sessions.setdefault(row["session_id"], []).append(row)
    questions = []
    for name, talk in sessions.items():
        waiting: list[dict[str, object]] = []
        mine = []
        for row in talk:  # the file is in order within each session
            moment = dt.datetime.fromisoformat(row["time"])
            if row["sender"] == "buyer" and (unit == "message" or not waiting):
                asked = {
                    "session": name,
                    "buyer": row["buyer"],
                    "at": moment,
                    "reply": None,
                    "assigned": row["assigned"],
                }
                waiting.append(asked)
                mine.append(asked)
            elif row["sender"] in ("human", "bot_assist"):
                for asked in waiting:
                    asked["reply"] = moment
                waiting = []
        if pass_if == "first_reply" and unit in ("session", "buyer_day"):
            mine = mine[:1]
        questions += mine
    judged = [q for q in questions if OPEN <= q["at"].hour * 60 + q["at"].minute < CLOSE]
    units: dict[object, list[dict[str, object]]] = {}
    for number, q in enumerate(sorted(judged, key=lambda q: q["at"])):
        key = {"session": q["session"], "buyer_day": (q["buyer"], q["at"].date())}.get(unit, number)
        units.setdefault(key, []).append(q)
    days: dict[str, tuple[int, int]] = {}
    for asked in units.values():
        looked_at = asked[:1] if pass_if == "first_reply" else asked
        good = all(_on_time(q, clock) for q in looked_at)
        day = asked[0]["at"].date().isoformat()
        on_time, count = days.get(day, (0, 0))
        days[day] = (on_time + good, count + 1)
    return days


def _on_time(question: dict, clock: str) -> bool:
    if question["reply"] is None:
        return False
    since = question["at"]
    if clock == "assigned" and question["assigned"]:
        since = max(since, dt.datetime.fromisoformat(question["assigned"]))
    return (question["reply"] - since).total_seconds() <= THRESHOLD_S


def settings_with_every_rule() -> str:
    """Return a shop.toml with a rule of its own for each combination."""
    rules = [
        f'[[rule]]\nid = "{unit}-{pass_if}-{clock}"\nunit = "{unit}"\npass_if = "{pass_if}"\n'
        f'clock = "{clock}"\nthreshold_s = {THRESHOLD_S}\nwindow = ["09:00", "23:00"]\n'
        'counts_as_reply = ["human", "bot_assist"]\n'
        'period = { kind = "natural_day" }\n'
        for unit, pass_if, clock in COMBINATIONS
    ]
    return f'[shop]\ntimezone = "{ZONE}"\n\n' + "\n".join(rules)


@pytest.mark.parametrize("part", [1_500_000, 300])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_unit_pass_rule_and_clock_agrees_with_a_plain_reading(tmp_path, monkeypatch, seed, part):
    monkeypatch.setattr(reading, "PART", part)  # in one part, and in several
    shop = build_shop(tmp_path / "shop", settings_with_every_rule())
    messy_log(seed, tmp_path / "log.csv")
    run("import", tmp_path / "log.csv", "--shop", shop)
    run("measure", shop, "--rule", "own", "--scope", "shop", "--out", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "measure.csv", encoding="utf-8-sig")
    for unit, pass_if, clock in COMBINATIONS:
        own = table[table["rule"] == f"{unit}-{pass_if}-{clock}"]
        found = {row.period_start: (int(row.numerator), int(row.denominator)) for row in own.itertuples()}
        assert found == plainly(tmp_path / "log.csv", unit, pass_if, clock), (unit, pass_if, clock)


@pytest.mark.skipif(not SHARED.is_file(), reason="the shared data are not here")
@pytest.mark.parametrize("threshold_s", [60, 3600, 86_400])
def test_first_reply_shares_of_real_threads_are_those_counted_by_hand(tmp_path, threshold_s):
    rule = (
        f'[[rule]]\nid = "own"\nunit = "session"\nthreshold_s = {threshold_s}\n'
        'period = { kind = "natural_month" }\n'
    )
    shop = build_shop(tmp_path / "shop", f'[shop]\ntimezone = "UTC"\n{rule}')
    run("import", SHARED, "--shop", shop)
    run("measure", shop, "--rule", "own", "--scope", "shop", "--out", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "measure.csv", encoding="utf-8-sig")
    counted: dict[str, list[int]] = {}
    with SHARED.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            month = counted.setdefault(row["ts"][:7] + "-01", [0, 0])
            month[0] += float(row["first_reply_s"]) <= threshold_s
            month[1] += 1
    found = {row.period_start: [int(row.numerator), int(row.denominator)] for row in table.itertuples()}
    assert found == counted


def test_measures_in_parts_are_those_in_one(tmp_path, monkeypatch):
    shop = build_shop(tmp_path / "shop", settings_with_every_rule())
    messy_log(5, tmp_path / "log.csv")
    run("import", tmp_path / "log.csv", "--shop", shop)
    found = []
    for part in (1_500_000, 250):
        monkeypatch.setattr(reading, "PART", part)
        monkeypatch.setattr(activity, "MOST_SLOTS", part // 5)
        run("measure", shop, "--out", tmp_path / str(part))
        found.append(json.loads((tmp_path / str(part) / "measure.json").read_text(encoding="utf-8")))
    one, other = found
    assert one["rates"] == other["rates"]
    assert one["late"] == other["late"]
    for cut, rows in one["activity"].items():
        left, right = (pd.DataFrame(records) for records in (rows, other["activity"][cut]))
        pd.testing.assert_frame_equal(left, right, check_exact=False, rtol=1e-9, obj=cut)
