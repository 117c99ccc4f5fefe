"""`import`, `history`, `measure`, `calibrate`, `rules` as scripts use them: files, columns, messages."""

from __future__ import annotations

import json
import tomllib

import pandas as pd
import pytest
from builders_exports import CONTRACT_LOG, build_shop, imported, write_sheets, write_text
from builders_messages import ZONE, build_simulated_log
from click.testing import CliRunner

from forecast.errors import ConfigError, DataError
from forecast.replies.rules import preset_rules
from forecast.replies.service_parameters import ServiceParameters
from forecast.table_files import write_csv
from reports.cli.app import app
from scheduling.inputs import read_inputs

RULE = '[[rule]]\nid = "own"\nunit = "session"\nthreshold_s = 120\nperiod = { kind = "natural_day" }\n'


def run(*words: object) -> str:
    """Run a command that ends well; return what it prints on stdout."""
    result = CliRunner().invoke(
        app, [str(word) for word in words], standalone_mode=False, catch_exceptions=False
    )
    assert result.return_value in (0, None)
    return result.stdout


@pytest.fixture
def shop(tmp_path):
    return build_shop(tmp_path / "shop", f'[shop]\ntimezone = "{ZONE}"\nlanguage = "en"\n{RULE}')


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A shop with a fortnight of simulated messages, imported."""
    folder = tmp_path_factory.mktemp("simulated")
    shop = build_shop(folder / "shop", f'[shop]\ntimezone = "{ZONE}"\nlanguage = "en"\n')
    service = ServiceParameters(patience_s=300.0, reception_cap=4)
    log, _ = build_simulated_log(
        service,
        rule=preset_rules()["taobao.human3min.30d"],
        sessions_per_half_hour=22.0,
        speeds=(1.0, 1.2, 0.8),
        days=9,
        seed=3,
        stream="taobao",
    )
    log["agent"] = log["agent"].replace("duty-0", "tb:amy")
    write_csv(log, folder / "log.csv")
    run("import", folder / "log.csv", "--shop", shop)
    return shop


def test_the_acceptance_of_a_log_in_two_commands(shop, tmp_path):
    log = write_text(tmp_path / "log.csv", CONTRACT_LOG)
    run("import", log, "--shop", shop)
    run("measure", shop, "--rule", "own", "--scope", "shop", "--out", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "measure.csv", encoding="utf-8-sig")
    wanted = ["scope", "id", "rule", "period_start", "numerator", "denominator", "share", "target", "verdict"]
    assert list(table.columns)[:9] == wanted
    row = table.iloc[0]
    assert [row[name] for name in ("scope", "rule", "period_start", "verdict")] == [
        "shop",
        "own",
        "2026-11-11",
        "fail",
    ]
    assert [row["numerator"], row["denominator"], row["target"]] == [2.0, 3.0, 0.9]
    found = json.loads((tmp_path / "out" / "measure.json").read_text(encoding="utf-8"))
    assert set(found["activity"]) == {"shop", "stream", "agent", "day", "hour", "agent_day"}
    assert found["activity"]["shop"][0]["answer_ratio"] == 0.75


def test_the_import_report_as_json(shop, tmp_path):
    log = write_text(tmp_path / "log.csv", CONTRACT_LOG + "s9,b9,,buyer,2026-11-13 10:0\n")
    report = json.loads(run("import", log, "--shop", shop, "--json"))
    assert (report["rows_read"], report["rows_used"], report["rows_dropped"]) == (8, 7, 1)
    table = report["tables"][0]
    assert table["granularity"] == "message"
    assert table["dropped"] == {"unreadable": 1}
    assert table["timezone"] == ZONE
    assert (table["first_day"], table["last_day"], table["days"]) == ("2026-11-11", "2026-11-11", 1)
    assert report["archive"]["message"]["serves_days"] == 1
    assert "log.csv row 9" in report["warnings"][0]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_screens_in_both_languages(shop, tmp_path, lang):
    log = write_text(tmp_path / "log.csv", CONTRACT_LOG)
    head = {
        "zh": ["导入结果", "全部", "日志里的咨询量"],
        "en": ["Imported", "Latest period", "Consultations in"],
    }[lang]
    for words, title in (
        (["import", log, "--shop", shop], head[0]),
        (["measure", shop, "--out", tmp_path / "out"], head[1]),
        (["history", shop, "--out", tmp_path / "out"], head[2]),
        (["calibrate", shop, "--out", tmp_path / "out"], "service.toml"),
        (["rules", "--shop", shop], "kuaishou.human3min.week"),
        (["rules", "own", "--shop", shop], "120"),
    ):
        assert title in run(*words, "--lang", lang)


def test_without_files_the_shops_own_folder_of_logs_is_read(shop):
    (shop / "logs").mkdir()
    write_text(shop / "logs" / "a.csv", CONTRACT_LOG)
    write_text(shop / "logs" / "b.csv", CONTRACT_LOG.replace("11-11", "11-12"))
    report = json.loads(run("import", "--shop", shop, "--json"))
    assert [table["file"] for table in report["tables"]] == ["a.csv", "b.csv"]


def test_a_column_that_may_be_two_is_asked_about_once(shop, tmp_path):
    asked = []

    def ask(table, role, answers):
        asked.append((table, role, list(answers)))
        return answers[1]

    text = "日期,客服,咨询量,接待人数\n2026-11-01,小美,50,45\n"
    imported(shop, write_text(tmp_path / "a.csv", text), ask=ask)
    assert asked == [("a.csv", "offered", ["咨询量", "接待人数"])]
    run("history", shop, "--daily", "--out", tmp_path)
    assert pd.read_csv(tmp_path / "daily.csv", encoding="utf-8-sig")["offered"].tolist() == [45.0]
    imported(shop, write_text(tmp_path / "b.csv", text.replace("11-01", "11-02")), ask=ask)
    assert len(asked) == 1  # the answer is kept
    assert 'offered = "接待人数"' in (shop / ".paiban" / "columns.toml").read_text(encoding="utf-8")


def test_history_of_days_with_agents(shop, tmp_path):
    run("import", write_text(tmp_path / "log.csv", CONTRACT_LOG), "--shop", shop)
    run("history", shop, "--daily", "--out", tmp_path)
    table = pd.read_csv(tmp_path / "daily.csv", encoding="utf-8-sig")
    assert table.to_dict("records") == [
        {"stream": "shop", "date": "2026-11-11", "offered": 3.0, "agents": 2, "estimated": 0}
    ]


def test_measure_by_people_puts_their_accounts_together(simulated, tmp_path):
    write_text(simulated / "agents.csv", "employee,accounts\n艾米,tb:amy;duty-1\n")
    run("measure", simulated, "--scope", "agent", "--from", "2026-03-10", "--out", tmp_path)
    table = pd.read_csv(tmp_path / "measure.csv", encoding="utf-8-sig")
    assert set(table["id"]) == {"艾米", "duty-2"}
    assert table["period_start"].min() == "2026-02-09"
    (simulated / "agents.csv").unlink()


def test_measure_of_counts_alone_says_what_is_needed(shop, tmp_path):
    run("import", write_text(tmp_path / "d.csv", "日期,咨询量\n2026-11-01,50\n"), "--shop", shop)
    with pytest.raises(
        DataError, match="only counts were imported; reply rates need messages or a session list"
    ):
        run("measure", shop)


def test_measure_before_any_import_says_so(shop):
    with pytest.raises(DataError, match=r"nothing was imported yet; run paiban import"):
        run("measure", shop)


def test_an_unknown_rule_names_the_nearest(shop, tmp_path):
    run("import", write_text(tmp_path / "log.csv", CONTRACT_LOG), "--shop", shop)
    with pytest.raises(ConfigError, match=r"did you mean jd.first30s"):
        run("measure", shop, "--rule", "jd.first30")


def test_results_go_into_a_folder_beside_what_is_there(shop, tmp_path):
    run("import", write_text(tmp_path / "log.csv", CONTRACT_LOG), "--shop", shop)
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    run("measure", shop, "--out", out)
    run("measure", shop, "--out", shop)  # even the shop itself is safe
    assert sorted(path.name for path in out.iterdir()) == ["measure.csv", "measure.json", "mine.txt"]
    assert (shop / "shop.toml").is_file()


def test_same_log_same_bytes(shop, tmp_path):
    run("import", write_text(tmp_path / "log.csv", CONTRACT_LOG), "--shop", shop)
    for name in ("one", "two"):
        for words in (["measure", shop], ["history", shop], ["calibrate", shop]):
            run(*words, "--out", tmp_path / name)
    for name in ("measure.csv", "measure.json", "history.csv", "service.toml"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_calibrated_parameters_reach_the_plan(simulated):
    run("calibrate", simulated)
    tables = tomllib.loads((simulated / "service.toml").read_text(encoding="utf-8"))
    assert tables["stream"][0]["id"] == "taobao"
    assert set(tables["stream"][0]["service"]) == set(tables["stream"][0]["service_se"])
    for key, true in {"rounds": 5.0, "reply_s": 25.0, "think_s": 45.0, "bot_share": 0.3}.items():
        found, error = (tables["stream"][0][part][key] for part in ("service", "service_se"))
        assert abs(found - true) < 4 * error + 0.03 * true
    write_text(
        simulated / "agents.csv",
        "employee,accounts,speed,reception_cap\ntb:amy,,,\nduty-1,,0.7,2\nnewcomer,,,\n",
    )
    inputs = read_inputs(simulated)
    assert (
        inputs.settings.demand.stream("taobao").service.reply_s == tables["stream"][0]["service"]["reply_s"]
    )
    speeds = {one.employee: (one.speed, one.reception_cap) for one in inputs.employees}
    learnt = {one["employee"]: one for one in tables["agent"]}
    assert learnt["tb:amy"]["reception_cap_reached"]
    assert speeds["tb:amy"] == (learnt["tb:amy"]["speed"], 4)
    assert speeds["duty-1"] == (0.7, 2)
    assert speeds["newcomer"] == (1.0, None)
    assert set(inputs.history["stream"]) == {"taobao"}
    assert "imported logs" in inputs.hashes
    (simulated / "agents.csv").unlink()
    (simulated / "service.toml").unlink()


def test_daily_tables_tell_throughput_widely_and_say_so(shop, tmp_path):
    rows = [["日期", "客服", "人工已接待会话量", "最大同时聊天数", "PC在线时长（时）"]]
    for day in range(1, 21):
        rows += [
            [f"2026-11-{day:02d}", name, count + day % 5, 6, 8]
            for name, count in (("小美", 100), ("阿强", 80))
        ]
    run("import", write_sheets(tmp_path / "d.xlsx", 表=rows), "--shop", shop)
    found = json.loads(run("calibrate", shop, "--json"))
    assert found["from"] == "daily"
    stream = found["stream"][0]
    assert stream["service"]["sessions_per_hour"] == pytest.approx(103 / 8, rel=0.02)
    assert stream["service_se"]["sessions_per_hour"] > 0.5
    assert any("daily tables tell throughput only" in note for note in found["notes"])
    assert read_inputs(shop).settings.demand.stream("shop").service.sessions_per_hour == pytest.approx(
        103 / 8, rel=0.02
    )


def test_rules_are_listed_by_date_with_the_shops_own(shop):
    found = json.loads(run("rules", "--shop", shop, "--date", "2022-01-01", "--json"))
    ids = [rule["id"] for rule in found["rules"]]
    assert "own" in ids
    assert "kuaishou.all3min.legacy" in ids
    assert "kuaishou.human3min.week" not in ids
    assert json.loads(run("rules", "jd.first30s", "--json"))["threshold_s"] == 30.0
