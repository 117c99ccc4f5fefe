"""Text that a spreadsheet would take for a formula: refused as a name, harmless in the files written."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pandas as pd
import pytest
from builders_roster import build_settings
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import ConfigError, DataError
from forecast.formulas import begins_like_formula, quoted, unquoted
from forecast.frames import HISTORY
from forecast.logs.history import read_history
from forecast.promotions import read_promotions
from forecast.table_files import read_contract_table, write_csv
from forecast.tabular import read_table
from reports.notes import in_words
from reports.words import words
from scheduling.config import read_settings
from scheduling.roster.people import read_agents, read_wishes
from scheduling.scenarios.keys import read_scenarios

LINK = '=HYPERLINK("http://example.org","见此")'
BAD = (LINK, "+1+cmd", "-2+3", "@SUM(A1)", "＝1+1", " =1", "\t=1", "\r=1")


@given(st.one_of(st.text(), st.text(alphabet="'=+-@ \t1a", max_size=5)))
def test_every_text_comes_back_as_it_was_and_none_is_written_as_a_formula(text):
    assert unquoted(quoted(text)) == text
    assert not begins_like_formula(quoted(text)) or text.lstrip("+-")[:1].isdigit()


@pytest.mark.parametrize("note", BAD)
def test_a_note_is_harmless_in_a_csv_file_and_whole_when_read_again(tmp_path, note):
    write_csv(pd.DataFrame({"note": [note, "换班"]}), tmp_path / "t.csv")
    lines = note.replace("\r", "\n")
    assert pd.read_csv(tmp_path / "t.csv")["note"].tolist() == [f"'{lines}", "换班"]
    assert read_table(tmp_path / "t.csv")["note"].tolist() == [lines, "换班"]


def test_rows_that_end_in_bare_carriage_returns_are_read(tmp_path):
    (tmp_path / "t.csv").write_bytes("note,day\r换班,1\r".encode())
    assert read_table(tmp_path / "t.csv")["note"].tolist() == ["换班"]


def test_negative_numbers_stay_numbers(tmp_path):
    table = pd.DataFrame({"gap": [-1.5, 2.0], "share": ["-3%", "+8.5%"], "mixed": pd.Series([-4, "=1"])})
    write_csv(table, tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[1:] == ["-1.5,-3%,-4", "2.0,+8.5%,'=1"]


def test_a_wish_keeps_its_note_through_a_file_of_ours(tmp_path):
    people = tmp_path / "agents.csv"
    people.write_text("employee\n王芳\n", encoding="utf-8")
    wish = {"employee": "王芳", "date": dt.date(2026, 12, 7), "kind": "off", "note": "-牙医"}
    write_csv(pd.DataFrame([wish]), tmp_path / "wishes.csv")
    assert "'-牙医" in (tmp_path / "wishes.csv").read_text(encoding="utf-8-sig")
    settings = build_settings()
    (found,) = read_wishes(tmp_path / "wishes.csv", read_agents(people, settings), settings)
    assert found.note == "-牙医"


def test_every_agent_named_like_a_formula_is_told_at_once(tmp_path):
    path = tmp_path / "agents.csv"
    path.write_text("employee\n王芳\n=1+1\n@小美\n'-小李\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_agents(path, build_settings())
    assert [(problem.row, problem.column) for problem in error.value.problems] == [
        (3, "employee"),
        (4, "employee"),
        (5, "employee"),
    ]
    assert str(error.value).splitlines()[1] == (
        "agents.csv row 4, column employee: employee '@小美' begins like a spreadsheet formula; "
        "begin it with a letter or a digit"
    )


def test_streams_and_templates_named_like_formulas_are_refused_together(tmp_path):
    text = '[[stream]]\nid = "=presale"\n[[stream]]\nid = "a"\nskill = "+b"\n'
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"(?s)id '=presale' begins like.*skill '\+b' begins like"):
        read_settings(tmp_path)


def test_an_event_and_its_phases_are_refused_by_name(tmp_path):
    path = tmp_path / "promotions.toml"
    phase = '[[event.phase]]\nname = "{}"\nkind = "spot"\nstart = 2026-12-11T20:00:00\nend = 2026-12-12\n'
    path.write_text(
        '[[event]]\nid = "d12"\nname = "@双12"\nkind = "big_promo"\n'
        + phase.format("开售")
        + '[[event]]\nid = "d11"\nkind = "big_promo"\n'
        + phase.format("=开售"),
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"(?s)d12: name '@双12' begins.*d11: .*name '=开售' begins"):
        read_promotions(path, timezone="Asia/Shanghai")


def test_scenarios_are_refused_by_name(tmp_path):
    path = tmp_path / "scenarios.toml"
    path.write_text('[[scenario]]\nname = "+30%"\n[[scenario]]\nname = "=a"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"(?s)1: name '\+30%' begins.*2: name '=a' begins"):
        read_scenarios(path)


def test_streams_of_a_history_and_of_any_table_are_refused_by_name(tmp_path):
    path = tmp_path / "history.csv"
    hours = "stream,start,offered\n" + "".join(f"=a,2026-11-01T{hour:02}:00:00,3\n" for hour in range(24))
    path.write_text(hours, encoding="utf-8")
    with pytest.raises(DataError, match=r"column stream: stream '=a' begins like") as error:
        read_history(path, timezone="Asia/Shanghai", stream="x")
    assert len(error.value.problems) == 1
    with pytest.raises(DataError, match=r"column stream: stream '=a' begins like"):
        read_contract_table(path, HISTORY, timezone="Asia/Shanghai")


def test_the_refusal_is_said_in_chinese(tmp_path):
    english = "employee '=1' begins like a spreadsheet formula; begin it with a letter or a digit"
    assert in_words(english, words("zh")) == "employee “=1” 的开头像电子表格公式；请以文字或数字开头"


def test_no_text_of_the_workbook_is_a_formula(tmp_path):
    import dataclasses

    from builders_plan import build_plan

    from reports.workbook import write_workbook

    plan = dataclasses.replace(build_plan(days=3), notes=(LINK,))
    write_workbook(plan, tmp_path / "t.xlsx", "zh")
    cells = [
        cell
        for sheet in openpyxl.load_workbook(tmp_path / "t.xlsx")
        for row in sheet.iter_rows()
        for cell in row
        if "HYPERLINK" in str(cell.value)
    ]
    assert cells
    assert {cell.data_type for cell in cells} == {"s"}
